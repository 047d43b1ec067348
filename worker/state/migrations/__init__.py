"""Brings a database's tables to what this version of the program expects."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from worker.state.database import Database
from worker.state.errors import StateError

HEAD = "0007"  # the newest revision in versions/: a test keeps it so
_HERE = Path(__file__).parent


def migrate(database: Database) -> None:
    """Bring *database* to :data:`HEAD`; quick and without Alembic when it is there already.

    Raises:
        StateError: a newer program made it, or it belongs to another program.

    """
    # A writing transaction even to look: it proves that the volume is writable before a run
    # starts, and two processes that start together upgrade one after the other.
    with database.write() as connection:
        database.lock_tables(connection)
        revision = _revision(database, connection)
        if revision != HEAD:
            _upgrade(database, connection, revision)
        else:
            database.touch(connection)


def _revision(database: Database, connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found) if found else None
    if tables:
        raise StateError(
            f"{database.path} holds another program's tables."
            " Point ICP_DATABASE_URL at a database of its own; this one was left as it is."
        )
    return None


def _upgrade(database: Database, connection: Connection, revision: str | None) -> None:
    from alembic import command  # noqa: PLC0415  # a fifth of a second that most starts save
    from alembic.config import Config  # noqa: PLC0415  # as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StateError(
            f"state database {database.path} is at revision {revision}, which this version of"
            f" icp-sync (up to {HEAD}) does not know: a newer version made it."
            " Install that version again, or restore the backup from before the upgrade."
        )
    command.upgrade(config, "head")
