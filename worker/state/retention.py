"""Forgetting: accounts on demand, old journal and history by age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, exists, select, update

from worker.state.alerts import DROPPED
from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.requests import withdraw
from worker.state.rows import ChangeState, Lease
from worker.state.scrubbing import scrub
from worker.state.tables import (
    alerts,
    changes,
    dead_letters,
    history,
    jobs,
    mirror,
    requests,
    runs,
)

JOURNAL_KEPT = timedelta(days=90)
HISTORY_KEPT = timedelta(days=400)
UNSENT_KEPT = timedelta(days=4)
"""Longer than whoever sends an alert goes on trying."""

_AT_ONCE = 500
_SLICE = 20_000  # rows per transaction, so that a run beside it never waits long


def erase(database: Database, lease: Lease, account_ids: Sequence[str]) -> None:
    """Remove accounts from all that is stored and said of them, and from the disk.

    Only the holder of the lease may do this: a run's accounts never vanish under its hands. Reports
    come first: where the process dies in between, the mirror still knows what is to be erased.
    """
    scrub(database, lease, account_ids)
    with database.write(lease, durable=True) as transaction:
        number = database.number(transaction, lease.connection)
        own_runs = select(runs.c.number).where(runs.c.connection == number)
        for start in range(0, len(account_ids), _AT_ONCE):
            some = account_ids[start : start + _AT_ONCE]
            for table in (mirror, history, dead_letters):
                transaction.execute(
                    delete(table).where(table.c.connection == number, table.c.account_id.in_(some))
                )
            transaction.execute(
                delete(changes).where(changes.c.account_id.in_(some), changes.c.run.in_(own_runs))
            )
        withdraw(transaction, number, account_ids)
    database.fold()  # the write-ahead file still held the pages as they were


def prune(database: Database, now: datetime) -> int:
    """Drop what is past its time, and plans that will never be carried out; answers how many rows.

    Runs and their reports stay as long as history, finished requests as long as the journal; ICP
    documents stay.
    """
    old = select(runs.c.number).where(
        runs.c.finished_at.is_not(None), runs.c.finished_at < instant_text(now - JOURNAL_KEPT)
    )
    over = select(runs.c.number).where(
        runs.c.finished_at.is_not(None), runs.c.outcome.is_not(None), runs.c.outcome != "held"
    )
    journal = select(changes.c.seq).where(changes.c.run.in_(old)).limit(_SLICE)
    unused = (
        select(changes.c.seq)
        .where(changes.c.run.in_(over), changes.c.state == ChangeState.PLANNED)
        .limit(_SLICE)
    )
    past = (
        select(history.c.number)
        .where(history.c.as_of < instant_text(now - HISTORY_KEPT))
        .limit(_SLICE)
    )
    told = (
        select(alerts.c.number)
        .where(
            alerts.c.ended_at < instant_text(now - JOURNAL_KEPT),
            alerts.c.settled_at < instant_text(now - JOURNAL_KEPT),
        )
        .limit(_SLICE)
    )
    done = (
        select(requests.c.number)
        .where(requests.c.finished_at < instant_text(now - JOURNAL_KEPT))
        .limit(_SLICE)
    )
    forgotten = (
        select(runs.c.number)
        .where(
            runs.c.finished_at < instant_text(now - HISTORY_KEPT),
            ~exists().where(changes.c.run == runs.c.number),
            ~exists().where(jobs.c.run == runs.c.number),
        )
        .limit(_SLICE)
    )
    _give_up_alerts(database, now)
    return (
        _drop(database, delete(alerts).where(alerts.c.number.in_(told)))
        + _drop(database, delete(changes).where(changes.c.seq.in_(journal)))
        + _drop(database, delete(changes).where(changes.c.seq.in_(unused)))
        + _drop(database, delete(history).where(history.c.number.in_(past)))
        + _drop(database, delete(requests).where(requests.c.number.in_(done)))
        + _drop(database, delete(runs).where(runs.c.number.in_(forgotten)))
    )


def _give_up_alerts(database: Database, now: datetime) -> None:
    """Let go of alerts that nobody sends any more, since their webhook or connection is gone."""
    with database.write() as transaction:
        transaction.execute(
            update(alerts)
            .where(alerts.c.outcome.is_(None), alerts.c.raised_at < instant_text(now - UNSENT_KEPT))
            .values(outcome=DROPPED, settled_at=instant_text(now), claimed_until=None)
        )


def _drop(database: Database, statement: Delete) -> int:
    dropped = 0
    while True:
        with database.write() as transaction:
            some = transaction.execute(statement).rowcount
        dropped += some
        if some < _SLICE:
            return dropped
