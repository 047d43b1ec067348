"""Sessions that meet recorded answers: a token first, then whatever the test gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.retrying import RetryPolicy
from connectors.salesforce.auth import ClientCredentials, Credentials, Grant
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.session import Session
from tests.support.wire import Patience, Reply, Request, Wire, serving

__all__ = [
    "API",
    "CONSUMER",
    "SECRET",
    "TOKEN",
    "Patience",
    "Reply",
    "Request",
    "Wire",
    "answering",
    "call",
    "error",
    "expired",
    "granted",
    "log_in",
    "page",
    "refusal",
    "serving",
    "session_on",
    "soql_of",
]

TOKEN = "00Dplanted!access.token"  # noqa: S105 - planted, to be looked for in messages
CONSUMER = "planted-consumer-secret"
SECRET = "Planted Customer Ltd"  # noqa: S105 - likewise
API = "/services/data/v66.0/"
LIMITS = {"Sforce-Limit-Info": "api-usage=10018/100000; api-bursts=1/750"}


def granted(wire: Wire, number: int = 1, **more: Any) -> Reply:
    """A token, as the endpoint gives it."""
    body = {
        "access_token": f"{TOKEN}{number}",
        "instance_url": wire.url,
        "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
        "token_type": "Bearer",
        "issued_at": "1764201600000",
    }
    return Reply(200, body | more)


def error(code: str, message: str = SECRET, status: int = 400, *fields: str) -> Reply:
    """A refusal, as the REST API words it."""
    body = [{"message": message, "errorCode": code, "fields": list(fields)}]
    return Reply(status, body)


def expired() -> Reply:
    """What an expired session is answered."""
    return error("INVALID_SESSION_ID", "Session expired or invalid", 401)


def page(records: list[dict[str, Any]], total: int | None = None, *, done: bool = True) -> Reply:
    """One page of a query's result."""
    listed = [{"attributes": {"type": "Account"}} | record for record in records]
    body = {"totalSize": len(records) if total is None else total, "done": done, "records": listed}
    return Reply(200, body, LIMITS)


def answering(wire: Wire, answer: Callable[[Request], Reply]) -> list[str]:
    """Answer tokens by themselves and all else by *answer*; returns the tokens given."""
    given: list[str] = []

    def respond(request: Request) -> Reply:
        if request.path == "/services/oauth2/token":
            given.append(f"{TOKEN}{len(given) + 1}")
            return granted(wire, len(given))
        return answer(request)

    wire.respond = respond
    return given


def soql_of(request: Request) -> str:
    """The query that a request holds, in its address or in its body."""
    if "q" in request.query:
        return request.query["q"]
    if "batchRequests" in (request.body or {}):
        inner = Request("GET", "/" + request.body["batchRequests"][0]["url"], {}, None)
        return inner.query["q"]
    return str(request.body["query"])


def session_on(
    wire: Wire,
    patience: Patience | None = None,
    credentials: Credentials | None = None,
    **options: Any,
) -> Session:
    """Open a session on *wire* that waits only in *patience*."""
    clock = patience or Patience()
    defaults: dict[str, Any] = {
        "retry": RetryPolicy(attempts=3),
        "pause": clock.wait,
        "limiter": make_limiter(daily_share=1.0, monotonic=clock, pause=clock.wait),
        "timeout": (1.0, 1.0),
    }
    way = credentials or ClientCredentials(wire.url, "planted-consumer-key", CONSUMER)
    return Session(way, **(defaults | options))


def call(session: Session) -> object:
    """Make some call."""
    return session.call("GET", "limits", route="GET limits").data


def refusal(description: str, error: str = "invalid_grant") -> Reply:
    """A refusal, as the token endpoint words it: an object, not a list."""
    return Reply(400, {"error": error, "error_description": description})


def log_in(wire: Wire, credentials: Credentials | None = None, **options: Any) -> Grant:
    """Log in on *wire*."""
    return session_on(wire, credentials=credentials, **options).grant()
