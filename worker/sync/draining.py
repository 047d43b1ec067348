"""Carries a plan out: batch by batch, journal before and after, every answer counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson

from connectors.base import CrmConnector
from connectors.batching import chunked
from connectors.errors import MisconfiguredError, StoppedError
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from worker.state.rows import Change, ChangeState, Lease, Outcome
from worker.state.store import State
from worker.sync.fields import holds
from worker.sync.keeping import Keeper, Stop
from worker.sync.premises import Recheck
from worker.sync.report import Counters
from worker.sync.undisturbed import Undisturbed

CHANGED_SINCE = "CHANGED_SINCE"
"""The code of a change that was passed over: its account is no longer as the plan saw it."""

_AHEAD = 1_000  # changes fetched from the plan at once

_STATES = {
    WriteResult.WRITTEN: ChangeState.WRITTEN,
    WriteResult.REJECTED: ChangeState.REJECTED,
    WriteResult.MISSING: ChangeState.MISSING,
}


class Jobs:
    """Remembers the jobs that one batch becomes in the CRM; makes sure of the lease meanwhile."""

    def __init__(
        self,
        state: State,
        keeper: Keeper,
        run_id: str,
        seqs: Sequence[int],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to remember; *meanwhile* is called whenever the CRM is waited for."""
        self._state = state
        self._keeper = keeper
        self._run_id = run_id
        self._seqs = seqs
        self._meanwhile = meanwhile
        self._open: list[str] = []

    def opened(self, job: str) -> None:
        """Remember *job*, on disk."""
        lease: Lease = self._keeper.lease
        self._state.jobs.open(lease, self._run_id, job, self._seqs, self._keeper.now())
        self._open.append(job)

    def closed(self, job: str) -> None:
        """Forget *job*: nothing of it was applied."""
        self._state.jobs.close(self._keeper.lease, self._run_id, job)
        if job in self._open:
            self._open.remove(job)

    def waiting(self) -> None:
        """Say that the run goes on, for a job may take long, and serve whoever waits."""
        self._meanwhile()
        self._keeper.keep()

    def sending(self) -> None:
        """Make sure of the lease."""
        self._keeper.require_held()

    def answered(self) -> None:
        """Forget them all: their answers are recorded."""
        for job in list(self._open):
            self.closed(job)


class Drain:
    """Sends what a run has planned."""

    def __init__(
        self,
        connector: CrmConnector,
        state: State,
        keeper: Keeper,
        run_id: str,
        counters: Counters,
        *,
        progress: Callable[[int], None],
        recheck: Recheck | None = None,
        interludes: Undisturbed | None = None,
    ) -> None:
        """Prepare to send.

        Args:
            connector: where to.
            state: the plan and the journal.
            keeper: the lease, made sure of before each request.
            run_id: whose plan.
            counters: counted as answers come.
            progress: told of every batch.
            recheck: read each account again first, and leave alone those that have changed since
                they were planned. What an interrupted attempt sent and got no answer to is looked
                at, too, and sent again where it did not arrive: nothing else will.
            interludes: what may go on between two batches and while a job is waited for.
        """
        self._connector = connector
        self._state = state
        self._keeper = keeper
        self._run_id = run_id
        self._counters = counters
        self._progress = progress
        self._recheck = recheck
        self._interludes = interludes or Undisturbed()

    def run(self, stop: Stop) -> bool:
        """Send every planned change; ``False`` when asked to stop before the last one.

        Raises:
            ConnectorError: a batch could not be sent; what is recorded as sent may have landed.
            StaleLeaseError: another process has taken the connection over.
        """
        states = [ChangeState.PLANNED, *([ChangeState.SENT] if self._recheck else [])]
        counts = self._state.plan.counts(self._run_id)
        size = self._connector.batch_size(sum(counts.get(state, 0) for state in states))
        for seqs, updates in self._batches(states, size):
            if stop.is_set():
                return False
            self._keeper.keep()
            self._send(seqs, updates, self._interludes)
            self._interludes.serve()
        return True

    def send_some(self, changes: Sequence[Change], stop: Stop) -> bool:
        """Send these planned changes alone; ``False`` when asked to stop before the last one.

        Nothing is served meanwhile: they are few.
        """
        if self._recheck is not None:
            changes = self._as_planned(self._recheck, list(changes))
        size = self._connector.batch_size(len(changes))
        for some in chunked(changes, size):
            if stop.is_set():
                return False
            self._keeper.keep()
            self._send([it.seq for it in some], updates_of(some), Undisturbed())
        return True

    def _batches(
        self, states: Sequence[str], size: int
    ) -> Iterator[tuple[list[int], list[AccountUpdate]]]:
        """Yield what is to be sent, with its places in the plan, *size* at a time.

        A batch may be as large as a bulk job. It is read piece by piece, so that of all that the
        plan knows of an account no more is held than what is sent; and reading many accounts again
        takes long.
        """
        piece = min(size, _AHEAD) if self._recheck else _AHEAD
        seqs: list[int] = []
        updates: list[AccountUpdate] = []
        after = 0
        while changes := self._state.plan.entries(self._run_id, states, after, piece):
            after = changes[-1].seq
            if self._recheck is not None:
                changes = self._as_planned(self._recheck, changes)
            seqs += [it.seq for it in changes]
            updates += updates_of(changes)
            while len(seqs) >= size:
                batch = updates[:size]
                yield seqs[:size], batch
                batch.clear()  # sent: not to be held while the next one is read
                del seqs[:size], updates[:size]
                self._drop_withdrawn(seqs, updates)
        if seqs:
            yield seqs, updates

    def _drop_withdrawn(self, seqs: list[int], updates: list[AccountUpdate]) -> None:
        """Let go of what was fetched from the plan and is no longer in it."""
        withdrawn = self._interludes.withdrawn
        if not withdrawn:
            return
        for place in range(len(seqs) - 1, -1, -1):
            if seqs[place] in withdrawn:
                del seqs[place], updates[place]

    def _send(self, seqs: list[int], updates: list[AccountUpdate], interludes: Undisturbed) -> None:
        self._state.plan.mark_sent(self._keeper.lease, self._run_id, seqs, self._keeper.now())

        def meanwhile() -> None:
            interludes.serve(lambda: {it.account_id for it in updates})

        jobs = Jobs(self._state, self._keeper, self._run_id, seqs, meanwhile)
        self._keeper.require_held()
        try:
            answers = self._connector.write(updates, jobs)
        except StoppedError as error:
            self._keeper.unanswered |= error.may_have_applied
            raise
        except MisconfiguredError as error:
            if error.outcomes:
                self._settle(seqs, error.outcomes, jobs)
            raise
        self._settle(seqs, answers, jobs)

    def _settle(
        self, seqs: Sequence[int], answers: Sequence[WriteOutcome | None], jobs: Jobs
    ) -> None:
        """Record and count what became of a batch; changes without an answer stay sent."""
        outcomes = [
            outcome_of(seq, answer)
            for seq, answer in zip(seqs, answers, strict=True)
            if answer is not None
        ]
        record(self._state, self._keeper, self._run_id, outcomes)
        jobs.answered()
        for outcome in outcomes:
            if outcome.state is ChangeState.WRITTEN:
                self._counters.written += 1
            elif outcome.state is ChangeState.REJECTED:
                self._counters.rejected += 1
            else:
                self._counters.gone += 1
                self._counters.invalid += 1
        self._progress(len(outcomes))

    def _as_planned(self, recheck: Recheck, changes: list[Change]) -> list[Change]:
        """Keep the accounts that still hold what the plan saw; settle the others as passed over.

        One that holds what an earlier attempt sent and got no answer to has been written: it is
        settled so, and not sent again.
        """
        self._keeper.keep()
        before = {it.account_id: orjson.loads(it.before) for it in changes}
        names = {*recheck.names, *(name for values in before.values() for name in values)}
        found = self._connector.fetch([it.account_id for it in changes], sorted(names))
        present = {it.account_id: it.fields for it in found}
        outdated = recheck.outdated(changes, present)
        kept: list[Change] = []
        landed: list[Change] = []
        passed: list[Change] = []
        for change in changes:
            now = present.get(change.account_id)
            if now is None:
                passed.append(change)
            elif holds(now, orjson.loads(change.after), recheck.kinds):
                (landed if change.state == ChangeState.SENT else kept).append(change)
            elif change.account_id not in outdated and holds(
                now, before[change.account_id], recheck.kinds
            ):
                kept.append(change)
            else:
                passed.append(change)
        outcomes = [Outcome(it.seq, ChangeState.WRITTEN) for it in landed]
        outcomes += [Outcome(it.seq, ChangeState.MISSING, CHANGED_SINCE) for it in passed]
        if outcomes:
            self._state.plan.record_outcomes(
                self._keeper.lease, self._run_id, outcomes, self._keeper.now()
            )
            self._counters.written += len(landed)
            self._counters.invalid += len(passed)
            self._progress(len(outcomes))
        return kept


def record(state: State, keeper: Keeper, run_id: str, outcomes: Sequence[Outcome]) -> int:
    """Settle answers in transactions of bearable size; answers how many were still open."""
    return sum(
        state.plan.record_outcomes(keeper.lease, run_id, some, keeper.now())
        for some in chunked(outcomes, _AHEAD)
    )


def updates_of(changes: Sequence[Change]) -> list[AccountUpdate]:
    """What a connector is asked to store for some planned changes.

    Tiers, codes and many numbers are the same for many accounts: each is held once.
    """
    seen: dict[str | None, str | None] = {}
    once = seen.setdefault
    return [
        AccountUpdate(
            it.account_id,
            {name: once(value, value) for name, value in orjson.loads(it.after).items()},
            it.lock_group,
        )
        for it in changes
    ]


def outcome_of(seq: int, answer: WriteOutcome) -> Outcome:
    """What the journal keeps of a connector's answer."""
    return Outcome(seq, _STATES[answer.result], answer.code, answer.field, answer.message)
