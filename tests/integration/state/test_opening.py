"""Opening: old databases are upgraded, unusable ones are refused with a remedy, none is harmed."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event

from benchmarks.chaos import volumes
from tests.integration.state.builders import CONNECTION, leased, mirrored, opened
from worker.state import State, StateError, migrations, open_state
from worker.state.tables import metadata

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(migrations.__file__).parent))
CONFIG.set_main_option("path_separator", "os")
REVISIONS = [script.revision for script in ScriptDirectory.from_config(CONFIG).walk_revisions()]


def test_head_is_the_newest_revision() -> None:
    """The revision that the program takes for the newest is the newest there is."""
    assert ScriptDirectory.from_config(CONFIG).get_current_head() == migrations.HEAD


@pytest.mark.parametrize("revision", [None, *REVISIONS])
def test_every_revision_is_upgraded(tmp_path: Path, revision: str | None) -> None:
    """From an empty file and from each released revision, opening leads to the declared tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'icp.db'}")
    with closing_engine(engine):
        if revision:
            with engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", str(Path(migrations.__file__).parent))
                config.set_main_option("path_separator", "os")
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        opened(tmp_path).close()

        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, metadata) == []
            assert context.get_current_revision() == migrations.HEAD


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    """What was stored is there after closing and opening."""
    with opened(tmp_path) as state:
        state.mirror.save(leased(state), [mirrored("1", "tier_1")])

    with opened(tmp_path) as state:
        assert state.mirror.tier_counts(CONNECTION) == {"tier_1": 1}


def test_opening_an_up_to_date_database_needs_no_alembic(tmp_path: Path) -> None:
    """A usual start does not pay for loading the migration tool."""
    opened(tmp_path).close()
    program = (
        "import sys; from worker.state import open_state;"
        " open_state(sys.argv[1]).close(); sys.exit('alembic' in sys.modules)"
    )

    subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'icp.db'}"],
        cwd=Path(__file__).parents[3],
        check=True,
    )


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    """Several first starts at the same moment all succeed."""
    program = "import sys; from worker.state import open_state; open_state(sys.argv[1]).close()"
    command_line = [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'icp.db'}"]
    started = [
        subprocess.Popen(command_line, cwd=Path(__file__).parents[3])  # noqa: S603  # as above
        for _ in range(3)
    ]

    assert [process.wait() for process in started] == [0, 0, 0]


def test_newer_database_is_refused(tmp_path: Path) -> None:
    """A database made by a newer program is named as such and left as it is."""
    opened(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "icp.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StateError, match=r"revision 9999.*a newer version made it.*restore"):
        opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "icp.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_other_programs_database_is_refused(tmp_path: Path) -> None:
    """A database with someone else's tables gains none of ours."""
    with closing(sqlite3.connect(tmp_path / "icp.db")) as database, database:
        database.execute("CREATE TABLE recipes (name TEXT)")

    with pytest.raises(StateError, match="another program's tables"):
        opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "icp.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master").fetchall()
        assert tables == [("recipes",)]


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A file that is no database is refused, byte for byte as it was, and not quoted."""
    content = b"Acme Corporation,Tier 1\n" * 500
    (tmp_path / "icp.db").write_bytes(content)

    with pytest.raises(StateError, match=r"icp\.db is not an SQLite file") as caught:
        opened(tmp_path)
    assert "Acme" not in str(caught.value)
    assert (tmp_path / "icp.db").read_bytes() == content


def test_damaged_database_is_refused(tmp_path: Path) -> None:
    """A database with overwritten pages is called damaged, with the way out."""
    with opened(tmp_path) as state:
        state.mirror.save(leased(state), (mirrored(str(number)) for number in range(200)))
    path = tmp_path / "icp.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    with (
        pytest.raises(StateError, match=r"is damaged .*Restore a backup"),
        opened(tmp_path) as state,
    ):
        state.mirror.scan(CONNECTION)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "cannot be read as a database URL"),
        ("", "cannot be read as a database URL"),
        ("postgresql://host:port/db", "cannot be read as a database URL"),
        ("mysql://user:secret@host/db", "names mysql, which this version cannot use"),
        ("postgresql://icp:p@secret@host/db", "has more than one @ before the host"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_address_that_cannot_be_used_is_refused(url: str, message: str) -> None:
    """A bad address is explained without repeating a password in it."""
    with pytest.raises(StateError, match=re.escape(message)) as caught:
        open_state(url)
    assert "secret" not in str(caught.value)
    assert "write sqlite:///folder/icp.db" in str(caught.value) or "%40" in str(caught.value)


def test_missing_folder_is_made(tmp_path: Path) -> None:
    """The folders of a new database are made."""
    opened(tmp_path / "var" / "state").close()

    assert (tmp_path / "var" / "state" / "icp.db").is_file()


def test_a_new_file_is_for_its_user_only(tmp_path: Path) -> None:
    """It holds a customer's values; a file that is there keeps the rights that someone gave it."""
    with opened(tmp_path) as state:
        leased(state)
        made = {it.name: stat.S_IMODE(it.stat().st_mode) for it in tmp_path.glob("icp.db*")}
    (tmp_path / "icp.db").chmod(0o640)
    opened(tmp_path).close()

    assert made == dict.fromkeys(("icp.db", "icp.db-wal", "icp.db-shm"), 0o600)
    assert stat.S_IMODE((tmp_path / "icp.db").stat().st_mode) == 0o640


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A path through a file is explained."""
    (tmp_path / "var").write_text("")

    with pytest.raises(StateError, match="its folder cannot be made"):
        opened(tmp_path / "var")


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
def test_database_locked_by_another_process(state: State, tmp_path: Path) -> None:
    """A writer that never ends is reported after the time allowed, and reading goes on."""
    lease = leased(state)
    with closing(sqlite3.connect(tmp_path / "icp.db")) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StateError, match=r"is locked by another process .*SQLITE_BUSY"):
            state.mirror.save(lease, [mirrored("1")])
        with pytest.raises(StateError, match="is locked"):
            opened(tmp_path)
        assert state.mirror.count(CONNECTION) == 0
        other.rollback()

    state.mirror.save(lease, [mirrored("1")])
    assert state.mirror.count(CONNECTION) == 1


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
def test_full_volume(state: State, tmp_path: Path) -> None:
    """When the file cannot grow, the batch fails as a whole and the message says to free space."""
    lease = leased(state)
    state.close()

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 60")

    event.listen(Engine, "connect", limit)
    try:
        with opened(tmp_path) as small:
            rows = [mirrored(str(number))._replace(inputs=b"x" * 900) for number in range(1000)]
            with pytest.raises(StateError, match=r"the volume is full .*Free space"):
                small.mirror.save(lease, rows)
            assert small.mirror.count(CONNECTION) == 0
            small.mirror.save(lease, rows[:5])
            assert small.mirror.count(CONNECTION) == 5
    finally:
        event.remove(Engine, "connect", limit)


def test_read_only_volume() -> None:
    """A database that may not be written is refused at the start, not in the middle of a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened(folder).close()
        with unprivileged(folder), pytest.raises(StateError) as caught:
            opened(folder)
        assert re.search(
            r"cannot be (written|opened).*(writable|may read and write)", str(caught.value)
        )

        (folder / "icp.db").unlink()
        with (
            unprivileged(folder),
            pytest.raises(StateError, match=r"cannot be opened .*Check that"),
        ):
            opened(folder)


def test_a_disk_that_takes_nothing_any_more(tmp_path: Path) -> None:
    """It is found out when opening, though what is stored can be read and locked as ever."""
    if not volumes.allowed(volumes.DISK):
        pytest.skip("takes the right to mount a volume")
    volume = tmp_path / "volume"
    volume.mkdir()
    with volumes.mounted(volumes.DISK, volume), opened(volume) as state:
        state.mirror.save(leased(state), [mirrored("1")])
        volumes.fail(volume)
        assert state.mirror.count(CONNECTION) == 1

        with pytest.raises(StateError, match=r"cannot be (read or )?written"):
            opened(volume)


def test_closed_state_says_so(tmp_path: Path) -> None:
    """Using a closed state is an error, closing it twice is not."""
    state = opened(tmp_path)
    state.close()
    state.close()

    with pytest.raises(StateError, match="is closed"):
        state.mirror.count(CONNECTION)


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
def test_errors_never_quote_values(state: State) -> None:
    """A row that the database refuses does not show up in the message or behind it."""
    with pytest.raises(StateError) as caught:
        state.mirror.save(leased(state), [mirrored("1", None)._replace(inputs=b"Acme")])  # type: ignore[arg-type]  # the point

    assert "Acme" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "SQLITE_CONSTRAINT_NOTNULL" in str(caught.value)


@contextmanager
def closing_engine(engine: Engine) -> Iterator[None]:
    """Close an engine's connections at the end."""
    try:
        yield
    finally:
        engine.dispose()


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Make *folder* read-only, and leave root's rights behind where tests run as root."""
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
