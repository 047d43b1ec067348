"""Rate limits: headers, refusals, and the counters behind them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.clock import Clock
from sandbox.hubspot.quota import Quota
from sandbox.limits import DailyLimit, RollingLimit
from tests.sandbox.conftest import OBJECTS, Caller

RATE = "X-HubSpot-RateLimit-"


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def test_a_rolling_window_forgets_one_call_at_a_time() -> None:
    """Room returns exactly as calls leave the window; refused calls take no room."""
    ticks = Ticks()
    limit = RollingLimit(2, 10, ticks)
    assert limit.take("a")
    ticks.now += 6
    assert limit.take("a")
    assert not limit.take("a")
    assert limit.take("b")
    ticks.now += 4
    assert limit.remaining("a") == 1
    assert limit.take("a")
    assert not limit.take("a")
    ticks.now += 6
    assert limit.take("a")


def test_a_day_ends_when_its_name_changes() -> None:
    """The count starts again with the next day."""
    today = ["monday"]
    limit = DailyLimit(1, lambda: today[0])
    assert limit.take()
    assert not limit.take()
    today[0] = "tuesday"
    assert limit.remaining == 1
    assert limit.take()


def test_the_day_ends_at_midnight_of_the_account() -> None:
    """Five hours behind UTC, the day ends at five in the morning UTC."""
    clock = Clock(int(datetime(2026, 11, 22, 4, 59, tzinfo=UTC).timestamp() * 1000))
    clock.freeze(frozen=True)
    quota = Quota(clock, 1, enforce=True)
    quota.take("t", "burst")
    assert (quota.daily.used, quota.resets_at()) == (1, "2026-11-22T05:00:00.000Z")

    clock.advance(60)

    assert (quota.daily.used, quota.resets_at()) == (0, "2026-11-23T05:00:00.000Z")


def test_ordinary_calls_show_the_recorded_headers(call: Caller) -> None:
    """Day, ten seconds and the deprecated second, all counting down."""
    first = call("GET", OBJECTS).headers
    second = call("GET", OBJECTS).headers

    assert first[f"{RATE}Daily"] == "650000"
    assert first[f"{RATE}Max"] == "190"
    assert first[f"{RATE}Interval-Milliseconds"] == "10000"
    assert first[f"{RATE}Secondly"] == "19"
    assert first["X-HubSpot-Correlation-Id"] != second["X-HubSpot-Correlation-Id"]
    for name in ("Daily-Remaining", "Remaining"):
        assert int(second[RATE + name]) == int(first[RATE + name]) - 1


def test_search_shows_the_day_only(call: Caller) -> None:
    """As recorded: two daily headers and nothing of the window."""
    headers = call.search().headers

    assert {name for name in headers if name.startswith(RATE.lower())} == {
        f"{RATE}daily".lower(),
        f"{RATE}daily-remaining".lower(),
    }


def test_the_ten_second_window_refuses_in_the_recorded_words(call: Caller) -> None:
    """429 with policy name and no Retry-After; another token has a window of its own."""
    call.control("POST", "limits", {"enforce": True, "burst": 3})
    other = call.control("POST", "tokens", {})["token"]

    answers = [call("GET", OBJECTS) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    body = answers[-1].json()
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert body["groupName"].startswith("publicapi:")
    assert "Retry-After" not in answers[-1].headers
    assert answers[-1].headers[f"{RATE}Remaining"] == "0"
    assert call("GET", OBJECTS, token=other).status_code == 200
    assert call.search().status_code == 200


def test_search_has_five_a_second_for_the_whole_portal(call: Caller) -> None:
    """The sixth is refused without a policy name, whatever token asks."""
    call.control("POST", "limits", {"enforce": True})
    other = call.control("POST", "tokens", {})["token"]

    answers = [
        call("POST", f"{OBJECTS}/search", {}, token=token)
        for token in (call.token, other, call.token, other, call.token, other)
    ]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    body = answers[-1].json()
    assert body.pop("correlationId")
    assert body == {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "category": "RATE_LIMITS",
    }


def test_the_day_is_shared_and_ends_with_the_clock(call: Caller) -> None:
    """Used up for reads and searches alike; a day later there is room again."""
    call.control("POST", "limits", {"enforce": True, "daily": 10, "daily_used": 9})

    assert call("GET", OBJECTS).status_code == 200
    refused = [call("GET", OBJECTS), call.search()]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert refused[0].json()["policyName"] == "DAILY"
    assert "daily limit" in refused[0].json()["message"]
    call.control("POST", "clock", {"advance_seconds": 86_400})
    assert call("GET", OBJECTS).status_code == 200


def test_switched_off_limits_refuse_nothing_but_still_count(call: Caller) -> None:
    """Headers go down to zero and stay there."""
    call.control("POST", "limits", {"burst": 2})

    answers = [call("GET", OBJECTS) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.headers[f"{RATE}Remaining"] for answer in answers] == ["1", "0", "0", "0"]


@pytest.mark.parametrize("body", [{"burst": -1}, {"burst": "many"}, {"weekly": 1}])
def test_limits_that_mean_nothing_are_refused(call: Caller, body: dict[str, object]) -> None:
    """The control endpoint says what it takes."""
    answer = call.http.post("/_sandbox/limits", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
