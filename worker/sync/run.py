"""One run over one CRM: preflight, a pass over the accounts, and the report, under a lease."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import orjson
import structlog

from connectors.base import CrmConnector
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    Problem,
    QuotaExhaustedError,
    StoppedError,
    TransientError,
)
from connectors.records import FieldDescription, Inspection
from worker.state.errors import StaleLeaseError
from worker.state.instants import instant, instant_text
from worker.state.rows import Binding, Checkpoint
from worker.state.store import State
from worker.sync.agreeing import only_whole
from worker.sync.connection import (
    Connection,
    Parts,
    Progress,
    RunRequest,
    RunResult,
    TickDoneError,
)
from worker.sync.holding import alone
from worker.sync.interludes import Interludes, Service, ShortRun
from worker.sync.keeping import Keeper, Stop, elapsed
from worker.sync.passing import Pass
from worker.sync.preflight import Findings, check_fields, written_options
from worker.sync.rejudging import require_rejudging
from worker.sync.report import RunKind, RunOutcome, RunReport
from worker.sync.resuming import resume_jobs

PARTIAL = (
    "Or set `allow_partial_visibility: true` (or ICP_ALLOW_PARTIAL_VISIBILITY=true) to judge only"
    " what it sees."
)

AGAIN: Final = timedelta(hours=1)
"""How long after a complete pass another one may be made because accounts seem to be gone.

Where the CRM's count is wrong for a while, not every run shall read everything.
"""

log = structlog.get_logger()


class SyncRun:
    """Runs one connection once."""

    def __init__(  # noqa: PLR0913 - every part comes from outside, by name
        self,
        connection: Connection,
        connector: CrmConnector,
        state: State,
        *,
        run_id: str,
        holder: str,
        stop: Stop,
        progress: Progress,
        clock: Callable[[], datetime] | None = None,
        service: Service | None = None,
        ticking: Callable[[], float] = elapsed,
    ) -> None:
        """Prepare to run; with a *service* requests are served meanwhile."""
        self._connection = connection
        self._connector = connector
        self._state = state
        self._run_id = run_id
        self._holder = holder
        self._progress = progress
        self._service = service
        self._clock = clock or state.now  # of those who share the state, not of this machine
        self._parts = Parts(connection, connector, state, run_id, stop, progress, self._clock)
        self._ticking = ticking

    def execute(self, request: RunRequest) -> RunResult:
        """Run, and answer what happened.

        Raises:
            MisconfiguredError: preflight found problems; nothing was read or written.
            StateError: the state cannot be used, or belongs to another portal.
            BusyError: another process is running this connection.
            TickDoneError: the scheduled tick was begun before.
            NotNowError: accounts need not be judged again from the mirror, or cannot be.
        """
        name = self._connection.name
        with alone(self._state, name, self._holder, self._clock, self._ticking) as keeper:
            before = self._state.ticks.last(name)
            try:
                return self._under_lease(request, keeper)
            except StoppedError:  # it has not begun, or it would have ended as stopped
                if request.due:
                    self._state.ticks.give_back(keeper.lease, request.due, before)
                raise

    def _under_lease(self, request: RunRequest, keeper: Keeper) -> RunResult:
        connection, connector, state = self._connection, self._connector, self._state
        if request.due and not state.ticks.claim(keeper.lease, request.due, self._clock()):
            raise TickDoneError(connection.name)
        self._progress.stage("preflight", None)
        portal = connector.portal()
        state.bindings.bind(connection.name, Binding(portal.crm, portal.portal_id, portal.kind))
        if request.rejudge:
            require_rejudging(state, connection, connector.now())
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
        checkpoint = state.checkpoints.load(connection.name)
        if not checkpoint.backfilled:
            # later on, a right that was taken away shows at the first write, which is then held
            with suppress(TransientError):  # a CRM that is down says nothing about rights
                connector.check_writing()
        resume_jobs(connector, state, keeper)
        visible = state.mirror.count(connection.name) if request.rejudge else connector.count()
        now = connector.now()
        kind = self._kind(request, checkpoint, now, described, visible)
        inspection = (
            self._inspect(findings, described, dry_run=request.dry_run)
            if kind is RunKind.FULL
            else None
        )
        if findings.problems:
            raise MisconfiguredError(findings.problems)
        report = RunReport(
            run=self._run_id,
            connection=connection.name,
            kind=kind,
            dry_run=request.dry_run,
            as_of=instant_text(now),
            icp=connection.fingerprint(),
            mapping=connection.inputs_fingerprint(),
            inputs=connection.fields.inputs,
            limited=bool(request.accounts) or request.limit is not None or request.rejudge,
            warnings=[str(warning) for warning in findings.warnings],
            automations=list(inspection.automations) if inspection else [],
            calls=connector.calls,
        )
        state.runs.start(
            keeper.lease,
            self._run_id,
            kind=kind.value,
            as_of=now,
            started_at=self._clock(),
            dry_run=request.dry_run,
            report=None if request.limit is None else orjson.dumps(report.as_json()),
        )
        if not request.dry_run and checkpoint.inputs_fingerprint != report.mapping:
            # what it reads is in the mirror also where it is held, stopped, or of a few accounts
            state.checkpoints.forget_inputs(keeper.lease)
        for document in connection.documents:
            state.documents.save(document, now)
        whole = visible if kind is RunKind.FULL else 0
        forecast = connector.forecast(whole, 0 if checkpoint.backfilled else whole)
        log.info(
            "run_started",
            kind=kind.value,
            dry_run=request.dry_run,
            accounts=visible,
            forecast=str(forecast),
        )
        parts = self._parts
        if self._service is not None and not request.dry_run:
            short = self._short_run(report, keeper, described, checkpoint, now)
            interludes = Interludes(self._service, connector, state, keeper, report, short)
            parts = replace(parts, interludes=interludes)
        work = Pass(parts, request, report, keeper, described, checkpoint, now, visible)
        self._attempt(work, report)
        report.calls = connector.calls.less(parts.interludes.calls)
        self._finish(keeper, report)
        self._tidy(keeper, report, request, looked=work.looked)
        return RunResult(report, work.evaluator.examples.found, portal)

    def _short_run(
        self,
        around: RunReport,
        keeper: Keeper,
        described: Mapping[str, FieldDescription],
        checkpoint: Checkpoint,
        as_of: datetime,
    ) -> ShortRun:
        """How named accounts are run within this run: after its preflight, as of its day."""

        def run(
            run_id: str, accounts: Sequence[str], progress: Progress
        ) -> tuple[RunReport, Collection[str]]:
            state, connector = self._state, self._connector
            now = connector.now()
            if now.date() != as_of.date():
                now = as_of  # what this run judges afterwards must not be older
            before = connector.calls.copy()
            report = RunReport(
                run=run_id,
                connection=around.connection,
                kind=RunKind.ACCOUNTS,
                dry_run=False,
                as_of=instant_text(now),
                icp=around.icp,
                mapping=around.mapping,
                inputs=around.inputs,
                limited=True,
                calls=connector.calls,
            )
            state.runs.start(
                keeper.lease,
                run_id,
                kind=report.kind.value,
                as_of=now,
                started_at=self._clock(),
                within=around.run,
            )
            parts = replace(self._parts, run_id=run_id, progress=progress)
            request = RunRequest(accounts=accounts)
            work = Pass(parts, request, report, keeper, described, checkpoint, now, len(accounts))
            self._attempt(work, report)
            report.calls = connector.calls.less(before)
            if report.forecast is not None:
                calls = report.forecast.calls - before.total
                report.forecast = replace(report.forecast, calls=calls)
            self._finish(keeper, report)
            return report, work.met

        return run

    def _finish(self, keeper: Keeper, report: RunReport) -> None:
        self._state.runs.finish(
            keeper.lease,
            report.run,
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

    def _tidy(
        self, keeper: Keeper, report: RunReport, request: RunRequest, *, looked: bool
    ) -> None:
        """Drop what no longer matters: plans this run made anew, and what is past its time."""
        whole = looked and report.kind is not RunKind.ACCOUNTS and request.limit is None
        planned_anew = report.outcome in {
            RunOutcome.HELD,
            RunOutcome.SUCCEEDED,
            RunOutcome.PARTIAL,
        }
        superseded = 0
        if whole and planned_anew:
            superseded = self._parts.state.runs.supersede(keeper.lease, self._run_id)
        if superseded or report.kind is RunKind.FULL:
            self._parts.state.prune(self._clock())

    def _attempt(self, work: Pass, report: RunReport) -> None:
        """Do the work; whatever stops it, the report says so and nothing is half-counted.

        That comes first among the problems: status and alerts tell the first one.
        """
        try:
            report.outcome = work.run()
        except StoppedError:
            work.leave_rest_held()
            report.outcome = RunOutcome.STOPPED
        except QuotaExhaustedError as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.PARTIAL
            report.problems.insert(0, str(error))
            report.resumes_at = instant_text(error.resumes_at) if error.resumes_at else None
        except MisconfiguredError as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.FAILED
            report.problems[:0] = [str(problem) for problem in error.problems]
        except (ConnectorError, StaleLeaseError) as error:
            work.leave_rest_held()
            report.outcome = RunOutcome.FAILED
            report.problems.insert(0, str(error))
        report.problems += report.counters.reconcile()
        if report.problems and report.outcome is RunOutcome.SUCCEEDED:
            report.outcome = RunOutcome.PARTIAL

    def _inspect(
        self, findings: Findings, described: Mapping[str, FieldDescription], *, dry_run: bool
    ) -> Inspection:
        """Look around before a complete pass: what is seen of the CRM, and what writes will meet.

        In a dry run, what would stop a real one is only warned of.
        """
        connection = self._connection
        options = written_options(described, connection.fields, connection.profiles)
        inspection = self._connector.inspect(options)
        problems = list(inspection.problems)
        visibility = inspection.visibility
        if not visibility.complete and not connection.allow_partial_visibility:
            problems.append(Problem("visibility", visibility.detail, PARTIAL))
        elif not visibility.complete:
            findings.warnings.append(Problem("visibility", visibility.detail))
        (findings.warnings if dry_run else findings.problems).extend(problems)
        findings.warnings += inspection.warnings
        return inspection

    def _kind(
        self,
        request: RunRequest,
        checkpoint: Checkpoint,
        now: datetime,
        described: Mapping[str, FieldDescription],
        visible: int,
    ) -> RunKind:
        if request.accounts:
            return RunKind.ACCOUNTS
        if request.rejudge:
            return RunKind.REJUDGE
        if request.full or request.limit is not None or checkpoint.until is None:
            return RunKind.FULL
        if checkpoint.inputs_fingerprint != self._connection.inputs_fingerprint():
            return RunKind.FULL
        if only_whole(self._state, self._connection.name):
            return RunKind.FULL
        inputs = self._connection.fields.inputs.values()
        volatile = any(name in described and described[name].volatile for name in inputs)
        every = self._connection.full_every
        if volatile:
            every = min(every, self._connection.formula_every)
        if self._has_shrunk(visible):
            every = min(every, AGAIN)
        due = checkpoint.full_at is None or now - instant(checkpoint.full_at) >= every
        return RunKind.FULL if due else RunKind.INCREMENTAL

    def _has_shrunk(self, visible: int) -> bool:
        """Whether so many accounts are gone that a complete pass, which finds them, would be held.

        A CRM that does not say what was deleted shows it only in how many there are.
        """
        if self._connector.tells_of_deletions:
            return False
        mirrored = self._state.mirror.count(self._connection.name)
        guard = self._connection.guard
        return mirrored - visible > guard.at_most(guard.max_shrink, mirrored)
