"""Salesforce's refusals and broken connections, as errors that say what to do next.

Whatever text an answer carries may be customer data, so only what is certain to be a code or a
field's name is ever copied into a message. Exceptions of requests and of the client carry
addresses and bodies and are never chained.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import requests
import urllib3.exceptions as transport
from requests import exceptions as failures

from connectors.answers import advised_wait, code
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    Problem,
    ProtocolError,
    QuotaExhaustedError,
    TransientError,
)
from connectors.json_text import loads

NAME = re.compile(r"[A-Za-z]\w{0,79}(\.[A-Za-z]\w{0,79})*", re.ASCII)  # what a field's looks like
_NO_COLUMN = re.compile(r"No such column '([^']{1,200})' on entity '([^']{1,80})'")
_NO_RELATION = re.compile(r"Didn't understand relationship '([^']{1,200})'")
USER = "Salesforce user"
BUSY = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "UNKNOWN_EXCEPTION"}
)
CONCURRENCY_WAIT = timedelta(seconds=5)  # times the attempt's number
WINDOW_MOVES = timedelta(hours=1)  # calls of 24 hours count, so an hour later some are free again


class QueryTooLongError(TransientError):
    """A query ran into Salesforce's time limit: ask for less, not for the same again."""


class LocatorExpiredError(TransientError):
    """The place in a long answer is gone: begin again from what was read last."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One of the errors in an answer."""

    code: str
    message: str = field(default="", repr=False)
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """An answer that is not a success: its status, headers and errors, where it is JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    details: tuple[Detail, ...] = ()
    is_json: bool = False

    def has(self, *codes: str) -> bool:
        """Whether one of the errors has one of *codes*."""
        return any(detail.code in codes for detail in self.details)

    @property
    def label(self) -> str:
        """The codes, for a message, or nothing."""
        shown = ", ".join(dict.fromkeys(detail.code for detail in self.details if detail.code))
        return f" ({shown})" if shown else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where a call failed: what a translation needs beside the answer itself."""

    route: str
    now: datetime
    api_version: str
    attempt: int = 1


def failed_answer(status: int, headers: Mapping[str, str], body: bytes) -> FailedAnswer:
    """Read what an answer says is wrong, whatever its shape."""
    return failed_parts(status, loads(body), headers)


def failed_parts(status: int, data: Any, headers: Mapping[str, str] | None = None) -> FailedAnswer:
    """Read what a decoded answer says is wrong: an error, a list of them, or neither."""
    listed = data if isinstance(data, list) else [data]
    found = tuple(_detail(each) for each in listed if isinstance(each, Mapping))
    return FailedAnswer(status, headers or {}, found, isinstance(data, list | dict))


def _detail(each: Mapping[str, Any]) -> Detail:
    named = each.get("fields")
    names = tuple(n for n in named if isinstance(n, str)) if isinstance(named, list) else ()
    return Detail(
        code(each.get("errorCode") or each.get("statusCode") or each.get("error")),
        str(each.get("message") or each.get("error_description") or ""),
        tuple(name for name in names if NAME.fullmatch(name)),
    )


def answer_fault(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    """Translate an answer that is not a success."""
    return _by_code(answer, where) or _by_status(answer, where)


def _by_code(answer: FailedAnswer, where: Circumstances) -> ConnectorError | None:
    status = answer.status
    said = f"Salesforce answered {status} to {where.route}"
    if status == HTTPStatus.UNAUTHORIZED:
        return _refused_token()
    if answer.has("QUERY_TIMEOUT"):
        return QueryTooLongError(f"{said}: the query took too long.", status=status)
    if answer.has("INVALID_QUERY_LOCATOR"):
        return LocatorExpiredError(f"{said}: the place in the result is gone.", status=status)
    if answer.has("REQUEST_LIMIT_EXCEEDED"):
        return _over_limit(answer, where)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.has(*BUSY):
        return TransientError(
            f"{said}{answer.label}.",
            status=status,
            may_have_applied=status != HTTPStatus.SERVICE_UNAVAILABLE,
        )
    if answer.has("UNSUPPORTED_API_VERSION"):
        return _wrong_version(where, "is not offered")
    if answer.has("INVALID_FIELD", "INVALID_TYPE") and status == HTTPStatus.BAD_REQUEST:
        return _not_visible(answer, where)
    return None


def _by_status(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    status = answer.status
    said = f"Salesforce answered {status} to {where.route}"
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, 420}:
        return TransientError(f"{said}.", status=status, retry_after=advised_wait(answer.headers))
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, where)
    if status == HTTPStatus.GONE:
        return _wrong_version(where, "is no longer offered")
    if status == HTTPStatus.NOT_FOUND and not answer.is_json:
        return _not_salesforce(status, where.route)
    if status == HTTPStatus.NOT_FOUND and answer.has("NOT_FOUND"):
        return _wrong_version(where, f"has no {where.route}")
    if status in {HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE}:
        return ProtocolError(f"{said}: the address is too long. Ask for fewer fields.")
    if HTTPStatus.MOVED_PERMANENTLY <= status < HTTPStatus.BAD_REQUEST:
        return MisconfiguredError(
            [
                Problem(
                    "Salesforce instance",
                    f"{where.route} was answered {status}: this address only points elsewhere.",
                    "Give the address of your My Domain: https://ACME.my.salesforce.com.",
                )
            ]
        )
    return ProtocolError(f"{said}{answer.label}.")


def transport_fault(error: BaseException, route: str) -> ConnectorError | None:
    """Translate a broken connection; ``None`` when *error* is something else."""
    if isinstance(error, failures.InvalidURL | failures.InvalidSchema | failures.MissingSchema):
        return MisconfiguredError(
            [Problem("Salesforce instance", "its address is none.", "Check the instance URL.")]
        )
    if isinstance(error, requests.RequestException | transport.HTTPError | OSError):
        return _broken(error, route)
    return None


def _refused_token() -> ConnectorError:
    return MisconfiguredError(
        [
            Problem(
                "Salesforce session",
                "Salesforce refuses the token it has just given.",
                "Check that the app's user is active and may use the API, and that the app's"
                " policies (IP ranges, session security) allow this machine.",
            )
        ]
    )


def _over_limit(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    said = f"Salesforce answered {answer.status} to {where.route}"
    if any("concurrent" in detail.message.lower() for detail in answer.details):
        return TransientError(
            f"{said}: too many long calls at once.",
            retry_after=CONCURRENCY_WAIT * where.attempt,
            status=answer.status,
        )
    resumes = where.now + WINDOW_MOVES
    return QuotaExhaustedError(
        f"{said}: the org's calls of the last 24 hours are used up; calls are tried again from"
        f" {resumes.isoformat(timespec='seconds')}.",
        resumes_at=resumes,
    )


def _forbidden(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    if not answer.is_json:
        return _not_salesforce(answer.status, where.route)
    if answer.has("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "API_DISABLED"):
        return MisconfiguredError(
            [
                Problem(
                    "Salesforce org",
                    f"its API is not enabled{answer.label}.",
                    "Use an edition that includes the API, and give the user the permission"
                    " API Enabled.",
                )
            ]
        )
    return MisconfiguredError(
        [
            Problem(
                USER,
                f"it may not {where.route}{answer.label}.",
                f"Give it the permission for that: {permission_for(where.route)}.",
            )
        ]
    )


def permission_for(route: str) -> str:
    """Name the permission that a call needs."""
    needs = {
        "limits": "View Setup and Configuration",
        "tooling": "View Setup and Configuration, and Customize Application to change anything",
        "list-info": "Manage Public List Views",
        "jobs": "API Enabled, and Read (to write: Edit) on Account",
        "Permission": "Manage Profiles and Permission Sets, and Assign Permission Sets",
        "composite/sobjects": "Edit on Account and on the fields that are written",
    }
    default = "API Enabled, and Read on Account and on the fields that are read"
    return next((needed for part, needed in needs.items() if part in route), default)


def _wrong_version(where: Circumstances, what: str) -> ConnectorError:
    return MisconfiguredError(
        [
            Problem(
                "api_version",
                f"version {where.api_version} of Salesforce's API {what}.",
                "Set api_version to one that the org offers; GET /services/data/ lists them.",
            )
        ]
    )


def _not_visible(answer: FailedAnswer, where: Circumstances) -> ConnectorError:
    problems = []
    for detail in answer.details:
        column = _NO_COLUMN.search(detail.message)
        relation = _NO_RELATION.search(detail.message)
        named = (column or relation or [None, ""])[1] or ""
        entity = column[2] if column and NAME.fullmatch(column[2]) else ""
        subject = named if NAME.fullmatch(named) else USER
        on = f" on {entity}" if entity else ""
        problems.append(
            Problem(
                subject,
                f"{where.route} needs it, but it does not exist{on} or the user may not see"
                f" it ({detail.code}).",
                "Check the name, and grant the user access to the object and, by field-level"
                " security, to the field.",
            )
        )
    return MisconfiguredError(problems)


def _not_salesforce(status: int, route: str) -> ConnectorError:
    return MisconfiguredError(
        [
            Problem(
                "network",
                f"{route} was answered {status} by something that is not Salesforce's API.",
                "Check the instance URL, and proxies and firewalls on the way to it.",
            )
        ]
    )


def _broken(error: BaseException, route: str) -> ConnectorError:
    reasons = list(_chain(error))
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in reasons):
        return MisconfiguredError(
            [
                Problem(
                    "TLS",
                    "the certificate shown for Salesforce is not trusted.",
                    "If a proxy inspects traffic, add its authority to the trusted ones"
                    " (REQUESTS_CA_BUNDLE).",
                )
            ]
        )
    if any(isinstance(link, failures.ProxyError) for link in reasons):
        return TransientError(f"{route}: the proxy made no connection. Check the proxy.")
    kinds: list[tuple[tuple[type[BaseException], ...], str, bool]] = [
        ((transport.NameResolutionError,), "the name could not be resolved", False),
        ((transport.ConnectTimeoutError,), "no connection was made in time", False),
        ((transport.NewConnectionError,), "no connection could be made", False),
        ((transport.ReadTimeoutError, TimeoutError), "no answer came in time", True),
    ]
    for kind, what, sent in kinds:
        if any(isinstance(link, kind) for link in reasons):
            remedy = "" if sent else " Check the network and any proxy on the way to Salesforce."
            return TransientError(f"{route}: {what}.{remedy}", may_have_applied=sent)
    return TransientError(f"{route}: the connection broke.", may_have_applied=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that caused it; requests hides reasons in arguments."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        link = pending.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        found = [link.__context__, link.__cause__, getattr(link, "reason", None), *link.args]
        pending += [each for each in found if isinstance(each, BaseException)]
