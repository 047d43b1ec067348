"""The connection to the state database: transactions, the fence, what failures are called.

What is particular to one kind of database is in :mod:`worker.state.sqlite` and
:mod:`worker.state.postgresql`; the statements elsewhere are plain SQLAlchemy Core.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Connection, bindparam, func, select

# SQLite writes ON CONFLICT alike, and its compiler takes this construct as it is.
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from worker.state.errors import DatabaseError, StaleLeaseError, StateError
from worker.state.postgresql import PostgreSQL
from worker.state.rows import Lease
from worker.state.sqlite import SQLite
from worker.state.tables import connections, leases

__all__ = ["Database", "insert_or", "passwords_of", "stale"]

_NUMBER = select(connections.c.number).where(connections.c.name == bindparam("name"))
_NOW = select(func.clock_timestamp())
_TURN = (
    select(connections.c.number)
    .where(connections.c.number == bindparam("number"))
    .with_for_update(key_share=True)
)
_REGISTER = insert_or(connections).on_conflict_do_nothing()
_FENCE = select(leases.c.fence).where(
    leases.c.connection == bindparam("number"), leases.c.holder.is_not(None)
)
# SQLite's writers are alone anyway; on PostgreSQL several share the fence, none can be overtaken
# before it ends, and the lease can be renewed beside them.
_HELD = _FENCE.with_for_update(read=True, key_share=True)
_HELD_ALONE = _FENCE.with_for_update()


class Database:
    """One open state database; safe to share between threads, each call has its own connection."""

    def __init__(self, url: str, busy_timeout: timedelta) -> None:
        self._backend = _backend(url, busy_timeout)
        self._numbers: dict[str, int] = {}
        self._closed = False
        self.engine = self._backend.engine

    @property
    def path(self) -> str:
        """Where the file or the server is; also how messages name the database."""
        return self._backend.name

    @property
    def on_server(self) -> bool:
        """Whether writers may be at work side by side."""
        return isinstance(self._backend, PostgreSQL)

    def now(self) -> datetime:
        """The present moment by the one clock that all who share this database go by.

        A server's own, or that of the machine that the file is on: leases then mean the same to
        replicas whose clocks differ.
        """
        if not self.on_server:
            return datetime.now(UTC)
        with self.read() as connection:
            found: datetime = connection.execute(_NOW).scalar_one()
        return found.astimezone(UTC)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database."""
        with self._transaction() as connection:
            yield connection

    @contextmanager
    def write(
        self, lease: Lease | None = None, *, durable: bool = False, changing: bool = False
    ) -> Iterator[Connection]:
        """All or nothing, and with *lease* only while that is the connection's latest.

        Args:
            lease: refused with :class:`StaleLeaseError` when released or overtaken.
            durable: on disk before this returns, even if the power fails the moment after.
            changing: the lease itself will be changed.

        """
        with self._transaction(writing=True, durable=durable) as connection:
            if lease is not None:
                number = self.number(connection, lease.connection)
                fence = connection.execute(
                    _HELD_ALONE if changing else _HELD, {"number": number}
                ).scalar()
                if fence != lease.fence:
                    raise stale(lease)
            yield connection

    def number(self, connection: Connection, name: str) -> int:
        """Look up the small number that rows use for connection *name*; 0 when never used."""
        number = self._numbers.get(name)
        if number is None:
            number = connection.execute(_NUMBER, {"name": name}).scalar() or 0
            if number:
                self._numbers[name] = number
        return number

    def turn(self, connection: Connection, name: str) -> int:
        """Wait until nobody else has a turn of connection *name*; answers its number.

        On a server two could otherwise both find that a row is not there yet, and both make it: the
        connection's own row, which is registered before, lets in one after the other.
        """
        number = self.number(connection, name)
        connection.execute(_TURN, {"number": number})
        return number

    def ping(self) -> None:
        """Ask for nothing at all; raises :class:`StateError` when there is no answer."""
        with self.read() as connection:
            connection.execute(select(1))

    def register(self, name: str) -> None:
        """Give connection *name* a number; nothing happens when it has one."""
        if name not in self._numbers:
            with self.write() as connection:
                connection.execute(_REGISTER, {"name": name})

    def lock_tables(self, connection: Connection) -> None:
        """Keep other processes from making or changing tables until the transaction ends."""
        self._backend.lock_tables(connection)

    def touch(self, connection: Connection) -> None:
        """Write something that changes nothing, where a transaction alone does not prove enough."""
        self._backend.touch(connection)

    def fold(self) -> None:
        """Bring what was deleted off the disk, where the database leaves that to us."""
        self._backend.fold()

    def close(self) -> None:
        """Let go of the database. Calls afterwards raise :class:`StateError`."""
        self._closed = True
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writing: bool = False, durable: bool = False) -> Iterator[Connection]:
        if self._closed:
            raise StateError(f"state database {self.path} is closed; open it again to use it.")
        try:
            with self.engine.connect() as connection:
                options = self._backend.options(writing=writing, durable=durable)
                connection.execution_options(**options)
                with connection.begin():
                    yield connection
        except (DBAPIError, ResourceClosedError, PoolTimeoutError) as error:
            # never chained: a driver's text may quote the values of the row at fault
            raise self._translated(error) from None

    def _translated(
        self, error: DBAPIError | ResourceClosedError | PoolTimeoutError
    ) -> DatabaseError:
        cause = getattr(error, "orig", None)
        if found := self._backend.explain(cause):
            code, what, remedy = found
            return DatabaseError(f"state database {self.path} {what} ({code}). {remedy}")
        name = (
            getattr(cause, "sqlite_errorname", None)
            or getattr(cause, "sqlstate", None)
            or type(cause or error).__name__
        )
        return DatabaseError(
            f"state database {self.path} refused a statement ({name})."
            " Nothing was half-written; run again, and report it if it stays."
        )


def passwords_of(url: str) -> Iterator[str]:
    """The passwords in a database's address, read as whoever connects reads them, and as written.

    Nothing where it cannot be read: it is then refused, and not shown.
    """
    with suppress(ArgumentError, ValueError):
        found = make_url(url)
        for password in (found.password, found.query.get("password")):
            if isinstance(password, str) and password:
                yield from {password, quote(password, safe="")}


def stale(lease: Lease) -> StaleLeaseError:
    """What a holder that was overtaken is told."""
    return StaleLeaseError(
        f"connection {lease.connection}: fence {lease.fence} is no longer in force; another process"
        " has taken over. Stop this run; the next one repairs what it left."
    )


def _backend(text: str, wait: timedelta) -> SQLite | PostgreSQL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # of which the latter is a port that is no number
        raise StateError(
            "ICP_DATABASE_URL cannot be read as a database URL;"
            " write sqlite:///folder/icp.db, or sqlite:////folder/icp.db for an absolute path,"
            " or postgresql://user:password@host:5432/database."
        ) from None
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return SQLite(url, wait)
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return PostgreSQL(url, wait)
    raise StateError(
        f"ICP_DATABASE_URL names {url.drivername}, which this version cannot use;"
        " write sqlite:///folder/icp.db or postgresql://user:password@host:5432/database."
    )
