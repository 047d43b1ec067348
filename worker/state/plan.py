"""The plan and the journal: one table, in which a planned change turns into what was done.

A change is planned, marked sent before the request leaves, and settled with the CRM's answer. What
was sent and never answered is known as such: the CRM may hold either value, and the next run looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from random import Random

import orjson
from sqlalchemy import bindparam, delete, func, insert, select, update

from connectors.batching import chunked
from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.rows import (
    Change,
    ChangeState,
    Lease,
    LeftAlone,
    Outcome,
    PlannedChange,
    Transition,
)
from worker.state.runs import run_number
from worker.state.settling import settle
from worker.state.tables import changes, runs

_AT_ONCE = 500  # account ids per statement

_RUN = select(runs.c.number).where(runs.c.run_id == bindparam("run_id")).scalar_subquery()
_OF_RUN = changes.c.run == _RUN
_ADD = insert(changes)
_ENTRIES = (
    select(*(changes.c[name] for name in Change._fields))
    .where(
        _OF_RUN,
        changes.c.seq > bindparam("after"),
        changes.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(changes.c.seq)
    .limit(bindparam("most"))
)
_PLANNED = (
    select(changes.c.seq)
    .where(_OF_RUN, changes.c.state == ChangeState.PLANNED)
    .order_by(changes.c.seq)
    .execution_options(yield_per=10_000)
)
_COUNT_PLANNED = (
    select(func.count()).select_from(changes).where(_OF_RUN, changes.c.state == ChangeState.PLANNED)
)
_THESE = (
    select(*(changes.c[name] for name in Change._fields))
    .where(changes.c.seq.in_(bindparam("seqs", expanding=True)))
    .order_by(changes.c.seq)
)
_REFUSALS = (
    select(changes.c.code, changes.c.field, func.count())
    .where(_OF_RUN, changes.c.state == ChangeState.REJECTED)
    .group_by(changes.c.code, changes.c.field)
    .order_by(func.count().desc(), changes.c.code, changes.c.field)
)
_SEND = (
    update(changes)
    .where(
        changes.c.seq == bindparam("one"),
        changes.c.run + 0 == bindparam("of"),  # + 0: go by seq
        changes.c.answered_at.is_(None),
    )
    .values(state=ChangeState.SENT, sent_at=bindparam("at"))
)
_UNSENT = select(changes.c.seq, changes.c.account_id).where(
    changes.c.run + 0 == bindparam("of"),  # + 0: go by account
    changes.c.account_id.in_(bindparam("ids", expanding=True)),
    changes.c.state == ChangeState.PLANNED,
)
_DROP = delete(changes).where(changes.c.seq == bindparam("one"))
_STATES = select(changes.c.state, func.count()).where(_OF_RUN).group_by(changes.c.state)
_GROUP = (changes.c.tier_before, changes.c.tier_after, changes.c.cause)
_TRANSITIONS = select(*_GROUP, func.count()).where(_OF_RUN).group_by(*_GROUP).order_by(*_GROUP)
_EXAMPLES = (
    select(changes.c.account_id)
    .where(
        _OF_RUN,
        changes.c.tier_before == bindparam("was"),
        changes.c.tier_after == bindparam("will_be"),
        changes.c.cause == bindparam("why"),
    )
    .order_by(changes.c.account_id)
    .limit(bindparam("most"))
)


class Plan:
    """What each run means to write, and what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, lease: Lease, run_id: str, rows: Iterable[PlannedChange]) -> None:
        """Append to the plan of a run, in one transaction; call it page by page."""
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            values = [_values(run, row) for row in rows]
            if values:
                transaction.execute(_ADD, values)

    def leave(self, lease: Lease, run_id: str, rows: Iterable[LeftAlone], now: datetime) -> None:
        """Record accounts that a run leaves as they are, in one transaction."""
        at = instant_text(now)
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            values = [_left(run, row, at) for row in rows]
            if values:
                transaction.execute(_ADD, values)

    def entries(
        self,
        run_id: str,
        states: Sequence[str] = (ChangeState.PLANNED,),
        after_seq: int = 0,
        limit: int = 1000,
    ) -> list[Change]:
        """Fetch the next *limit* changes of a run after *after_seq*, in plan order."""
        parameters = {
            "run_id": run_id,
            "states": list(states),
            "after": after_seq,
            "most": limit,
        }
        with self._database.read() as transaction:
            return list(map(Change._make, transaction.execute(_ENTRIES, parameters)))

    def spread(self, run_id: str, most: int) -> list[Change]:
        """Fetch up to *most* planned changes of a run from all over its plan, in plan order.

        Drawn by lot, so that no regularity of the plan can hide from it; the same run draws the
        same.
        """
        with self._database.read() as transaction:
            count = transaction.execute(_COUNT_PLANNED, {"run_id": run_id}).scalar_one()
            # by their place among its own: other runs' changes lie in between
            lot = Random(run_id)  # noqa: S311 - a sample, not a secret
            places = set(lot.sample(range(count), min(most, count)))
            seqs = transaction.execute(_PLANNED, {"run_id": run_id}).scalars()
            chosen = [seq for place, seq in enumerate(seqs) if place in places]
            return list(map(Change._make, transaction.execute(_THESE, {"seqs": chosen})))

    def refusals(self, run_id: str) -> list[tuple[str, str, int]]:
        """Count what the CRM refused of a run, by code and field, most first."""
        with self._database.read() as transaction:
            found = transaction.execute(_REFUSALS, {"run_id": run_id}).all()
        return [(code, field, count) for code, field, count in found]

    def mark_sent(self, lease: Lease, run_id: str, seqs: Sequence[int], now: datetime) -> None:
        """Record that a batch is about to leave.

        On disk before this returns: the values it overwrites are then known whatever happens.
        """
        at = instant_text(now)
        with self._database.write(lease, durable=True) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            values = [{"one": seq, "of": run, "at": at} for seq in seqs]
            if values:
                transaction.execute(_SEND, values)

    def record_outcomes(
        self, lease: Lease, run_id: str, outcomes: Sequence[Outcome], now: datetime
    ) -> int:
        """Settle a batch: journal, mirror and dead letter together or not at all.

        A written change hands its standing to the mirror and its evidence to the history, and
        clears the dead letter; a refused one enters the dead letter. Changes settled before, or
        erased meanwhile, are passed over, so that it is safe to repeat. Answers how many were
        settled.
        """
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            return settle(transaction, connection, (run, run_id), outcomes, instant_text(now))

    def withdraw(
        self, lease: Lease, run_id: str, account_ids: Sequence[str]
    ) -> list[tuple[int, str]]:
        """Drop what a run has planned and not sent for some accounts; answers places and ids."""
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            found: list[tuple[int, str]] = []
            for some in chunked(account_ids, _AT_ONCE):
                found += map(tuple, transaction.execute(_UNSENT, {"of": run, "ids": some}))
            if found:
                transaction.execute(_DROP, [{"one": seq} for seq, _ in found])
            return found

    def counts(self, run_id: str) -> dict[str, int]:
        """How many changes of a run are in each state."""
        with self._database.read() as transaction:
            return dict(transaction.execute(_STATES, {"run_id": run_id}).all())

    def transitions(self, run_id: str, examples: int = 3) -> list[Transition]:
        """Build the tier-transition matrix of a run, by cause, with *examples* account ids each."""
        found = []
        with self._database.read() as transaction:
            groups = transaction.execute(_TRANSITIONS, {"run_id": run_id}).all()
            for was, will_be, why, accounts in groups:
                parameters: Mapping[str, object] = {
                    "run_id": run_id,
                    "was": was,
                    "will_be": will_be,
                    "why": why,
                    "most": examples,
                }
                ids = transaction.execute(_EXAMPLES, parameters).scalars().all()
                found.append(Transition(was, will_be, why, accounts, tuple(ids)))
        return found


def _values(run: int, row: PlannedChange) -> dict[str, object]:
    return {
        "run": run,
        "account_id": row.account_id,
        "before": row.before,
        "after": row.after,
        "tier_before": row.tier_before,
        "tier_after": row.tier_after,
        "cause": row.cause,
        "inputs_hash": row.inputs_hash,
        "settling": _packed(row),
        "lock_group": row.lock_group,
        "state": ChangeState.PLANNED,
    }


def _left(run: int, row: LeftAlone, at: str) -> dict[str, object]:
    return {
        "run": run,
        "account_id": row.account_id,
        "before": b"{}",
        "after": b"{}",
        "tier_before": row.tier,
        "tier_after": row.tier,
        "cause": "",
        "inputs_hash": "",
        "state": ChangeState.LEFT,
        "code": row.code,
        "field": row.detail,
        "answered_at": at,
    }


def _packed(row: PlannedChange) -> bytes | None:
    """What is needed once the CRM accepts; :mod:`worker.state.settling` takes it apart."""
    standing = row.standing
    if standing is None:
        return None
    grounds = (row.evidence.decode(), row.summary.decode())
    return orjson.dumps((standing.outputs.decode(), *standing[1:], *grounds, row.modified_at))
