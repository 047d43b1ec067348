"""HubSpot's HTTP API behind the gateway: authentication, limits, then the route's handler."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.faults import Fault
from sandbox.gateway import Call, Reply
from sandbox.hubspot.errors import (
    ApiError,
    correlation_id,
    error,
    html_page,
    missing_scopes,
    unauthenticated,
)
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.routes import Match, Router

_TITLES = {
    404: "The page you were looking for could not be found.",
    414: "The requested URL is too long.",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    521: "Web server is down",
    523: "Origin is unreachable",
    524: "A timeout occurred",
}
_RATE_LIMITS = {
    "rate_limit_burst": "burst",
    "rate_limit_search": "search",
    "rate_limit_daily": "daily",
}


class HubSpotService:
    """Answers calls for one portal."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._router = Router()

    def prepare(self, call: Call) -> Callable[[], Reply]:
        """Name the route and give back what answers the call."""
        match = self._router.match(call.method, call.path)
        if match is None:
            return lambda: self._page(404)
        call.entry.route = match.label
        call.params = match.params
        call.version = match.version
        return lambda: self._answer(call, match)

    def refusal(self, fault: Fault, call: Call) -> Reply:
        """An injected refusal in HubSpot's words."""
        limit = _RATE_LIMITS.get(fault.kind)
        if limit is not None:
            reply = Reply(429, self._portal.quota.refusal(limit, correlation_id()))
        elif fault.kind == "session_expired":
            self._portal.tokens.revoke(_bearer(call))
            reply = self._error(unauthenticated())
        elif fault.kind == "locked":
            message = "The records are locked by a high volume of writes; retry after 2 seconds."
            reply = self._error(error(423, message, "LOCKED"))
        elif fault.kind == "migrating":
            message = "This account is being moved between data centres."
            reply = self._error(error(477, message, "MIGRATION_IN_PROGRESS"))
        elif fault.kind == "echo":
            words = f"Could not process the call: {call.repeated()}"
            detail = {"message": words, "context": {"call": [call.repeated()]}}
            reply = self._error(error(fault.status, words, "VALIDATION_ERROR", errors=[detail]))
        else:
            reply = self._page(fault.status)
        seconds = fault.retry_after
        if seconds is None and fault.kind == "migrating":
            seconds = 2
        if seconds is not None:
            reply.headers.append((b"Retry-After", str(seconds).encode()))
        return reply

    def _answer(self, call: Call, match: Match) -> Reply:
        portal = self._portal
        if len(call.path) + len(call.raw_query) > portal.behaviour.max_url_bytes:
            return self._page(414)
        token = _bearer(call)
        scopes = portal.tokens.scopes(token)
        if scopes is None:
            return self._error(unauthenticated())
        policy = match.route.policy
        refused = portal.quota.take(token, policy)
        headers = portal.quota.headers(token, policy)
        if refused is not None:
            return Reply(429, portal.quota.refusal(refused, correlation_id()), headers)
        try:
            self._check_scopes(match, scopes)
            reply = match.route.handler(portal, call)
        except ApiError as problem:
            reply = self._error(problem)
        reply.headers += [*headers, (b"X-HubSpot-Correlation-Id", correlation_id().encode())]
        return reply

    def _check_scopes(self, match: Match, scopes: frozenset[str]) -> None:
        kind = self._portal.object_type(match.params.get("type", ""))
        name = kind.name if kind is not None else "companies"
        needed = [scope.replace("{type}", name) for scope in match.route.scopes]
        if needed and scopes.isdisjoint(needed):
            raise missing_scopes(needed)

    def _error(self, problem: ApiError) -> Reply:
        return Reply(problem.status, problem.body)

    def _page(self, status: int) -> Reply:
        return html_page(status, _TITLES.get(status, "Error"))


def _bearer(call: Call) -> str:
    kind, _, token = call.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
