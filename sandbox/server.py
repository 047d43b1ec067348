"""The HTTP server: one loopback port that serves the simulated HubSpot, control and views."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from sandbox.clock import Clock
from sandbox.connection import ReachableProtocol
from sandbox.control import Control
from sandbox.gateway import Gateway
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.service import HubSpotService
from sandbox.seed_data import SeedData
from sandbox.state import SandboxState

LOOPBACK = "127.0.0.1"


def make_state(
    data: SeedData,
    *,
    seed: int = 0,
    enforce_limits: bool = True,
    latency_ms: float = 0.0,
    clock: Clock | None = None,
) -> SandboxState:
    """A sandbox filled with *data*."""
    clock = clock or Clock()
    portal = Portal(clock, seed=seed, enforce_limits=enforce_limits)
    portal.fill(data)
    return SandboxState(clock=clock, hubspot=portal, latency_ms=latency_ms)


def _web(state: SandboxState) -> list[BaseRoute]:
    try:
        from sandbox.web.pages import routes  # noqa: PLC0415
    except ImportError:
        return []
    return routes(state)


def make_app(state: SandboxState) -> Starlette:
    """The application: control and views first, everything else is HubSpot's."""
    routes: list[BaseRoute] = [*Control(state).routes(), *_web(state)]
    return Starlette(
        routes=[*routes, Mount("/", app=Gateway(state, HubSpotService(state.hubspot)))]
    )


@dataclass(slots=True)
class Running:
    """A server that is up: its address and what it knows."""

    url: str
    token: str
    state: SandboxState


class Server:
    """One uvicorn server on a socket that was bound beforehand, so that its port is known."""

    def __init__(self, state: SandboxState, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((LOOPBACK, port))
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        state.hubspot.origin = self.url
        config = uvicorn.Config(
            make_app(state),
            http=ReachableProtocol,
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self.uvicorn = uvicorn.Server(config)

    def stop(self) -> None:
        """Ask it to end."""
        self.uvicorn.should_exit = True

    def close(self) -> None:
        """Let go of the port."""
        self.socket.close()


@contextlib.contextmanager
def running(state: SandboxState, port: int = 0) -> Iterator[Running]:
    """Run a server in a thread of this process until the block ends."""
    server = Server(state, port)
    thread = threading.Thread(
        target=server.uvicorn.run, kwargs={"sockets": [server.socket]}, daemon=True
    )
    thread.start()
    try:
        while not server.uvicorn.started and thread.is_alive():
            thread.join(0.005)
        yield Running(server.url, state.hubspot.tokens.default, state)
    finally:
        server.stop()
        thread.join(10)
        server.close()
