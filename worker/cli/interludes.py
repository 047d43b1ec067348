"""What serving requests within a run takes of the command that runs: see worker.sync.interludes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from config.connection import ConnectionSettings
from config.problems import ConfigError
from worker import composition
from worker.cli.failing import incident
from worker.state.store import State
from worker.sync.interludes import Service
from worker.sync.report import RunReport

if TYPE_CHECKING:
    from worker.metrics import Metrics

TELL_EVERY: Final = 0.5
"""Seconds between two records of progress."""


class RequestProgress:
    """Writes how far a run is where the person who asked can see it."""

    def __init__(self, state: State, number: int) -> None:
        self._state = state
        self._number = number
        self._total: int | None = None
        self._done = 0
        self._told = time.monotonic()

    def stage(self, name: str, total: int | None) -> None:  # noqa: ARG002 - the row has no name
        """A stage begins."""
        self._total, self._done = total, 0
        self._tell()

    def advance(self, count: int) -> None:
        """So many more are through; not every word of it is written down."""
        self._done += count
        if time.monotonic() - self._told >= TELL_EVERY or self._done == self._total:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        self._state.requests.progress(self._number, self._total, self._done)


def service_of(
    connection: ConnectionSettings,
    state: State,
    tell: Callable[[RunReport], None],
    metrics: Metrics | None = None,
) -> Service:
    """What serves the requests of *connection* while this process runs it."""

    def fingerprint() -> str:
        try:
            compiled = composition.compile_icps(connection.profiles)
        except ConfigError:
            return ""
        return composition.connection_of(connection, compiled).fingerprint()

    def ended(report: RunReport, seconds: float) -> None:
        tell(report)
        if metrics is not None:
            metrics.ran(report, seconds)

    def unforeseen(error: Exception) -> str:
        if metrics is not None:
            metrics.failed(connection.name)
        return incident(error)

    return Service(
        new_run_id=composition.new_run_id,
        fingerprint=fingerprint,
        progress=lambda number: RequestProgress(state, number),
        ended=ended,
        unforeseen=unforeseen,
    )
