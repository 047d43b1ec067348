"""HubSpot's refusals, as recorded, become errors that say what to do and leak nothing."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    ProtocolError,
    QuotaExhaustedError,
    TransientError,
)
from connectors.hubspot import reading, search
from connectors.hubspot.session import Session
from connectors.retrying import RetryPolicy
from tests.unit.connectors.hubspot.wire import SECRET, TOKEN, Patience, Reply, Wire, session_on

HTML = f"<html><body>Bad gateway {SECRET}</body></html>"
DATE = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}


def error(category: str = "", **more: Any) -> dict[str, Any]:
    """Build an error body that quotes a customer."""
    body = {"status": "error", "message": f"about {SECRET}", "correlationId": "0b1c-2d", **more}
    return body | ({"category": category} if category else {})


BURST = error(errorType="RATE_LIMIT", policyName="TEN_SECONDLY_ROLLING") | {
    "message": "You have reached your ten_secondly_rolling limit."
}
PER_SECOND = error("RATE_LIMITS") | {"message": "You have reached your secondly limit."}
DAILY = error(errorType="RATE_LIMIT", policyName="DAILY") | {
    "message": "You have reached your daily limit."
}
SCOPES = error("MISSING_SCOPES") | {
    "errors": [
        {
            "message": "One or more of the following scopes are required.",
            "context": {
                "requiredGranularScopes": [
                    "crm.objects.companies.sensitive.write.v2",
                    "crm.objects.companies.write",
                ]
            },
        }
    ]
}


def fail(session: Session) -> ConnectorError:
    """Make a call that must fail."""
    with pytest.raises(ConnectorError) as caught:
        list(reading.list_pages(session, ["name"]))
    return caught.value


CASES = [
    (Reply(401, error("INVALID_AUTHENTICATION")), MisconfiguredError, "INVALID_AUTHENTICATION"),
    (Reply(401, HTML), MisconfiguredError, "service key"),
    (Reply(403, SCOPES), MisconfiguredError, "lacks the scope crm.objects.companies.write, which"),
    (
        Reply(403, error("MISSING_SCOPES", context={"requiredScopes": ["a.b"]})),
        MisconfiguredError,
        "a.b",
    ),
    (Reply(403, error("FORBIDDEN")), MisconfiguredError, "forbids GET companies (FORBIDDEN"),
    (Reply(403, HTML), MisconfiguredError, "proxies and firewalls"),
    (Reply(404, HTML), ProtocolError, "API version"),
    (Reply(404, error("OBJECT_NOT_FOUND")), ProtocolError, "OBJECT_NOT_FOUND, correlation id 0b1c"),
    (Reply(414, HTML), ProtocolError, "fewer fields"),
    (Reply(302, HTML, {"Location": "https://example.org/"}), ProtocolError, "302"),
    (Reply(400, error("VALIDATION_ERROR")), ProtocolError, "VALIDATION_ERROR"),
    (Reply(400, error(f"made up {SECRET}")), ProtocolError, "400"),
    (Reply(429, BURST), TransientError, "too many calls"),
    (Reply(429, DAILY, DATE), QuotaExhaustedError, "2026-11-23T00:00:00+00:00"),
    (Reply(423, error()), TransientError, "locked"),
    (Reply(477, error(), {"Retry-After": "9"}), TransientError, "moved"),
    (
        Reply(477, error(), {"Retry-After": "7200", **DATE}),
        QuotaExhaustedError,
        "2026-11-22T14:00:00+00:00",
    ),
    (Reply(500, error()), TransientError, "500"),
    (Reply(502, HTML), TransientError, "502"),
    (Reply(503, b"\xff\xfe not utf-8"), TransientError, "503"),
    (Reply(504, b""), TransientError, "504"),
    (Reply(521, HTML), TransientError, "521"),
    (Reply(200, HTML, {"Content-Type": "text/html"}), TransientError, "not JSON (text/html)"),
    (Reply(200, b""), TransientError, "cut short or not JSON"),
    (Reply(200, '{"results": [{"id": "1"'), TransientError, "cut short"),
    (Reply(200, "[1]"), TransientError, "not JSON"),
    (Reply(200, {"results": None}), ProtocolError, "without results"),
    (Reply(200, {"results": [{"id": "1"}]}), ProtocolError, "unknown shape"),
    (Reply(200, {"results": []}, ending="cut"), TransientError, "connection broke"),
    (Reply(502, HTML, ending="cut"), TransientError, "connection broke"),
    (Reply(ending="reset"), TransientError, "connection broke"),
]


@pytest.mark.parametrize(("reply", "kind", "words"), CASES)
def test_each_refusal_says_what_to_do_and_quotes_nothing(
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    kind: type[ConnectorError],
    words: str,
) -> None:
    """The class is the next step; neither token nor body is in text, traceback, chain or log."""
    caplog.set_level(logging.DEBUG)
    wire.answer(reply)

    raised = fail(session_on(wire))

    shown = "".join(traceback.format_exception(raised)) + repr(vars(raised)) + caplog.text
    assert type(raised) is kind
    assert words in str(raised)
    assert SECRET not in shown
    assert TOKEN not in shown
    link: BaseException | None = raised
    while link is not None:
        assert not hasattr(link, "body")
        link = link.__cause__ or link.__context__


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (Reply(429, BURST), [10, 20]),
        (Reply(429, error()), [10, 20]),
        (Reply(429, BURST, {"Retry-After": "3"}), [3, 3]),
        (Reply(423, error()), [2, 4]),
        (Reply(423, error(), {"Retry-After": "0"}), [2, 4]),
        (Reply(503, HTML, {"Retry-After": "7"}), [7, 7]),
        (Reply(429, BURST, {"Retry-After": "junk"}), [10, 20]),
    ],
)
def test_waits_are_as_advised_or_as_hubspots_own_client_waits(
    wire: Wire, patience: Patience, reply: Reply, waits: list[float]
) -> None:
    """Retry-After first; else ten seconds, or two for a lock, times the attempt."""
    wire.answer(reply)

    fail(session_on(wire, patience))

    assert [wait for wait in patience.waits if wait] == pytest.approx(waits)
    assert len(wire.requests) == 3


def test_a_full_search_budget_waits_a_second_not_ten(wire: Wire, patience: Patience) -> None:
    """The search limit's recorded body names no policy; its message and the route tell."""
    wire.answer(Reply(429, PER_SECOND), Reply(200, {"total": 7, "results": []}))

    assert search.count(session_on(wire, patience)) == 7
    assert patience.waits == pytest.approx([1])


def test_a_person_is_asked_at_once(wire: Wire) -> None:
    """What only a person can mend is not tried again."""
    wire.answer(Reply(401, error()))

    fail(session_on(wire))

    assert len(wire.requests) == 1


def test_the_day_ends_at_the_accounts_own_midnight(wire: Wire) -> None:
    """The used-up day goes on at midnight where the account is."""
    wire.answer(Reply(429, DAILY, DATE))
    session = session_on(wire)
    session.time_zone = "America/New_York"

    raised = fail(session)

    assert isinstance(raised, QuotaExhaustedError)
    assert raised.resumes_at == datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_the_daily_header_stops_before_the_last_call(wire: Wire) -> None:
    """When nothing is left, nothing is sent, and the next call says when to go on."""
    day = {"X-HubSpot-RateLimit-Daily": "250000", "X-HubSpot-RateLimit-Daily-Remaining": "0"}
    wire.answer(Reply(200, {"results": []}, day | DATE))
    session = session_on(wire)
    list(reading.list_pages(session, []))

    raised = fail(session)

    assert isinstance(raised, QuotaExhaustedError)
    assert len(wire.requests) == 1


def test_the_tier_is_learnt_from_the_headers(wire: Wire) -> None:
    """The burst window takes the size that the account really has, by the configured share."""
    size = {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    }
    wire.answer(Reply(200, {"results": []}, size))
    session = session_on(wire)

    list(reading.list_pages(session, []))

    assert session.limiter.burst == (190, 10.0)


def test_a_connection_that_cannot_be_made_was_never_applied(wire: Wire) -> None:
    """A refused connection is transient and cannot have changed anything; a reset one can."""
    wire.answer(Reply(ending="reset"))
    reset = fail(session_on(wire))
    refused = fail(session_on(wire, host="http://127.0.0.1:1"))

    assert isinstance(reset, TransientError)
    assert reset.may_have_applied
    assert isinstance(refused, TransientError)
    assert not refused.may_have_applied
    assert "no connection could be made" in str(refused)


def test_a_silent_server_times_out(wire: Wire) -> None:
    """The client's lack of a timeout does not become ours."""
    wire.answer(Reply(ending="silent"))
    session = session_on(wire, timeout=(0.5, 0.02), retry=RetryPolicy(attempts=1))

    raised = fail(session)
    wire.patience_ended.set()

    assert "no answer came in time" in str(raised)


def test_calls_are_counted_where_they_are_sent(wire: Wire) -> None:
    """Every attempt counts by route and by answer; retries are told apart."""
    wire.answer(Reply(503, HTML), Reply(ending="reset"), Reply(200, {"results": []}))
    session = session_on(wire)

    list(reading.list_pages(session, []))

    assert session.counts.by_route == {"GET companies": 3}
    assert session.counts.by_status == {"503": 1, "error": 1, "200": 1}
    assert session.counts.retried == 2


def test_the_crms_clock_is_told_from_its_answers(wire: Wire) -> None:
    """Before the first answer the local clock counts, afterwards HubSpot's."""
    local = datetime(2020, 1, 1, tzinfo=UTC)
    wire.answer(Reply(200, {"results": []}, DATE))
    session = session_on(wire, clock=lambda: local)

    before = session.now()
    list(reading.list_pages(session, []))

    assert before == local
    assert session.now() == datetime(2026, 11, 22, 12, tzinfo=UTC)
