"""What people decided: who, what, why, when, and under which ICP."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select

from worker.state.database import Database
from worker.state.instants import instant, instant_text
from worker.state.tables import actions, connections


class Action(NamedTuple):
    """One decision of a person."""

    connection: str
    what: str  # the command: approve, reject, ...
    who: str
    reason: str = ""
    run_id: str = ""
    icp: str = ""  # fingerprint of the ICPs in force
    accounts: int = 0
    at: str = ""


class Actions:
    """Every decision, for ever."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, action: Action, now: datetime) -> None:
        """Record a decision; on disk before this returns."""
        self._database.register(action.connection)
        with self._database.write(durable=True) as transaction:
            values = action._asdict() | {"at": instant_text(now)}
            values["connection"] = self._database.number(transaction, action.connection)
            transaction.execute(insert(actions).values(values))

    def latest(self, connection: str, what: str) -> datetime | None:
        """When somebody last decided *what* for a connection."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            at = transaction.execute(
                select(func.max(actions.c.at)).where(
                    actions.c.connection == number, actions.c.what == what
                )
            ).scalar()
        return instant(at) if at else None

    def all(self, connection: str | None = None) -> list[Action]:
        """List decisions, of every connection or of one, oldest first."""
        columns = [actions.c[name] for name in Action._fields if name != "connection"]
        query = (
            select(connections.c.name, *columns)
            .join_from(actions, connections)
            .order_by(actions.c.number)
        )
        if connection is not None:
            query = query.where(connections.c.name == connection)
        with self._database.read() as transaction:
            return [Action(*row) for row in transaction.execute(query)]
