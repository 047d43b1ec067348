"""A webhook's other end: keeps what it is sent, and answers as a test tells it to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/services/T0001/B0001/a-token-that-lets-in"


@dataclass
class Receiver:
    """What has arrived, oldest first; the next answers are taken from *answers*, then 200."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    broken: int = 0  # a status to answer from now on
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def told(self) -> list[Any]:
        """What arrived, as JSON."""
        return [json.loads(body) for body in self.bodies]

    @property
    def events(self) -> list[str]:
        """The events that were told and accepted."""
        return [it["event"] for it in self.told]

    def wait(self, count: int, seconds: float = 30.0) -> None:
        """Wait until so many have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.bodies) >= count, seconds), self.bodies


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen on a free port of the loopback address, with TLS where a *context* is given."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with found.arrived:
                status, extra = found.answers.pop(0) if found.answers else (200, {})
                status = found.broken or status
                found.paths.append(self.path)
                if status == 200:
                    found.bodies.append(body)
                    found.headers.append(dict(self.headers.items()))
                found.arrived.notify_all()
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"the body of an answer is nobody's business")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scheme = "http" if context is None else "https"
    found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}{PATH}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
