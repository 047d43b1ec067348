"""The people of a simulated day: what they edit, and what a tier is owed to afterwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

from benchmarks.chaos.day_figures import Ledger

_FEW, _MANY = "5", "400"  # employees: too small for the ICP, and of the right size
_KINDS: Final = ("size", "back", "other", "create", "archive")
_WEIGHTS: Final = (80, 5, 10, 3, 2)
_MERGES: Final = 0.1  # of the moments
_RECENT: Final = 20  # companies that may be edited back and forth

Records = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Does in the portal what people do there; see ``POST /_sandbox/records``."""


class People:
    """They edit companies drawn by lot, take some of it back, make, delete and merge others."""

    def __init__(self, pool: Iterable[str], chance: Random, ledger: Ledger) -> None:
        self._pool = sorted(pool)
        self._chance = chance
        self._ledger = ledger
        self._employees: dict[str, str] = {}
        self._recent: deque[str] = deque(maxlen=_RECENT)

    def work(self, count: int, at: datetime, records: Records, *, gently: bool = False) -> None:
        """Edit so many companies at once.

        Args:
            count: how many.
            at: the time it is in the portal.
            records: carries it out.
            gently: leave out companies that something is due to: a write that is under way could
                not be told from one that answers the edit.
        """
        sizes: dict[str, str] = {}
        towns: dict[str, str] = {}
        made, gone = 0, set[str]()
        for _ in range(count):
            name = self._chance.choice(self._pool)
            kind = self._chance.choices(_KINDS, _WEIGHTS)[0]
            if kind == "back" and self._recent:
                name = self._chance.choice(self._recent)
            if gently and self._ledger.is_waiting(name):
                continue
            if kind in {"size", "back"}:
                sizes[name] = self._other(name)
            elif kind == "other":
                towns[name] = f"Town {at:%H%M%S}"
            elif kind == "archive":
                gone.add(name)
            else:
                made += 1
        for name in gone:
            sizes.pop(name, None)
            towns.pop(name, None)
        body: dict[str, Any] = {
            "companies": {
                **{it: {"city": town} for it, town in towns.items()},
                **{it: {"numberofemployees": size} for it, size in sizes.items()},
            },
            "create": [{"name": "New", "numberofemployees": _MANY}] * made,
            "archive": sorted(gone),
        }
        if self._chance.random() < _MERGES and len(sizes) > 1:
            winner, loser = self._chance.sample(sorted(sizes), 2)
            body["merge"] = [winner, loser]
            gone.add(loser)
        done = records(body)
        self._remember({**sizes, **dict.fromkeys(done["created"], _MANY)}, at)
        self._pool += done["created"]
        self._recent.extend(sizes)
        self._forget(gone)

    def _other(self, name: str) -> str:
        """The number of employees that puts a company into another tier than it is in."""
        known = self._employees.get(name)
        if known is None:  # as good as many: it is in no tier for the too small
            self._ledger.know({name: _MANY})
        return _MANY if known == _FEW else _FEW

    def _remember(self, sizes: Mapping[str, str], at: datetime) -> None:
        for name, size in sizes.items():
            self._employees[name] = size
            self._ledger.edit(name, size, at)

    def _forget(self, gone: set[str]) -> None:
        if gone:
            self._pool = [it for it in self._pool if it not in gone]
            self._recent = deque((it for it in self._recent if it not in gone), maxlen=_RECENT)
        for name in gone:
            self._ledger.remove(name)
