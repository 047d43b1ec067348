"""Ticks: which scheduled run of a connection was begun last, so that replicas begin each once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from worker.state.database import Database, insert_or
from worker.state.instants import instant, instant_text
from worker.state.rows import Lease
from worker.state.tables import ticks

_WRONG_CLOCK = timedelta(days=1)
"""A tick begun so far ahead of now was begun by a clock that was wrong: it settles nothing."""


class Ticks:
    """The last scheduled tick of each connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, lease: Lease, due: datetime, now: datetime) -> bool:
        """Begin the tick that was *due*; false when it, or a later one, was begun before.

        Whoever holds the lease claims, so two replicas never begin the same tick. A process that
        dies after it claimed leaves its work to the next tick; one that is told to stop before the
        run has begun gives it back.
        """
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            begun = transaction.execute(
                select(ticks.c.due_at).where(ticks.c.connection == connection)
            ).scalar()
            if begun and begun >= instant_text(due) and instant(begun) - now < _WRONG_CLOCK:
                return False
            values = {"due_at": instant_text(due)}
            transaction.execute(
                insert_or(ticks)
                .values(connection=connection, **values)
                .on_conflict_do_update(index_elements=["connection"], set_=values)
            )
            return True

    def give_back(self, lease: Lease, due: datetime, before: datetime | None) -> None:
        """Let the tick that was *due* be begun by another: *before* it, that one was the last."""
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            this = ticks.c.connection == connection, ticks.c.due_at == instant_text(due)
            transaction.execute(
                delete(ticks).where(*this)
                if before is None
                else update(ticks).where(*this).values(due_at=instant_text(before))
            )

    def last(self, connection: str) -> datetime | None:
        """When the last scheduled tick of *connection* was due; ``None`` before the first."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            found = transaction.execute(
                select(ticks.c.due_at).where(ticks.c.connection == number)
            ).scalar()
        return instant(found) if found else None
