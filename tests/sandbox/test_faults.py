"""Every fault, as a client meets it, and the rules that choose the calls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import FaultKit, FaultRule
from tests.sandbox.conftest import OBJECTS, Caller


def fail(call: Caller, kind: str, **rule: Any) -> None:
    """Put one rule in force."""
    call.control("POST", "faults", {"kind": kind, **rule})


def patch(call: Caller, value: str) -> httpx.Response:
    """Write a score to the first company."""
    path = f"{OBJECTS}/{SEEDED_FIRST}"
    return call("PATCH", path, {"properties": {"score": value}})


SEEDED_FIRST = "5281147580"


def score(call: Caller) -> str | None:
    """The score as it is stored, read past any fault."""
    [record] = call.control("GET", "records", ids=SEEDED_FIRST)["records"]
    value: str | None = record["properties"].get("score")
    return value


@pytest.mark.parametrize(
    ("kind", "status", "marker"),
    [
        ("rate_limit_burst", 429, "TEN_SECONDLY_ROLLING"),
        ("rate_limit_search", 429, "RATE_LIMITS"),
        ("rate_limit_daily", 429, "DAILY"),
        ("locked", 423, "LOCKED"),
        ("migrating", 477, "MIGRATION"),
        ("error", 502, "<html>"),
    ],
)
def test_refusals_apply_nothing(call: Caller, kind: str, status: int, marker: str) -> None:
    """The answer is the CRM's refusal and the record is as before."""
    fail(call, kind, times=1)

    answer = patch(call, "1")

    assert answer.status_code == status
    assert marker in answer.text
    assert score(call) is None
    assert patch(call, "2").status_code == 200


def test_errors_can_be_any_status_with_advice(call: Caller) -> None:
    """``status`` and ``retry_after`` are the rule's."""
    fail(call, "error", status=503, retry_after=7)

    answer = call("GET", OBJECTS)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.headers["content-type"].startswith("text/html")


def test_an_echo_repeats_the_call(call: Caller) -> None:
    """The words of the refusal hold the credential and the body that came."""
    fail(call, "echo", times=1)

    answer = patch(call, "12345")

    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert "Bearer pat-" in answer.json()["message"]
    assert "12345" in answer.json()["message"]
    assert score(call) is None


def test_an_error_after_the_write_leaves_it_applied(call: Caller) -> None:
    """The client sees 504, the record has the value."""
    fail(call, "error_after", status=504, times=1)

    assert patch(call, "1").status_code == 504
    assert score(call) == "1"


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", None), ("drop_after", "1")])
def test_connections_really_break(call: Caller, kind: str, stored: str | None) -> None:
    """The client gets no answer at all; whether the write was applied is the difference."""
    fail(call, kind, times=1)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        patch(call, "1")

    assert score(call) == stored
    assert patch(call, "2").status_code == 200
    stats = call.control("GET", "stats")
    assert stats["statuses"] == {"200": 1, "dropped": 1}
    assert stats["faults"] == {kind: 1}
    assert stats["writes"]["companies"]["total"] == 1 + (stored is not None)


def test_a_truncated_answer_breaks_off_in_its_body(call: Caller) -> None:
    """Headers announce more than arrives; the write was applied."""
    fail(call, "truncate", times=1)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        patch(call, "1")

    assert score(call) == "1"


def test_a_slow_first_byte_outlasts_the_client(call: Caller) -> None:
    """The client times out though the write was applied."""
    fail(call, "slow", seconds=0.3, times=1)

    with pytest.raises(httpx.ReadTimeout):
        call.http.patch(
            f"{OBJECTS}/{SEEDED_FIRST}",
            json={"properties": {"score": "1"}},
            headers={"Authorization": f"Bearer {call.token}"},
            timeout=0.05,
        )

    assert score(call) == "1"


def test_rules_pick_by_method_route_and_number(call: Caller) -> None:
    """Only the second matching call suffers; others pass unseen."""
    fail(call, "error", method="post", route=r"/batch/update$", nth=2)

    statuses = [call("GET", OBJECTS).status_code]
    statuses += [call.update().status_code for _ in range(3)]

    assert statuses == [200, 200, 502, 200]
    [rule] = call.control("GET", "faults")["faults"]
    assert (rule["matched"], rule["injected"]) == (3, 1)


def test_control_endpoints_never_fail(call: Caller) -> None:
    """A fault on everything leaves the way to switch it off."""
    fail(call, "drop_before")

    assert call.control("DELETE", "faults") == {"faults": []}
    assert call("GET", OBJECTS).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "gremlins"},
        {"kind": "error", "nth": 0},
        {"kind": "error", "chance": 2},
        {"kind": "error", "status": 200},
        {"kind": "error", "route": "("},
        {"kind": "error", "times": -1},
        {"kind": "slow", "seconds": "long"},
        {"kind": "error", "color": "red"},
    ],
)
def test_rules_that_mean_nothing_are_refused(call: Caller, rule: dict[str, Any]) -> None:
    """400 that says what is wrong, and no rule is added."""
    answer = call.http.post("/_sandbox/faults", json=rule)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert call.control("GET", "faults") == {"faults": []}


@given(seed=st.integers(0, 1000), chance=st.floats(0.0, 1.0))
def test_chance_is_the_same_for_the_same_seed(seed: int, chance: float) -> None:
    """Two rules with one seed strike the same calls; 0 never strikes and 1 always."""

    def strikes() -> list[bool]:
        rule = FaultRule.parse({"kind": "error", "chance": chance, "seed": seed})
        return [rule.strikes("GET", "/") for _ in range(50)]

    first = strikes()
    assert first == strikes()
    if chance in (0.0, 1.0):
        assert set(first) == {chance == 1.0}


@given(every=st.integers(1, 7), times=st.integers(1, 5), calls=st.integers(0, 60))
def test_every_and_times_count_matching_calls(every: int, times: int, calls: int) -> None:
    """Every n-th matching call is struck until the rule is used up."""
    kit = FaultKit()
    kit.rules.append(FaultRule.parse({"kind": "error", "every": every, "times": times}))

    struck = [n for n in range(1, calls + 1) if kit.choose("GET", "/") is not None]

    assert struck == [n for n in range(1, calls + 1) if n % every == 0][:times]
