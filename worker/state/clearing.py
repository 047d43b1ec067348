"""Emptying a connection's state, when it moves to another portal."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from worker.state.database import Database
from worker.state.rows import Lease
from worker.state.runs import HELD, SUPERSEDED
from worker.state.tables import (
    changes,
    checkpoints,
    dead_letters,
    history,
    jobs,
    mirror,
    requests,
    runs,
)


def clear(database: Database, lease: Lease) -> int:
    """Forget every account of a connection and how far it was read; answers how many there were.

    Alerts stay: they name no account, and what was wrong before may be over now. Runs keep their
    reports; held plans can no longer be approved. Only the holder of the lease may do this.
    """
    with database.write(lease, durable=True) as transaction:
        number = database.number(transaction, lease.connection)
        own = select(runs.c.number).where(runs.c.connection == number)
        transaction.execute(
            update(runs)
            .where(runs.c.connection == number, runs.c.outcome == HELD)
            .values(outcome=SUPERSEDED)
        )
        for table in (jobs, changes):
            transaction.execute(delete(table).where(table.c.run.in_(own)))
        for table in (history, dead_letters, checkpoints, requests):
            transaction.execute(delete(table).where(table.c.connection == number))
        accounts = transaction.execute(delete(mirror).where(mirror.c.connection == number)).rowcount
    database.fold()
    return accounts
