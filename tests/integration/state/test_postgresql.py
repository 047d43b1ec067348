"""What only a server can get wrong: side by side writers, log-ins, numbers, whole runs."""

from __future__ import annotations

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, make_url, text

from tests.integration.state.builders import (
    CONNECTION,
    MINUTE,
    NOW,
    begun,
    change,
    leased,
    mirrored,
    planned,
    settled,
    started,
)
from tests.support.postgres import Server
from tests.support.runs import desk
from worker.state import ChangeState, Outcome, StateError, migrations, open_state
from worker.state.postgresql import PostgreSQL
from worker.state.tables import metadata


def test_tables_are_as_declared(server: Server) -> None:
    """The revisions lead to the declared tables here too."""
    url = server.database()
    open_state(url).close()

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrations.HEAD
    engine.dispose()


def test_numbers_outgrow_32_bits(server: Server) -> None:
    """A database of an earlier revision keeps its rows, and counts on past 2,147,483,647."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        upgraded(connection, "0003")
        connection.execute(text("INSERT INTO connections (name) VALUES ('main')"))
        connection.execute(
            text(
                "INSERT INTO runs (connection, run_id, kind, as_of, started_at)"
                " VALUES (1, 'run-0', 'full', '2026', '2026')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO changes"
                " (run, account_id, before, after, tier_before, tier_after, cause, inputs_hash,"
                " state) VALUES (1, '7', '{}', '{}', '', 'tier_1', 'input', '', 'planned')"
            )
        )
    with open_state(url) as state:
        assert [it.account_id for it in state.plan.entries("run-0")] == ["7"]
        with engine.begin() as connection:
            for counter in ("changes_seq_seq", "mirror_number_seq", "runs_number_seq"):
                connection.execute(text(f"SELECT setval('{counter}', 2147483646)"))
            connection.execute(text("INSERT INTO leases VALUES (1, 2147483647, NULL, '2026')"))
        lease = started(state)
        assert lease.fence == 2**31
        state.mirror.save(lease, [mirrored("1"), mirrored("2"), mirrored("3")])
        seqs = planned(state, lease, change("1"), change("2"), change("3"))
        assert seqs == [2**31 - 1, 2**31, 2**31 + 1]
        assert settled(state, lease, seqs, ChangeState.WRITTEN) == 3
        state.jobs.open(lease, "run-1", "job", seqs, NOW)
        assert state.jobs.of(CONNECTION)[0].last_seq == 2**31 + 1
        census = state.mirror.census(CONNECTION)
        census.saw(state.mirror.page(CONNECTION, ["1", "3"]).values())
        assert list(census.unseen()) == [["2"]]
        begun(state, lease, "run-2")
        assert state.plan.counts("run-1") == {"written": 3}
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005"])
def test_earlier_revisions_are_upgraded(server: Server, revision: str) -> None:
    """From each of them, opening leads to the declared tables."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        upgraded(connection, revision)
    open_state(url).close()
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def upgraded(connection: Connection, revision: str) -> None:
    """Bring an empty database to an earlier revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_first_starts_at_once(server: Server) -> None:
    """Several first starts make the tables once, and one first holder gets the lease."""
    url = server.database()
    together = threading.Barrier(4)

    def begin(number: int) -> int:
        together.wait()
        with open_state(url) as state:
            together.wait()
            lease = state.leases.acquire(CONNECTION, f"worker-{number}", MINUTE, NOW)
            return lease.fence if lease else 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(4))) == [0, 0, 0, 1]


def test_saving_known_accounts_takes_no_numbers(server: Server) -> None:
    """The census stays as small as the number of accounts, however often they are saved."""
    with open_state(server.database()) as state:
        lease = leased(state)
        state.mirror.save(lease, [mirrored("1"), mirrored("2")])
        for _ in range(5):
            state.mirror.save(lease, state.mirror.scan(CONNECTION))
        state.mirror.save(lease, [mirrored("3", "tier_1")])

        assert [row.rowid for row in state.mirror.scan(CONNECTION)] == [1, 2, 3]


def test_words_with_nul_are_kept_without_it(server: Server) -> None:
    """A CRM's message that holds NUL is recorded."""
    with open_state(server.database()) as state:
        lease = started(state)
        seqs = planned(state, lease, change("1"))
        state.plan.mark_sent(lease, "run-1", seqs, NOW)
        refused = Outcome(seqs[0], ChangeState.REJECTED, "CODE", "field", "a\0b")
        state.plan.record_outcomes(lease, "run-1", [refused], NOW)

        [letter] = state.dead_letters.all(CONNECTION)
        assert letter.message == "ab"


def test_another_program_s_tables_are_left_alone(server: Server) -> None:
    """A database in use by something else gains no tables."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (name TEXT)"))
    engine.dispose()

    with pytest.raises(StateError, match="another program's tables"):
        open_state(url)


def test_locked_table_is_reported(server: Server) -> None:
    """A lock that somebody keeps is reported after the time allowed."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with open_state(url, busy_timeout=MINUTE / 600) as state:
        lease = leased(state)
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE mirror"))
            with pytest.raises(StateError, match=r"is locked by another process \(55P03\)"):
                state.mirror.save(lease, [mirrored("1")])
        state.mirror.save(lease, [mirrored("1")])
    engine.dispose()


def test_lost_connection_is_replaced(server: Server) -> None:
    """A server that ends every connection costs no call made afterwards."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with open_state(url) as state:
        leased(state)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert state.mirror.count(CONNECTION) == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("pattern", "by", "message"),
    [
        (r":\d+/", ":1/", "cannot be reached"),
        (r"/postgres\?", "/nowhere?", "does not exist on that server (3D000)"),
        (r"postgres@", "hunter2:hunter2@", "refuses the log-in"),
        (r"/postgres\?.*", "/", "must name a database"),
        (r"sslmode=disable", "sslmode=require", "cannot be reached with TLS"),
        ("=disable", "=nonsense", "cannot be reached with TLS"),
        ("=disable", "=disable&hunter2=1", "with a parameter that is asked for (08001)"),
        (
            "=disable",
            "=disable&options=-chunter2%3D1",
            "with a parameter that is asked for (08001)",
        ),
    ],
)
def test_unusable_server_is_explained(server: Server, pattern: str, by: str, message: str) -> None:
    """What is wrong with the address is said, with neither user nor password."""
    with pytest.raises(StateError, match=re.escape(message)) as caught:
        open_state(re.sub(pattern, by, server.url))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        'root certificate file "/x/.postgresql/root.crt" does not exist\nEither provide the file,',
        "SSL error: certificate verify failed",
        'server certificate for "db.internal" does not match host name "10.0.0.1"',
    ],
)
def test_a_certificate_that_does_not_hold_is_explained(words: str) -> None:
    """Whoever asked for TLS looks neither for a database that is missing nor for a firewall."""
    said = psycopg.OperationalError(
        f'connection to server at "10.0.0.1", port 5432 failed: {words}'
    )
    database = PostgreSQL(make_url("postgresql://icp@10.0.0.1/icp"), timedelta(seconds=1))

    found = database.explain(said)

    assert found is not None
    assert found[1] == "cannot be reached with TLS as ICP_DATABASE_URL asks"
    assert "sslrootcert" in found[2]


NO_ENTRY = 'no pg_hba.conf entry for host "10.0.0.9", user "u", database "d"'


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("FATAL:  remaining connection slots are reserved for …", "no more connections (53300)"),
        (f"FATAL:  {NO_ENTRY}, no encryption", "at least without TLS (28000)"),
        (f"{NO_ENTRY}, SSL encryption\n{NO_ENTRY}, no encryption", "refuses the log-in (28000)"),
        ("SSL connection has been closed unexpectedly", "was restarted (57P01)"),
        ("FATAL:  the database system is in recovery mode", "was restarted (57P03)"),
        ("FATAL:  the database system is not yet accepting connections", "restarted (57P03)"),
        ("session is read-only", "the server is read-only"),
    ],
)
def test_words_of_servers_are_understood(said: str, message: str) -> None:
    """Where there is no code, what is the matter is told by the server's words."""
    backend = PostgreSQL(make_url("postgresql://127.0.0.1/d"), MINUTE)

    found = backend.explain(psycopg.OperationalError(f"connection failed: {said}"))

    assert found is not None
    assert message in f"{found[1]} ({found[0]})"


@pytest.mark.parametrize("made", [True, False])
def test_a_read_only_server_is_refused(server: Server, *, made: bool) -> None:
    """At the start, whether or not there are tables to make; a standby behaves alike."""
    url = server.database()
    if made:
        open_state(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        read_only(connection)

    with pytest.raises(StateError, match=r"the server is read-only.*\(25006\).*primary server"):
        open_state(url)


def test_a_server_that_becomes_read_only(server: Server) -> None:
    """What somebody decided for the database is not overruled; reading goes on."""
    url = server.database()
    with open_state(url) as state, psycopg.connect(url, autocommit=True) as connection:
        lease = leased(state)
        state.mirror.save(lease, [mirrored("1")])
        read_only(connection)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

        with pytest.raises(StateError, match=r"the server is read-only.*\(25006\)"):
            state.mirror.save(lease, [mirrored("2")])
        assert state.mirror.count(CONNECTION) == 1


def read_only(connection: psycopg.Connection) -> None:
    """Have every new session of a database begin read-only."""
    name = connection.info.dbname
    connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())


def test_a_statement_that_is_cut_short(server: Server) -> None:
    """The server's own limit is named."""
    url = server.database()
    with (
        open_state(f"{url}&options=-c%20statement_timeout%3D100") as state,
        psycopg.connect(url) as other,
    ):
        lease = leased(state)
        other.execute("LOCK TABLE mirror")
        with pytest.raises(StateError, match=r"took too long.*\(57014\).*statement_timeout"):
            state.mirror.save(lease, [mirrored("1")])
        other.rollback()
        state.mirror.save(lease, [mirrored("1")])


def test_a_pooler_is_asked_for_nothing_it_cannot_give() -> None:
    """PgBouncer refuses whoever asks for more, while it connects, than what it keeps track of."""
    with socket.create_server(("127.0.0.1", 0)) as pooler, ThreadPoolExecutor(1) as pool:
        url = f"postgresql://u@127.0.0.1:{pooler.getsockname()[1]}/d?sslmode=disable"
        opening = pool.submit(open_state, url)
        client, _ = pooler.accept()
        with client:
            size = int.from_bytes(client.recv(4), "big")
            words = client.recv(size - 4)[4:].split(b"\0")
        with pytest.raises(StateError, match="was restarted"):
            opening.result()

    tracked = {b"client_encoding", b"application_name", b"timezone", b"datestyle"}
    assert {it.lower() for it in words[::2] if it} <= tracked | {b"user", b"database"}


def test_whole_run(server: Server, tmp_path: Path) -> None:
    """Runs, a dry run among them, leave the same tiers as with SQLite."""
    usual, other = desk(tmp_path), desk(tmp_path / "other")
    other.state.close()
    other = replace(other, state=open_state(server.database()))
    with usual.state, other.state:
        for one in (usual, other):
            one.run(dry_run=True)
            one.run()
            one.crm.edit("1", {"employees": "700"})
            one.clock.advance(hours=1)
            one.run()
        assert usual.tiers() == other.tiers()
        assert set(other.tiers().values()) > {"tier_1"}
        assert other.state.mirror.tier_counts("main") == usual.state.mirror.tier_counts("main")


def test_the_present_moment_is_the_server_s(server: Server) -> None:
    """A replica whose own clock is wrong asks the same clock as the others."""
    url = server.database()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with open_state(url) as state, engine.connect() as connection:
        read = text("SELECT clock_timestamp()")
        before = connection.execute(read).scalar_one()
        now = state.now()
        assert before <= now <= connection.execute(read).scalar_one()
        assert now.utcoffset() == timedelta(0)
    engine.dispose()
