"""The stages of a rollback: compare with what the CRM holds, pin, restore, and say what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from connectors.records import AccountRecord, FieldDescription
from worker.state.history import Past
from worker.state.journal import Later
from worker.state.rows import (
    Change,
    ChangeState,
    LeftAlone,
    MirrorRow,
    Outcome,
    PlannedChange,
    Run,
)
from worker.state.runs import ROLLBACK
from worker.state.store import State
from worker.sync.canary import LARGE, is_of_canary, send_canary
from worker.sync.connection import Parts
from worker.sync.draining import CHANGED_SINCE, Drain
from worker.sync.examples import Examples
from worker.sync.fields import holds
from worker.sync.guard import Transition
from worker.sync.keeping import Keeper
from worker.sync.plan import Cause
from worker.sync.plan import Change as Move
from worker.sync.premises import Recheck
from worker.sync.report import RunOutcome, RunReport
from worker.sync.restoring import Restorer, Verdict, Why, decide
from worker.sync.vanishing import mirrored_order

CHUNK = 1_000
"""Accounts compared, pinned and planned at once: few transactions, flat memory."""

WRITTEN = (ChangeState.WRITTEN, ChangeState.SENT)
"""What a run wrote, or may have written."""

_ATTEMPTS = 20  # rollbacks looked through, newest first

_NOT_RESTORED = (ChangeState.LEFT, ChangeState.MISSING, ChangeState.REJECTED)


class Left(NamedTuple):
    """An account that a rollback did not restore."""

    account_id: str
    why: Why
    detail: str = ""  # the field that was edited, the later run, or the CRM's code


def left_by(state: State, run_id: str) -> Iterator[Left]:
    """Go through the accounts that a rollback left as they are, in the order of its plan."""
    after = 0
    while found := state.plan.entries(run_id, _NOT_RESTORED, after, CHUNK):
        after = found[-1].seq
        for it in found:
            if it.state == ChangeState.LEFT:
                yield Left(it.account_id, Why(it.code), it.field)
            elif it.state == ChangeState.REJECTED:
                yield Left(it.account_id, Why.REFUSED, it.code)
            else:
                why = Why.EDITED if it.code == CHANGED_SINCE else Why.GONE
                yield Left(it.account_id, why)


class Undoing:
    """Undoes one run under a lease."""

    def __init__(
        self,
        parts: Parts,
        stored: State,
        undone: Run,
        report: RunReport,
        keeper: Keeper,
        described: Mapping[str, FieldDescription],
    ) -> None:
        """Prepare.

        Args:
            parts: of the rollback itself.
            stored: where the run that is undone is; the state of *parts* but in a dry run.
            undone: that run.
            report: filled in.
            keeper: the lease.
            described: the fields of the CRM.
        """
        self._connection = parts.connection
        self._connector = parts.connector
        self._state = parts.state
        self._stored = stored
        self._run_id = parts.run_id
        self._stop = parts.stop
        self._progress = parts.progress
        self._undone = undone
        self._report = report
        self._keeper = keeper
        fields = parts.connection.fields
        self._restorer = Restorer(fields, undone.run_id, parts.connection.fingerprint())
        self._known = [name for name in fields.read_fields() if name in described]
        self._kinds = {
            name: kind
            for name, kind in fields.kinds().items()
            if name in described and described[name].writable
        }
        self._inputs = mirrored_order(fields.inputs)
        checkpoint = stored.checkpoints.load(parts.connection.name)
        self._other_inputs = checkpoint.inputs_fingerprint != parts.connection.inputs_fingerprint()
        self._unmapped: Counter[str] = Counter()  # accounts restored without this field
        self.examples = Examples(fields.name_field)

    def run(self, written: int, foretell: Callable[[int, RunReport], None]) -> RunOutcome:
        """Compare, pin, restore; answers the outcome.

        Args:
            written: how many accounts the run wrote.
            foretell: told before the first write how many are restored, and what it takes.

        Raises:
            ConnectorError: the CRM could not be reached; what is restored stays restored.
            StaleLeaseError: another process has taken the connection over.
        """
        self._progress.stage("compare", written)
        whole = self._compare()
        self._report.transitions = self._transitions()
        self._report.warnings += [
            f"field {name}: is no output any more, or cannot be written; {accounts:,} accounts are"
            " restored without it."
            for name, accounts in sorted(self._unmapped.items())
        ]
        if not whole:
            return RunOutcome.STOPPED
        planned = self._state.plan.counts(self._run_id).get(ChangeState.PLANNED, 0)
        self._foresee(planned)
        foretell(planned, self._report)
        self._unsettle_backfill()
        self._progress.stage("restore", planned)
        return self._restore(planned)

    def add_up(self) -> None:
        """Count what is left; sent and unanswered is among what is held."""
        report, counts = self._report, self._state.plan.counts(self._run_id)
        report.counters.held = sum(
            counts.get(state, 0) for state in (ChangeState.PLANNED, ChangeState.SENT)
        )
        report.left = Counter(it.why.value for it in left_by(self._state, self._run_id))
        report.problems += report.counters.reconcile()
        if report.outcome is RunOutcome.SUCCEEDED and (report.left or report.problems):
            report.outcome = RunOutcome.PARTIAL

    def _compare(self) -> bool:
        after = 0
        entries = self._stored.plan.entries
        while changes := entries(self._undone.run_id, WRITTEN, after, CHUNK):
            if self._stop.is_set():
                return False
            after = changes[-1].seq
            self._keeper.keep()
            self._take(changes)
            self._progress.advance(len(changes))
        return True

    def _take(self, changes: Sequence[Change]) -> None:
        """Decide on some accounts, pin them, and plan what is restored."""
        name, stored, ids = self._connection.name, self._stored, [it.account_id for it in changes]
        records = {it.account_id: it for it in self._connector.fetch(ids, self._known)}
        later = stored.journal.since(name, changes)
        rows = stored.mirror.page(name, ids)
        past = stored.history.around(name, self._undone.run_id, ids)
        planned: list[PlannedChange] = []
        left: list[LeftAlone] = []
        pinned: list[str] = []
        for change in changes:
            account, record = change.account_id, records.get(change.account_id)
            row = rows.get(account) or MirrorRow(account)
            verdict = decide(
                change, record.fields if record else None, later.get(account), self._kinds
            )
            self._count(verdict)
            if verdict.pins:
                pinned.append(account)
            if verdict.why is not None:
                left.append(LeftAlone(account, change.tier_after, verdict.why, verdict.detail))
            elif record is not None and verdict.restore:
                plan = self._restorer.plan(change, record, verdict, row, past.get(account, Past()))
                planned.append(plan)
                self._remember(plan, change, record)
            elif record is not None:
                self._answer(later.get(account), record)
        if self._other_inputs:
            self._state.checkpoints.forget_inputs(self._keeper.lease)
            self._relay(rows, records, pinned)
        self._state.mirror.pin(self._keeper.lease, pinned, self._connection.fingerprint())
        self._report.counters.pinned += len(pinned)
        self._state.plan.add(self._keeper.lease, self._run_id, planned)
        self._state.plan.leave(self._keeper.lease, self._run_id, left, self._keeper.now())

    def _count(self, verdict: Verdict) -> None:
        counters = self._report.counters
        counters.read += 1
        if verdict.why is not None:
            counters.invalid += 1
            counters.gone += verdict.why is Why.GONE
        elif not verdict.restore:
            counters.unchanged += 1

    def _remember(self, plan: PlannedChange, change: Change, record: AccountRecord) -> None:
        """Keep an example, and the fields that are not restored because they are gone."""
        move = Move({}, {}, plan.tier_before, plan.tier_after)
        self.examples.remember(move, Cause.ROLLED_BACK, plan.account_id, record.fields)
        self._unmapped.update(
            name for name in orjson.loads(change.after) if name not in self._kinds
        )

    def _answer(self, later: Later | None, record: AccountRecord) -> None:
        """Settle what an earlier attempt sent and got no answer to: the CRM holds it."""
        if later is None or later.kind != ROLLBACK or self._report.dry_run:
            return
        for run_id, seq in later.unanswered:
            if run_id == later.run_id and holds(record.fields, later.latest, self._kinds):
                outcome = Outcome(seq, ChangeState.WRITTEN)
                self._state.plan.record_outcomes(
                    self._keeper.lease, run_id, [outcome], self._keeper.now()
                )

    def _relay(
        self,
        rows: Mapping[str, MirrorRow],
        records: Mapping[str, AccountRecord],
        pinned: Sequence[str],
    ) -> None:
        """Mirror the inputs that are read from now on: pins hold for as long as those stay."""
        self._state.mirror.save(
            self._keeper.lease,
            [
                rows[it]._replace(
                    inputs=orjson.dumps(
                        [records[it].fields.get(name) or None for name in self._inputs]
                    )
                )
                for it in pinned
                if it in rows and it in records
            ],
        )

    def _transitions(self) -> list[Transition]:
        return [
            Transition(it.tier_before, it.tier_after, it.cause, it.accounts, tuple(it.examples))
            for it in self._state.plan.transitions(self._run_id)
            if it.cause  # those that are left have none
        ]

    def _foresee(self, writes: int) -> None:
        """Say what it costs in calls, all told, against what is left of the day."""
        forecast = self._connector.forecast(writes, writes)  # each is read again before it is sent
        self._report.forecast = replace(forecast, calls=self._report.calls.total + forecast.calls)
        if forecast.remaining is not None and forecast.calls > forecast.remaining:
            self._report.warnings.append(
                f"restoring takes about {forecast.calls:,} calls and {forecast.remaining:,} are"
                f" left today: `icp rollback {self._undone.run_id}` again restores the rest."
            )

    def _unsettle_backfill(self) -> None:
        """After a first backfill is undone, what follows is a first backfill again.

        It is announced, and waits for a person, as the first one did.
        """
        name = self._connection.name
        checkpoint = self._stored.checkpoints.load(name)
        first = sum(
            it.accounts
            for it in self._stored.plan.transitions(self._undone.run_id)
            if it.cause == Cause.FIRST.value
        )
        if checkpoint.backfilled and first * 2 > self._stored.mirror.count(name):
            self._state.checkpoints.save(self._keeper.lease, replace(checkpoint, backfilled=False))

    def _restore(self, planned: int) -> RunOutcome:
        dry_run = self._report.dry_run
        drain = Drain(
            self._connector,
            self._state,
            self._keeper,
            self._run_id,
            self._report.counters,
            progress=self._progress.advance,
            recheck=None if dry_run else Recheck(self._kinds),
        )
        if planned > LARGE and not dry_run and not self._is_told():
            hold = send_canary(drain, self._state, self._run_id, self._report.counters, self._stop)
            if hold is not None:
                self._report.problems.append(
                    f"{hold.reason}. `icp runs --rejected` shows the CRM's words. Mend the cause if"
                    f" you can; `icp rollback {self._undone.run_id}` then restores the rest, all"
                    " but what is refused."
                )
                return RunOutcome.FAILED
        return RunOutcome.SUCCEEDED if drain.run(self._stop) else RunOutcome.STOPPED

    def _is_told(self) -> bool:
        """Whether the canary of an earlier attempt has shown what is refused."""
        before = self._state.runs.latest(self._connection.name, _ATTEMPTS, rollbacks=True)
        reports = (orjson.loads(it.report or b"{}") for it in before)
        return any(
            it.get("rolls_back") == self._undone.run_id
            and any(map(is_of_canary, it.get("problems", ())))
            for it in reports
        )
