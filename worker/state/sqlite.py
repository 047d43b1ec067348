"""What is particular to SQLite: how a file is opened, how a transaction begins, what fails."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import Error as SQLiteError

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from worker.state.errors import StateError

_MODE = "icp_transaction"
_READ, _WRITE, _DURABLE = "read", "write", "durable"
_BEGIN = {
    _READ: ("BEGIN",),
    # IMMEDIATE: take the write lock before reading, so that what the transaction read (a fence,
    # a state) still holds when it writes.
    _WRITE: ("PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
    _DURABLE: ("PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
}

_FULL = (
    "cannot grow: the volume is full",
    "Free space or enlarge the volume, then run again; nothing was half-written.",
)
_REMEDIES = {
    "SQLITE_BUSY": (
        "is locked by another process",
        "Wait for it to finish, or find out who keeps it open (a backup, a database shell).",
    ),
    "SQLITE_FULL": _FULL,
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
    "SQLITE_IOERR_SHMSIZE": _FULL,  # the first thing that does not fit
    "SQLITE_ERROR": (
        "does not have the tables that this version expects",
        (
            "An upgrade or a restore was not finished. Restore a whole backup, or move the file"
            " away: the next run adopts what the CRM holds."
        ),
    ),
    "SQLITE_IOERR": (
        "cannot be read or written: the storage reports an error",
        (
            "Check the volume, which the system makes read-only after an error; use a local disk,"
            " not a network share."
        ),
    ),
}


class SQLite:
    """A database in one file, one writer at a time."""

    def __init__(self, url: URL, wait: timedelta) -> None:
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise StateError(
                "ICP_DATABASE_URL must name a file, because state has to outlive the process;"
                " write sqlite:///folder/icp.db."
            )
        self.name = url.database
        self.engine = _engine(url, wait)

    def options(self, *, writing: bool, durable: bool) -> dict[str, object]:
        """Choose how the next transaction begins."""
        return {_MODE: _READ if not writing else _DURABLE if durable else _WRITE}

    def lock_tables(self, connection: Connection) -> None:
        """Nothing: a writer is alone anyway."""

    def touch(self, connection: Connection) -> None:
        """Write a number, which nobody uses, as it is.

        A lock is in shared memory, and can be had on a disk that takes nothing any more.
        """
        connection.exec_driver_sql("PRAGMA user_version = 0")

    def fold(self) -> None:
        """Move the write-ahead file into the database and empty it, unless someone is reading."""
        connection = self.engine.raw_connection()
        with closing(connection), suppress(SQLiteError):  # SQLite does it later by itself
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def explain(self, cause: BaseException | None) -> tuple[str, str, str] | None:
        """Name what failed: a code, what is the matter and the remedy."""
        name = str(getattr(cause, "sqlite_errorname", ""))
        for code, (what, remedy) in _REMEDIES.items():
            if name.startswith(code):
                return name, what, remedy
        return None


def _engine(url: URL, wait: timedelta) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"state database {path}: its folder cannot be made ({error.strerror})."
            " Make it by hand, or point ICP_DATABASE_URL at a writable one."
        ) from None
    # A customer's values: for this user only, and so are the files that SQLite makes beside it.
    with suppress(OSError):  # it is there, or opening it tells what keeps it from being made
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    milliseconds = int(wait.total_seconds() * 1000)
    engine = create_engine(
        url,
        hide_parameters=True,  # values never enter an exception's text
        # The connection used last is used first: one page cache is warm, not each of the pool's
        # in turn, until all of them are full.
        pool_use_lifo=True,
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
