"""Health checks and metrics over HTTP, in a thread beside the worker's clock."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import structlog

from config.environment import environment_problem
from config.listening import Listening
from config.problems import ConfigError
from worker.approval_links import PATH
from worker.approval_page import MOST, ApprovalPage, Reply
from worker.metrics import CONTENT_TYPE, Metrics
from worker.state.errors import StateError
from worker.state.store import State

log = structlog.get_logger()

_JSON: Final = "application/json"
_PATIENCE: Final = 10.0  # seconds that a client may take; idle ones would pile up
Answer = tuple[HTTPStatus, str, bytes]


class Health:
    """What the worker answers about itself."""

    def __init__(
        self, state: State, metrics: Metrics, alive: Callable[[], bool], stop: threading.Event
    ) -> None:
        self._stop = stop
        self._state = state
        self._metrics = metrics
        self._alive = alive
        self._unscheduled: Sequence[str] = ("the connections are not scheduled yet",)

    def ready(self) -> None:
        """Every connection has been scheduled."""
        self._unscheduled = ()

    def answer(self, path: str) -> Answer:
        """Answer a request for *path*."""
        if path == "/healthz":
            return _told([] if self._alive() else ["the clock stands still"])
        if path == "/readyz":
            leaving = ["the worker is stopping"] if self._stop.is_set() else []
            return _told([*leaving, *self._unscheduled, *self._database()])
        if path == "/metrics":
            try:
                return HTTPStatus.OK, CONTENT_TYPE, self._metrics.text()
            except StateError as error:
                return _told([str(error)])
        return HTTPStatus.NOT_FOUND, _JSON, b'{"paths":["/healthz","/readyz","/metrics"]}\n'

    def _database(self) -> list[str]:
        try:
            self._state.answers()
        except StateError as error:
            return [str(error)]
        return []


@contextmanager
def serving(
    address: Listening, health: Health, approvals: ApprovalPage | None = None
) -> Iterator[int | None]:
    """Answer at *address* until left; gives the port, or ``None`` where it is turned off.

    Raises:
        ConfigError: the address cannot be used.
    """
    if address.port is None:
        yield None
        return
    try:
        server = _Server((address.host, address.port), _handler(health, approvals))
    except OSError as error:
        raise ConfigError(
            [
                environment_problem(
                    "ICP_HTTP_ADDRESS",
                    f"{address.host}:{address.port} cannot be listened on"
                    f" ({error.strerror or type(error).__name__}).",
                    "Set it to another host:port, or to off.",
                )
            ]
        ) from None
    port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    log.info("http_listening", host=address.host, port=port)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """Takes the port for itself, and waits for no client when it ends."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say little: a client that hangs up is no news, and its address is nobody's business."""
        del request, client_address
        log.debug("http_request_failed", error=getattr(sys.exc_info()[0], "__name__", ""))


class _Handler(BaseHTTPRequestHandler):
    """Sends pages; keeps addresses, which may carry a signature, out of every log."""

    timeout = _PATIENCE
    server_version = "icp"
    sys_version = ""

    def _reply(self, answer: Callable[[], Reply]) -> None:
        try:
            reply = answer()
        except Exception as error:  # noqa: BLE001 - a page must not take the thread with it
            log.warning("approval_page_failed", error=type(error).__name__)
            reply = Reply(HTTPStatus.SERVICE_UNAVAILABLE)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers().items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Keep each scrape out of the log."""


def _handler(health: Health, approvals: ApprovalPage | None) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        def do_GET(self) -> None:
            """Answer; nothing is ever changed by it."""
            path, _, query = self.path.partition("?")
            if approvals is not None and path.startswith(PATH):
                self._reply(lambda: approvals.show(path, query))
                return
            try:
                status, kind, body = health.answer(path)
            except Exception as error:  # noqa: BLE001 - a check must not take the thread with it
                status, kind, body = _told([type(error).__name__])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def do_POST(self) -> None:
            """Take what was decided on the page of a held run."""
            path = self.path.partition("?")[0]
            length = self.headers.get("Content-Length", "")
            self.close_connection = True  # whatever of the body is left unread
            if approvals is None or not path.startswith(PATH):
                self._send(Reply(HTTPStatus.NOT_FOUND))
            elif not (length.isascii() and length.isdigit()) or int(length) > MOST:
                self._send(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            else:
                body = self.rfile.read(int(length))
                self._reply(lambda: approvals.decide(path, body))

    return Handler


def _told(reasons: Sequence[str]) -> Answer:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    said = {"status": "unavailable" if reasons else "ok", "reasons": list(reasons)}
    return status, _JSON, json.dumps(said).encode() + b"\n"
