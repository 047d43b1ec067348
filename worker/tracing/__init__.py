"""Traces of runs and of what people do with them, where somebody waits for them.

Nothing of it is imported or done otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog

from config.tracing import traces_wanted
from connectors.records import CallCounts
from worker.sync.connection import Progress
from worker.sync.report import RunReport

log = structlog.get_logger()


class RunTrace(Protocol):
    """The trace of one run, or of the approval or rollback of one."""

    def watched(self, progress: Progress) -> Progress:
        """Progress that also makes a span of each stage, and of each batch that is written."""

    def follow(self, calls: CallCounts) -> None:
        """Make a span of each call from now on."""

    def ended(self, report: RunReport) -> None:
        """The run has ended with a report."""


class Untraced:
    """Nobody waits for traces."""

    def watched(self, progress: Progress) -> Progress:
        """Nothing but the progress itself."""
        return progress

    def follow(self, calls: CallCounts) -> None:
        """Nothing to do."""

    def ended(self, report: RunReport) -> None:
        """Nothing to do."""


@contextmanager
def tracing() -> Iterator[None]:
    """Send traces meanwhile, and for a few seconds afterwards, where the environment asks for it.

    Without the libraries (``icp-sync[otel]``) the log says so, and everything else goes on.
    """
    if not traces_wanted():
        yield
        return
    try:
        from worker.tracing import spans  # noqa: PLC0415 - only where traces are wanted
    except ModuleNotFoundError as error:
        log.warning("traces_unavailable", missing=error.name, remedy="install icp-sync[otel]")
        yield
        return
    with spans.sending():
        yield


@contextmanager
def run_trace(
    run_id: str, connection: str, *, dry_run: bool, doing: str = "run"
) -> Iterator[RunTrace]:
    """The trace of one run; its id is bound to the log meanwhile.

    *doing* names its outermost span: a person may also be approving the run, or be undoing another
    by it.
    """
    if not traces_wanted():
        yield Untraced()
        return
    try:
        from worker.tracing import spans  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        yield Untraced()
        return
    with spans.run_span(doing, run_id, connection, dry_run=dry_run) as trace:
        yield trace
