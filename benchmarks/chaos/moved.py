"""A clock that one process moves for several: time passes by itself, and in leaps."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from worker.sync.keeping import elapsed

_AHEAD = struct.Struct("d")


class MovedClock:
    """So many seconds ahead of the machine's; the number is in a file that all have mapped."""

    def __init__(self, file: Path) -> None:
        """Open the clock of *file*, making it where there is none."""
        if not file.exists():
            file.write_bytes(_AHEAD.pack(0.0))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _AHEAD.size)

    @property
    def _ahead(self) -> float:
        found: float = _AHEAD.unpack_from(self._map)[0]
        return found

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def seconds(self) -> float:
        """Seconds as :func:`worker.sync.keeping.elapsed` counts them, leaps included."""
        return elapsed() + self._ahead

    def move(self, to: datetime) -> None:
        """Leap to a moment, for everyone at once."""
        _AHEAD.pack_into(self._map, 0, (to - datetime.now(UTC)).total_seconds())
