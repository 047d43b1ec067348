"""Which mirrored accounts a complete pass over the CRM did not meet: deleted there, or merged.

One bit per account: a million accounts take 125 kB. It rests on rowids that are stable and never
given to a second account, so an account that appears during the pass cannot pass for a lost one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from worker.state.rows import MirrorRow


class _Scannable(Protocol):
    def scan(
        self, connection: str, after_rowid: int = ..., limit: int = ...
    ) -> Sequence[MirrorRow]: ...


class Census:
    """Counts off the accounts of one connection during one pass."""

    def __init__(self, mirror: _Scannable, connection: str, last_rowid: int) -> None:
        self._mirror = mirror
        self._connection = connection
        self._last = last_rowid
        self._seen = bytearray(last_rowid // 8 + 1)
        self.met = 0  # accounts met that were mirrored before the pass began

    def saw(self, rows: Iterable[MirrorRow]) -> None:
        """Count off accounts that the CRM still has."""
        seen, last = self._seen, self._last
        for row in rows:
            rowid = row.rowid
            if rowid <= last:
                seen[rowid >> 3] |= 1 << (rowid & 7)

    def meet(self, rowid: int) -> bool:
        """Count off one account, also one that is new in this pass; false when met before."""
        place, bit = rowid >> 3, 1 << (rowid & 7)
        seen = self._seen
        if place >= len(seen):
            seen.extend(bytes(place + 4096 - len(seen)))
        elif seen[place] & bit:
            return False
        seen[place] |= bit
        if rowid <= self._last:
            self.met += 1
        return True

    def unseen(self, limit: int = 1000) -> Iterator[list[str]]:
        """Ids, in lists, of accounts mirrored before the pass and not met in it.

        Ask the CRM about each before believing that it is gone: a pass may miss an account that
        changes while it is read.
        """
        after = 0
        while rows := self._mirror.scan(self._connection, after, limit):
            after = rows[-1].rowid
            lost = [row.account_id for row in rows if not self._has_seen(row.rowid)]
            if lost:
                yield lost

    def _has_seen(self, rowid: int) -> bool:
        return rowid > self._last or bool(self._seen[rowid >> 3] & (1 << (rowid & 7)))
