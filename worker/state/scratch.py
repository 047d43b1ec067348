"""Scratch state: what a dry run uses. It sees what is stored and stores nothing.

Its plan goes to a temporary file, because a plan can be larger than memory should be; what a dry
run would save elsewhere is dropped, since it never reads it back.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from worker.state.connections import Bindings, Checkpoints, require_same
from worker.state.dead_letters import DeadLetters
from worker.state.history import Documents, History
from worker.state.mirror import Mirror
from worker.state.rows import (
    Binding,
    Checkpoint,
    DeadLetter,
    Document,
    HistoryRow,
    Lease,
    MirrorRow,
)

PREFIX: Final = "icp-dry-run-"
"""How the temporary folder of a dry run's plan is called."""

LEFT_BEHIND: Final = timedelta(days=1)
"""A plan that nobody has written to for so long is of a dry run that was killed."""


def sweep() -> None:
    """Remove what dry runs that were killed left in the temporary folder: customers' values."""
    oldest = time.time() - LEFT_BEHIND.total_seconds()
    found: list[Path] = []
    with suppress(OSError):  # there may be no temporary folder at all
        found += Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    for folder in found:
        with suppress(OSError):  # another user's, or another process is at it
            if max(it.stat().st_mtime for it in (folder, *folder.iterdir())) < oldest:
                shutil.rmtree(folder, ignore_errors=True)


class ScratchBindings(Bindings):
    """Checks the stored binding; binds nothing."""

    def bind(self, connection: str, binding: Binding) -> None:
        """Refuse another portal than the stored one."""
        bound = self.of(connection)
        if bound is not None:
            require_same(connection, bound, binding)

    def adopt(self, connection: str, binding: Binding) -> None:
        """Drop it."""


class ScratchCheckpoints(Checkpoints):
    """The stored checkpoints, which stay where they are."""

    def save(self, lease: Lease, checkpoint: Checkpoint) -> None:
        """Drop it."""

    def forget_inputs(self, lease: Lease) -> None:
        """Leave the mirror for what it is: nothing is read into it."""


class ScratchMirror(Mirror):
    """The stored mirror, which stays as it is."""

    def save(self, lease: Lease, rows: Iterable[MirrorRow]) -> None:
        """Drop them."""

    def pin(self, lease: Lease, account_ids: Sequence[str], fingerprint: str) -> None:
        """Drop it."""

    def unpin(self, lease: Lease) -> int:  # noqa: ARG002  # stands in for Mirror.unpin
        """Leave every pin in place."""
        return 0


class ScratchHistory(History):
    """The stored history, to which nothing is added."""

    def add(self, lease: Lease, rows: Iterable[HistoryRow]) -> None:
        """Drop them."""


class ScratchDocuments(Documents):
    """The stored documents, to which none is added."""

    def save(self, document: Document, now: datetime) -> None:
        """Drop it."""


class ScratchDeadLetters(DeadLetters):
    """The stored dead letters, to which none is added and of which none is taken."""

    def put(self, lease: Lease, letters: Sequence[DeadLetter]) -> None:
        """Drop them."""

    def drop(self, lease: Lease, account_ids: Sequence[str]) -> None:
        """Leave them."""
