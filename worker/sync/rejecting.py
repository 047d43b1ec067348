"""Saying no to a held run: its plan is dropped and its accounts stay as they are."""

from __future__ import annotations

import orjson

from worker.state.actions import Action
from worker.state.errors import StateError
from worker.state.runs import HELD
from worker.state.store import State
from worker.sync.moving import alone

_AT_ONCE = 1_000


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
            raise StateError(
                f"run {run_id}: is {run.outcome or 'not finished'}, not held; there is nothing to"
                " reject."
            )
        icp = str(orjson.loads(run.report or b"{}").get("icp", ""))
        pinned = after = 0
        while planned := state.plan.entries(run_id, after_seq=after, limit=_AT_ONCE):
            after = planned[-1].seq
            state.mirror.pin(keeper.lease, [change.account_id for change in planned], icp)
            pinned += len(planned)
        state.runs.reject(keeper.lease, run_id)
        state.actions.add(Action(name, "reject", who, reason, run_id, icp, pinned), state.now())
    return pinned


def release(state: State, name: str, *, who: str, reason: str, holder: str) -> int:
    """Let every pinned account of a connection be judged again; answers how many there were.

    Raises:
        BusyError: another process is running the connection.
    """
    with alone(state, name, holder) as keeper:
        freed = state.mirror.unpin(keeper.lease)
        state.actions.add(Action(name, "resume", who, reason, accounts=freed), state.now())
    return freed
