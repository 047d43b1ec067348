"""Judged and shown, not written: while a person has paused the connection, or it is frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from config.freezing import Freeze, in_force, last_end
from worker.state.instants import instant, instant_text, minute_text
from worker.state.pauses import Pause
from worker.state.store import State
from worker.sync.connection import Connection
from worker.sync.guard import Hold
from worker.sync.keeping import Stop


def withheld(state: State, connection: Connection, now: datetime) -> Hold | None:
    """Why nothing may be written at *now*; ``None`` when nobody has said so.

    A pause is what a person said on the day, a freeze what was announced in the settings; where
    both are in force both are told, since ending the one does not end the other.
    """
    pause = state.pauses.of(connection.name, now)
    freeze = in_force(connection.freezes, now)
    holds = [
        *([_paused(pause, connection.name)] if pause else []),
        *([_frozen(freeze)] if freeze else []),
    ]
    if len(holds) < 2:  # noqa: PLR2004 - both
        return holds[0] if holds else None
    paused, frozen = holds
    ends = [it.ends_at for it in holds if it.ends_at is not None]
    return Hold(
        f"{paused.reason}; also {frozen.reason}",
        f"{paused.remedy} {frozen.remedy}",
        0,
        0,
        ends_at=max(ends) if len(ends) == len(holds) else None,
    )


def also_guarded(hold: Hold | None, guard: Hold | None) -> Hold | None:
    """What keeps a run back, with what the guard has against it: that stays when the rest ends."""
    if hold is None:
        return guard
    if guard is None:
        itself = "The first run after that writes by itself. " if hold.ends_at else ""
        return replace(hold, remedy=itself + hold.remedy)
    return replace(
        guard,
        reason=f"{hold.reason}; also {guard.reason}",
        remedy=f"Once that is over: {guard.remedy}",
    )


def _paused(pause: Pause, connection: str) -> Hold:
    until = "until someone resumes it"
    if pause.until is not None:
        until = f"until {minute_text(instant(pause.until))}"
    return Hold(
        f"paused by {pause.who} since {minute_text(instant(pause.since))}, {until}: {pause.reason}",
        f"`icp resume {connection}` lets it write again.",
        0,
        0,
        ends_at=pause.until,
    )


def frozen_words(freeze: Freeze) -> str:
    """Say that a connection is frozen: ``frozen until 2026-12-27 00:00 UTC: year end``."""
    return f"frozen until {minute_text(freeze.ends)}: {freeze.reason}"


def _frozen(freeze: Freeze) -> Hold:
    return Hold(
        frozen_words(freeze),
        "To write sooner, take the window out of `freeze` in worker.yaml and restart the worker.",
        0,
        0,
        ends_at=instant_text(freeze.ends),
    )


class StopOrPause:
    """Ends a drain when the process is to stop, or a pause or a freeze begins under way."""

    def __init__(
        self, stop: Stop, state: State, connection: Connection, clock: Callable[[], datetime]
    ) -> None:
        """Prepare to be asked before each batch.

        Args:
            stop: set when the process is asked to end.
            state: where pauses are.
            connection: whose writes, with its freeze windows.
            clock: of those who share the state.
        """
        self._stop = stop
        self._state = state
        self._connection = connection
        self._clock = clock

    def is_set(self) -> bool:
        """Whether to finish the batch in hand and leave."""
        return (
            self._stop.is_set()
            or withheld(self._state, self._connection, self._clock()) is not None
        )


def allowed_again(
    state: State, connection: str, now: datetime, freezes: Sequence[Freeze]
) -> datetime | None:
    """When a freeze or a pause last ended, by itself or by a person."""
    ends = (
        last_end(freezes, now),
        state.pauses.ended(connection, now),
        state.actions.latest(connection, "resume"),
    )
    return max(filter(None, ends), default=None)
