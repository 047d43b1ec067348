"""Salesforce's HTTP API behind the gateway: version, session, allowance, then the handler."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Final

from sandbox.faults import Fault
from sandbox.gateway import Call, Reply
from sandbox.salesforce import (
    collections_api,
    composite_api,
    lightning,
    metadata_api,
    query_api,
    replication_api,
    resources_api,
    sobjects_api,
    token_api,
    tooling_api,
    ui_api,
)
from sandbox.salesforce.bulk import jobs as bulk_jobs
from sandbox.salesforce.errors import ApiError, TokenError, html_page, not_found, session_invalid
from sandbox.salesforce.limits import concurrency_exceeded, total_exceeded
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Match, Route, Router, WrongMethodError

ROUTES: Final[list[Route]] = [
    *resources_api.ROUTES,
    *sobjects_api.ROUTES,
    *replication_api.ROUTES,
    *collections_api.ROUTES,
    *composite_api.ROUTES,
    *query_api.ROUTES,
    *bulk_jobs.ROUTES,
    *tooling_api.ROUTES,
    *metadata_api.ROUTES,
    *lightning.ROUTES,
    *ui_api.ROUTES,
    *token_api.ROUTES,
]
OLDEST, NEWEST = 31, 68
MAX_URI_BYTES: Final = 16_384
_VERSION: Final = re.compile(r"/services/data/([^/]+)")
_NUMBER: Final = re.compile(r"v(\d+)\.0")
_NO_STORE: Final = (b"Cache-Control", b"no-cache,must-revalidate,max-age=0,no-store,private")
_ZIPPED_FROM: Final = 1_000


class SalesforceService:
    """Answers calls for one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._router = Router(ROUTES)
        org.perform = self.perform

    def prepare(self, call: Call) -> Callable[[], Reply]:
        """Name the route and give back what answers the call."""
        try:
            match = self._router.match(call.method, call.path)
        except WrongMethodError as problem:
            error = ApiError(
                405,
                "METHOD_NOT_ALLOWED",
                f"HTTP Method '{call.method}' not allowed. Allowed are {problem}",
            )
            return lambda: self._answer(call, None, error)
        if match is None:
            return lambda: self._answer(call, None, not_found())
        self._enter(call, match)
        return lambda: self._answer(call, match, None)

    def refusal(self, fault: Fault, call: Call) -> Reply:
        """An injected refusal in Salesforce's words."""
        if fault.kind == "rate_limit_daily":
            reply = total_exceeded().reply()
        elif fault.kind in {"rate_limit_burst", "rate_limit_search"}:
            reply = concurrency_exceeded().reply()
        elif fault.kind == "session_expired":
            self._org.tokens.expire(_bearer(call))
            reply = session_invalid().reply()
        elif fault.kind == "echo":
            words = f"Could not process the call: {call.repeated()}"
            oauth = call.path.endswith("/oauth2/token")
            if oauth:
                reply = TokenError("invalid_request", words).reply()
            else:
                reply = ApiError(fault.status, "UNKNOWN_EXCEPTION", words, [words]).reply()
        else:
            reply = html_page(fault.status)
        if fault.retry_after is not None:
            reply.headers.append((b"Retry-After", str(fault.retry_after).encode()))
        return reply

    def perform(self, call: Call) -> Reply:
        """Answer a part of a composite call: same session, no counting, errors as replies."""
        try:
            match = self._router.match(call.method, call.path)
            if match is None:
                raise not_found()
            self._enter(call, match)
            check_version(call.path)
            return match.route.handler(self._org, call)
        except WrongMethodError:
            error = ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed")
            return error.reply()
        except ApiError as problem:
            return problem.reply()

    # -- inside ----------------------------------------------------------------------------------

    def _enter(self, call: Call, match: Match) -> None:
        call.params = match.params
        call.version = match.params.get("version", "")
        label = match.route.template.replace("{version}", "vXX.X").replace(":path}", "}")
        sobject = self._org.sobject(match.params.get("object", ""))
        if sobject is not None:
            label = label.replace("{object}", sobject.name)
        call.entry.route = label

    def _answer(self, call: Call, match: Match | None, error: ApiError | None) -> Reply:
        org = self._org
        size = len(call.path) + len(call.raw_query)
        if size > MAX_URI_BYTES:
            return html_page(414)
        org.jobs.advance()
        counted = False
        try:
            check_version(call.path)
            if match is None or not match.route.public:
                call.user = self._user(call)
                if match is None or match.route.counted:
                    counted = True
                    org.limits.take()
            if error is not None:
                raise error
            if match is None:
                raise not_found()
            reply = match.route.handler(org, call)
        except (ApiError, TokenError) as problem:
            reply = problem.reply()
        reply.headers.append(_NO_STORE)
        if counted:
            reply.headers.append(org.limits.header())
        return _zipped(call, reply)

    def _user(self, call: Call) -> str:
        token = _bearer(call)
        user_id = self._org.tokens.use(token) if token else None
        if user_id is None:
            raise session_invalid()
        if self._org.behaviour.api_disabled:
            message = "The REST API is not enabled for this Organization."
            raise ApiError(403, "API_DISABLED_FOR_ORG", message)
        return user_id


def _bearer(call: Call) -> str:
    kind, _, token = call.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "oauth"} else ""


def check_version(path: str) -> None:
    """Refuse paths of versions that are retired or not there yet.

    Raises:
        ApiError: 410 for a retired version, 404 for one that nobody knows.
    """
    found = _VERSION.match(path)
    if found is None:
        return
    number = _NUMBER.fullmatch(found.group(1))
    if number is None or int(number.group(1)) > NEWEST:
        raise not_found()
    if int(number.group(1)) < OLDEST:
        message = "The requested API version is no longer available"
        raise ApiError(410, "GONE", message)


def _zipped(call: Call, reply: Reply) -> Reply:
    if b"gzip" not in call.headers.get(b"accept-encoding", b""):
        return reply
    payload = reply.payload()
    if len(payload) >= _ZIPPED_FROM and not any(
        name.lower() == b"content-encoding" for name, _ in reply.headers
    ):
        payload = gzip.compress(payload, compresslevel=1, mtime=0)
        reply.headers.append((b"Content-Encoding", b"gzip"))
    reply.headers.append((b"Vary", b"Accept-Encoding"))
    reply.body = payload
    return reply
