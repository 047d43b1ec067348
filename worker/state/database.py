"""The connection to the state database: how it is opened, how a transaction begins, what fails.

Everything that is particular to SQLite lives in this module; the statements elsewhere are plain
SQLAlchemy Core.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import Error as SQLiteError

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, ResourceClosedError
from sqlalchemy.pool import ConnectionPoolEntry

from worker.state.errors import StaleLeaseError, StateError
from worker.state.rows import Lease
from worker.state.tables import connections, leases

__all__ = ["Database", "insert_or"]

_NUMBER = select(connections.c.number).where(connections.c.name == bindparam("name"))
_REGISTER = insert_or(connections).on_conflict_do_nothing()
_HELD = (
    select(leases.c.fence)
    .where(leases.c.connection == bindparam("number"), leases.c.holder.is_not(None))
    .with_for_update(read=True)  # SQLite's writers are alone anyway; other databases need it
)

_MODE = "icp_transaction"
_READ, _WRITE, _DURABLE = "read", "write", "durable"
_BEGIN = {
    _READ: ("BEGIN",),
    # IMMEDIATE: take the write lock before reading, so that what the transaction read (a fence,
    # a state) still holds when it writes.
    _WRITE: ("PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
    _DURABLE: ("PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
}

_REMEDIES = {
    "SQLITE_BUSY": (
        "is locked by another process",
        "Wait for it to finish, or find out who keeps it open (a backup, a database shell).",
    ),
    "SQLITE_FULL": (
        "cannot grow: the volume is full",
        "Free space or enlarge the volume, then run again; nothing was half-written.",
    ),
    "SQLITE_READONLY": (
        "cannot be written",
        "Make the file, its folder and the volume writable for the user of this process.",
    ),
    "SQLITE_CANTOPEN": (
        "cannot be opened",
        "Check that the folder exists and that this process may read and write in it.",
    ),
    "SQLITE_PERM": (
        "cannot be opened",
        "Check that this process may read and write the file and its folder.",
    ),
    "SQLITE_NOTADB": (
        "is not an SQLite file",
        "Point ICP_DATABASE_URL at another path; the file was left as it is.",
    ),
    "SQLITE_CORRUPT": (
        "is damaged",
        "Restore a backup, or move the file away: the next run adopts what the CRM holds.",
    ),
    "SQLITE_IOERR": (
        "cannot be read or written: the storage reports an error",
        "Check the volume; use a local disk, not a network share.",
    ),
}


class Database:
    """One open state database; safe to share between threads, each call has its own connection."""

    def __init__(self, url: str, busy_timeout: timedelta) -> None:
        self._url = _sqlite_url(url)
        self._numbers: dict[str, int] = {}
        self._closed = False
        self.engine = _engine(self._url, busy_timeout)

    @property
    def path(self) -> str:
        """Where the file is; also how messages name the database."""
        return self._url.database or ""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database."""
        with self._transaction(_READ) as connection:
            yield connection

    @contextmanager
    def write(self, lease: Lease | None = None, *, durable: bool = False) -> Iterator[Connection]:
        """All or nothing, alone, and with *lease* only while that is the connection's latest.

        Args:
            lease: refused with :class:`StaleLeaseError` when released or overtaken.
            durable: on disk before this returns, even if the power fails the moment after.

        """
        with self._transaction(_DURABLE if durable else _WRITE) as connection:
            if lease is not None:
                number = self.number(connection, lease.connection)
                fence = connection.execute(_HELD, {"number": number}).scalar()
                if fence != lease.fence:
                    raise StaleLeaseError(
                        f"connection {lease.connection}: fence {lease.fence} is no longer in force;"
                        " another process has taken over. Stop this run; the next one repairs"
                        " what it left."
                    )
            yield connection

    def number(self, connection: Connection, name: str) -> int:
        """Look up the small number that rows use for connection *name*; 0 when never used."""
        number = self._numbers.get(name)
        if number is None:
            number = connection.execute(_NUMBER, {"name": name}).scalar() or 0
            if number:
                self._numbers[name] = number
        return number

    def register(self, name: str) -> None:
        """Give connection *name* a number; nothing happens when it has one."""
        if name not in self._numbers:
            with self.write() as connection:
                connection.execute(_REGISTER, {"name": name})

    def fold(self) -> None:
        """Move the write-ahead file into the database and empty it, unless someone is reading."""
        connection = self.engine.raw_connection()
        with closing(connection), suppress(SQLiteError):  # SQLite does it later by itself
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file. Calls afterwards raise :class:`StateError`."""
        self._closed = True
        self.engine.dispose()

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Connection]:
        if self._closed:
            raise StateError(f"state database {self.path} is closed; open it again to use it.")
        try:
            with self.engine.connect() as connection:
                connection.execution_options(**{_MODE: mode})
                with connection.begin():
                    yield connection
        except (DatabaseError, ResourceClosedError) as error:
            # never chained: a driver's text may quote the values of the row at fault
            raise self._translated(error) from None

    def _translated(self, error: DatabaseError | ResourceClosedError) -> StateError:
        cause = getattr(error, "orig", None)
        name = str(getattr(cause, "sqlite_errorname", None) or type(cause or error).__name__)
        for code, (what, remedy) in _REMEDIES.items():
            if name.startswith(code):
                return StateError(f"state database {self.path} {what} ({name}). {remedy}")
        return StateError(
            f"state database {self.path} refused a statement ({name})."
            " Nothing was half-written; run again, and report it if it stays."
        )


def _sqlite_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise StateError(
            "ICP_DATABASE_URL cannot be read as a database URL;"
            " write sqlite:///folder/icp.db, or sqlite:////folder/icp.db for an absolute path."
        ) from None
    if url.get_backend_name() != "sqlite" or url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise StateError(
            f"ICP_DATABASE_URL names {url.drivername}, which this version cannot use;"
            " write sqlite:///folder/icp.db."
        )
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StateError(
            "ICP_DATABASE_URL must name a file, because state has to outlive the process;"
            " write sqlite:///folder/icp.db."
        )
    return url


def _engine(url: URL, busy_timeout: timedelta) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"state database {path}: its folder cannot be made ({error.strerror})."
            " Make it by hand, or point ICP_DATABASE_URL at a writable one."
        ) from None
    milliseconds = int(busy_timeout.total_seconds() * 1000)
    engine = create_engine(
        url,
        hide_parameters=True,  # values never enter an exception's text
        connect_args={"isolation_level": None},  # transactions begin where we say: see _begin
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: SQLiteConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {milliseconds}",  # first: the next one may have to wait
            "journal_mode = WAL",
            "foreign_keys = ON",
            "secure_delete = ON",  # what is deleted is overwritten, not just unlinked
            "cache_size = -16000",  # KiB: part of the flat memory
            "journal_size_limit = 67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        for statement in _BEGIN[connection.get_execution_options().get(_MODE, _READ)]:
            connection.exec_driver_sql(statement)

    return engine
