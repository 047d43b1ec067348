"""One HTTP request through the sandbox: read, maybe fail on purpose, answer, log.

Shared by the CRMs: a service says what a path means and answers it; the gateway adds latency,
injected faults (real broken connections among them), the clock's ``Date`` header and the log.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from sandbox.connection import break_connection, end_early
from sandbox.faults import Fault
from sandbox.request_log import RequestEntry
from sandbox.state import SandboxState

Headers = list[tuple[bytes, bytes]]
JSON = b"application/json;charset=utf-8"
HTML = b"text/html;charset=utf-8"


@dataclass(slots=True)
class Reply:
    """What goes back: *body* is bytes, or anything orjson can write."""

    status: int
    body: Any = b""
    headers: Headers = field(default_factory=list)
    content_type: bytes = JSON

    def payload(self) -> bytes:
        """The body as sent."""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass(slots=True)
class Call:
    """One request as a service sees it."""

    method: str
    path: str
    raw_query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    entry: RequestEntry
    params: dict[str, str] = field(default_factory=dict)
    version: str = ""
    user: str = ""  # whose token it is, where a CRM tells users apart
    _query: dict[str, list[str]] | None = None

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values."""
        if self._query is None:
            self._query = {}
            pairs = parse_qsl(self.raw_query.decode("latin-1"), keep_blank_values=True)
            for name, value in pairs:
                self._query.setdefault(name, []).append(value)
        return self._query

    def repeated(self) -> str:
        """The call as a careless gateway's error message quotes it: credential, query and body."""
        parts = (self.headers.get(b"authorization", b""), self.raw_query, self.body)
        return " ".join(part.decode("utf-8", "replace") for part in parts if part)

    def one(self, name: str) -> str | None:
        """The last value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else None


class Service(Protocol):
    """One CRM's HTTP API."""

    def prepare(self, call: Call) -> Callable[[], Reply]:
        """Name the route in ``call.entry`` and give back what answers the call."""

    def refusal(self, fault: Fault, call: Call) -> Reply:
        """An injected refusal of *call* in the words of this CRM."""


class Gateway:
    """An ASGI application around one service."""

    def __init__(self, state: SandboxState, service: Service) -> None:
        self._state = state
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        started = time.monotonic()
        body = await _read_body(receive)
        if body is None:
            return
        call = self._call(scope, body)
        answer = self._service.prepare(call)
        fault = self._state.faults.choose(call.method, call.path)
        if fault is not None:
            call.entry.fault = fault.kind
        if self._state.latency_ms:
            await asyncio.sleep(self._state.latency_ms / 1000)
        if fault is not None and fault.kind == "drop_before":
            self._log(call, None, started)
            await break_connection(scope, receive)
            return
        reply = self._reply(call, answer, fault)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "drop_after":
            self._log(call, None, started)
            await break_connection(scope, receive)
            return
        self._log(call, reply.status, started)
        await self._send(
            reply, scope, receive, send, truncated=fault is not None and fault.kind == "truncate"
        )

    def _call(self, scope: Scope, body: bytes) -> Call:
        entry = RequestEntry(
            seq=0,
            at=self._state.clock.now_iso(),
            method=scope["method"],
            route="(unknown)",
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=None,
        )
        return Call(
            method=scope["method"],
            path=scope["path"],
            raw_query=scope["query_string"],
            headers=dict(scope["headers"]),
            body=body,
            entry=entry,
        )

    def _reply(self, call: Call, answer: Callable[[], Reply], fault: Fault | None) -> Reply:
        if fault is not None:
            if fault.kind in {"slow", "truncate", "drop_after"}:
                return self._answered(answer)
            if fault.kind == "error_after":
                self._answered(answer)
            return self._service.refusal(fault, call)
        return self._answered(answer)

    def _answered(self, answer: Callable[[], Reply]) -> Reply:
        try:
            return answer()
        except Exception:  # noqa: BLE001 - a defect of the simulator must not look like the CRM's
            traceback.print_exc(file=sys.stderr)
            return Reply(500, b"<html><body>sandbox defect, see its stderr</body></html>", [], HTML)

    def _log(self, call: Call, status: int | None, started: float) -> None:
        call.entry.status = status
        call.entry.seconds = round(time.monotonic() - started, 6)
        self._state.log.add(call.entry)

    async def _send(
        self, reply: Reply, scope: Scope, receive: Receive, send: Send, *, truncated: bool
    ) -> None:
        payload = reply.payload()
        headers = [
            (b"date", self._state.clock.http_date().encode()),
            (b"content-type", reply.content_type),
            (b"content-length", str(len(payload)).encode()),
            *reply.headers,
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if truncated and payload:
            half = payload[: len(payload) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await end_early(scope, receive)
            return
        await send({"type": "http.response.body", "body": payload})


async def _read_body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
