"""Accounts that are no longer in the CRM: found, told to the guard, forgotten once it lets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from connectors.batching import chunked
from connectors.records import Window
from worker.state.census import Census
from worker.sync.connection import Parts
from worker.sync.keeping import Keeper
from worker.sync.report import Counters

CHUNK = 1_000
"""Accounts erased at once; others wait for each transaction."""


class Departures:
    """What one pass finds to be gone, by the CRM's word or because a complete read misses it."""

    def __init__(self, parts: Parts, keeper: Keeper, census: Census, counters: Counters) -> None:
        self._name = parts.connection.name
        self._connector = parts.connector
        self._state = parts.state
        self._keeper = keeper
        self._census = census
        self._counters = counters
        self._mirrored = parts.state.mirror.count(self._name)  # before this pass
        self._gone: list[str] = []

    def find(self, window: Window) -> None:
        """Find what the CRM says was deleted or merged away; nothing is planned for it."""
        for page in self._connector.gone(window):
            self._keeper.keep()
            known = self._state.mirror.page(self._name, [it.account_id for it in page])
            for row in known.values():
                self._census.meet(row.rowid)
            self._gone += known

    def forget(self) -> None:
        """Erase what is gone, once the guard has let it pass."""
        for some in chunked(self._gone, CHUNK):  # half a portal, perhaps: others wait for each
            self._keeper.keep()
            self._state.erase(self._keeper.lease, some)
            self._counters.erased += len(some)

    def missing(self, *, whole: bool) -> int:
        """How many accounts are no longer there, by a complete pass or by the CRM's word."""
        return max(self._mirrored - self._census.met if whole else len(self._gone), 0)

    def by_tier(self) -> Mapping[str, int]:
        """Which tiers they had."""
        found: Counter[str] = Counter()
        for some in self._census.unseen() if not self._gone else chunked(self._gone, CHUNK):
            self._keeper.keep()
            rows = self._state.mirror.page(self._name, list(some))
            found.update(row.computed_tier for row in rows.values())
        return found
