"""When records changed: an index by time that takes many entries out of order and few in order."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable

Entry = tuple[int, int]  # epoch ms, record id

# So many late entries are put in their places one by one; more are sorted in together.
_FEW = 1_000


class ChangeLog:
    """Entries by time and id. Entries of earlier changes stay until there are many of them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._late: list[Entry] = []

    def __len__(self) -> int:
        """How many entries there are, the dead ones included."""
        return len(self._entries) + len(self._late)

    def add(self, entry: Entry) -> None:
        """Note one change."""
        entries = self._entries
        if not entries or entry >= entries[-1]:
            entries.append(entry)
        else:
            self._late.append(entry)

    def in_order(self) -> list[Entry]:
        """Every entry, oldest first; not to be changed."""
        if self._late:
            if len(self._late) > _FEW:
                self._entries += self._late
                self._entries.sort()
            else:
                for entry in self._late:
                    insort(self._entries, entry)
            self._late.clear()
        return self._entries

    def window(self, low: int | None, high: int | None) -> tuple[int, int]:
        """Where entries from *low* to *high* (epoch ms, both included) begin and end."""
        entries = self.in_order()
        start = 0 if low is None else bisect_left(entries, (low, -1))
        stop = len(entries) if high is None else bisect_left(entries, (high + 1, -1))
        return start, stop

    def replace(self, entries: Iterable[Entry]) -> None:
        """Forget all and start again from *entries*."""
        self._late.clear()
        self._entries = sorted(entries)

    def drop(self, alive: Callable[[Entry], bool]) -> None:
        """Forget entries that are not *alive*, and entries that are there twice."""
        self.replace({entry for entry in (*self._entries, *self._late) if alive(entry)})
