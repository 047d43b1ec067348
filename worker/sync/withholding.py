"""Judged and shown, not written: while a person has paused the connection."""

from __future__ import annotations

from datetime import datetime

from worker.state.store import State
from worker.sync.guard import Hold
from worker.sync.keeping import Stop


def withheld(state: State, connection: str, now: datetime) -> Hold | None:
    """Why nothing may be written at *now*; ``None`` when nobody has said so."""
    pause = state.pauses.of(connection, now)
    if pause is None:
        return None
    until = f"until {pause.until}" if pause.until else "until someone resumes it"
    return Hold(
        f"paused by {pause.who} since {pause.since}, {until}: {pause.reason}",
        f"`icp resume {connection}` lets it write again.",
        0,
        0,
    )


class StopOrPause:
    """Ends a drain when the process is asked to stop, or the connection is paused under way."""

    def __init__(self, stop: Stop, state: State, connection: str) -> None:
        self._stop = stop
        self._state = state
        self._connection = connection

    def is_set(self) -> bool:
        """Whether to finish the batch in hand and leave."""
        return (
            self._stop.is_set()
            or withheld(self._state, self._connection, self._state.now()) is not None
        )
