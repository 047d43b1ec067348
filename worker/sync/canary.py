"""A first small batch of a large run: what most records would be refused for shows on a few.

A validation rule, a picklist that lacks a value or a right that was taken away would otherwise be
met a million times, with as many dead letters and the day's calls gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from worker.state.runs import HELD
from worker.state.store import State
from worker.sync.draining import Drain
from worker.sync.guard import Hold
from worker.sync.keeping import Stop
from worker.sync.report import Counters, RunKind, RunReport, hold_in

LARGE: Final = 1_000
"""Writes above which a run sends a canary first."""

SIZE: Final = 200
"""Records of a canary, taken from all over the plan: record types and owners lie scattered."""

BEARABLE: Final = 0.02
"""The share of a canary that the CRM may refuse."""

_CANARY: Final = "canary:"
_LOOKED_AT: Final = 20  # held runs, newest first: a later one takes the place of an earlier one


def was_canary(hold: Mapping[str, Any] | None) -> bool:
    """Whether a run was held for its canary: who approves it has been told what is refused."""
    return hold is not None and str(hold["reason"]).startswith(_CANARY)


def is_of_canary(problem: str) -> bool:
    """Whether that is what a rollback says that its canary ended."""
    return problem.startswith(_CANARY)


def undecided(state: State, report: RunReport) -> Hold | None:
    """Why the run before waits for a person, where that was held by its canary for the same.

    Each tick would otherwise write as many again, until so few are left that none are tried first.
    Nothing is known any more once no account is refused: a person had those tried again.
    """
    rejudges = report.kind is RunKind.REJUDGE
    if (report.limited and not rejudges) or not state.dead_letters.count(report.connection):
        return None
    whole = [RunKind.FULL.value, RunKind.INCREMENTAL.value, RunKind.REJUDGE.value]
    for run in state.runs.latest(report.connection, _LOOKED_AT, outcome=HELD, kinds=whole):
        told = orjson.loads(run.report or b"{}")
        if told.get("limited") and run.kind != RunKind.REJUDGE:
            continue
        same = (told.get("icp"), told.get("mapping")) == (report.icp, report.mapping)
        hold = hold_in(told) if same and was_canary(told.get("hold")) else None
        if hold is not None and told.get("written"):
            by = f" Some were written by run {run.run_id}: `icp rollback {run.run_id}` undoes that."
            return replace(hold, remedy=hold.remedy + by)
        return hold
    return None


def send_canary(
    drain: Drain, state: State, run_id: str, counters: Counters, stop: Stop
) -> Hold | None:
    """Send a few of a large plan; answers why the rest must wait, where too many were refused.

    Raises:
        ConnectorError: it could not be sent.
        StaleLeaseError: another process has taken the connection over.
    """
    some = state.plan.spread(run_id, SIZE)
    before = counters.rejected
    drain.send_some(some, stop)
    refused = counters.rejected - before
    allowed = int(len(some) * BEARABLE)
    if refused <= allowed:
        return None
    rules = ", ".join(
        f"{code or 'no code'}{f' on {field}' if field else ''}: {count}"
        for code, field, count in state.plan.refusals(run_id)
    )
    return Hold(
        f"{_CANARY} the CRM refused {refused} of the first {len(some)} records, {allowed} are"
        f" allowed ({rules})",
        "`icp runs --rejected` shows the CRM's words. Mend the cause and run `icp run`, which tries"
        " a few again, or `icp approve` this run to write the others all the same. Until then no"
        " scheduled run sends any.",
        refused,
        allowed,
    )
