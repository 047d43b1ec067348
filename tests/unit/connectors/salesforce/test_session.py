"""Every call through the official client is paced, counted, renewed and tried again, here alone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import MisconfiguredError, QuotaExhaustedError, StoppedError, TransientError
from connectors.pausing import Pause
from connectors.retrying import RetryPolicy
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.usage import api_usage
from tests.support.wire import Patience, Reply, Request, Wire
from tests.unit.connectors.salesforce.wire import (
    API,
    LIMITS,
    SECRET,
    TOKEN,
    answering,
    call,
    error,
    expired,
    granted,
    page,
    session_on,
)

HTML = Reply(503, "<html>Down for maintenance</html>", {"Content-Type": "text/html"})


def test_the_official_helpers_work_on_one_connection(wire: Wire) -> None:
    """Addresses, parameters and bodies are the client's own, and all go through one session."""
    answering(wire, lambda _request: page([{"Id": "001"}]))
    session = session_on(wire)
    client = session.client

    assert client.query("SELECT Id FROM Account")["records"][0]["Id"] == "001"
    client.query("SELECT Id FROM Account", include_deleted=True)
    client.query_more(API + "query/01g-2000", identifier_is_url=True)
    client.query_more("01g-4000")
    client.restful("sobjects/Account/describe", method="GET")
    client.toolingexecute("sobjects/CustomField", "POST", {"a": 1})
    client.limits()
    client.describe()

    paths = [sent.path for sent in wire.requests[1:]]
    assert paths == [
        API + "query/?q=SELECT+Id+FROM+Account",
        API + "queryAll/?q=SELECT+Id+FROM+Account",
        API + "query/01g-2000",
        API + "query/01g-4000",
        API + "sobjects/Account/describe",
        API + "tooling/sobjects/CustomField",
        API + "limits/",
        API + "sobjects",
    ]
    assert wire.requests[6].body == {"a": 1}
    assert session.counts.total == 9
    assert wire.connections == 1


@pytest.mark.parametrize("name", ["Account", "bulk", "bulk2", "Acount"])
def test_attributes_that_bring_calls_of_their_own_are_switched_off(wire: Wire, name: str) -> None:
    """What would go past our session, or invent an object, is no attribute here."""
    wire.answer(granted(wire))

    assert not hasattr(session_on(wire).client, name)


def test_the_soap_module_is_switched_off(wire: Wire) -> None:
    """Its calls ignore session, proxies and trust."""
    wire.answer(granted(wire))

    with pytest.raises(AttributeError):
        _ = session_on(wire).client.mdapi


def test_an_expired_session_is_renewed_once_and_the_call_repeated_whole(wire: Wire) -> None:
    """Body and headers are sent again as they were, with the new token."""
    wire.answer(granted(wire), expired(), granted(wire, 2), Reply(200, [{"success": True}]))
    session = session_on(wire)

    answer = session.call(
        "PATCH",
        "composite/sobjects",
        route="PATCH composite/sobjects",
        json={"records": []},
        headers={"Sforce-Auto-Assign": "FALSE"},
    )

    first, second = (sent for sent in wire.requests if sent.method == "PATCH")
    assert answer.data == [{"success": True}]
    assert [it.headers["Authorization"] for it in (first, second)] == [
        f"Bearer {TOKEN}1",
        f"Bearer {TOKEN}2",
    ]
    assert first.raw == second.raw
    assert second.headers["Sforce-Auto-Assign"] == "FALSE"
    assert second.headers["Sforce-Call-Options"] == "client=icp-sync"
    assert session.counts.by_status == {"200": 3, "401": 1}


def test_headers_given_to_a_helper_of_the_client_survive_a_renewal(wire: Wire) -> None:
    """The client itself drops them when it repeats a call."""
    wire.answer(granted(wire), expired(), granted(wire, 2), page([]))

    session_on(wire).client.query("SELECT Id FROM Account", headers={"Sforce-Query-Options": "x"})

    assert wire.requests[-1].headers["Sforce-Query-Options"] == "x"


@pytest.mark.parametrize("body", [expired().body, {"error": "x"}, "<html>login</html>", b""])
def test_a_token_refused_when_it_is_new_ends_the_run(wire: Wire, body: bytes) -> None:
    """Whatever the answer's body looks like, one renewal is all; nothing goes round for ever."""
    answering(wire, lambda _request: Reply(401, body))

    with pytest.raises(MisconfiguredError, match="refuses the token"):
        call(session_on(wire))

    assert len(wire.requests) == 4


def test_each_thread_has_a_client_and_all_share_token_and_counts(wire: Wire) -> None:
    """No requests session is used by two threads."""
    answering(wire, lambda _request: page([]))
    session = session_on(wire)
    clients = [session.client]

    def work() -> None:
        call(session)
        clients.append(session.client)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert clients[0] is session.client
    assert clients[1] is not clients[0]
    assert clients[1].session is not clients[0].session
    assert session.counts.by_route == {"POST oauth2/token": 1, "GET limits": 1}


@pytest.mark.parametrize(
    "reply",
    [
        HTML,
        Reply(500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}]),
        Reply(502, b""),
        Reply(200, "<html>proxy</html>", {"Content-Type": "text/html"}),
        Reply(200, '{"totalSize": 1, "rec'),
        error("UNABLE_TO_LOCK_ROW"),
        error("SERVER_UNAVAILABLE", status=503),
        error("REQUEST_RUNNING_TOO_LONG", status=400),
        Reply(ending="reset"),
        Reply(200, {"a": "b" * 100}, ending="cut"),
    ],
)
def test_what_passes_is_tried_again(wire: Wire, patience: Patience, reply: Reply) -> None:
    """Server errors, gateway pages, locks and broken connections get other attempts, and count."""
    wire.answer(granted(wire), reply, reply, Reply(200, {"fine": 1}))
    session = session_on(wire, patience)

    assert call(session) == {"fine": 1}
    assert len(patience.waits) == 2
    assert session.counts.retried == 2
    assert session.counts.total == 4


@pytest.mark.parametrize("reply", [HTML, Reply(ending="reset")])
def test_patience_ends(wire: Wire, reply: Reply) -> None:
    """After the policy's last attempt the error says what happened last."""
    wire.answer(granted(wire), reply)

    with pytest.raises(TransientError):
        call(session_on(wire))

    assert len(wire.requests) == 1 + 3


def test_a_silent_server_is_not_waited_for_for_ever(wire: Wire) -> None:
    """Every call has a timeout, which the client itself has not."""
    wire.answer(granted(wire), Reply(ending="silent"))

    with pytest.raises(TransientError, match="no answer came in time") as caught:
        call(session_on(wire, retry=RetryPolicy(attempts=1), timeout=(0.5, 0.05)))
    wire.patience_ended.set()

    assert caught.value.may_have_applied


def test_a_stop_ends_a_wait(wire: Wire) -> None:
    """A worker told to stop does not sit out a backoff."""
    stop = threading.Event()
    stop.set()
    wire.answer(granted(wire), HTML)

    with pytest.raises(StoppedError):
        call(session_on(wire, pause=Pause(stop)))


def test_the_days_calls_are_known_from_any_answer(wire: Wire) -> None:
    """The header's segments are read wherever they stand, and the floor is kept for others."""
    wire.answer(granted(wire), Reply(200, {}, LIMITS))
    session = session_on(wire, limiter=make_limiter(daily_share=0.7))

    call(session)

    assert (session.limiter.daily.limit, session.limiter.daily.remaining) == (100_000, 89_982)
    assert session.limiter.daily.floor == 30_000


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=18/5000", (18, 5000)),
        ("api-bursts=1/750; api-usage=10018/100000", (10018, 100000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=x)", (25, 5000)),
        ("per-app-api-usage=17/250(appName=x)", None),
        ("api-usage=a/b", None),
        ("", None),
    ],
)
def test_usage_is_read_by_segments(header: str, usage: tuple[int, int] | None) -> None:
    """Newer releases add segments, and a per-application share is not the org's."""
    assert api_usage(header) == usage


def test_calls_stop_at_the_floor_and_are_tried_an_hour_later(wire: Wire) -> None:
    """Calls of 24 hours count, so there is no midnight to wait for."""
    local = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
    answer = Reply(
        200,
        {},
        {"Sforce-Limit-Info": "api-usage=80/100", "Date": "Sun, 22 Nov 2026 15:00:00 GMT"},
    )
    wire.answer(granted(wire), answer)
    session = session_on(wire, limiter=make_limiter(daily_share=0.8), clock=lambda: local[0])
    call(session)

    with pytest.raises(QuotaExhaustedError, match="20 are kept for other applications") as caught:
        call(session)
    assert caught.value.resumes_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    local[0] += timedelta(hours=1)
    call(session)

    assert len(wire.requests) == 3


def test_a_used_up_day_pauses_the_run(wire: Wire) -> None:
    """403 TotalRequests says when calls are worth trying again, and is not tried at once."""
    refused = error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
    dated = Reply(403, refused.body, {"Date": "Sun, 22 Nov 2026 15:00:00 GMT"})
    wire.answer(granted(wire), dated)

    with pytest.raises(QuotaExhaustedError, match="last 24 hours") as caught:
        call(session_on(wire))

    assert caught.value.resumes_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "message",
    [
        "ConcurrentPerOrgLongTxn Limit exceeded.",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    ],
)
def test_too_many_calls_at_once_back_off(wire: Wire, patience: Patience, message: str) -> None:
    """The other 403 of the same code passes; every thread is held back, longer each time."""
    busy = error("REQUEST_LIMIT_EXCEEDED", message, 403)
    wire.answer(granted(wire), busy, busy, Reply(200, {}))

    call(session_on(wire, patience))

    assert patience.now == 5 + 10


def test_the_crms_clock_is_that_of_its_latest_answer(wire: Wire) -> None:
    """Before the first answer it is ours."""
    ours = datetime(2026, 1, 1, tzinfo=UTC)
    wire.answer(granted(wire), Reply(200, {}, {"Date": "Sun, 22 Nov 2026 15:00:00 GMT"}))
    session = session_on(wire, clock=lambda: ours)
    before = session.now()

    call(session)

    assert before == ours
    assert session.now() == datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_an_allowed_failure_is_an_answer(wire: Wire) -> None:
    """The caller that expects a status gets its errors, decoded."""
    wire.answer(granted(wire), error("NOT_FOUND", status=404), Reply(404, "<html>"))
    session = session_on(wire)
    allow = frozenset({404})

    answer = session.call("GET", "x", route="GET x", allow=allow)

    assert (answer.status, answer.data[0]["errorCode"]) == (404, "NOT_FOUND")
    with pytest.raises(MisconfiguredError, match="not Salesforce's API"):
        session.call("GET", "x", route="GET x", allow=allow)


def test_an_empty_answer_is_an_empty_object(wire: Wire) -> None:
    """204 and 201 come without a body."""
    wire.answer(granted(wire), Reply(204, b""))

    assert call(session_on(wire)) == {}


def test_another_version_can_be_asked_for(wire: Wire) -> None:
    """A job made by an earlier release is followed with the version it was made with."""
    wire.answer(granted(wire), Reply(200, {}))

    session_on(wire).call("GET", "jobs/ingest/750", route="GET jobs", version="64.0")

    assert wire.requests[-1].path == "/services/data/v64.0/jobs/ingest/750"


def test_a_stream_is_renewed_but_left_to_its_readers_patience(wire: Wire) -> None:
    """One attempt, with a new token if need be: a broken body is asked for again by its reader."""

    def answer(request: Request) -> Reply:
        if request.headers["Authorization"].endswith("1"):
            return expired()
        return Reply(200, "a,b\n", {"Content-Type": "text/csv"})

    answering(wire, answer)
    session = session_on(wire)

    stream = session.stream("jobs/query/750/results", route="GET results")

    assert (stream.read_chunk(), stream.read_chunk()) == (b"a,b\n", b"")
    wire.respond = lambda _request: HTML
    with pytest.raises(TransientError, match="503"):
        session.stream("jobs/query/750/results", route="GET results")
    assert SECRET not in repr(stream)
