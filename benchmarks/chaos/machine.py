"""Faults of the machine: a run meets one, says what is the matter, and the next run repairs."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.chaos import nameless, volumes
from benchmarks.chaos.books import Audit, Book, different
from benchmarks.chaos.dying import Last, Point, armed
from benchmarks.chaos.places import (
    TOO_FEW,
    BrokenError,
    Place,
    Truth,
    comparable,
    must_end_well,
    opened,
    truth,
    warm,
)
from benchmarks.chaos.rows import Options, Row
from tests.acceptance.desk import until
from tests.support import postgres

ACCOUNTS: Final = 110
FAILED, UNUSABLE = 1, 2  # exit codes
_ANSWERED: Final = Point("write answered", 1)  # the CRM has done it, and nothing is recorded yet


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault happens."""

    volume: Path  # of its own where the machine lets us mount one
    url: str  # of the state database
    server: postgres.Server | None
    variables: dict[str, str]  # of the command that suffers, to be changed at will

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.volume / "state.db"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens to a machine.

    Attributes:
        name: what it is.
        database: what it happens to; empty where it happens to the way to the CRM.
        happens: makes it happen for as long as the block lasts.
        words: a pattern of what the command says.
        codes: how the command may end.
        at: where in a run; ``None``: before it starts.
        mounts: the kind of volume of its own that it takes, if any.
    """

    name: str
    database: str
    happens: Callable[[Scene], AbstractContextManager[None]]
    words: str
    codes: Sequence[int] = (FAILED,)
    at: Point | None = None
    mounts: str = ""


@contextmanager
def _volume_full(scene: Scene) -> Iterator[None]:
    filler = scene.volume / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _locked(scene: Scene) -> Iterator[None]:
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _read_only(scene: Scene) -> Iterator[None]:
    volumes.mount("-o", "remount,ro", str(scene.volume))
    try:
        yield
    finally:
        volumes.mount("-o", "remount,rw", str(scene.volume))


@contextmanager
def _turned_read_only(scene: Scene) -> Iterator[None]:
    """By the system, as the disk had an error; nobody can remount it with the file open."""
    volumes.fail(scene.volume)
    try:
        yield
    finally:
        volumes.mend(scene.volume)


@contextmanager
def _revision(scene: Scene, revision: str) -> Iterator[None]:
    """Have the database say that it is of another revision than it is."""
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as database:
        [[present]] = database.execute("SELECT version_num FROM alembic_version").fetchall()
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
        yield
        database.execute("UPDATE alembic_version SET version_num = ?", [present])


@contextmanager
def _restarted(scene: Scene) -> Iterator[None]:
    server = _server(scene)
    server.crash()
    server.start()
    yield


@contextmanager
def _down(scene: Scene) -> Iterator[None]:
    server = _server(scene)
    server.crash()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _wrong_password(scene: Scene) -> Iterator[None]:
    server = _server(scene)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'right'")
    rules = server.data / "pg_hba.conf"
    before = rules.read_text("utf-8")
    rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}", "utf-8")
    server.reload()
    scene.variables["ICP_DATABASE_URL"] = scene.url.replace("postgres@", "guarded:hunter2@")
    try:
        yield
    finally:
        rules.write_text(before, "utf-8")
        server.reload()


@contextmanager
def _unknown_host(scene: Scene) -> Iterator[None]:
    scene.variables["ICP_DATABASE_URL"] = re.sub(r"@[^/]+/", "@no-such-host.invalid/", scene.url)
    yield


@contextmanager
def _nothing(_: Scene) -> Iterator[None]:
    yield


def _newer(scene: Scene) -> AbstractContextManager[None]:
    return _revision(scene, "9999")


def _half_migrated(scene: Scene) -> AbstractContextManager[None]:
    return _revision(scene, "0001")


_RESOLVED = "name could not be resolved"
FAULTS: Final[Sequence[Fault]] = (
    Fault(
        *("disk full", "SQLite", _volume_full, r"the volume is full .*Free space"),
        at=_ANSWERED,
        mounts=volumes.MEMORY,
    ),
    Fault(
        *("disk full while planning", "SQLite", _volume_full, r"the volume is full .*Free space"),
        at=Point("read answered", 4),
        mounts=volumes.MEMORY,
    ),
    Fault(
        *("disk full before the start", "SQLite", _volume_full, r"volume is full .*Free space"),
        codes=(FAILED, UNUSABLE),
        mounts=volumes.MEMORY,
    ),
    Fault(
        *("locked by another process", "SQLite", _locked, r"locked by another process .*Wait"),
        at=_ANSWERED,
    ),
    Fault(
        *("read-only volume", "SQLite", _read_only, r"cannot be (written|opened).*(writ)"),
        codes=(UNUSABLE,),
        mounts=volumes.MEMORY,
    ),
    Fault(
        *("disk error makes it read-only", "SQLite", _turned_read_only, r"storage .*read-only"),
        at=_ANSWERED,
        mounts=volumes.DISK,
    ),
    Fault(
        *("database of a newer version", "SQLite", _newer, r"a newer version made it.*restore"),
        codes=(UNUSABLE,),
    ),
    Fault(
        *("half-migrated database", "SQLite", _half_migrated, r"[Rr]estore"),
        codes=(UNUSABLE,),
    ),
    Fault(
        *("restarted between two transactions", "PostgreSQL", _restarted, r"^"),
        codes=(0, FAILED),
        at=_ANSWERED,
    ),
    Fault(
        *("restarted within a transaction", "PostgreSQL", _restarted, r"was restarted .*Run again"),
        at=Point("commit", 6),
    ),
    Fault(
        *("down in the middle of a run", "PostgreSQL", _down, r"cannot be reached .*Check"),
        at=_ANSWERED,
    ),
    Fault(
        *("down before the start", "PostgreSQL", _down, r"cannot be reached .*Check"),
        codes=(UNUSABLE,),
    ),
    Fault(
        *("wrong password", "PostgreSQL", _wrong_password, r"refuses the log-in .*Check"),
        codes=(UNUSABLE,),
    ),
    Fault(
        *("host without an address", "PostgreSQL", _unknown_host, r"cannot be reached .*Check"),
        codes=(UNUSABLE,),
    ),
    Fault("no name resolution", "", _nothing, _RESOLVED),
)


def suffer(
    place: Place, known: Truth, fault: Fault, folder: Path, server: postgres.Server | None
) -> str:
    """Have a run meet *fault*; answers what is wrong about how it went, or nothing."""
    try:
        with _scene(fault, folder, server) as scene:
            _suffer(place, known, fault, scene, folder)
    except (AssertionError, TimeoutError) as error:
        return f"{fault.name}, {fault.database}: {error}"
    return ""


def _suffer(place: Place, known: Truth, fault: Fault, scene: Scene, folder: Path) -> None:
    place.begin(folder)
    desk = place.desk
    audit = Audit(place, Book(scene.url))
    must_end_well(desk.run(ICP_DATABASE_URL=scene.url))
    audit.look(known.wanted(0, frozenset()))
    few = frozenset(sorted(known.employees)[::2])
    place.edit(dict.fromkeys(few, TOO_FEW))
    wanted = known.wanted(0, few)
    note, gate = folder / "last.json", folder / "gate"
    os.mkfifo(gate)
    point = replace(fault.at, gate=str(gate)) if fault.at else None
    arming = armed(point, note) if fault.database else (nameless.__name__, "")
    with ExitStack() as stack:
        if not fault.at:
            stack.enter_context(fault.happens(scene))
        variables = desk.environment(**scene.variables)
        began = time.monotonic()
        command = desk.shell.start(["run", "--yes", "--json"], variables, desk.printed, arming)
        if fault.at:
            until(lambda: note.exists() or command.poll() is not None, seconds=60)
            if command.poll() is not None:
                raise BrokenError(f"the run took no step {fault.at} ({Last.read(note).steps})")
            stack.enter_context(fault.happens(scene))
            gate.write_bytes(b"")
        ended = desk.ended(command)
    said = ended.words + ended.out
    if ended.code not in fault.codes:
        raise BrokenError(f"exit code {ended.code} after {time.monotonic() - began:.0f} s: {said}")
    if not re.search(fault.words, said, re.DOTALL):
        raise BrokenError(f"it said: {said}")
    if "hunter2" in ended.err + ended.out:
        raise BrokenError("it showed the password")
    audit.look(wanted)
    must_end_well(desk.run(ICP_DATABASE_URL=scene.url))
    audit.look(wanted)
    if lost := different(comparable(place), wanted):
        raise BrokenError(f"{len(lost)} accounts are not as they should be: {lost[:3]}")
    full = desk.run("--full", ICP_DATABASE_URL=scene.url)
    must_end_well(full)
    if full.data["written"]:
        raise BrokenError(f"{full.data['written']} accounts were not as they should be")


@contextmanager
def _scene(fault: Fault, folder: Path, server: postgres.Server | None) -> Iterator[Scene]:
    volume = folder / "volume"
    volume.mkdir()
    with ExitStack() as stack:
        if fault.mounts:
            stack.enter_context(volumes.mounted(fault.mounts, volume))
        if fault.database == "PostgreSQL":
            if server is None:
                raise BrokenError("there is no server")
            # what was committed must be there after a crash, as it is where nobody chose otherwise
            url = f"{server.database()}&options=-c%20synchronous_commit%3Don"
        else:
            url = f"sqlite:///{volume / 'state.db'}"
        yield Scene(volume, url, server, {"ICP_DATABASE_URL": url})


def _server(scene: Scene) -> postgres.Server:
    if scene.server is None:
        raise BrokenError("there is no server")
    return scene.server


def rows(options: Options) -> Iterator[Row]:
    """One row for each fault; each happens once."""
    times = options.times or 1
    kinds = {it for it in (volumes.MEMORY, volumes.DISK) if volumes.allowed(it)}
    with (
        warm() as shell,
        postgres.server() as server,
        tempfile.TemporaryDirectory() as name,
        opened("HubSpot", ACCOUNTS, shell) as place,
    ):
        own = Path(name) / "undisturbed"
        own.mkdir()
        known = truth(place, own)
        for number, fault in enumerate(FAULTS):
            if fault.mounts and fault.mounts not in kinds:
                continue
            began = time.monotonic()
            broken: list[str] = []
            for time_ in range(times):
                folder = Path(name) / f"{number}-{time_}"
                folder.mkdir()
                broken += filter(None, [suffer(place, known, fault, folder, server)])
            yield Row(
                scenario=fault.name,
                database=fault.database,
                crm=place.crm,
                times=times,
                survived=times - len(broken),
                seconds=time.monotonic() - began,
                note=broken[0] if broken else "",
            )
