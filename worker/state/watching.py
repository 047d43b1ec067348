"""What an onlooker needs beyond runs and leases: pauses, and whether the database answers."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, select, text

from worker.state.database import Database
from worker.state.tables import pauses

_PAUSE = select(pauses.c.since, pauses.c.until, pauses.c.who, pauses.c.reason).where(
    pauses.c.connection == bindparam("of")
)


class Pause(NamedTuple):
    """A person's word that a connection is to rest."""

    since: str
    until: str | None  # empty: until someone resumes it
    who: str
    reason: str


class Watching:
    """Reads only; the tables are filled by those who run and those who decide."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pause(self, connection: str) -> Pause | None:
        """The pause that was set on *connection*, over or not."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            row = transaction.execute(_PAUSE, {"of": number}).one_or_none()
        return Pause(*row) if row else None

    def answers(self) -> None:
        """Ask the database for nothing at all; raises ``StateError`` when it does not answer."""
        with self._database.read() as transaction:
            transaction.execute(text("SELECT 1"))
