"""Whether accounts can and need be judged again from the mirror alone, without a schedule's run.

What time does to accounts (triggers age, overrides and last known values run out) happens by the
day, also where a connection is read once a week.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from worker.state.instants import instant
from worker.state.rows import Run
from worker.state.store import State
from worker.sync.connection import Connection
from worker.sync.report import RunKind, RunOutcome

_LOOK_BACK = 20  # runs
_DONE = frozenset({RunOutcome.SUCCEEDED, RunOutcome.PARTIAL, RunOutcome.HELD})


class NotNowError(Exception):
    """Accounts need not be judged again from the mirror, or cannot be; the message says why."""


def require_rejudging(state: State, connection: Connection, now: datetime) -> None:
    """Make sure that judging from the mirror would do something, and nothing wrong.

    Raises:
        NotNowError: it would not.
    """
    name, icp = connection.name, connection.fingerprint()
    checkpoint = state.checkpoints.load(name)
    if checkpoint.until is None or not checkpoint.backfilled:
        raise NotNowError("nothing was read and written in full yet")
    if checkpoint.inputs_fingerprint != connection.inputs_fingerprint():
        raise NotNowError("other inputs are mapped now: the next run reads everything")
    judged = instant(checkpoint.until).date() == now.date()
    if judged and checkpoint.profile_fingerprint == icp:
        raise NotNowError("today's accounts were judged by a run that read, too")
    # What an unfinished or held run has read is in the mirror, and the guard has not let it pass.
    reading = [RunKind.FULL.value, RunKind.INCREMENTAL.value]
    runs = state.runs.latest(name, _LOOK_BACK, kinds=reading)
    last = next((it for it in runs if not it.dry_run and not _report(it).get("limited")), None)
    if last is not None and last.as_of != checkpoint.until:
        raise NotNowError(f"run {last.run_id} comes first: it is {last.outcome or 'not finished'}")
    for run in state.runs.latest(name, 1, kinds=[RunKind.REJUDGE.value]):
        report = _report(run)
        same = instant(run.as_of).date() == now.date() and report.get("icp") == icp
        if same and run.outcome in _DONE and not report.get("resumes_at"):
            raise NotNowError(f"run {run.run_id} has judged today's accounts")


def _report(run: Run) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(run.report or b"{}")
    return found
