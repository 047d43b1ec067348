"""What was asked of the sandbox: a bounded log of requests, and counters that never forget."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class RequestEntry:
    """One request as it was answered. Holds ids and counts, never bodies or tokens."""

    seq: int
    at: str
    method: str
    route: str
    path: str
    query: str
    status: int | None
    inputs: int = 0
    written: list[str] = field(default_factory=list)
    object: str | None = None
    fault: str | None = None
    seconds: float = 0.0


class RequestLog:
    """A ring of the latest requests, plus totals since the last reset."""

    def __init__(self, size: int = 10_000) -> None:
        self._size_at_start = size
        self.clear()

    def clear(self) -> None:
        """Start again from nothing, at the starting size."""
        self._ring: deque[RequestEntry] = deque(maxlen=self._size_at_start)
        self.last_seq = 0
        self.calls: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.writes: dict[str, Counter[str]] = {}

    def resize(self, size: int) -> None:
        """Keep the latest *size* requests from now on."""
        self._ring = deque(self._ring, maxlen=size)

    @property
    def size(self) -> int:
        """How many requests are kept."""
        return self._ring.maxlen or 0

    def add(self, entry: RequestEntry) -> None:
        """Number *entry*, keep it and count it."""
        self.last_seq += 1
        entry.seq = self.last_seq
        self._ring.append(entry)
        self.calls[f"{entry.method} {entry.route}"] += 1
        self.statuses["dropped" if entry.status is None else str(entry.status)] += 1
        if entry.fault:
            self.faults[entry.fault] += 1
        if entry.written and entry.object:
            self.writes.setdefault(entry.object, Counter()).update(entry.written)

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Entries numbered above *seq* that the ring still holds, oldest first."""
        return [asdict(entry) for entry in self._ring if entry.seq > seq]

    def stats(self, *, by_record: bool = True) -> dict[str, Any]:
        """Totals as ``GET /_sandbox/stats`` answers them."""
        writes: dict[str, Any] = {}
        for kind, counts in self.writes.items():
            writes[kind] = {
                "total": counts.total(),
                "records": len(counts),
                "most_for_one_record": max(counts.values()),
            }
            if by_record:
                writes[kind]["by_record"] = dict(counts)
        return {
            "requests": self.last_seq,
            "calls": dict(sorted(self.calls.items())),
            "statuses": dict(sorted(self.statuses.items())),
            "faults": dict(sorted(self.faults.items())),
            "writes": writes,
        }
