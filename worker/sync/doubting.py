"""Accounts about which the mirror may be wrong, and which are therefore read by their id.

Either they were sent something and the answer was lost, or the answer was "ok" and nothing has
shown since that it was stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from connectors.records import AccountRecord, FieldKind
from worker.state.census import Census
from worker.state.instants import instant
from worker.state.rows import WRITTEN_TO, Checkpoint, MirrorRow
from worker.state.runs import HELD, REJECTED, SUPERSEDED
from worker.state.store import State
from worker.sync.fields import holds
from worker.sync.keeping import Keeper
from worker.sync.report import RunKind, RunReport

SHOWN_AFTER: Final = timedelta(minutes=2)
"""How long a write may take to show in a search: its index lags by seconds, with no bound given.

HubSpot tells of "a few moments"; see https://github.com/HubSpot/hubspot-api-nodejs/issues/545.
"""

MOST: Final = 500
"""Accounts looked at in one run: enough to notice, and five calls at most."""


_SECOND: Final = len("2026-11-22T04:00:00")  # of a revision: one CRM tells it no finer
_LATER: Final = 100  # runs that are looked at, newest first
_HELD: Final = (HELD, SUPERSEDED, REJECTED)


def read_by_a_held_run(state: State, report: RunReport) -> bool:
    """Whether the mirror holds the fields of the run of *report*, though no checkpoint says so.

    So it is where a complete pass over them was held, and no later run has read others.
    """
    for run in state.runs.latest(report.connection, _LATER):
        if run.run_id == report.run or run.kind == RunKind.UNSTARTED:
            continue
        earlier = orjson.loads(run.report or b"{}")
        if earlier.get("mapping") != report.mapping:
            return False
        if run.kind == RunKind.FULL and not earlier["limited"] and run.outcome in _HELD:
            return True
    return False


class Doubts:
    """Looks for them within one run over one connection."""

    def __init__(self, state: State, connection: str, census: Census) -> None:
        self._state = state
        self._connection = connection
        self._census = census

    def unanswered(self, rows: Sequence[MirrorRow]) -> set[str]:
        """Which accounts, not read in this run, may hold something else than the mirror says.

        They were sent something and the answer was lost, with the process perhaps. A search may
        not show yet that it arrived.
        """
        unsettled = [
            row.account_id
            for row in rows
            if row.modified_at == "" and not self._census.has_met(row.rowid)
        ]
        if not unsettled:
            return set()
        return self._state.journal.unanswered(self._connection, unsettled)

    def outdated(
        self, records: Sequence[AccountRecord], kinds: Mapping[str, FieldKind]
    ) -> set[str]:
        """Which accounts a search may show as they were before the last write to them.

        It lacks what was written, or what was sent and not answered, or is of an earlier revision
        than was read: so it is where its index lags, and where somebody has edited our fields. Only
        the account itself tells.

        Args:
            records: as the search has them.
            kinds: what our fields hold, in the order of the mirror.
        """
        rows = self._state.mirror.page(self._connection, [it.account_id for it in records])
        found, unsettled = set[str](), list[str]()
        for record in records:
            row = rows.get(record.account_id)
            if row is None or self._census.has_met(row.rowid):
                continue
            if row.modified_at == "":
                unsettled.append(record.account_id)
            elif row.modified_at == WRITTEN_TO:
                written = dict(zip(kinds, orjson.loads(row.outputs), strict=False))
                if not holds(record.fields, written, kinds):
                    found.add(record.account_id)
            elif record.modified_at[:_SECOND] < row.modified_at[:_SECOND]:
                found.add(record.account_id)  # asked by an earlier run: the index still lags
        if unsettled:
            found |= self._state.journal.unanswered(self._connection, unsettled)
        return found

    def set_aside_unmet(self, keeper: Keeper) -> None:
        """Judge what a complete pass over other fields did not meet no more, until it is read.

        It is gone, or was overlooked: what the mirror holds of it are values of the fields of
        before.
        """
        for some in self._census.unseen():
            keeper.keep()
            rows = self._state.mirror.page(self._connection, some)
            aside = [row._replace(modified_at="", inputs=b"[]") for row in rows.values()]
            self._state.mirror.save(keeper.lease, aside)

    def unechoed(self, checkpoint: Checkpoint, overlap: timedelta, now: datetime) -> list[str]:
        """Which accounts were written lately and should have been in the window just read.

        A write changes when an account was modified, so that the next window brings it. Where it
        does not, the CRM has stored nothing, whatever it answered.

        Args:
            checkpoint: from which the window was read.
            overlap: how far before it the window began.
            now: when the window ended, by the clock of the journal.
        """
        if checkpoint.until is None:
            return []
        since = instant(checkpoint.until) - max(overlap, SHOWN_AFTER)
        found = self._state.journal.unechoed(self._connection, since, now - SHOWN_AFTER, MOST)
        return [account_id for rowid, account_id in found if not self._census.has_met(rowid)]
