"""What people decide against writing: no to a held run, a pause, and taking either back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import orjson

from worker.held import not_held
from worker.state.actions import Action
from worker.state.errors import StateError
from worker.state.instants import instant_text
from worker.state.pauses import Pause
from worker.state.rows import ChangeState, Run
from worker.state.runs import HELD, SUPERSEDED
from worker.state.store import State
from worker.sync.canary import was_canary
from worker.sync.holding import BusyError, alone
from worker.sync.unkept import NOT_KEPT

_AT_ONCE = 1_000
_OPEN = (ChangeState.PLANNED, ChangeState.SENT)  # sent: by an approval that was interrupted


def reject(state: State, name: str, run_id: str, *, who: str, reason: str, holder: str) -> int:
    """Drop a held run's plan, and pin its accounts; answers how many.

    A pinned account is left alone until its inputs or the ICP change, or :func:`release`.

    Raises:
        StateError: the run is not one of this connection's, or is not held.
        BusyError: another process is running the connection.
    """
    with alone(state, name, holder) as keeper:
        run = state.runs.get(run_id)
        if run is None or run.connection != name:
            raise StateError(f"run {run_id}: connection {name} has no such run. See `icp runs`.")
        if run.outcome != HELD:
            raise StateError(not_held(state, run, "reject"))
        icp = str(orjson.loads(run.report or b"{}").get("icp", ""))
        counts = state.plan.counts(run_id)
        refused = list(_refused(state, run))
        pinned = sum(counts.get(it, 0) for it in _OPEN) + len(refused)
        # on record before it takes effect, so that what took effect is on record
        state.actions.add(Action(name, "reject", who, reason, run_id, icp, pinned), state.now())
        after = 0
        while planned := state.plan.entries(run_id, _OPEN, after, _AT_ONCE):
            after = planned[-1].seq
            state.mirror.pin(keeper.lease, [change.account_id for change in planned], icp)
        state.mirror.pin(keeper.lease, refused, icp)
        state.dead_letters.drop(keeper.lease, refused)  # they are not to be written any more
        state.runs.reject(keeper.lease, run_id)
    return pinned


def _refused(state: State, rejected: Run) -> Iterator[str]:
    """The accounts that the CRM refused of a run, or of the canary that it was held for.

    They wait to be tried again, and would be written in spite of the no, once they are accepted.
    """
    told = orjson.loads(rejected.report or b"{}")
    canary = was_canary(told.get("hold"))  # perhaps of an earlier tick, whose place this run took
    of = {rejected.run_id: True}
    after = ""
    while letters := state.dead_letters.all(rejected.connection, after, _AT_ONCE):
        after = letters[-1].account_id
        for it in letters:
            if it.run_id not in of:
                run = state.runs.get(it.run_id) if canary else None
                before = orjson.loads(run.report or b"{}") if run is not None else {}
                of[it.run_id] = (
                    run is not None
                    and run.outcome == SUPERSEDED
                    and before.get("icp") == told.get("icp")
                    and was_canary(before.get("hold"))
                )
            if of[it.run_id] and it.code != NOT_KEPT:
                yield it.account_id


def pause(state: State, name: str, *, until: datetime | None, who: str, reason: str) -> None:
    """Let a connection write nothing, from the next batch on, until *until* or :func:`release`."""
    now = state.now()
    state.actions.add(Action(name, "pause", who, reason), now)
    end = instant_text(until) if until is not None else None
    state.pauses.begin(name, Pause(instant_text(now), end, who, reason))


def release(
    state: State, name: str, *, who: str, reason: str, holder: str
) -> tuple[bool, int | None]:
    """End a pause and let every pinned account be judged again.

    The pause ends at once, also where a run goes on, which then writes what it plans; accounts stay
    pinned until it has ended.

    Answers whether the connection was paused, and how many accounts were freed; ``None`` where they
    are pinned still, because a run goes on.

    Raises:
        BusyError: another process is running the connection, and it was not paused.
    """
    try:
        with alone(state, name, holder) as keeper:
            paused = state.pauses.end(name)
            freed = state.mirror.unpin(keeper.lease)
            state.actions.add(Action(name, "resume", who, reason, accounts=freed), state.now())
            return paused, freed
    except BusyError:
        now = state.now()
        if state.pauses.of(name, now) is None:
            raise
        state.actions.add(Action(name, "resume", who, reason), now)
        ended = state.pauses.end(name)
        return ended, None if state.mirror.pinned(name) else 0
