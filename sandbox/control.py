"""The ``/_sandbox`` endpoints: how tests and people look into a sandbox and steer it.

They are outside the simulated CRM: no token, no limits, no faults, not in the log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.clock import iso_ms, parse_ms
from sandbox.faults import FaultRule
from sandbox.hubspot.auth import ALL_SCOPES
from sandbox.hubspot.control import behave, edit_records, raw_record
from sandbox.state import SandboxState

Endpoint = Callable[[Request], Awaitable[Response]]


class ControlError(Exception):
    """A control request that makes no sense; the message says what would."""


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


def _known(body: dict[str, Any], *names: str) -> None:
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise ControlError(f"unknown {', '.join(unknown)}; known are {', '.join(names)}")


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
        _known(body, "advance_seconds", "now", "freeze")
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
        try:
            rules = [FaultRule.parse(rule) for rule in raw]
        except ValueError as problem:
            raise ControlError(str(problem)) from None
        self._state.faults.rules += rules
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """No more faults; what was injected stays counted."""
        self._state.faults.clear()
        return await self.faults(request)

    async def tokens(self, request: Request) -> Response:
        """Issue a token with ``scopes``, or all ``without`` some; or ``revoke`` one."""
        body = await _body(request)
        _known(body, "scopes", "without", "token", "revoke")
        tokens = self._state.hubspot.tokens
        if "revoke" in body:
            tokens.revoke(str(body["revoke"]))
            return _json({"ok": True})
        scopes = set(body.get("scopes", ALL_SCOPES)) - set(body.get("without", ()))
        text = tokens.issue(scopes, body.get("token"))
        return _json({"token": text, "scopes": sorted(scopes)})

    async def limits(self, _request: Request) -> Response:
        """Sizes of the limits, and what is left of the day."""
        return _json(self._state.hubspot.quota.describe())

    async def set_limits(self, request: Request) -> Response:
        """Change sizes; counting goes on."""
        body = await _body(request)
        _known(body, "burst", "search", "associations", "daily", "daily_used", "enforce")
        wrong = [n for n, v in body.items() if not isinstance(v, int) or v < 0]
        if wrong:
            raise ControlError(f"{', '.join(wrong)}: whole numbers from 0 (enforce: a boolean)")
        self._state.hubspot.quota.configure(body)
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
        try:
            settings = behave(self._state.hubspot, body)
        except ValueError as problem:
            raise ControlError(str(problem)) from None
        settings["latency_ms"] = self._state.latency_ms
        settings["log_size"] = self._state.log.size
        return _json(settings)

    async def records(self, request: Request) -> Response:
        """Raw records by ``ids`` (a comma list), whatever their state."""
        table = self._kind(request).table
        ids = [text for text in request.query_params.get("ids", "").split(",") if text]
        found = [table.get(_whole(text, "ids")) for text in ids]
        shown = [raw_record(table, record) for record in found if record is not None]
        return _json({"total": table.live_count, "records": shown})

    async def edit(self, request: Request) -> Response:
        """Edits by a person, or another application, at the sandbox's clock."""
        body = await _body(request)
        _known(body, "companies", "deals", "create", "archive", "merge")
        try:
            done = edit_records(self._state.hubspot, body)
        except ValueError as problem:
            raise ControlError(str(problem)) from None
        return _json({"at": iso_ms(self._state.clock.now_ms()), **done})

    async def export(self, request: Request) -> Response:
        """Every live record with all its set properties, one JSON object a line, by id."""
        kind = self._kind(request)
        leave_out = set(request.query_params.get("without", "").split(","))
        table = kind.table

        def lines() -> Iterator[bytes]:
            for record in table.live():
                values = {n: v for n, v in table.as_dict(record).items() if n not in leave_out}
                line = {"id": str(record.id), "properties": values}
                yield orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n"

        # Made at once, so that no write can come between two lines.
        return StreamingResponse(iter([b"".join(lines())]), media_type="application/x-ndjson")

    def _kind(self, request: Request) -> Any:
        name = request.query_params.get("type", "companies")
        kind = self._state.hubspot.object_type(name)
        if kind is None:
            raise ControlError("type must be companies or deals")
        return kind


def _whole(text: str, name: str) -> int:
    if not text.isdigit():
        raise ControlError(f"{name} must be a whole number")
    return int(text)


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ControlError as problem:
            return _json({"error": str(problem)}, 400)

    return guarded
