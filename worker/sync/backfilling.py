"""Whether a connection's first complete pass has been written, or only read.

A first backfill that someone said no to, or undid, leaves accounts without a tier. Runs go on
meanwhile, and write what is new; the rest is announced again, and waits for a person, once it may
be judged.
"""

from __future__ import annotations

from worker.state.rows import Checkpoint
from worker.state.store import State


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
