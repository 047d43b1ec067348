"""What is particular to PostgreSQL: how to reach it, how a transaction begins, what fails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, event, text

from worker.state.errors import DatabaseError, StateError

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import Buffer
    from sqlalchemy.pool import ConnectionPoolEntry

_PORT = 5432
_LOCK = 7_310_042  # any number, the same in every process: see lock_tables
_LOCK_TABLES = text(
    "SELECT current_setting('transaction_read_only') FROM pg_advisory_xact_lock(:number)"
)
_WRITING = "icp_writing"
_IDLE = timedelta(seconds=60)
_CONNECTING = {
    "connect_timeout": 10,
    "application_name": "icp-sync",
    # a peer that vanished without a word is noticed within a minute
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

_AWAY = (
    "cannot be reached",
    "Check host and port in ICP_DATABASE_URL, and that the server runs and can be reached.",
)
_TLS = (
    "cannot be reached with TLS as ICP_DATABASE_URL asks",
    (
        "Turn TLS on at the server, let sslrootcert in ICP_DATABASE_URL name a file with the"
        " authority of its certificate, and name the host as the certificate does."
    ),
)
_LOGIN = (
    "refuses the log-in",
    "Check user and password in ICP_DATABASE_URL, and pg_hba.conf on the server.",
)
_PLAIN = (
    "refuses the log-in, at least without TLS",
    "Check sslmode, user and password in ICP_DATABASE_URL, and pg_hba.conf on the server.",
)
_PARAMETERS = (
    "cannot be reached with a parameter that is asked for",
    "Check what stands after the ? in ICP_DATABASE_URL.",
)
_MISSING = ("does not exist on that server", "Create it, or name another in ICP_DATABASE_URL.")
_RIGHTS = (
    "denies a right that is needed",
    "Grant the user USAGE and CREATE on the schema, and make it the owner of the tables.",
)
_BUSY = (
    "is locked by another process",
    "Wait for it to finish, or find in pg_stat_activity who keeps a transaction open.",
)
_RESTART = ("is starting, stopping or was restarted", "Run again; nothing was half-written.")
_CROWDED = (
    "takes no more connections",
    "Close some, or raise max_connections on the server.",
)
_CUT = (
    "ended a statement that took too long, or that somebody cancelled",
    "Give the user a longer statement_timeout, or none, then run again; nothing was half-written.",
)
_POOLED = (
    "is behind a pooler that changes sessions between transactions",
    "Have it pool sessions (pool_mode = session), or name the server itself in ICP_DATABASE_URL.",
)
_READ_ONLY = (
    "cannot be written: the server is read-only, such as a standby",
    (
        "Point ICP_DATABASE_URL at the primary server; if it is, find out who set"
        " default_transaction_read_only, and why."
    ),
)
_FULL = (
    "cannot grow: the server's volume is full",
    "Free space or enlarge the volume, then run again; nothing was half-written.",
)
_TABLES = (
    "does not have the tables that this version expects",
    (
        "An upgrade or a restore was not finished. Restore a whole backup, or give the worker an"
        " empty database: the next run adopts what the CRM holds."
    ),
)
_REMEDIES = {
    **dict.fromkeys(("42P01", "42P07", "42701", "42703"), _TABLES),
    "28": _LOGIN,
    "3D000": _MISSING,
    "42501": _RIGHTS,
    "55P03": _BUSY,
    "40P01": _BUSY,
    "53100": _FULL,
    "53300": _CROWDED,
    "25006": _READ_ONLY,
    **dict.fromkeys(("57014", "25P04"), _CUT),
    **dict.fromkeys(("26000", "42P05"), _POOLED),
    "57P": _RESTART,
    "25P03": _RESTART,  # idle too long within a transaction: this process was held up
    "08": _AWAY,
}
# While connecting the driver gives no code, only the server's words. They are matched, never shown:
# they may name the user.
_WORDS = (
    ("session is read-only", "25006", _READ_ONLY),
    ("server is in hot standby", "25006", _READ_ONLY),
    ("startup parameter", "08001", _PARAMETERS),
    ("configuration parameter", "08001", _PARAMETERS),
    ("connection has been closed", "57P01", _RESTART),  # one by TLS
    ("eof detected", "57P01", _RESTART),  # likewise
    ("connection is lost", "57P01", _RESTART),
    ("password", "28P01", _LOGIN),
    ("authentication", "28000", _LOGIN),
    ("ssl encryption", "28000", _LOGIN),
    ("no encryption", "28000", _PLAIN),
    ("ssl off", "28000", _PLAIN),  # until version 13
    ("pg_hba", "28000", _LOGIN),
    ("certificate", "08001", _TLS),  # also: its file "does not exist"
    ("does not support ssl", "08001", _TLS),
    ("sslmode", "08001", _TLS),
    ("ssl error", "08001", _TLS),
    ('fatal:  role "', "28000", _LOGIN),
    ("does not exist", "3D000", _MISSING),
    ("permission denied", "42501", _RIGHTS),
    ("starting up", "57P03", _RESTART),
    ("in recovery mode", "57P03", _RESTART),  # after a crash
    ("yet accepting", "57P03", _RESTART),
    ("shutting down", "57P03", _RESTART),
    ("too many", "53300", _CROWDED),
    ("connection slots", "53300", _CROWDED),  # all but those kept for superusers
    ("terminating connection", "57P01", _RESTART),
    ("server closed the connection", "57P01", _RESTART),
)


class PostgreSQL:
    """A database on a server; writers of different connections do not wait for each other."""

    def __init__(self, url: URL, wait: timedelta) -> None:
        if not url.database:
            raise StateError(
                "ICP_DATABASE_URL must name a database;"
                " write postgresql://user:password@host:5432/database."
            )
        if "@" in (url.host or ""):  # the rest of a password, which no message may show
            raise StateError(
                "ICP_DATABASE_URL has more than one @ before the host: in a user or password write"
                " @ as %40, / as %2F, : as %3A and % as %25."
            )
        host = url.host or url.query.get("host") or "localhost"
        self.name = f"{host}:{url.port or _PORT}/{url.database}"
        own = str(url.query.get("options", ""))
        limits = {"lock_timeout": wait, "idle_in_transaction_session_timeout": _IDLE}
        self._limits = {name: span for name, span in limits.items() if name not in own}
        arguments = {name: it for name, it in _CONNECTING.items() if name not in url.query}
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,  # values never enter an exception's text
            pool_pre_ping=True,  # a connection that the server closed is replaced unnoticed
            connect_args=arguments,
        )
        event.listen(self.engine, "connect", _without_nul)
        event.listen(self.engine, "connect", self._limit)
        event.listen(self.engine, "begin", _begin)

    def options(self, *, writing: bool, durable: bool) -> dict[str, object]:  # noqa: ARG002  # a commit is always durable
        """Choose how the next transaction begins."""
        # the fence, read FOR SHARE, is what a writer must not see change; a reader sees one moment
        level = "READ COMMITTED" if writing else "REPEATABLE READ"
        return {"isolation_level": level, _WRITING: writing}

    def lock_tables(self, connection: Connection) -> None:
        """Let one process at a time make tables; it ends with the transaction."""
        if connection.execute(_LOCK_TABLES, {"number": _LOCK}).scalar() == "on":
            # where there is nothing to make, only the first write of a run would find out
            what, remedy = _READ_ONLY
            raise DatabaseError(f"state database {self.name} {what} (25006). {remedy}")

    def _limit(self, connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
        """Set how long to wait; not while connecting: PgBouncer refuses whom it cannot follow."""
        connection.autocommit = True
        for name, span in self._limits.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, _milliseconds(span)))
        connection.autocommit = False

    def touch(self, connection: Connection) -> None:
        """Nothing: the server has said whether it can be written; see `lock_tables`."""

    def fold(self) -> None:
        """Nothing: the server looks after its write-ahead log."""

    def explain(self, cause: BaseException | None) -> tuple[str, str, str] | None:
        """Name what failed: a code, what is the matter and the remedy."""
        code = getattr(cause, "sqlstate", None)
        if code:
            for start, (what, remedy) in _REMEDIES.items():
                if code.startswith(start):
                    return code, what, remedy
            return None
        words = str(cause).casefold()
        if "connection option" in words:  # which the driver finds out by itself
            return "08001", *_PARAMETERS
        if type(cause).__name__ not in {"OperationalError", "ConnectionTimeout"}:
            return None
        for word, named, (what, remedy) in _WORDS:
            if word in words:
                return named, what, remedy
        return "08001", *_AWAY


def _milliseconds(span: timedelta) -> str:
    return str(int(span.total_seconds() * 1000))


def _begin(connection: Connection) -> None:
    """Read-only for a reader; for a writer what the server says.

    Asked for READ WRITE, it would overrule default_transaction_read_only, which somebody set for a
    reason; and a standby would refuse in words that do not tell why.
    """
    driver = connection.connection.dbapi_connection
    writing = connection.get_execution_options().get(_WRITING, True)
    driver.read_only = None if writing else True  # type: ignore[union-attr]  # psycopg's own


def _without_nul(connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
    """Drop NUL from text on its way out: the server refuses it, and a CRM's words may hold it."""
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415  # only where it is used

    class Clean(StrDumperUnknown):
        def dump(self, obj: str) -> Buffer | None:
            return super().dump(obj.replace("\0", ""))

    connection.adapters.register_dumper(str, Clean)
