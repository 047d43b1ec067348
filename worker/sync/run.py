"""One run over one CRM: preflight, pull, judge, plan, guard, write, checkpoint, report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import orjson
import structlog

from connectors.base import CrmConnector
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    QuotaExhaustedError,
    StoppedError,
)
from connectors.records import AccountRecord, FieldDescription, Portal, Window
from worker.icp.profile import Profile
from worker.icp.reading import Parser
from worker.state.errors import StaleLeaseError
from worker.state.instants import instant, instant_text
from worker.state.rows import Binding, Checkpoint, Document
from worker.state.store import State
from worker.sync.draining import Drain
from worker.sync.evaluating import Evaluator, Example, Scope
from worker.sync.fields import FieldMap
from worker.sync.guard import GuardLimits, Hold, Transition, check
from worker.sync.keeping import LEASE_TTL, Keeper, Stop
from worker.sync.panel import BEST, Panel
from worker.sync.plan import Planner
from worker.sync.preflight import check_fields
from worker.sync.report import Counters, RunKind, RunOutcome, RunReport

log = structlog.get_logger()

CHUNK = 1_000
"""Accounts judged and stored at once: few transactions, flat memory."""


class Progress(Protocol):
    """Shows a person how far a run has come."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins."""

    def advance(self, count: int) -> None:
        """So many more accounts are through the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a run needs to know of one connection, apart from the CRM itself."""

    name: str
    profiles: Sequence[Profile]
    documents: Sequence[Document]
    fields: FieldMap
    types: Mapping[str, str]  # attribute type by attribute id
    parsers: Callable[[Mapping[str, FieldDescription]], Mapping[str, tuple[str, Parser]]]
    choose: str = BEST
    guard: GuardLimits = field(default_factory=GuardLimits)
    overlap: timedelta = timedelta(minutes=15)
    full_every: timedelta = timedelta(days=7)

    def fingerprint(self) -> str:
        """Changes whenever an answer could: of the ICPs and how one is chosen."""
        return _digest(self.choose, *(profile.fingerprint for profile in self.profiles))

    def inputs_fingerprint(self) -> str:
        """Changes whenever the mirror no longer holds what is asked for."""
        inputs = sorted((it, name, self.types[it]) for it, name in self.fields.inputs.items())
        outputs = [(key, target.name) for key, target in self.fields.outputs.items()]
        return _digest(orjson.dumps([inputs, outputs, sorted(self.fields.overrides.items())]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked of this run."""

    full: bool = False
    accounts: Sequence[str] = ()
    limit: int | None = None
    dry_run: bool = False
    confirmed: bool = False  # --yes


@dataclass(slots=True)
class RunResult:
    """The report, and the account names that only a terminal may show."""

    report: RunReport
    examples: Mapping[tuple[str, str, str], Sequence[Example]]
    portal: Portal


class BusyError(Exception):
    """Another process is running this connection."""


class SyncRun:
    """Runs one connection once."""

    def __init__(
        self,
        connection: Connection,
        connector: CrmConnector,
        state: State,
        *,
        run_id: str,
        holder: str,
        stop: Stop,
        progress: Progress,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        self._connector = connector
        self._state = state
        self._run_id = run_id
        self._holder = holder
        self._stop = stop
        self._progress = progress
        self._clock = clock

    def execute(self, request: RunRequest) -> RunResult:
        """Run, and answer what happened.

        Raises:
            MisconfiguredError: preflight found problems; nothing was read or written.
            StateError: the state cannot be used, or belongs to another portal.
            BusyError: another process is running this connection.
        """
        name = self._connection.name
        lease = self._state.leases.acquire(name, self._holder, LEASE_TTL, self._clock())
        if lease is None:
            raise BusyError(
                f"connection {name} is being run by another process. Wait for it, or stop it first."
            )
        keeper = Keeper(self._state, lease, self._clock)
        try:
            return self._under_lease(request, keeper)
        finally:
            self._state.leases.release(keeper.lease)

    def _under_lease(self, request: RunRequest, keeper: Keeper) -> RunResult:
        connection, connector, state = self._connection, self._connector, self._state
        self._progress.stage("preflight", None)
        portal = connector.portal()
        state.bindings.bind(connection.name, Binding(portal.crm, portal.portal_id, portal.kind))
        described = connector.fields()
        findings = check_fields(
            described,
            connection.fields,
            connection.types,
            connection.profiles,
            dry_run=request.dry_run,
        )
        if findings.problems:
            raise MisconfiguredError(findings.problems)
        visible = connector.count()
        now = connector.now()
        checkpoint = state.checkpoints.load(connection.name)
        kind = self._kind(request, checkpoint, now)
        report = RunReport(
            run=self._run_id,
            connection=connection.name,
            kind=kind,
            dry_run=request.dry_run,
            as_of=instant_text(now),
            icp=connection.fingerprint(),
            warnings=[str(warning) for warning in findings.warnings],
            calls=connector.calls,
        )
        state.runs.start(
            keeper.lease,
            self._run_id,
            kind=kind.value,
            as_of=now,
            started_at=self._clock(),
            dry_run=request.dry_run,
        )
        for document in connection.documents:
            state.documents.save(document, now)
        log.info("run_started", kind=kind.value, dry_run=request.dry_run, accounts=visible)
        work = _Work(self, request, report, keeper, described, checkpoint, now, visible)
        self._attempt(work, report)
        state.runs.finish(
            keeper.lease,
            self._run_id,
            outcome=report.outcome.value,
            report=orjson.dumps(report.as_json()),
            finished_at=self._clock(),
        )
        log.info(
            "run_finished",
            outcome=report.outcome.value,
            read=report.counters.read,
            written=report.counters.written,
            rejected=report.counters.rejected,
            calls=report.calls.total,
        )
        return RunResult(report, work.evaluator.examples, portal)

    def _attempt(self, work: _Work, report: RunReport) -> None:
        """Do the work; whatever stops it, the report says so and nothing is half-counted."""
        try:
            report.outcome = work.run()
        except StoppedError:
            work.leave_rest_held()
            report.outcome = RunOutcome.STOPPED
        except QuotaExhaustedError as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.PARTIAL
            report.problems.append(str(error))
        except MisconfiguredError as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.FAILED
            report.problems += [str(problem) for problem in error.problems]
        except (ConnectorError, StaleLeaseError) as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.FAILED
            report.problems.append(str(error))
        report.problems += report.counters.reconcile()
        if report.problems and report.outcome is RunOutcome.SUCCEEDED:
            report.outcome = RunOutcome.PARTIAL

    def _kind(self, request: RunRequest, checkpoint: Checkpoint, now: datetime) -> RunKind:
        if request.accounts:
            return RunKind.ACCOUNTS
        if request.full or request.limit is not None or checkpoint.until is None:
            return RunKind.FULL
        if checkpoint.inputs_fingerprint != self._connection.inputs_fingerprint():
            return RunKind.FULL
        due = checkpoint.full_at is None or (
            now - instant(checkpoint.full_at) >= self._connection.full_every
        )
        return RunKind.FULL if due else RunKind.INCREMENTAL


class _Work:
    """The stages of one run that passed preflight."""

    def __init__(
        self,
        run: SyncRun,
        request: RunRequest,
        report: RunReport,
        keeper: Keeper,
        described: Mapping[str, FieldDescription],
        checkpoint: Checkpoint,
        now: datetime,
        visible: int,
    ) -> None:
        self._connection = run._connection  # noqa: SLF001 - the second half of SyncRun
        self._connector = run._connector  # noqa: SLF001
        self._state = run._state  # noqa: SLF001
        self._run_id = run._run_id  # noqa: SLF001
        self._stop = run._stop  # noqa: SLF001
        self._progress = run._progress  # noqa: SLF001
        self._request = request
        self._report = report
        self._keeper = keeper
        self._checkpoint = checkpoint
        self._now = now
        self._visible = visible
        self._known = [name for name in self._connection.fields.read_fields() if name in described]
        panel = Panel(
            self._connection.profiles,
            self._connection.parsers(described),
            now.date(),
            self._connection.choose,
        )
        last_day = instant(checkpoint.until).date() if checkpoint.until else None
        self._fingerprint = self._connection.fingerprint()
        self._new_day = panel.time_bound and last_day != now.date()
        self.evaluator = Evaluator(
            Scope(
                self._connection.name, self._run_id, self._fingerprint, now.date(), self._new_day
            ),
            panel,
            self._connection.fields,
            Planner(self._connection.fields, self._run_id, now),
            self._state,
            keeper,
            report.counters,
        )

    @property
    def counters(self) -> Counters:
        """The counts of this run."""
        return self._report.counters

    def run(self) -> RunOutcome:
        """Pull, guard, write, checkpoint; answers the outcome."""
        if not self._pull():
            self.leave_rest_held()
            return RunOutcome.STOPPED
        self._report.transitions = self._transitions()
        planned = self._state.plan.counts(self._run_id).get("planned", 0)
        hold = self._guard()
        if hold is not None and not self._request.dry_run:
            self._report.hold = hold
            self.leave_rest_held()
            return RunOutcome.HELD
        self._report.hold = hold  # a dry run says what would be held, and shows the writes too
        self._progress.stage("write", planned)
        drain = Drain(
            self._connector,
            self._state,
            self._keeper,
            self._run_id,
            self.counters,
            progress=self._progress.advance,
        )
        if not drain.run(self._stop):
            self.leave_rest_held()
            return RunOutcome.STOPPED
        if self._report.kind is RunKind.FULL and self._request.limit is None:
            self._settle_census()
        self._save_checkpoint()
        return RunOutcome.PARTIAL if self.counters.rejected else RunOutcome.SUCCEEDED

    def leave_rest_held(self) -> None:
        """Count what was planned and not sent; what was sent unanswered is looked at next time."""
        counts = self._state.plan.counts(self._run_id)
        self.counters.held += counts.get("planned", 0) + counts.get("sent", 0)

    def _pull(self) -> bool:
        kind = self._report.kind
        incremental = kind is RunKind.INCREMENTAL
        self._progress.stage("read", None if incremental else self._total())
        for chunk in self._chunks():
            if self._stop.is_set():
                return False
            self._keeper.keep()
            self.evaluator.take(chunk, skip_known=incremental)
            self._progress.advance(len(chunk))
        icp_changed = self._checkpoint.profile_fingerprint != self._fingerprint
        if incremental and (icp_changed or self._new_day):
            return self._rejudge()
        return True

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
            self.evaluator.rejudge(rows)
            self._progress.advance(len(rows))
        return True

    def _total(self) -> int:
        if self._request.accounts:
            return len(self._request.accounts)
        limit = self._request.limit
        return self._visible if limit is None else min(limit, self._visible)

    def _chunks(self) -> Iterator[list[AccountRecord]]:
        """Gather pages into chunks, up to the limit."""
        left = self._request.limit
        chunk: list[AccountRecord] = []
        for page in self._pages():
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
            found = self._connector.fetch(list(self._request.accounts), self._known)
            missing = set(self._request.accounts) - {it.account_id for it in found}
            self._report.problems += [
                f"account {name}: no such account; it was deleted or merged, or the id is wrong."
                for name in sorted(missing)
            ]
            return iter([found])
        window = None
        if self._report.kind is RunKind.INCREMENTAL and self._checkpoint.until is not None:
            since = instant(self._checkpoint.until) - self._connection.overlap
            window = Window(since, self._now)
        return self._connector.pages(window, self._known)

    def _transitions(self) -> list[Transition]:
        return [
            Transition(it.tier_before, it.tier_after, it.cause, it.accounts, tuple(it.examples))
            for it in self._state.plan.transitions(self._run_id)
        ]

    def _guard(self) -> Hold | None:
        read = self.counters.read
        adopted = self.evaluator.assessed_before * 2 > read
        return check(
            self._report.transitions,
            self._connection.guard,
            population=max(self._state.mirror.count(self._connection.name), read),
            first_backfill=not self._checkpoint.backfilled and not adopted,
            confirmed=self._request.confirmed,
            exempt=bool(self._request.accounts),
        )

    def _settle_census(self) -> None:
        """After a complete pass: forget what the CRM no longer has, and prove nothing is lost."""
        census = self.evaluator.census
        for unseen in census.unseen():
            alive = {it.account_id for it in self._connector.fetch(unseen, [])}
            gone = [name for name in unseen if name not in alive]
            if gone:
                self._state.erase(self._connection.name, gone)
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
        if self._request.dry_run or self._request.accounts or self._request.limit is not None:
            return
        full = self._report.kind is RunKind.FULL
        self._state.checkpoints.save(
            self._keeper.lease,
            Checkpoint(
                until=instant_text(self._now),
                full_at=instant_text(self._now) if full else self._checkpoint.full_at,
                profile_fingerprint=self._fingerprint,
                inputs_fingerprint=self._connection.inputs_fingerprint(),
                backfilled=True,
            ),
        )


def _digest(*parts: str | bytes) -> str:
    """A short fingerprint of some texts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]
