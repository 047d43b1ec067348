"""Which mirrored accounts a complete pass over the CRM did not meet: deleted there, or merged.

One bit per account, in blocks that are made as they are needed: a million accounts take 125 kB,
however high their numbers. It rests on rowids that are stable and never given to a second account,
so an account that appears during the pass cannot pass for a lost one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from worker.state.rows import MirrorRow

_BLOCK = 15  # 2 ** 15 accounts in 4 KiB
_MASK = (1 << _BLOCK) - 1


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
        self._seen: dict[int, bytearray] = {}
        self.met = 0  # accounts met that were mirrored before the pass began

    def saw(self, rows: Iterable[MirrorRow]) -> None:
        """Count off accounts that the CRM still has."""
        for row in rows:
            if row.rowid <= self._last:
                self._mark(row.rowid)

    def meet(self, rowid: int) -> bool:
        """Count off one account, also one that is new in this pass; false when met before."""
        if not self._mark(rowid):
            return False
        if rowid <= self._last:
            self.met += 1
        return True

    def has_met(self, rowid: int) -> bool:
        """Whether an account was met in this pass, also one that is new in it."""
        block = self._seen.get(rowid >> _BLOCK)
        return block is not None and bool(block[(rowid & _MASK) >> 3] & (1 << (rowid & 7)))

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
        return rowid > self._last or self.has_met(rowid)

    def _mark(self, rowid: int) -> bool:
        """Count one number off; false when it was before."""
        block = self._seen.get(rowid >> _BLOCK)
        if block is None:
            block = self._seen[rowid >> _BLOCK] = bytearray(1 << (_BLOCK - 3))
        place, bit = (rowid & _MASK) >> 3, 1 << (rowid & 7)
        if block[place] & bit:
            return False
        block[place] |= bit
        return True
