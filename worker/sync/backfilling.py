"""Whether a connection's first complete pass has been written, or only read.

A first backfill that someone said no to, or undid, leaves accounts without a tier. Runs go on
meanwhile, and write what is new; the rest is announced again, and waits for a person, once it may
be judged.
"""

from __future__ import annotations

from typing import Final

import orjson

from worker.state.instants import instant
from worker.state.rows import Checkpoint
from worker.state.runs import ABANDONED
from worker.state.store import State
from worker.sync.report import RunKind, RunOutcome, RunReport

_LOOKED_AT: Final = 20  # runs, newest first
_WHOLE: Final = (RunKind.FULL.value, RunKind.INCREMENTAL.value)
_CUT_SHORT: Final = frozenset({RunOutcome.PARTIAL.value, RunOutcome.FAILED.value})
_UNDECIDED: Final = _CUT_SHORT | {RunOutcome.STOPPED.value, ABANDONED, None}
"""How a run may have ended before anybody had to let it through."""


def is_backfilled(state: State, connection: str, checkpoint: Checkpoint) -> bool:
    """Whether most accounts were written once; those that the CRM refuses were to be.

    Args:
        state: with the mirror as the run leaves it.
        connection: whose.
        checkpoint: as it was before the run. What was written once stays so.
    """
    if checkpoint.backfilled:
        return True
    tiers = state.mirror.tier_counts(connection)
    blank = tiers.get("", 0) - state.dead_letters.count(connection)
    return blank * 2 <= sum(tiers.values())


def is_under_way(state: State, report: RunReport) -> bool:
    """Whether a first backfill was let through, and the CRM ended it half-way.

    Its calls of the day were used up, or it did not answer: what was said yes to goes on. It does
    not once a person has stopped it, undone it, edited the ICP or mapped other fields, nor in
    another portal.

    Args:
        state: with the runs.
        report: of the run that asks.
    """
    connection, judged_by = report.connection, (report.icp, report.mapping)
    adopted = state.actions.latest(connection, "adopt")
    for run in state.runs.latest(connection, _LOOKED_AT, kinds=_WHOLE):
        if adopted is not None and instant(run.started_at) <= adopted:
            return False  # what was said yes to was said of another portal
        told = orjson.loads(run.report or b"{}")
        if told.get("limited"):
            continue
        if told.get("transitions") and not told.get("hold"):
            cut_short = run.outcome in _CUT_SHORT and told["held"] > 0
            return (
                cut_short
                and (told["icp"], told.get("mapping")) == judged_by
                and not _is_undone(state, connection, run.run_id)
            )
        if run.outcome not in _UNDECIDED:
            return False
    return False


def _is_undone(state: State, connection: str, run_id: str) -> bool:
    rollbacks = state.runs.latest(connection, _LOOKED_AT, rollbacks=True)
    return any(orjson.loads(it.report or b"{}").get("rolls_back") == run_id for it in rollbacks)
