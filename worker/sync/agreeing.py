"""Losses that a person agreed to: by approving a run that was held for them.

The loss is still there at the next run, which would be held for it again and for ever.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, Final

import orjson

from worker.state.actions import Action
from worker.state.instants import instant_text
from worker.state.rows import Checkpoint
from worker.state.runs import HELD, REJECTED
from worker.state.store import State
from worker.sync.guard import Losses
from worker.sync.report import RunKind

_LOOKED_AT: Final = 5  # approvals, newest first
_AN_INPUT_STAYS_AGREED: Final = timedelta(days=60)
"""Longer than a last known value stands in for an input, which is how long it counts as lost."""


def agreed_losses(state: State, connection: str, checkpoint: Checkpoint) -> Losses:
    """What a person has agreed to lose.

    Missing accounts are agreed to until the complete pass that forgets them, an empty input for as
    long as last known values stand in for it.
    """
    missing = 0
    vanished: Counter[str] = Counter()
    approved: list[Action] = []
    for it in state.actions.all(connection):
        if it.what == "adopt":  # what was agreed to was said of another portal
            approved.clear()
        elif it.what == "approve":
            approved.append(it)
    for action in reversed(approved[-_LOOKED_AT:]):
        run = state.runs.get(action.run_id)
        if run is None or run.outcome == REJECTED:  # thought better of it
            continue
        agreed = losses_in(orjson.loads(run.report or b"{}").get("agreed"))
        if checkpoint.full_at is None or run.as_of > checkpoint.full_at:  # both by the CRM's clock
            missing = max(missing, agreed.missing)
        if action.at > instant_text(state.now() - _AN_INPUT_STAYS_AGREED):
            vanished |= Counter(agreed.vanished)
    return Losses(missing, dict(vanished))


def only_whole(state: State, connection: str) -> bool:
    """Whether a run is held for accounts that only a complete pass can miss.

    One that reads what changed sees nothing of it: it would end well, and take the place of what
    someone's full read or resync had found. So the next run reads everything, too.
    """
    for run in state.runs.latest(connection, 1, outcome=HELD):
        report = orjson.loads(run.report or b"{}")
        missing = losses_in(report.get("hold")).missing
        return bool(missing) and report.get("kind") == RunKind.FULL.value
    return False


def losses_in(data: Any) -> Losses:
    """Losses as a report keeps them; none where there are none."""
    if not data:
        return Losses()
    return Losses(int(data.get("missing", 0)), dict(data.get("vanished", {})))
