"""Undoing one run: what it overwrote is restored where the CRM still holds what it wrote."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import structlog

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    QuotaExhaustedError,
    StoppedError,
)
from worker.state.actions import Action
from worker.state.errors import StaleLeaseError, StateError
from worker.state.instants import instant_text
from worker.state.retention import JOURNAL_KEPT
from worker.state.rows import Binding, Run
from worker.state.store import State
from worker.sync.connection import Parts, RunResult
from worker.sync.holding import BusyError, alone
from worker.sync.keeping import Keeper, is_gone
from worker.sync.report import RunKind, RunOutcome, RunReport
from worker.sync.resuming import resume_jobs
from worker.sync.undoing import WRITTEN, Undoing
from worker.sync.withholding import withheld

log = structlog.get_logger()


class Rollback:
    """Restores what one run overwrote, as a run of its own.

    Its accounts are pinned before any of them is written, so that no later run writes back what
    was undone, even if this one ends half-way; undoing again restores the rest.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        holder: str,
        stored: State | None = None,
    ) -> None:
        """Prepare.

        Args:
            parts: of the rollback itself; for a dry run a connector that writes nothing, and
                scratch state.
            holder: who asks for the lease.
            stored: for a dry run, what its state is the scratch of.
        """
        self._parts = parts
        self._connection = parts.connection
        self._connector = parts.connector
        self._state = parts.state
        self._stored = stored or parts.state
        self._dry_run = stored is not None
        self._run_id = parts.run_id
        self._holder = holder
        self._clock = parts.clock
        self._fingerprint = parts.connection.fingerprint()

    def carry_out(
        self,
        undone: str,
        *,
        who: str = "",
        reason: str = "",
        foretell: Callable[[int, RunReport], None] = lambda _planned, _report: None,
    ) -> RunResult:
        """Undo the run *undone*, and note *who* had it undone and why.

        Paused or not: to undo is what a pause gives time for. *foretell* hears before the first
        write how many accounts are restored; the report has what that takes.

        Raises:
            StateError: the run cannot be undone; the message says why and what to do.
            BusyError: another process is running this connection.
            ConnectorError: the CRM could not be reached; nothing was restored.
        """
        name = self._connection.name
        try:
            with alone(self._state, name, self._holder, self._clock) as keeper:
                return self._under_lease(undone, keeper, (who, reason), foretell)
        except BusyError as error:
            words = f"{error} `icp pause {name} --reason ...` ends its writing soon."
            raise BusyError(words) from None

    def _under_lease(
        self,
        undone: str,
        keeper: Keeper,
        decision: tuple[str, str],
        foretell: Callable[[int, RunReport], None],
    ) -> RunResult:
        connection, connector, state = self._connection, self._connector, self._state
        run = self._undoable(undone)
        self._parts.progress.stage("preflight", None)
        portal = connector.portal()
        binding = Binding(portal.crm, portal.portal_id, portal.kind)
        state.bindings.bind(connection.name, binding)
        described = connector.fields()
        resume_jobs(connector, state, keeper)
        now = connector.now()
        written = self._written(run)
        report = RunReport(
            run=self._run_id,
            connection=connection.name,
            kind=RunKind.ROLLBACK,
            dry_run=self._dry_run,
            as_of=instant_text(now),
            icp=self._fingerprint,
            limited=True,
            rolls_back=undone,
            calls=connector.calls,
        )
        hold = withheld(self._stored, connection, self._stored.now())
        if hold is not None:
            report.warnings.append(
                f"the connection is {hold.reason}; a rollback writes all the same."
            )
        if not self._dry_run:
            icp = self._fingerprint
            action = Action(connection.name, "rollback", *decision, undone, icp, written)
            state.actions.add(action, self._clock())
        state.runs.start(
            keeper.lease,
            self._run_id,
            kind=report.kind.value,
            as_of=now,
            started_at=self._clock(),
            dry_run=self._dry_run,
            report=orjson.dumps(report.as_json()),
        )
        work = Undoing(self._parts, self._stored, run, report, keeper, described)
        self._attempt(work, report, lambda: work.run(written, foretell))
        state.runs.finish(
            keeper.lease,
            self._run_id,
            outcome=report.outcome.value,
            report=orjson.dumps(report.as_json()),
            finished_at=self._clock(),
        )
        log.info(
            "run_rolled_back",
            undone=undone,
            outcome=report.outcome.value,
            restored=report.counters.written,
            left=report.left.total(),
        )
        return RunResult(report, work.examples.found, portal)

    def _undoable(self, undone: str) -> Run:
        name = self._connection.name
        run = self._stored.runs.get(undone)
        if run is None:
            raise StateError(
                f"run {undone}: there is no such run. `icp runs` lists them; a dry run is not kept,"
                " and wrote nothing."
            )
        if run.connection != name:
            raise StateError(
                f"run {undone}: is one of connection {run.connection}, not of {name}."
                f" Add `--connection {run.connection}`."
            )
        if run.outcome is None and self._is_at_work():
            raise StateError(
                f"run {undone}: is still going on. Wait for its end, or stop it first."
            )
        return run

    def _is_at_work(self) -> bool:
        """Whether a process is running the connection; only a dry run can meet one."""
        held = self._stored.leases.holder(self._connection.name) if self._dry_run else None
        if held is None or is_gone(held.holder):
            return False
        return held.expires_at > instant_text(self._stored.now())

    def _written(self, run: Run) -> int:
        """How many accounts the run wrote.

        Raises:
            StateError: none, or the journal is not kept any more.
        """
        counts = self._stored.plan.counts(run.run_id)
        written = sum(counts.get(state, 0) for state in WRITTEN)
        if written:
            return written
        if orjson.loads(run.report or b"{}").get("written"):
            raise StateError(
                f"run {run.run_id}: what it overwrote is no longer kept. The journal goes back"
                f" {JOURNAL_KEPT.days} days, and not behind an `icp adopt`."
            )
        if run.outcome == RunOutcome.HELD.value:
            raise StateError(
                f"run {run.run_id}: is held and has written nothing; there is nothing to undo."
                f" `icp reject {run.run_id}` drops what it means to write."
            )
        raise StateError(f"run {run.run_id}: has written nothing; there is nothing to undo.")

    def _attempt(self, work: Undoing, report: RunReport, run: Callable[[], RunOutcome]) -> None:
        """Do the work; whatever stops it, the report says so and nothing is half-counted."""
        again = f" `icp rollback {report.rolls_back}` restores the rest."
        try:
            report.outcome = run()
        except StoppedError:
            report.outcome = RunOutcome.STOPPED
        except QuotaExhaustedError as error:
            report.outcome = RunOutcome.PARTIAL
            report.problems.append(f"{error}{again}")
            report.resumes_at = instant_text(error.resumes_at) if error.resumes_at else None
        except MisconfiguredError as error:
            report.outcome = RunOutcome.FAILED
            report.problems += [str(problem) for problem in error.problems]
            report.problems.append(
                "values of an earlier ICP may lack their options: put that ICP back first, run"
                f" `icp setup --apply`.{again}"
            )
        except (ConnectorError, StaleLeaseError) as error:
            report.outcome = RunOutcome.FAILED
            report.problems.append(f"{error}{again}")
        work.add_up()
