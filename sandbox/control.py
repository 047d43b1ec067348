"""The ``/_sandbox`` endpoints: how tests and people look into a sandbox and steer it.

They are outside the simulated CRM: no token, no limits, no faults, not in the log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.clock import parse_ms
from sandbox.crm import ControlError, known
from sandbox.faults import FaultRule
from sandbox.state import SandboxState

Endpoint = Callable[[Request], Awaitable[Response]]


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ControlError(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


class Control:
    """The endpoints over one state."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[BaseRoute]:
        """All of them, under ``/_sandbox``."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "stats", self.stats),
            ("GET", "requests", self.requests),
            ("GET", "clock", self.clock),
            ("POST", "clock", self.move_clock),
            ("POST", "reset", self.reset),
            ("GET", "faults", self.faults),
            ("POST", "faults", self.add_faults),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "tokens", self.tokens),
            ("GET", "limits", self.limits),
            ("POST", "limits", self.set_limits),
            ("POST", "behaviour", self.behaviour),
            ("GET", "records", self.records),
            ("POST", "records", self.edit),
            ("GET", "export", self.export),
        ]
        return [
            Route(f"/_sandbox/{path}", _guarded(endpoint), methods=[method])
            for method, path, endpoint in table
        ]

    async def stats(self, request: Request) -> Response:
        """Counts since the last reset."""
        by_record = request.query_params.get("by_record", "true").lower() != "false"
        return _json(self._state.log.stats(by_record=by_record))

    async def requests(self, request: Request) -> Response:
        """Logged requests numbered above ``since``."""
        since = _whole(request.query_params.get("since", "0"), "since")
        log = self._state.log
        return _json({"last": log.last_seq, "kept": log.size, "requests": log.since(since)})

    async def clock(self, _request: Request) -> Response:
        """What time it is in the CRM."""
        clock = self._state.clock
        return _json({"now": clock.now_iso(), "frozen": clock.frozen})

    async def move_clock(self, request: Request) -> Response:
        """``advance_seconds``, ``now``, ``freeze``: in this order, any of them."""
        body = await _body(request)
        known(body, "advance_seconds", "now", "freeze")
        clock = self._state.clock
        step, now = body.get("advance_seconds", 0), body.get("now")
        if not isinstance(step, int | float):
            raise ControlError("advance_seconds must be a number")
        try:
            moment = None if now is None else parse_ms(str(now))
        except ValueError:
            raise ControlError("now must be an ISO 8601 time") from None
        clock.advance(step)
        if moment is not None:
            clock.set(moment)
        if "freeze" in body:
            clock.freeze(bool(body["freeze"]))
        return await self.clock(request)

    async def reset(self, _request: Request) -> Response:
        """Back to the seeded state."""
        self._state.reset()
        return _json({"ok": True})

    async def faults(self, _request: Request) -> Response:
        """The rules in force, with their counters."""
        return _json({"faults": [rule.describe() for rule in self._state.faults.rules]})

    async def add_faults(self, request: Request) -> Response:
        """Add one rule, or several under ``faults``."""
        body = await _body(request)
        raw = body.get("faults", [body])
        if not isinstance(raw, list) or not all(isinstance(rule, dict) for rule in raw):
            raise ControlError("faults must be a list of rules")
        self._state.faults.rules += [FaultRule.parse(rule) for rule in raw]
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """No more faults; what was injected stays counted."""
        self._state.faults.clear()
        return await self.faults(request)

    async def tokens(self, request: Request) -> Response:
        """Issue a token, or end one."""
        return _json(self._state.crm.tokens(await _body(request)))

    async def limits(self, _request: Request) -> Response:
        """Sizes of the limits, and what is left of the day."""
        return _json(self._state.crm.limits())

    async def set_limits(self, request: Request) -> Response:
        """Change sizes; counting goes on."""
        self._state.crm.set_limits(await _body(request))
        return await self.limits(request)

    async def behaviour(self, request: Request) -> Response:
        """Switch what the CRM does only sometimes."""
        body = await _body(request)
        for name, value in (("latency_ms", body.pop("latency_ms", None)),):
            if value is not None and not isinstance(value, int | float):
                raise ControlError(f"{name} must be a number")
            if value is not None:
                self._state.latency_ms = value
        if (size := body.pop("log_size", None)) is not None:
            self._state.log.resize(_whole(str(size), "log_size"))
        settings = self._state.crm.behave(body)
        settings["latency_ms"] = self._state.latency_ms
        settings["log_size"] = self._state.log.size
        return _json(settings)

    async def records(self, request: Request) -> Response:
        """Raw records by ``ids`` (a comma list), whatever their state."""
        ids = [text for text in request.query_params.get("ids", "").split(",") if text]
        return _json(self._state.crm.records(request.query_params.get("type", ""), ids))

    async def edit(self, request: Request) -> Response:
        """Edits by a person, or another application, at the sandbox's clock."""
        return _json(self._state.crm.edit(await _body(request)))

    async def export(self, request: Request) -> Response:
        """Every live record with all its set values, one JSON object a line, by id."""
        without = frozenset(request.query_params.get("without", "").split(","))
        lines = self._state.crm.export(request.query_params.get("type", ""), without)
        # Made at once, so that no write can come between two lines.
        return StreamingResponse(iter([b"".join(lines)]), media_type="application/x-ndjson")


def _whole(text: str, name: str) -> int:
    if not text.isdigit():
        raise ControlError(f"{name} must be a whole number")
    return int(text)


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValueError as problem:
            return _json({"error": str(problem)}, 400)

    return guarded
