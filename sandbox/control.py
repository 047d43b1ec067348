"""The ``/_sandbox`` endpoints: statistics, faults, the clock, edits by a person. Never counted.

What each takes and answers is described in ``docs/reference/sandbox.md``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.clock import parse_ms
from sandbox.faults import FaultRule
from sandbox.hubspot.auth import ALL_SCOPES
from sandbox.hubspot.portal import ObjectType
from sandbox.state import SandboxState

Endpoint = Callable[[Request], Awaitable[Response]]


class ControlError(Exception):
    """A control call that makes no sense; the message says why."""


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


class Control:
    """Steers one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Every control endpoint."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Any]]]] = [
            ("GET", "stats", self._stats),
            ("GET", "requests", self._requests),
            ("POST", "requests", self._resize),
            ("GET", "faults", self._list_faults),
            ("POST", "faults", self._add_faults),
            ("DELETE", "faults", self._clear_faults),
            ("GET", "clock", self._clock),
            ("POST", "clock", self._move_clock),
            ("POST", "reset", self._reset),
            ("GET", "records", self._records),
            ("POST", "records", self._edit),
            ("POST", "tokens", self._token),
            ("POST", "limits", self._limits),
            ("POST", "behaviour", self._behaviour),
        ]
        made = [
            Route(f"/_sandbox/{path}", self._answering(answer), methods=[method])
            for method, path, answer in table
        ]
        return [*made, Route("/_sandbox/export", self._export, methods=["GET"])]

    def _answering(self, answer: Callable[[Request], Awaitable[Any]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return _json(await answer(request))
            except (ControlError, ValueError, KeyError, TypeError) as error:
                return _json({"error": str(error) or type(error).__name__}, 400)

        return endpoint

    async def _stats(self, request: Request) -> Any:
        by_record = request.query_params.get("by_record", "true") != "false"
        return self._state.log.stats(by_record=by_record)

    async def _requests(self, request: Request) -> Any:
        since = int(request.query_params.get("since", "0"))
        return {"requests": self._state.log.since(since), "last_seq": self._state.log.last_seq}

    async def _resize(self, request: Request) -> Any:
        self._state.log.resize(int((await _body(request))["size"]))
        return {"size": self._state.log.size}

    async def _list_faults(self, _: Request) -> Any:
        return {"rules": [rule.describe() for rule in self._state.faults.rules]}

    async def _add_faults(self, request: Request) -> Any:
        body = await _body(request)
        asked = body["rules"] if "rules" in body else [body]
        rules = [FaultRule.parse(rule) for rule in asked]
        self._state.faults.rules += rules
        return {"rules": [rule.describe() for rule in self._state.faults.rules]}

    async def _clear_faults(self, _: Request) -> Any:
        self._state.faults.clear()
        return {"rules": []}

    async def _clock(self, _: Request) -> Any:
        return {"now": self._state.clock.now_iso(), "frozen": self._state.clock.frozen}

    async def _move_clock(self, request: Request) -> Any:
        body = await _body(request)
        unknown = set(body) - {"advance_seconds", "now", "freeze"}
        if unknown:
            raise ControlError(f"unknown: {', '.join(sorted(unknown))}")
        clock = self._state.clock
        if "now" in body:
            clock.set(parse_ms(body["now"]))
        if "advance_seconds" in body:
            clock.advance(float(body["advance_seconds"]))
        if "freeze" in body:
            clock.freeze(bool(body["freeze"]))
        return await self._clock(request)

    async def _reset(self, _: Request) -> Any:
        self._state.reset()
        return {"reset": True, "now": self._state.clock.now_iso()}

    async def _records(self, request: Request) -> Any:
        kind = self._kind(request.query_params.get("object", "companies"))
        wanted = [part for part in request.query_params.get("ids", "").split(",") if part]
        found = {}
        for text in wanted:
            record = kind.table.get(int(text))
            if record is not None:
                found[text] = {
                    "properties": kind.table.as_dict(record),
                    "live": record.live,
                }
        return {"records": found}

    async def _edit(self, request: Request) -> Any:
        """Edit, archive or merge records as a person in HubSpot would."""
        body = await _body(request)
        unknown = set(body) - {"companies", "deals", "archive", "merge", "add"}
        if unknown:
            raise ControlError(f"unknown: {', '.join(sorted(unknown))}")
        now = self._state.clock.now_ms()
        edited = 0
        for name in ("companies", "deals"):
            kind = self._kind(name)
            for text, changes in body.get(name, {}).items():
                record = kind.table.get(int(text))
                if record is None or not record.live:
                    raise ControlError(f"{name} {text}: no such live record")
                missing = sorted(set(changes) - set(kind.schema.live))
                if missing:
                    raise ControlError(f"{name}: no property {', '.join(missing)}")
                kind.table.update(record, {k: v or "" for k, v in changes.items()}, now)
                edited += 1
        table = self._state.hubspot.companies.table
        added = [str(table.add(values, now).id) for values in body.get("add", [])]
        for text in body.get("archive", []):
            record = table.get(int(text))
            if record is None:
                raise ControlError(f"companies {text}: no such record")
            table.archive(record, now)
            edited += 1
        survivor = None
        if "merge" in body:
            primary, loser = (table.get(int(text)) for text in body["merge"])
            if primary is None or loser is None:
                raise ControlError("merge: no such record")
            new_id = self._state.hubspot.behaviour.merge_gives_new_id
            survivor = table.merge(primary, loser, now, new_id=new_id)
            self._state.hubspot.move_links(loser.id, survivor.id)
            edited += 2
        return {
            "edited": edited,
            "added": added,
            "survivor": str(survivor.id) if survivor is not None else None,
        }

    async def _token(self, request: Request) -> Any:
        """Issue a token with some scopes, or with all but some; or revoke one."""
        body = await _body(request)
        tokens = self._state.hubspot.tokens
        if "revoke" in body:
            tokens.revoke(body["revoke"])
            return {"revoked": True}
        scopes = frozenset(body.get("scopes", ALL_SCOPES)) - frozenset(body.get("without", ()))
        return {"token": tokens.issue(scopes, body.get("token")), "scopes": sorted(scopes)}

    async def _limits(self, request: Request) -> Any:
        self._state.hubspot.quota.configure(await _body(request))
        return {"enforce": self._state.hubspot.quota.enforce}

    async def _behaviour(self, request: Request) -> Any:
        body = await _body(request)
        portal = self._state.hubspot
        for name, value in body.items():
            if name == "latency_ms":
                self._state.latency_ms = float(value)
            elif name == "index_lag_ms":
                portal.companies.table.index_lag_ms = int(value)
                portal.deals.table.index_lag_ms = int(value)
            elif name == "account_type":
                portal.account_type = str(value)
            elif name == "ignored_properties":
                portal.behaviour.ignored_properties = set(value)
            elif hasattr(portal.behaviour, name):
                setattr(portal.behaviour, name, value)
            else:
                raise ControlError(f"unknown behaviour {name!r}")
        return {"set": sorted(body)}

    async def _export(self, _: Request) -> Response:
        """Every live company as one JSON line, in id order."""

        def lines() -> Iterator[bytes]:
            for company in self._state.hubspot.companies_live():
                yield orjson.dumps(company, option=orjson.OPT_SORT_KEYS) + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    def _kind(self, name: str) -> ObjectType:
        kind = self._state.hubspot.object_type(name)
        if kind is None:
            raise ControlError(f"no object type {name!r}")
        return kind


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    body = orjson.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body
