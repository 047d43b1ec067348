"""HubSpot's refusals and broken connections, as errors that say what to do next.

Whatever text an answer carries may be customer data, so only what is certain to be a code, a scope,
a property name or a request id is ever copied into a message. The client's exceptions print whole
bodies and are never chained.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson
import urllib3.exceptions as transport

from connectors.answers import advised_wait, code
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    Problem,
    ProtocolError,
    QuotaExhaustedError,
    TransientError,
)
from connectors.throttling import next_midnight

MOVING = 477  # HubSpot's own status: the account is on its way between data centres
CREDENTIAL = "HubSpot access token"
GET_A_KEY = (
    "Make a service key (Development > Keys > Service keys) or copy the private app's token, and"
    " give it as ICP_HUBSPOT__ACCESS_TOKEN."
)
# https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines gives no
# Retry-After on 429; these are the waits of HubSpot's own Node client, times the attempt's number.
BURST_WAIT = timedelta(seconds=10)
SEARCH_WAIT = timedelta(seconds=1)
LOCK_WAIT = timedelta(seconds=2)  # how long a 423 lock lasts
MOVE_WAIT = timedelta(minutes=10)  # between data centres, when no Retry-After says
LONGEST_PATIENCE = timedelta(minutes=1)  # beyond it, stop and come back later


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """An answer that is not a success: its status, headers and body as JSON, where it is JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def category(self) -> str:
        """HubSpot's own word for the kind of failure, or nothing."""
        return code(self.body.get("category")) if self.body else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where a call failed: what a translation needs beside the answer itself."""

    route: str
    attempt: int
    now: datetime
    time_zone: str = "UTC"
    search: bool = False


def failed_answer(error: BaseException) -> FailedAnswer | None:
    """Return the answer that a client exception stands for; ``None`` if there was no answer.

    The client's packages share no exception class, so they are told by their shape. It may fail
    itself while decoding a body, which hides the real exception in the context.
    """
    for link in _chain(error):
        status = getattr(link, "status", None)
        if isinstance(status, int) and status > 0 and hasattr(link, "body"):
            return FailedAnswer(status, getattr(link, "headers", None) or {}, _json(link.body))
    return None


def transport_fault(error: BaseException, route: str) -> ConnectorError | None:
    """Translate a broken connection; ``None`` when *error* is something else."""
    for link in _chain(error):
        if isinstance(link, transport.HTTPError):
            return _broken(link, route)
    return None


def answer_fault(answer: FailedAnswer, where: Circumstances) -> ConnectorError:  # noqa: PLR0911 - one return per kind of answer reads best
    """Translate an answer that is not a success."""
    status = answer.status
    said = f"HubSpot answered {status} to {where.route}"
    if status == HTTPStatus.UNAUTHORIZED:
        detail = f" ({answer.category})" if answer.category else ""
        return MisconfiguredError([Problem(CREDENTIAL, f"HubSpot refuses it{detail}.", GET_A_KEY)])
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, where.route)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _too_many(answer, where)
    if status == HTTPStatus.LOCKED:
        wait = max(advised_wait(answer.headers) or LOCK_WAIT * where.attempt, LOCK_WAIT)
        return TransientError(f"{said}: records are locked.", retry_after=wait, status=status)
    if status == MOVING:
        return _moving(answer, where)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(
            f"{said}.",
            retry_after=advised_wait(answer.headers),
            status=status,
            may_have_applied=status in {408, 500, 502, 504, 524},
        )
    if status == HTTPStatus.NOT_FOUND and answer.body is None:
        return ProtocolError(
            f"{said} with a page instead of data: HubSpot does not know this path."
            " Check the configured API version."
        )
    if status == HTTPStatus.REQUEST_URI_TOO_LONG:
        return ProtocolError(f"{said}: the address is too long. Ask for fewer fields.")
    return ProtocolError(f"{said}{_labels(answer)}.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__context__


def _json(body: object) -> Mapping[str, Any] | None:
    if isinstance(body, str):
        body = body.encode("utf-8", "replace")
    if not isinstance(body, bytes):
        return None
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def _labels(answer: FailedAnswer) -> str:
    request = code(answer.body.get("correlationId")) if answer.body else ""
    labels = [answer.category, f"correlation id {request}" if request else ""]
    shown = ", ".join(label for label in labels if label)
    return f" ({shown})" if shown else ""


def _forbidden(answer: FailedAnswer, route: str) -> ConnectorError:
    if answer.body is None:
        return MisconfiguredError(
            [
                Problem(
                    "network",
                    f"{route} was answered 403 by something that is not HubSpot's API.",
                    "Check proxies and firewalls between here and api.hubapi.com.",
                )
            ]
        )
    scopes = required_scopes(answer.body)
    if not scopes:
        return MisconfiguredError(
            [
                Problem(
                    CREDENTIAL,
                    f"HubSpot forbids {route}{_labels(answer)}.",
                    "Check what the token may do, and whether the account's plan has this feature.",
                )
            ]
        )
    return MisconfiguredError(
        [
            Problem(
                CREDENTIAL,
                f"it lacks the scope {' or '.join(scopes)}, which {route} needs.",
                "Add the scope to the service key or private app in HubSpot, and use its token.",
            )
        ]
    )


def required_scopes(body: Mapping[str, Any]) -> list[str]:
    """Return the scopes any one of which would do, leaving out those for sensitive data."""
    contexts = [body.get("context")]
    contexts += [e.get("context") for e in body.get("errors") or () if isinstance(e, Mapping)]
    named: list[str] = []
    for context in contexts:
        if isinstance(context, Mapping):
            for key in ("requiredGranularScopes", "requiredScopes"):
                listed = context.get(key)
                named += [listed] if isinstance(listed, str) else listed or []
    scopes = list(dict.fromkeys(filter(None, map(code, named))))
    return [scope for scope in scopes if "sensitive" not in scope] or scopes


def _too_many(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    body = answer.body or {}
    policy = code(body.get("policyName"))
    message = str(body.get("message", "")).lower()
    said = f"HubSpot answered 429 to {where.route}"
    if policy == "DAILY" or (not policy and "daily" in message):
        resumes = next_midnight(where.now, where.time_zone)
        return QuotaExhaustedError(
            f"{said}: the account's calls for today are used up; calls go on at midnight"
            f" ({where.time_zone}), {resumes.isoformat()}.",
            resumes_at=resumes,
        )
    per_second = where.search or policy == "SECONDLY" or "your secondly" in message
    ten_secondly = policy.startswith("TEN_SECONDLY") or "ten_secondly" in message
    wait = SEARCH_WAIT if per_second and not ten_secondly else BURST_WAIT
    return TransientError(
        f"{said}: too many calls.",
        retry_after=advised_wait(answer.headers) or wait * where.attempt,
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )


def _moving(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    wait = advised_wait(answer.headers) or MOVE_WAIT
    said = f"HubSpot answered 477 to {where.route}: the account is being moved to another place"
    if wait <= LONGEST_PATIENCE:
        return TransientError(f"{said}.", retry_after=wait, status=answer.status)
    resumes = where.now + wait
    return QuotaExhaustedError(
        f"{said}; calls go on at {resumes.isoformat(timespec='seconds')}.", resumes_at=resumes
    )


def _broken(error: transport.HTTPError, route: str) -> ConnectorError:
    reason = error.reason if isinstance(error, transport.MaxRetryError) else error
    if isinstance(reason, transport.SSLError) and _untrusted(reason):
        return MisconfiguredError(
            [
                Problem(
                    "TLS",
                    "the certificate shown for HubSpot is not trusted.",
                    "If a proxy inspects traffic, add its authority to the system's trusted ones.",
                )
            ]
        )
    unsent = isinstance(reason, transport.NewConnectionError | transport.ConnectTimeoutError)
    kinds: list[tuple[type[Exception], str]] = [
        (transport.NameResolutionError, "the name could not be resolved"),
        (transport.NewConnectionError, "no connection could be made"),
        (transport.ConnectTimeoutError, "no connection was made in time"),
        (transport.ReadTimeoutError, "no answer came in time"),
    ]
    what = next((text for kind, text in kinds if isinstance(reason, kind)), "the connection broke")
    remedy = " Check the network and any proxy on the way to HubSpot." if unsent else ""
    return TransientError(f"{route}: {what}.{remedy}", may_have_applied=not unsent)


def _untrusted(error: transport.SSLError) -> bool:
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args) or any(
        isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error)
    )
