"""Pauses: a person's word that nothing is to be written for a while."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select

from worker.state.database import Database, insert_or
from worker.state.instants import instant, instant_text
from worker.state.tables import pauses


class Pause(NamedTuple):
    """Who paused a connection, since when, until when, and why."""

    since: str
    until: str | None  # empty: until someone resumes it
    who: str
    reason: str


class Pauses:
    """The pause of each connection that has one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, connection: str, pause: Pause) -> None:
        """Pause a connection; the latest word counts. Without a lease: it acts at once."""
        self._database.register(connection)
        with self._database.write(durable=True) as transaction:
            number = self._database.number(transaction, connection)
            values = pause._asdict()
            transaction.execute(
                insert_or(pauses)
                .values(connection=number, **values)
                .on_conflict_do_update(index_elements=["connection"], set_=values)
            )

    def end(self, connection: str) -> bool:
        """Let a connection write again; false when it was not paused."""
        with self._database.write(durable=True) as transaction:
            number = self._database.number(transaction, connection)
            ended = transaction.execute(delete(pauses).where(pauses.c.connection == number))
            return bool(ended.rowcount)

    def of(self, connection: str, now: datetime) -> Pause | None:
        """The pause in force at *now*; one whose end has come is over by itself."""
        latest = self._latest(connection)
        return latest if latest is not None and not _is_over(latest, now) else None

    def ended(self, connection: str, now: datetime) -> datetime | None:
        """When the latest pause ended by itself; ``None`` where it did not."""
        latest = self._latest(connection)
        if latest is None or latest.until is None or not _is_over(latest, now):
            return None
        return instant(latest.until)

    def _latest(self, connection: str) -> Pause | None:
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            row = transaction.execute(
                select(*(pauses.c[name] for name in Pause._fields)).where(
                    pauses.c.connection == number
                )
            ).one_or_none()
        return Pause(*row) if row else None


def _is_over(pause: Pause, now: datetime) -> bool:
    return pause.until is not None and pause.until <= instant_text(now)
