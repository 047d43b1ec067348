"""The server: serves simulated CRMs on the loopback, each on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
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
from sandbox.crm import SimulatedCrm
from sandbox.gateway import Gateway
from sandbox.hubspot.crm import HubSpotCrm
from sandbox.hubspot.portal import Portal
from sandbox.salesforce.auth import App, Login, login_of
from sandbox.salesforce.crm import SalesforceCrm
from sandbox.salesforce.org import Org
from sandbox.salesforce.org_data import OrgData
from sandbox.salesforce.people import trust
from sandbox.seed_data import SeedData
from sandbox.state import SandboxState

_LOOPBACK = "127.0.0.1"
# A request in flight (a slow fault, say) has this long after the signal to end.
_GRACE_SECONDS = 0.3


def make_portal(
    data: SeedData | None = None,
    *,
    clock: Clock | None = None,
    seed: int = 0,
    enforce_limits: bool = True,
    latency_ms: float = 0.0,
    start_ms: int | None = None,
) -> tuple[Portal, SandboxState]:
    """A HubSpot portal filled with *data* (emptied in the process); nothing is served yet."""
    clock = clock or Clock(start_ms)
    portal = Portal(clock, seed=seed, enforce_limits=enforce_limits)
    portal.fill(data or SeedData())
    return portal, _state(clock, HubSpotCrm(portal), latency_ms, start_ms)


def make_org(
    data: SeedData | OrgData | None = None,
    *,
    clock: Clock | None = None,
    seed: int = 0,
    enforce_limits: bool = True,
    latency_ms: float = 0.0,
    start_ms: int | None = None,
    least_privilege: bool = True,
) -> tuple[Org, SandboxState]:
    """The same with a Salesforce org, whose main credential is an API-only user's.

    Without *least_privilege* that user may set the org up as well.
    """
    clock = clock or Clock(start_ms)
    org = Org(clock, seed=seed, enforce_limits=enforce_limits)
    if not least_privilege:
        trust(org, org.integration_user)
    org.fill(data or SeedData())
    return org, _state(clock, SalesforceCrm(org), latency_ms, start_ms)


def _state(
    clock: Clock, crm: SimulatedCrm, latency_ms: float, start_ms: int | None
) -> SandboxState:
    return SandboxState(
        clock=clock,
        crm=crm,
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
        self._crm = Gateway(state, state.crm.service())

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
    if importlib.util.find_spec("jinja2") is None:
        return []
    from sandbox.web.pages import routes  # noqa: PLC0415 - the API can be served without pages

    return routes(state.crm.source(), state.clock)


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


@dataclass(frozen=True, slots=True)
class Port:
    """A CRM and the socket it is reached by, in TLS where a context is given."""

    state: SandboxState
    listener: socket.socket
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        """Tell the CRM its own address."""
        scheme = "http" if self.tls is None else "https"
        self.state.crm.origin = f"{scheme}://{_LOOPBACK}:{self.listener.getsockname()[1]}"


def _server(port: Port, ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        SandboxApp(port.state),
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
    config.load()
    config.ssl = port.tls
    return _Server(config, ready)


class _Group:
    """Servers of one process: ready when all are, ended together."""

    def __init__(self, ports: Sequence[Port], ready: Callable[[], None]) -> None:
        self._ports = ports
        self._missing = len(ports)
        self._ready = ready
        self._servers = [_server(port, self._one_more) for port in ports]

    async def serve(self) -> None:
        """Serve until told to stop."""
        pairs = zip(self._servers, self._ports, strict=True)
        await asyncio.gather(*(server.serve(sockets=[port.listener]) for server, port in pairs))

    def stop(self) -> None:
        """End soon; called on the servers' own loop."""
        for server in self._servers:
            server.stop()

    def _one_more(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._ready()


def serve(ports: Sequence[Port], ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; calls *ready* once requests are answered on every port."""

    async def run() -> None:
        group = _Group(ports, ready)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, group.stop)
        await group.serve()

    asyncio.run(run())


@contextlib.contextmanager
def serving(ports: Sequence[Port]) -> Iterator[None]:
    """Serve from a thread of this process while the block lasts."""
    started = threading.Event()
    held: list[tuple[_Group, asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        group = _Group(ports, started.set)
        held.append((group, asyncio.get_running_loop()))
        await group.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="sandbox", daemon=True)
    thread.start()
    try:
        if not started.wait(10):
            raise RuntimeError("the sandbox did not start within 10 seconds")
        yield
    finally:
        for group, loop in held:
            loop.call_soon_threadsafe(group.stop)
        thread.join(10)


@dataclass(frozen=True, slots=True)
class Running:
    """A portal that answers on *url*; *portal* is for looking into it while it is idle."""

    url: str
    token: str
    portal_id: int
    portal: Portal


@contextlib.contextmanager
def running_sandbox(data: SeedData | None = None, **options: Any) -> Iterator[Running]:
    """Serve a portal from a thread of this process; *options* as for :func:`make_portal`."""
    portal, state = make_portal(data, **options)
    with serving([Port(state, listen(0))]):
        yield Running(portal.origin, portal.tokens.default, portal.portal_id, portal)


@dataclass(frozen=True, slots=True)
class RunningOrg:
    """An org that answers on *url*; *org* is for looking into it while it is idle."""

    url: str
    access_token: str
    admin_token: str
    app: App
    admin_app: App
    login: Login
    org: Org


@contextlib.contextmanager
def running_org(
    data: SeedData | OrgData | None = None, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[RunningOrg]:
    """Serve an org from a thread of this process; *options* as for :func:`make_org`."""
    org, state = make_org(data, **options)
    tokens, login = org.tokens, login_of(org, org.integration_user)
    with serving([Port(state, listen(0), tls)]):
        yield RunningOrg(
            org.origin, tokens.default, tokens.admin, tokens.app, tokens.admin_app, login, org
        )
