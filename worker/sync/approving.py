"""Carrying out a held run's plan after a person has looked at it: that plan, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import structlog

from connectors.base import CrmConnector
from connectors.errors import ConnectorError
from connectors.records import Window
from worker.held import not_held
from worker.state.actions import Action
from worker.state.errors import StateError
from worker.state.instants import instant
from worker.state.rows import Binding, Checkpoint, Run
from worker.state.runs import UNSTARTED
from worker.state.store import State
from worker.sync.agreeing import losses_in
from worker.sync.backfilling import is_backfilled
from worker.sync.canary import LARGE, send_canary, was_canary
from worker.sync.connection import Connection, Progress
from worker.sync.draining import Drain
from worker.sync.guard import Hold
from worker.sync.holding import alone
from worker.sync.keeping import Keeper, Stop
from worker.sync.premises import Premises
from worker.sync.report import RunKind, RunOutcome, RunReport, hold_in, transitions_in
from worker.sync.resuming import resume_jobs
from worker.sync.withholding import StopOrPause, withheld

_LATER: Final = 100  # runs that are looked at, newest first

log = structlog.get_logger()


class Approval:
    """Writes the plan of one held run.

    Every account is read again before it is written; one that no longer holds what the plan saw, in
    our fields, its inputs or its override, is passed over, and the next run looks at it. So is one
    that a person has pinned since.
    """

    def __init__(
        self,
        connection: Connection,
        connector: CrmConnector,
        state: State,
        *,
        holder: str,
        stop: Stop,
        progress: Progress,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._connection = connection
        self._connector = connector
        self._state = state
        self._holder = holder
        self._stop = stop
        self._progress = progress
        self._clock = clock or state.now  # of those who share the state, not of this machine

    def carry_out(self, run_id: str, *, who: str = "", reason: str = "") -> RunReport:
        """Write what was held, and note *who* let it be written and why.

        Raises:
            StateError: the run cannot be approved; the message says why.
            BusyError: another process is running this connection.
            ConnectorError: the CRM could not be reached; approve again to go on.
        """
        name = self._connection.name
        with alone(self._state, name, self._holder, self._clock) as keeper:
            run = self._held(run_id)
            hold = withheld(self._state, self._connection, self._clock())
            if hold is not None:
                raise StateError(
                    f"run {run_id}: the connection is {hold.reason}. It can be approved once that"
                    f" is over. {hold.remedy}"
                )
            portal = self._connector.portal()
            self._state.bindings.bind(name, Binding(portal.crm, portal.portal_id, portal.kind))
            described = self._connector.fields()
            resume_jobs(self._connector, self._state, keeper)
            self._record(run, who, reason)
            return self._write(run, keeper, Premises(self._state, self._connection, described))

    def _held(self, run_id: str) -> Run:
        run = self._state.runs.get(run_id)
        if run is None or run.connection != self._connection.name:
            raise StateError(
                f"run {run_id}: connection {self._connection.name} has no such run."
                " `icp runs` lists them."
            )
        if run.outcome != RunOutcome.HELD.value:
            raise StateError(not_held(self._state, run, "approve"))
        report = orjson.loads(run.report or b"{}")
        if report.get("icp") != self._connection.fingerprint():
            raise StateError(
                f"run {run_id}: the ICP has changed since. Run again, and approve that run."
            )
        if report.get("mapping", "") not in {"", self._connection.inputs_fingerprint()}:
            raise StateError(
                f"run {run_id}: other fields are mapped now. Run again, and approve that run."
            )
        until = self._state.checkpoints.load(self._connection.name).until
        if until is not None and until > run.as_of:
            raise StateError(
                f"run {run_id}: a later run has been written since. Run again, and approve that."
            )
        return run

    def _record(self, run: Run, who: str, reason: str) -> None:
        """Note who let the plan be written, before any of it is."""
        planned = self._state.plan.counts(run.run_id)
        self._state.actions.add(
            Action(
                run.connection,
                "approve",
                who,
                reason,
                run.run_id,
                self._connection.fingerprint(),
                planned.get("planned", 0) + planned.get("sent", 0),
            ),
            self._clock(),
        )

    def _write(self, run: Run, keeper: Keeper, premises: Premises) -> RunReport:
        planned = self._state.plan.counts(run.run_id)
        before = orjson.loads(run.report or b"{}")
        report = RunReport(
            run=run.run_id,
            connection=run.connection,
            kind=RunKind(run.kind),
            dry_run=False,
            as_of=run.as_of,
            icp=self._connection.fingerprint(),
            mapping=before.get("mapping", ""),
            limited=bool(before.get("limited")),
            calls=self._connector.calls,
        )
        report.transitions = transitions_in(before)
        report.agreed = losses_in(before.get("agreed") or before.get("hold"))
        counters = report.counters
        counters.read = before["read"] - _withdrawn(before, planned)
        counters.unchanged = before["unchanged"]
        counters.tiers.update(before["tiers"])
        counters.written = planned.get("written", 0)
        # accounts that the CRM refused before, and that wait, are not in the plan
        counters.deferred = before.get("deferred", 0)
        counters.not_kept = before.get("not_kept", 0)
        counters.rejected = counters.deferred + planned.get("rejected", 0)
        counters.invalid = planned.get("missing", 0)  # of an earlier attempt, whatever the reason
        self._progress.stage("write", planned.get("planned", 0) + planned.get("sent", 0))
        drain = Drain(
            self._connector,
            self._state,
            keeper,
            run.run_id,
            counters,
            progress=self._progress.advance,
            recheck=premises,
        )
        stops = StopOrPause(self._stop, self._state, self._connection, self._clock)
        hold: Hold | None = None
        try:
            if planned.get("planned", 0) > LARGE and not was_canary(before.get("hold")):
                hold = send_canary(drain, self._state, run.run_id, counters, stops)
            done = hold is None and drain.run(stops)
        except ConnectorError as error:
            log.warning("approval_interrupted", written=counters.written)
            report.problems.append(str(error))
            done = False
        if not done:
            left = self._state.plan.counts(run.run_id)
            counters.held = left.get("planned", 0) + left.get("sent", 0)
            report.hold = hold or self._still(hold_in(before), report)
            report.outcome = RunOutcome.HELD
            return self._finish(report, keeper)
        if not report.limited:
            self._forget_gone(run, keeper, report)
            counted = _counted_missing(before)
            self._save_checkpoint(run, keeper, report, counted=counted)
        if counters.invalid:
            report.warnings.append(
                f"passed over: {counters.invalid:,} of the accounts planned. They are gone, or have"
                " changed or were pinned since the run was held; the next run looks at them."
            )
        report.problems += counters.reconcile()
        partial = counters.rejected or report.problems
        report.outcome = RunOutcome.PARTIAL if partial else RunOutcome.SUCCEEDED
        return self._finish(report, keeper)

    def _still(self, earlier: Hold | None, report: RunReport) -> Hold | None:
        """What the rest waits for: a person, who sees what it was held for, or a pause to end."""
        now = None
        if not report.problems and not self._stop.is_set():
            now = withheld(self._state, self._connection, self._clock())
        if earlier is None or not earlier.waits_for_a_person:
            return now
        if now is not None:
            report.problems.append(
                f"{now.reason}; the rest is not written. Approve it again once that is over."
            )
        return earlier

    def _forget_gone(self, run: Run, keeper: Keeper, report: RunReport) -> None:
        """Erase what the CRM says went in the window of the run, which no later run reads again.

        Where so many went that a person had to agree, the complete pass that comes next does it.
        """
        until = self._state.checkpoints.load(run.connection).until
        if report.kind is not RunKind.INCREMENTAL or until is None or _missing(report):
            return
        window = Window(instant(until) - self._connection.overlap, instant(run.as_of))
        for page in self._connector.gone(window):
            keeper.keep()
            known = self._state.mirror.page(run.connection, [it.account_id for it in page])
            if known:
                self._state.erase(keeper.lease, list(known))
                report.counters.erased += len(known)

    def _save_checkpoint(
        self, run: Run, keeper: Keeper, report: RunReport, *, counted: bool
    ) -> None:
        earlier = self._state.checkpoints.load(run.connection)
        full = run.kind == RunKind.FULL.value
        full_at = run.as_of if full else earlier.full_at
        self._state.checkpoints.save(
            keeper.lease,
            Checkpoint(
                until=run.as_of,
                # what is no longer there is forgotten by a complete pass, which comes next
                full_at=None if _missing(report) or (full and not counted) else full_at,
                profile_fingerprint=self._connection.fingerprint(),
                inputs_fingerprint=self._mapping(report),
                backfilled=is_backfilled(self._state, run.connection, earlier),
            ),
        )

    def _mapping(self, report: RunReport) -> str:
        """Of what the mirror holds; empty where that is unknown, so that all is read again.

        So it is after a run of an earlier version, and where a later run may have read others.
        """
        for it in self._state.runs.latest(report.connection, _LATER):
            if it.run_id == report.run:
                return report.mapping
            others = orjson.loads(it.report or b"{}").get("mapping") != report.mapping
            if others and not it.dry_run and it.kind != UNSTARTED:
                break
        return ""

    def _finish(self, report: RunReport, keeper: Keeper) -> RunReport:
        self._state.runs.finish(
            keeper.lease,
            report.run,
            outcome=report.outcome.value,
            report=orjson.dumps(report.as_json()),
            finished_at=self._clock(),
        )
        log.info("run_approved", outcome=report.outcome.value, written=report.counters.written)
        return report


def _missing(report: RunReport) -> int:
    """How many accounts a person has agreed to find no longer."""
    return report.agreed.missing if report.agreed else 0


def _withdrawn(before: Mapping[str, Any], planned: Mapping[str, int]) -> int:
    """How many accounts have left the plan since a run reported: forgotten, or resynced within it.

    They are counted no more.
    """
    settled = before["written"] + before["rejected"] - before.get("deferred", 0) + before["invalid"]
    return int(settled + before["held"] - sum(planned.values()))


def _counted_missing(before: Mapping[str, Any]) -> bool:
    """Whether a held run's report tells how many accounts it no longer found.

    One that was held for a pause, or by its canary, does not.
    """
    hold = hold_in(before)
    by_guard = hold is not None and hold.waits_for_a_person and not was_canary(before.get("hold"))
    return bool(by_guard or before.get("agreed"))
