"""Runs: when each began, how it ended, what it reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from worker.state.database import Database
from worker.state.errors import StateError
from worker.state.instants import instant_text
from worker.state.rows import Lease, Run
from worker.state.tables import connections, runs

ABANDONED = "abandoned"
FAILED = "failed"
HELD = "held"
ROLLBACK = "rollback"
"""The kind of a run that restores what an earlier one overwrote."""
REJECTED = "rejected"
SUPERSEDED = "superseded"
UNSTARTED = "unstarted"
"""The kind of a run that failed before it began, as far as it is known."""

UNSTARTED_KEPT = 100
"""How many such runs a connection keeps; repeated failures share one."""

_Selected: TypeAlias = Select[
    tuple[str, str, str, bool, str, str, str | None, str | None, bytes | None]
]
_OF_CONNECTION = select(runs.c.number).where(
    runs.c.run_id == bindparam("run_id"), runs.c.connection == bindparam("of")
)
_FINISH = (
    update(runs)
    .where(runs.c.run_id == bindparam("run"))
    .values(outcome=bindparam("result"), report=bindparam("json"), finished_at=bindparam("at"))
)


class Runs:
    """The record of every run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(  # by keyword, one for each column
        self,
        lease: Lease,
        run_id: str,
        *,
        kind: str,
        as_of: datetime,
        started_at: datetime,
        dry_run: bool = False,
        within: str = "",
        report: bytes | None = None,
    ) -> None:
        """Record that a run begins; earlier ones of the connection that never ended are abandoned.

        Only the holder of the lease starts runs, so an unfinished one has lost its process; unless
        this one goes on *within* it. What must be known of a run that never ends is in its *report*
        from the start.
        """
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            transaction.execute(
                update(runs)
                .where(
                    runs.c.connection == number,
                    runs.c.outcome.is_(None),
                    runs.c.run_id != within,
                )
                .values(outcome=ABANDONED, finished_at=instant_text(started_at))
            )
            transaction.execute(
                insert(runs).values(
                    connection=number,
                    run_id=run_id,
                    kind=kind,
                    dry_run=dry_run,
                    as_of=instant_text(as_of),
                    started_at=instant_text(started_at),
                    report=report,
                )
            )

    def finish(
        self,
        lease: Lease,
        run_id: str,
        *,
        outcome: str,
        report: bytes,
        finished_at: datetime,
    ) -> None:
        """Record how a run ended, with its *report* as JSON."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            run_number(transaction, run_id, number)
            transaction.execute(
                _FINISH,
                {
                    "run": run_id,
                    "result": outcome,
                    "json": report,
                    "at": instant_text(finished_at),
                },
            )

    def fail(
        self,
        connection: str,
        run_id: str,
        tell: Callable[[Run | None], bytes | None],
        now: datetime,
    ) -> str:
        """Record that a run failed without an end of its own; answers under which id.

        No lease is needed: nobody else touches that run, if it ever began.

        Args:
            connection: whose run it was to be.
            run_id: of the run.
            tell: gives the report. It is asked with the run itself where that has begun and not
                ended; else with the connection's latest run, and answers ``None`` unless the two
                failed alike and should share a row; else with ``None``, for a row of its own.
            now: when it failed.
        """
        self._database.register(connection)
        with self._database.write() as transaction:
            # two who fail at the same moment come one after the other
            number = self._database.turn(transaction, connection)
            own = _run(transaction, _select().where(runs.c.run_id == run_id))
            if own is not None:
                if own.outcome is None:
                    _end(transaction, own, tell, now)
                return run_id
            last = _run(transaction, _latest().where(runs.c.connection == number).limit(1))
            if last is not None and _end(transaction, last, tell, now):
                return last.run_id
            at = instant_text(now)
            transaction.execute(
                insert(runs).values(
                    connection=number, run_id=run_id, kind=UNSTARTED, as_of=at,
                    started_at=at, finished_at=at, outcome=FAILED, report=tell(None),
                )
            )  # fmt: skip
            unstarted = runs.c.connection == number, runs.c.kind == UNSTARTED
            kept = select(runs.c.number).where(*unstarted).order_by(runs.c.number.desc())
            transaction.execute(
                delete(runs).where(*unstarted, runs.c.number.not_in(kept.limit(UNSTARTED_KEPT)))
            )
        return run_id

    def supersede(self, lease: Lease, run_id: str) -> int:
        """Let a run that planned everything anew take the place of held ones; answers how many.

        Their plans can no longer be approved, and :meth:`State.prune` drops them.
        """
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            return transaction.execute(
                update(runs)
                .where(runs.c.connection == number, runs.c.outcome == HELD, runs.c.run_id != run_id)
                .values(outcome=SUPERSEDED)
            ).rowcount

    def reject(self, lease: Lease, run_id: str) -> None:
        """Let a held run's plan never be carried out; :meth:`State.prune` drops it."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            transaction.execute(
                update(runs)
                .where(runs.c.connection == number, runs.c.outcome == HELD, runs.c.run_id == run_id)
                .values(outcome=REJECTED)
            )

    def get(self, run_id: str) -> Run | None:
        """One run by its id."""
        with self._database.read() as transaction:
            return _run(transaction, _select().where(runs.c.run_id == run_id))

    def latest(
        self,
        connection: str | None = None,
        limit: int = 20,
        *,
        outcome: str | None = None,
        kinds: Sequence[str] = (),
        rollbacks: bool | None = None,
    ) -> list[Run]:
        """List the latest runs, of every connection or of one, newest first.

        Args:
            connection: of which; every one where not told.
            limit: at most so many.
            outcome: only those that ended so.
            kinds: only those of these kinds, where any are told.
            rollbacks: only rollbacks, or only others; both where not told.
        """
        query = _latest().limit(limit)
        if connection is not None:
            query = query.where(connections.c.name == connection)
        if outcome is not None:
            query = query.where(runs.c.outcome == outcome)
        if kinds:
            query = query.where(runs.c.kind.in_(kinds))
        if rollbacks is not None:
            query = query.where((runs.c.kind == ROLLBACK) == rollbacks)
        with self._database.read() as transaction:
            return [Run(**row) for row in transaction.execute(query).mappings()]

    def first(self, connection: str, kinds: Sequence[str]) -> Run | None:
        """Fetch the first run of a connection that is on record, of these kinds."""
        query = (
            _select()
            .where(connections.c.name == connection, runs.c.kind.in_(kinds))
            .order_by(runs.c.started_at, runs.c.number)
            .limit(1)
        )
        with self._database.read() as transaction:
            return _run(transaction, query)


def run_number(transaction: Connection, run_id: str, connection: int) -> int:
    """Look up the small number that rows use for a run of the connection numbered *connection*.

    Raises:
        StateError: there is no such run, or it belongs to another connection.

    """
    parameters = {"run_id": run_id, "of": connection}
    number = transaction.execute(_OF_CONNECTION, parameters).scalar()
    if number is None:
        raise StateError(f"run {run_id} is not one of this connection's; `icp runs` lists them.")
    return int(number)


def _end(
    transaction: Connection, run: Run, tell: Callable[[Run | None], bytes | None], now: datetime
) -> bool:
    """Record a failure in the row of *run*, where *tell* has something to say in it."""
    report = tell(run)
    if report is None:
        return False
    transaction.execute(
        _FINISH,
        {"run": run.run_id, "result": FAILED, "json": report, "at": instant_text(now)},
    )
    return True


def _run(transaction: Connection, query: _Selected) -> Run | None:
    row = transaction.execute(query).mappings().one_or_none()
    return Run(**row) if row else None


def _latest() -> _Selected:
    return _select().order_by(runs.c.started_at.desc(), runs.c.number.desc())


def _select() -> _Selected:
    return select(
        runs.c.run_id,
        connections.c.name.label("connection"),
        runs.c.kind,
        runs.c.dry_run,
        runs.c.as_of,
        runs.c.started_at,
        runs.c.finished_at,
        runs.c.outcome,
        runs.c.report,
    ).join_from(runs, connections)
