"""A real HTTP server on the loopback that gives recorded answers, for any connector."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer; *ending* says how the connection behaves: whole, cut, reset or silent."""

    status: int = 200
    body: bytes | str | Mapping[str, Any] | list[Any] = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: str = "whole"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any  # decoded where it is JSON
    raw: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """What the address asks for."""
        return dict(parse_qsl(urlsplit(self.path).query))

    @property
    def form(self) -> dict[str, str]:
        """What a form holds."""
        return dict(parse_qsl(self.raw.decode()))


class Wire:
    """What the server answers next and what it was asked; the last answer repeats."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        self.connections = 0
        self.url = ""
        self.respond: Callable[[Request], Reply] | None = None  # answers by the request instead
        self.patience_ended = threading.Event()  # what a silent answer waits for

    def answer(self, *replies: Reply) -> None:
        """Give *replies* one after the other."""
        self.replies = list(replies)

    def next(self) -> Reply:
        """Take the next answer."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Patience:
    """A clock that passes only in waits, for limiter and retries alike."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += seconds


@contextlib.contextmanager
def serving() -> Iterator[Wire]:
    """Serve until the block ends."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            wire.connections += 1
            super().setup()

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            request = Request(self.command, self.path, dict(self.headers), _decoded(raw), raw)
            wire.requests.append(request)
            self.send(wire.respond(request) if wire.respond else wire.next())

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - the names that the base class calls

        def send(self, reply: Reply) -> None:
            if reply.ending == "silent":
                wire.patience_ended.wait(5)
            if reply.ending in {"reset", "silent"}:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
                return
            body = reply.body
            if isinstance(body, Mapping | list):
                body = json.dumps(body)
            raw = body.encode() if isinstance(body, str) else body
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if reply.ending == "cut" else raw)
            self.close_connection = reply.ending == "cut"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        wire.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
