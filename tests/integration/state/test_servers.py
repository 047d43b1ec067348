"""Servers that tests start: the embedded one too, also where a port is taken; none is left."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.integration.state.builders import CONNECTION, leased, mirrored
from tests.support import postgres
from worker.state import open_state


def test_the_embedded_server_will_do() -> None:
    """It is reached like an installed one, by another port than one taken, and outlives a crash."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        postgres.server(
            postgres.embedded, ports=(taken.getsockname()[1], postgres.free_port())
        ) as server,
    ):
        url = f"{server.database()}&options=-c%20synchronous_commit%3Don"
        with open_state(url) as state:
            state.mirror.save(leased(state), [mirrored("1")])
        server.crash()
        assert not answers(url)
        server.start()
        with open_state(url) as state:
            assert state.mirror.count(CONNECTION) == 1


def test_what_keeps_a_server_from_starting_is_told() -> None:
    """By its own log, which goes away with its folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = postgres.server(ports=[taken.getsockname()[1]])
        with (
            pytest.raises(RuntimeError, match=r"(?s)does not start:\n.*Address already in use"),
            own,
        ):
            raise AssertionError


def test_a_killed_test_leaves_no_server_behind() -> None:
    """Not even one that is killed with its server running, as by a timeout."""
    program = (
        "import os, signal; from tests.support import postgres\n"
        "with postgres.server() as it:\n"
        "    print(it.database(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout
    deadline = time.monotonic() + 30
    while answers(killed.stdout.strip()):
        assert time.monotonic() < deadline


def answers(url: str) -> bool:
    """Whether a server can be reached."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
