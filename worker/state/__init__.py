"""What the worker remembers between runs: one database, opened with :func:`open_state`."""

from __future__ import annotations

from worker.state.errors import StaleLeaseError, StateError
from worker.state.instants import instant, instant_text
from worker.state.rows import (
    Binding,
    Change,
    ChangeState,
    Checkpoint,
    DeadLetter,
    Document,
    HistoryRow,
    Lease,
    MirrorRow,
    Outcome,
    PlannedChange,
    Run,
    Standing,
    Transition,
)
from worker.state.store import State, open_state

__all__ = [
    "Binding",
    "Change",
    "ChangeState",
    "Checkpoint",
    "DeadLetter",
    "Document",
    "HistoryRow",
    "Lease",
    "MirrorRow",
    "Outcome",
    "PlannedChange",
    "Run",
    "StaleLeaseError",
    "Standing",
    "State",
    "StateError",
    "Transition",
    "instant",
    "instant_text",
    "open_state",
]
