"""The server: builds a sandbox's state and serves it on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from sandbox.clock import Clock
from sandbox.connection import ReachableProtocol
from sandbox.control import Control
from sandbox.gateway import Gateway
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.service import HubSpotService
from sandbox.seed_data import SeedData
from sandbox.state import SandboxState

_LOOPBACK = "127.0.0.1"
# A request in flight (a slow fault, say) has this long after the signal to end.
_GRACE_SECONDS = 0.3


def make_state(
    data: SeedData | None = None,
    *,
    seed: int = 0,
    enforce_limits: bool = True,
    latency_ms: float = 0.0,
    start_ms: int | None = None,
) -> SandboxState:
    """Build a sandbox filled with *data* (emptied in the process); nothing is served yet."""
    clock = Clock(start_ms)
    portal = Portal(clock, seed=seed, enforce_limits=enforce_limits)
    portal.fill(data or SeedData())
    return SandboxState(
        clock=clock,
        hubspot=portal,
        latency_ms=latency_ms,
        start_latency_ms=latency_ms,
        start_ms=start_ms,
    )


class SandboxApp:
    """ASGI: control endpoints and pages under ``/_sandbox``, the CRM everywhere else."""

    def __init__(self, state: SandboxState) -> None:
        routes: list[BaseRoute] = [*Control(state).routes(), *_web_routes(state)]
        routes.append(Route("/_sandbox/{rest:path}", _unknown))
        self._control = Starlette(routes=routes)
        self._crm = Gateway(state, HubSpotService(state.hubspot))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not scope["path"].startswith("/_sandbox"):
            await self._crm(scope, receive, send)
        else:
            await self._control(scope, receive, send)


async def _unknown(request: Request) -> Response:
    message = f"no control endpoint {request.url.path}; see docs/reference/sandbox.md"
    return JSONResponse({"error": message}, 404)


def _web_routes(state: SandboxState) -> list[BaseRoute]:
    if importlib.util.find_spec("sandbox.web.pages") is None:
        return []
    pages = importlib.import_module("sandbox.web.pages")
    routes: list[BaseRoute] = pages.routes(state)
    return routes


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us and says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn would raise the signal again and end the process by it."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report."""
        await super().startup(sockets=sockets)
        self._ready()

    def stop(self) -> None:
        """End soon; called on the server's own loop."""
        self.should_exit = True
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._abandon)

    def _abandon(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def listen(port: int) -> socket.socket:
    """A loopback socket on *port*; 0 takes any free one.

    Raises:
        OSError: the port is taken or may not be used.
    """
    # Named TCP, or asyncio leaves Nagle's algorithm on and every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener


def origin_of(listener: socket.socket) -> str:
    """The URL a listening socket is reached by."""
    return f"http://{_LOOPBACK}:{listener.getsockname()[1]}"


def _server(state: SandboxState, ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        SandboxApp(state),
        http=ReachableProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,  # ours shows the record clock
        timeout_keep_alive=60,
        h11_max_incomplete_event_size=None,
    )
    return _Server(config, ready)


def serve(state: SandboxState, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; calls *ready* once requests are answered."""
    state.hubspot.origin = origin_of(listener)

    async def run() -> None:
        server = _server(state, ready)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        await server.serve(sockets=[listener])

    asyncio.run(run())


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers on *url*; *state* is for looking into it while it is idle."""

    url: str
    token: str
    portal_id: int
    state: SandboxState


@contextlib.contextmanager
def running_sandbox(data: SeedData | None = None, **options: Any) -> Iterator[Running]:
    """Serve a sandbox from a thread of this process; *options* as for :func:`make_state`."""
    state = make_state(data, **options)
    listener = listen(0)
    state.hubspot.origin = origin_of(listener)
    started = threading.Event()
    held: list[tuple[_Server, asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        server = _server(state, started.set)
        held.append((server, asyncio.get_running_loop()))
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="sandbox", daemon=True)
    thread.start()
    try:
        if not started.wait(10):
            raise RuntimeError("the sandbox did not start within 10 seconds")
        portal = state.hubspot
        yield Running(portal.origin, portal.tokens.default, portal.portal_id, state)
    finally:
        for server, loop in held:
            loop.call_soon_threadsafe(server.stop)
        thread.join(10)
