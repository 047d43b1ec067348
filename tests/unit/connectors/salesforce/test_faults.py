"""Salesforce's refusals become errors that say what to do and leak nothing."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    ProtocolError,
    QuotaExhaustedError,
    TransientError,
)
from connectors.salesforce import queries, soql
from connectors.salesforce.faults import LocatorExpiredError, QueryTooLongError, permission_for
from connectors.salesforce.session import Session
from tests.support.wire import Patience, Reply, Wire
from tests.unit.connectors.salesforce.wire import (
    CONSUMER,
    SECRET,
    TOKEN,
    answering,
    error,
    expired,
    session_on,
)

HTML = f"<html><body>Bad gateway {SECRET}</body></html>"
LONG = soql.select([f"Field_number_{number}__c" for number in range(900)], "Account")
PAGE = {"Content-Type": "text/html"}
NO_COLUMN = (
    f"\nSELECT Bacon__c FROM Account WHERE Name = '{SECRET}'\n       ^\nERROR at Row:1:Column:8\n"
    "No such column 'Bacon__c' on entity 'Account'. If you are attempting to use a custom field,"
    " be sure to append the '__c' after the custom field name."
)


def fail(session: Session) -> ConnectorError:
    """Make a call that must fail."""
    with pytest.raises(ConnectorError) as caught:
        queries.query(session, "SELECT Id FROM Account")
    return caught.value


CASES: list[tuple[Reply, type[ConnectorError], str]] = [
    (expired(), MisconfiguredError, "refuses the token"),
    (error("REQUEST_LIMIT_EXCEEDED", "TotalRequests x", 403), QuotaExhaustedError, "24 hours"),
    (error("REQUEST_LIMIT_EXCEEDED", "ConcurrentX Limit", 403), TransientError, "at once"),
    (error("API_DISABLED_FOR_ORG", status=403), MisconfiguredError, "API is not enabled"),
    (error("API_CURRENTLY_DISABLED", status=403), MisconfiguredError, "API Enabled"),
    (
        error("INSUFFICIENT_ACCESS", status=403),
        MisconfiguredError,
        "Read on Account and on the fields",
    ),
    (Reply(403, HTML, PAGE), MisconfiguredError, "proxies and firewalls"),
    (error("INVALID_FIELD", NO_COLUMN), MisconfiguredError, "Bacon__c: GET query needs it"),
    (error("INVALID_FIELD", "something else"), MisconfiguredError, "field-level security"),
    (
        error("INVALID_FIELD", "Didn't understand relationship 'Foo__r' in field path."),
        MisconfiguredError,
        "Foo__r",
    ),
    (error("INVALID_TYPE", status=400), MisconfiguredError, "access to the object"),
    (error("MALFORMED_QUERY"), ProtocolError, "MALFORMED_QUERY"),
    (error("QUERY_TIMEOUT"), QueryTooLongError, "took too long"),
    (error("INVALID_QUERY_LOCATOR"), LocatorExpiredError, "place in the result"),
    (error("UNABLE_TO_LOCK_ROW"), TransientError, "UNABLE_TO_LOCK_ROW"),
    (error("SERVER_UNAVAILABLE", status=503), TransientError, "503"),
    (error("REQUEST_RUNNING_TOO_LONG"), TransientError, "REQUEST_RUNNING_TOO_LONG"),
    (error("NOT_FOUND", status=404), MisconfiguredError, "api_version"),
    (Reply(404, HTML, PAGE), MisconfiguredError, "not Salesforce's API"),
    (error("GONE", status=410), MisconfiguredError, "version 66.0"),
    (error("UNSUPPORTED_API_VERSION", status=400), MisconfiguredError, "api_version"),
    (error("METHOD_NOT_ALLOWED", status=405), ProtocolError, "405"),
    (error("CONFLICT", status=409), ProtocolError, "CONFLICT"),
    (Reply(412, HTML, PAGE), ProtocolError, "412"),
    (Reply(414, HTML, PAGE), ProtocolError, "fewer fields"),
    (Reply(431, HTML, PAGE), ProtocolError, "fewer fields"),
    (Reply(300, ["/services/data/x"]), ProtocolError, "300"),
    (Reply(307, b"", {"Location": "https://x.example"}), MisconfiguredError, "points elsewhere"),
    (Reply(429, HTML, PAGE), TransientError, "429"),
    (Reply(500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": SECRET}]), TransientError, "UNK"),
    (Reply(502, HTML, PAGE), TransientError, "502"),
    (Reply(503, b"\xff\xfe not utf-8"), TransientError, "503"),
    (Reply(200, HTML, PAGE), TransientError, "not JSON (text/html)"),
    (Reply(200, '{"totalSize": 1, "records": [{"'), TransientError, "cut short"),
    (Reply(200, "[1]"), ProtocolError, "no result"),
    (Reply(200, {"records": None, "totalSize": 1}), ProtocolError, "no result"),
    (Reply(200, {"records": []}, ending="cut"), TransientError, "connection broke"),
    (Reply(502, HTML, ending="cut"), TransientError, "connection broke"),
    (Reply(ending="reset"), TransientError, "connection broke"),
    (Reply(400, {"error": "odd", "error_description": SECRET}), ProtocolError, "odd"),
    (Reply(400, [{"errorCode": f"made up {SECRET}"}]), ProtocolError, "400"),
    (Reply(400, "null"), ProtocolError, "400"),
    (Reply(400, [SECRET, {"fields": SECRET}]), ProtocolError, "400"),
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
    answering(wire, lambda _request: reply)

    raised = fail(session_on(wire))

    shown = "".join(traceback.format_exception(raised)) + repr(vars(raised)) + caplog.text
    assert type(raised) is kind
    assert words in str(raised)
    for planted in (SECRET, TOKEN, CONSUMER):
        assert planted not in shown
    link: BaseException | None = raised
    while link is not None:
        assert isinstance(link, ConnectorError)
        link = link.__cause__ or link.__context__


@pytest.mark.parametrize("code", ["QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "MALFORMED_QUERY"])
def test_what_would_fail_again_is_not_sent_again(wire: Wire, code: str) -> None:
    """A query that takes too long takes two minutes each time: it is made smaller, not repeated."""
    answering(wire, lambda _request: error(code))

    fail(session_on(wire))

    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("headers", "waits"), [({"Retry-After": "7"}, [7, 7]), ({"Retry-After": "junk"}, None)]
)
def test_advice_is_taken_where_something_on_the_way_gives_it(
    wire: Wire, patience: Patience, headers: dict[str, Any], waits: list[float] | None
) -> None:
    """Salesforce gives none, proxies and gateways do."""
    answering(wire, lambda _request: Reply(429, HTML, {**PAGE, **headers}))

    fail(session_on(wire, patience))

    assert waits is None or patience.waits == waits


def test_a_long_query_that_fails_in_a_body_fails_alike(wire: Wire) -> None:
    """What is sent in a body because it is long is judged by the answer inside the answer."""
    inner = {"statusCode": 400, "result": error("QUERY_TIMEOUT").body}
    answering(wire, lambda _request: Reply(200, {"hasErrors": True, "results": [inner]}))

    with pytest.raises(QueryTooLongError):
        queries.query(session_on(wire), LONG)

    assert len(wire.requests) == 2


def test_a_long_query_that_meets_a_busy_server_is_tried_again(
    wire: Wire, patience: Patience
) -> None:
    """The answer inside the answer counts for patience, too."""
    busy = {"statusCode": 503, "result": error("SERVER_UNAVAILABLE").body}
    fine = {"statusCode": 200, "result": {"totalSize": 0, "done": True, "records": []}}
    left = [busy, fine]
    answering(wire, lambda _request: Reply(200, {"results": [left.pop(0)]}))

    assert queries.query(session_on(wire, patience), LONG).total == 0
    assert len(patience.waits) == 1


@pytest.mark.parametrize(
    "body", [{"results": []}, {"results": [1]}, {"results": None}, [], {"results": [{}, {}]}]
)
def test_a_body_without_the_one_result_is_no_answer(wire: Wire, body: Any) -> None:
    """Neither nothing nor something else passes for an empty result."""
    answering(wire, lambda _request: Reply(200, body))

    with pytest.raises(ProtocolError):
        queries.query(session_on(wire), LONG)


@pytest.mark.parametrize(
    ("route", "permission"),
    [
        ("GET tooling/query", "Customize Application"),
        ("GET limits", "View Setup"),
        ("POST ui-api/list-info/Account", "Manage Public List Views"),
        ("PATCH composite/sobjects", "Edit on Account"),
        ("POST jobs/query", "API Enabled"),
        ("POST sobjects/FieldPermissions", "Manage Profiles and Permission Sets"),
        ("GET query", "Read on Account"),
    ],
)
def test_a_forbidden_call_names_the_permission_it_takes(route: str, permission: str) -> None:
    """An administrator reads what to grant."""
    assert permission in permission_for(route)
