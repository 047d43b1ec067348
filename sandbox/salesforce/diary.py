"""Every write to an account, one by one: whether somebody wrote the same account differently.

Off unless ``diary`` is switched on. It holds ids, moments and digests, never values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.clock import iso_ms

_BITS = (1 << 64) - 1


class Diary:
    """The writes of one org, in their order."""

    def __init__(self) -> None:
        self._writes: list[tuple[str, int, int]] = []

    def clear(self) -> None:
        """Forget every write."""
        self._writes.clear()

    def note(self, record_id: str, values: Mapping[str, str], at: int) -> None:
        """Keep that *values* were written."""
        self._writes.append((record_id, at, hash(frozenset(values.items())) & _BITS))

    def lines(self) -> Iterator[dict[str, Any]]:
        """Each write: the record, the moment, and a digest that is equal for equal values."""
        for record_id, at, digest in self._writes:
            yield {"id": record_id, "at": iso_ms(at), "digest": f"{digest:016x}"}
