"""Alerts: the situations that were raised, and the queue of what is still to be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, or_, select, update

from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.tables import alerts, connections

DELIVERED = "delivered"
DROPPED = "dropped"  # tried for too long
UNWANTED = "unwanted"  # the settings leave its event out


class Alert(NamedTuple):
    """One alert as recorded; *outcome* is empty until it is settled."""

    number: int
    connection: str
    event: str
    cause: str
    raised_at: str
    ended_at: str | None
    payload: bytes  # JSON
    outcome: str | None
    attempts: int
    problem: str  # how the last attempt failed; no address, no answer


class Raised(NamedTuple):
    """A situation to be told of."""

    event: str
    cause: str
    payload: bytes
    over: bool = False  # told once, and goes on no longer: a recovery
    wanted: bool = True


class Change(NamedTuple):
    """What a look at a connection found new: what began, and the numbers of what is over."""

    raised: Sequence[Raised] = ()
    ended: Sequence[int] = ()


class Waiting(NamedTuple):
    """Alerts of a connection that are not delivered yet, and how the last attempt failed."""

    number: int
    problem: str


_COLUMNS = [
    connections.c.name if name == "connection" else alerts.c[name] for name in Alert._fields
]
_ALL = select(*_COLUMNS).join_from(alerts, connections)
_PENDING = alerts.c.outcome.is_(None)


class Alerts:
    """What was raised for each connection; delivered one after the other, by one process each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, connection: str) -> list[Alert]:
        """List the situations that go on, oldest first."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            query = _open(number)
            return [Alert(*row) for row in transaction.execute(query)]

    def settle(
        self, connection: str, decide: Callable[[Sequence[Alert]], Change], now: datetime
    ) -> Sequence[Raised]:
        """Record what *decide* answers about the situations that go on; answers what is new.

        Those who look at one connection do so one after the other, so that nothing is raised twice.
        *decide* is asked once it is this process's turn.
        """
        self._database.register(connection)
        at = instant_text(now)
        with self._database.write(durable=True) as transaction:
            number = self._database.turn(transaction, connection)
            change = decide([Alert(*row) for row in transaction.execute(_open(number))])
            transaction.execute(
                update(alerts)
                .where(alerts.c.number.in_(change.ended), alerts.c.connection == number)
                .values(ended_at=at)
            )
            for it in change.raised:
                transaction.execute(
                    insert(alerts).values(
                        connection=number, event=it.event, cause=it.cause, raised_at=at,
                        ended_at=at if it.over else None, payload=it.payload, next_at=at,
                        outcome=None if it.wanted else UNWANTED,
                        settled_at=None if it.wanted else at,
                    )
                )  # fmt: skip
        return change.raised

    def claim(self, names: Sequence[str], now: datetime, until: datetime) -> Alert | None:
        """Take the oldest alert of some connections that is to be delivered, until *until*.

        ``None`` where there is none, where it is not due again yet, or where another process is at
        it: alerts are delivered in the order in which they were raised.
        """
        of = select(connections.c.number).where(connections.c.name.in_(names))
        due = alerts.c.next_at <= instant_text(now)
        free = or_(alerts.c.claimed_until.is_(None), alerts.c.claimed_until <= instant_text(now))
        oldest = select(func.min(alerts.c.number)).where(_PENDING, alerts.c.connection.in_(of))
        with self._database.read() as transaction:  # hardly ever is there one
            if transaction.execute(oldest).scalar() is None:
                return None
        with self._database.write(durable=True) as transaction:
            number = transaction.execute(oldest).scalar()
            taken = transaction.execute(
                update(alerts)
                .where(alerts.c.number == number, _PENDING, due, free)
                .values(claimed_until=instant_text(until), attempts=alerts.c.attempts + 1)
            )
            if not taken.rowcount:
                return None
            return Alert(*transaction.execute(_ALL.where(alerts.c.number == number)).one())

    def delivered(self, number: int, now: datetime) -> None:
        """Record that it has arrived."""
        self._update(
            number, outcome=DELIVERED, settled_at=instant_text(now), claimed_until=None, problem=""
        )

    def not_delivered(
        self, number: int, problem: str, again: datetime | None, now: datetime
    ) -> None:
        """Record why it did not arrive, and when to try *again*; ``None`` gives it up."""
        if again is None:
            settled = instant_text(now)
            self._update(
                number, outcome=DROPPED, settled_at=settled, claimed_until=None, problem=problem
            )
        else:
            self._update(number, next_at=instant_text(again), claimed_until=None, problem=problem)

    def waiting(self, connection: str) -> Waiting:
        """Count what is not delivered yet; with the problem of the one that is tried first."""
        with self._database.read() as transaction:
            of = alerts.c.connection == self._database.number(transaction, connection)
            count = transaction.execute(select(func.count()).where(of, _PENDING)).scalar() or 0
            first = select(alerts.c.problem).where(of, _PENDING).order_by(alerts.c.number).limit(1)
            problem = transaction.execute(first).scalar() if count else ""
        return Waiting(count, problem or "")

    def latest(self, connection: str | None, limit: int) -> list[Alert]:
        """List the latest, newest first."""
        query = _ALL.order_by(alerts.c.number.desc()).limit(limit)
        if connection is not None:
            query = query.where(connections.c.name == connection)
        with self._database.read() as transaction:
            return [Alert(*row) for row in transaction.execute(query)]

    def _update(self, number: int, **values: str | None) -> None:
        with self._database.write(durable=True) as transaction:
            transaction.execute(
                update(alerts).where(alerts.c.number == number, _PENDING).values(**values)
            )


def _open(connection: int) -> Select[Any]:
    return _ALL.where(alerts.c.connection == connection, alerts.c.ended_at.is_(None)).order_by(
        alerts.c.number
    )
