"""One pass over the accounts: pull, judge, guard, write, and what a complete pass proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

import structlog

from connectors.batching import chunked, distinct
from connectors.records import AccountRecord, FieldDescription, Window
from worker.state.instants import instant, instant_text
from worker.state.rows import Checkpoint
from worker.state.runs import HELD
from worker.sync.agreeing import agreed_losses
from worker.sync.backfilling import is_backfilled, is_under_way
from worker.sync.canary import LARGE, send_canary, undecided
from worker.sync.connection import Parts, RunRequest
from worker.sync.departures import Departures
from worker.sync.doubting import MOST, Doubts, read_by_a_held_run
from worker.sync.draining import Drain
from worker.sync.evaluating import Evaluator
from worker.sync.guard import Hold, Losses, Transition, check
from worker.sync.keeping import Keeper
from worker.sync.panel import Panel
from worker.sync.plan import Planner
from worker.sync.report import Counters, RunKind, RunOutcome, RunReport
from worker.sync.scope import Scope
from worker.sync.withholding import StopOrPause, also_guarded, withheld

DOUBTFUL = (
    "a resync that was served meanwhile did not learn whether all of its accounts were written."
    " The next run reads the same window again and repairs them."
)

CHUNK = 1_000
"""Accounts judged and stored at once: few transactions, flat memory."""

log = structlog.get_logger()


class Pass:
    """The stages of one run that passed preflight."""

    def __init__(
        self,
        parts: Parts,
        request: RunRequest,
        report: RunReport,
        keeper: Keeper,
        described: Mapping[str, FieldDescription],
        checkpoint: Checkpoint,
        now: datetime,
        visible: int,
    ) -> None:
        self._interludes = parts.interludes
        self._connection = parts.connection
        self._connector = parts.connector
        self._state = parts.state
        self._run_id = parts.run_id
        self._stop = parts.stop
        self._clock = parts.clock
        self._writing_stops = (
            parts.stop
            if request.dry_run
            else StopOrPause(parts.stop, parts.state, parts.connection, parts.clock)
        )
        self._progress = parts.progress
        self._request = request
        self._accounts = distinct(map(parts.connector.account_id, request.accounts))
        self._report = report
        self._keeper = keeper
        self._checkpoint = checkpoint
        self._now = now
        self._visible = visible
        self.met: set[str] = set()  # of named accounts, the ids under which they were read
        self.looked = False  # at every account that it set out to look at
        self._known = [name for name in self._connection.fields.read_fields() if name in described]
        panel = Panel(
            self._connection.profiles,
            self._connection.parsers(described),
            now.date(),
            self._connection.choose,
        )
        last_day = instant(checkpoint.until).date() if checkpoint.until else None
        self._fingerprint = self._connection.fingerprint()
        self._whole = report.kind is RunKind.FULL and request.limit is None
        self._same_inputs = checkpoint.inputs_fingerprint == report.mapping
        # A new ICP asks about every account; so does a new day, for triggers decay and overrides
        # and last known values run out by date; and what is held, for its plan is made anew.
        self._rejudges = (
            checkpoint.profile_fingerprint != self._fingerprint
            or last_day != now.date()
            or bool(parts.state.runs.latest(parts.connection.name, 1, outcome=HELD))
        )
        self.evaluator = Evaluator(
            Scope(
                self._connection.name,
                self._run_id,
                self._fingerprint,
                now.date(),
                self._rejudges,
                self._same_inputs or read_by_a_held_run(parts.state, report),
                # a person who names an account wants it tried
                None if request.accounts else keeper.now(),
            ),
            panel,
            self._connection.fields,
            Planner(self._connection.fields, self._run_id, now, described),
            self._state,
            keeper,
            report.counters,
        )
        self._began = keeper.now()
        census = self.evaluator.census
        self._doubts = Doubts(parts.state, parts.connection.name, census)
        self._departures = Departures(parts, keeper, census, report.counters)

    @property
    def counters(self) -> Counters:
        """The counts of this run."""
        return self._report.counters

    def run(self) -> RunOutcome:
        """Pull, guard, write, checkpoint; answers the outcome."""
        if not self._pull():
            self.leave_rest_held()
            return RunOutcome.STOPPED
        self.looked = True
        if self._whole and not self._same_inputs:
            self._doubts.set_aside_unmet(self._keeper)
        self._progress.stage("guard", None)
        self._report.transitions = self._transitions()
        planned = self._state.plan.counts(self._run_id).get("planned", 0)
        self._foresee(planned)
        hold = also_guarded(self._withheld() if planned else None, self._guard())
        if hold is not None:
            hold = replace(hold, tiers=self._state.mirror.tier_counts(self._connection.name))
        waiting = undecided(self._state, self._report) if planned else None
        paused = hold is not None and not hold.waits_for_a_person
        scheduled = self._request.due is not None or self._request.rejudge
        if waiting is not None and (paused or (hold is None and scheduled)):
            return self._hold(waiting)  # also in a pause, whose end would else let the rest through
        if hold is not None and not self._request.dry_run:
            return self._hold(hold)
        self._report.hold = hold  # a dry run says what would be held, and shows the writes too
        self._progress.stage("write", planned)
        drain = Drain(
            self._connector,
            self._state,
            self._keeper,
            self._run_id,
            self.counters,
            progress=self._progress.advance,
            interludes=self._interludes,
        )
        if (planned > LARGE or waiting) and not self._is_named() and not self._request.dry_run:
            hold = send_canary(drain, self._state, self._run_id, self.counters, self._writing_stops)
            if hold is not None:
                return self._hold(hold)
        if not drain.run(self._writing_stops):
            hold = None if self._stop.is_set() else also_guarded(self._withheld(), None)
            if hold is not None:
                return self._hold(hold)
            self.leave_rest_held()
            return RunOutcome.STOPPED
        self._departures.forget()
        if self._whole:
            self._settle_census()
        if self._interludes.doubtful:
            self._report.problems.append(DOUBTFUL)
        else:
            self._save_checkpoint()
        return RunOutcome.PARTIAL if self.counters.rejected else RunOutcome.SUCCEEDED

    def _hold(self, hold: Hold) -> RunOutcome:
        self._report.hold = hold
        self.leave_rest_held()
        return RunOutcome.HELD

    def _withheld(self) -> Hold | None:
        return withheld(self._state, self._connection, self._clock())

    def leave_rest_held(self) -> None:
        """Count what was planned and not sent; what was sent unanswered is looked at next time."""
        counts = self._state.plan.counts(self._run_id)
        self.counters.held += counts.get("planned", 0) + counts.get("sent", 0)

    def _pull(self) -> bool:
        kind = self._report.kind
        if kind is RunKind.REJUDGE:
            return self._rejudge()
        incremental = kind is RunKind.INCREMENTAL
        self._progress.stage("read", None if incremental else self._total())
        if incremental:
            self._departures.find(self._window())
        for chunk in self._chunks():
            if self._stop.is_set():
                return False
            self._keeper.keep()
            fresh = self._interludes.fresh(chunk, self._known)
            if incremental:
                fresh = self._up_to_date(fresh)
            self.evaluator.take(fresh, skip_known=incremental)
            self._progress.advance(len(chunk))
        if incremental:
            self._look_for_echoes()
        return self._rejudge() if incremental and self._rejudges else True

    def _up_to_date(self, records: Sequence[AccountRecord]) -> Sequence[AccountRecord]:
        """Read by id what the search may show as it was before the last write to it."""
        outdated = self._doubts.outdated(records, self._connection.fields.kinds())
        if not outdated:
            return records
        self._keeper.keep()
        present = self._connector.fetch(sorted(outdated), self._known)
        return [*(it for it in records if it.account_id not in outdated), *present]

    def _look_for_echoes(self) -> None:
        """Read what was written lately and has not come back, though it should have by now."""
        overlap = self._connection.overlap
        silent = self._doubts.unechoed(self._checkpoint, overlap, self._began)
        if not silent:
            return
        self._keeper.keep()
        found = self._connector.fetch(silent, self._known)
        self.evaluator.take(found, skip_known=False)
        self.counters.unechoed += len(found)
        log.info("echoes_missed", accounts=len(found))
        if len(silent) >= MOST:
            self._report.warnings.append(
                f"{MOST} accounts or more were written lately and did not come back as changed;"
                f" {len(found)} of them were read by id. `icp run --full` looks at all."
            )

    def _losses(self) -> Losses:
        """What is no longer there: accounts of a complete pass or by the CRM's word, and inputs."""
        return Losses(self._departures.missing(whole=self._whole), dict(self.evaluator.vanished))

    def _foresee(self, writes: int) -> None:
        """Say what the run costs in calls, all told, against what is left of the day."""
        forecast = self._connector.forecast(0, writes)
        self._report.forecast = replace(forecast, calls=self._report.calls.total + forecast.calls)
        if forecast.remaining is not None and forecast.calls > forecast.remaining:
            self._report.warnings.append(
                f"writing takes about {forecast.calls:,} calls and {forecast.remaining:,} are left"
                " today: the run will pause, and the next one goes on from there."
            )

    def _rejudge(self) -> bool:
        """An ICP or a day that is new asks about every account: answered from the mirror."""
        name = self._connection.name
        self._progress.stage("re-judge", self._state.mirror.count(name))
        after = 0
        while rows := self._state.mirror.scan(name, after, CHUNK):
            if self._stop.is_set():
                return False
            after = rows[-1].rowid
            self._keeper.keep()
            doubtful = self._doubts.unanswered(rows)
            if doubtful:
                found = self._connector.fetch(sorted(doubtful), self._known)
                self.evaluator.take(found, skip_known=False)
            self.evaluator.rejudge([it for it in rows if it.account_id not in doubtful])
            self._progress.advance(len(rows))
            self._interludes.serve()
        return True

    def _total(self) -> int:
        if self._accounts:
            return len(self._accounts)
        limit = self._request.limit
        return self._visible if limit is None else min(limit, self._visible)

    def _chunks(self) -> Iterator[list[AccountRecord]]:
        """Gather pages into chunks, up to the limit."""
        left = self._request.limit
        chunk: list[AccountRecord] = []
        for page in self._pages():
            self._keeper.keep()  # also where it is empty: the CRM is still preparing
            self._interludes.serve()
            if not page:
                continue
            chunk += page if left is None else page[: left - len(chunk)]
            if len(chunk) >= CHUNK or (left is not None and len(chunk) >= left):
                yield chunk
                if left is not None:
                    left -= len(chunk)
                    if left <= 0:
                        return
                chunk = []
        if chunk:
            yield chunk

    def _pages(self) -> Iterator[Sequence[AccountRecord]]:
        if self._report.kind is RunKind.ACCOUNTS:
            return self._named()
        incremental = self._report.kind is RunKind.INCREMENTAL
        return self._connector.pages(self._window() if incremental else None, self._known)

    def _named(self) -> Iterator[Sequence[AccountRecord]]:
        """Read the named accounts, which may be many, and say which there are not."""
        for some in chunked(self._accounts, CHUNK):
            found = self._connector.fetch(some, self._known)
            self.met.update(it.account_id for it in found)
            missing = {*some} - self.met
            self._report.problems += [
                f"account {name}: no such account; it was deleted or merged, or the id is wrong."
                for name in sorted(missing)
            ]
            yield found

    def _window(self) -> Window:
        """What may have changed since the checkpoint, with the overlap."""
        until = self._checkpoint.until
        since = instant(until) - self._connection.overlap if until else self._now
        return Window(since, self._now)

    def _transitions(self) -> list[Transition]:
        return [
            Transition(it.tier_before, it.tier_after, it.cause, it.accounts, tuple(it.examples))
            for it in self._state.plan.transitions(self._run_id)
        ]

    def _guard(self) -> Hold | None:
        read = self.counters.read
        adopted = self.evaluator.assessed_before * 2 > read
        first = not self._checkpoint.backfilled and not adopted
        name = self._connection.name
        hold = check(
            self._report.transitions,
            self._connection.guard,
            population=max(self._state.mirror.count(self._connection.name), read),
            first_backfill=first,
            confirmed=self._request.confirmed
            or (first and is_under_way(self._state, self._report)),
            exempt=self._is_named(),
            losses=self._losses(),
            agreed=agreed_losses(self._state, name, self._checkpoint),
        )
        if hold is None or not hold.losses.missing:
            return hold
        return replace(
            hold, losses=replace(hold.losses, missing_by_tier=self._departures.by_tier())
        )

    def _is_named(self) -> bool:
        """Whether a person named each account, and so knows what is asked for."""
        return bool(self._accounts) and not self._request.selected

    def _settle_census(self) -> None:
        """After a complete pass: forget what the CRM no longer has, and prove nothing is lost."""
        census = self.evaluator.census
        for unseen in chunked(chain.from_iterable(census.unseen()), CHUNK):
            self._keeper.keep()
            alive = {it.account_id for it in self._connector.fetch(unseen, [])}
            gone = [name for name in unseen if name not in alive]
            if gone:
                self._state.erase(self._keeper.lease, gone)
                self.counters.erased += len(gone)
            missed = [name for name in unseen if name in alive]
            if missed:
                self._report.problems.append(
                    f"{len(missed)} accounts exist but were not in the full list,"
                    f" among them {', '.join(missed[:3])}. Run again with --full."
                )
        read = self.counters.read
        if read == self._visible:
            return
        visible = self._connector.count()
        if not min(visible, self._visible) <= read <= max(visible, self._visible):
            self._report.problems.append(
                f"the CRM reports {visible} accounts but {read} were read."
                " Run again with --full; if it stays, check which accounts the credential sees."
            )

    def _save_checkpoint(self) -> None:
        if self._request.dry_run or self._report.limited:
            return
        full = self._report.kind is RunKind.FULL
        self._state.checkpoints.save(
            self._keeper.lease,
            Checkpoint(
                until=instant_text(self._now),
                full_at=instant_text(self._now) if full else self._checkpoint.full_at,
                profile_fingerprint=self._fingerprint,
                inputs_fingerprint=self._connection.inputs_fingerprint(),
                backfilled=is_backfilled(self._state, self._connection.name, self._checkpoint),
            ),
        )
