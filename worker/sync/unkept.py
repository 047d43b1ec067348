"""Accounts whose CRM answers "ok" and does not keep what it was sent.

An automation that sets one of our fields after each write makes every run find drift and write
again, for ever: two programs fight, and both believe that they are right. After a few writes of the
same values the run gives way, says so, and tries again as rarely as a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from connectors.records import FieldKind
from worker.state.instants import instant, instant_text
from worker.state.journal import Written
from worker.state.rows import DeadLetter, MirrorRow, PlannedChange
from worker.state.store import State
from worker.sync.examples import Examples
from worker.sync.fields import same
from worker.sync.keeping import Keeper
from worker.sync.refusing import Refusals
from worker.sync.report import Counters

NOT_KEPT: Final = "NOT_KEPT"
"""The code of an account that the CRM accepts and does not keep."""

ENOUGH: Final = 3
"""Writes of the same values in a row after which a run gives way.

The first and two repairs: a person who overwrites our field once or twice is simply corrected.
"""

TOGETHER: Final = timedelta(days=10)
"""Writes further apart are none in a row: somebody edits a field now and then.

Longer than the longest wait between two attempts, and the time until the account is next judged.
"""

_LOOKED_AT: Final = 30  # writes of an account: more than three months of attempts come to


class Unkept:
    """Sorts out, chunk by chunk, what need not be written again."""

    def __init__(
        self,
        state: State,
        keeper: Keeper,
        run_id: str,
        counters: Counters,
        kinds: Mapping[str, FieldKind],
        *,
        named: bool,
    ) -> None:
        """Prepare.

        Args:
            state: the journal is read, and dead letters are written.
            keeper: of the lease, whose connection it is.
            run_id: of the run that finds them.
            counters: of that run.
            kinds: what each of our fields holds that is a reason to write.
            named: a person named each account and wants it tried.
        """
        self._state = state
        self._keeper = keeper
        self._run_id = run_id
        self._counters = counters
        self._kinds = kinds
        self._named = named
        self._suspects: list[PlannedChange] = []

    def look_into(self, change: PlannedChange, row: MirrorRow | None, outputs: bytes) -> None:
        """Suspect a planned *change*, where our fields hold something else than we left there.

        Args:
            change: as planned.
            row: the account as mirrored before.
            outputs: our fields as they are now, as the mirror keeps them.
        """
        if row is None or not row.fingerprint or self._named:
            return  # never written, or to be tried
        if row.modified_at == "" or row.outputs != outputs:
            self._suspects.append(change)

    def withdraw(
        self, planned: list[PlannedChange], refusals: Refusals, examples: Examples
    ) -> None:
        """Take out of *planned* what was written often enough to no effect, and say so.

        What waited among the *refusals*, and is due, is tried again.
        """
        suspects = [it for it in self._suspects if not refusals.code(it.account_id)]
        self._suspects.clear()
        if not suspects:
            return
        lease, now = self._keeper.lease, self._keeper.now()
        names = [it.account_id for it in suspects]
        written = self._state.journal.latest(lease.connection, names, _LOOKED_AT)
        letters: dict[str, DeadLetter] = {}
        for change in suspects:
            letter = self._letter(change, written.get(change.account_id, ()), now)
            if letter is not None:
                letters[change.account_id] = letter
                examples.forget(change)
        if letters:
            planned[:] = [it for it in planned if it.account_id not in letters]
            self._state.dead_letters.put(lease, list(letters.values()))
            self._counters.rejected += len(letters)
            self._counters.deferred += len(letters)
            self._counters.not_kept += len(letters)

    def _letter(
        self, change: PlannedChange, written: Sequence[Written], now: datetime
    ) -> DeadLetter | None:
        after: dict[str, str | None] = orjson.loads(change.after)
        wanted = {name: value for name, value in after.items() if name in self._kinds}
        times, since = 0, now
        for earlier in written:
            if earlier.answered_at is None:
                break  # it may be ours, what the CRM holds
            at = instant(earlier.answered_at)
            if earlier.inputs_hash != change.inputs_hash or since - at > TOGETHER:
                break
            if not self._is_same(orjson.loads(earlier.after), wanted):
                break
            times, since = times + 1, at
        if times < ENOUGH:
            return None
        names = ", ".join(wanted)
        return DeadLetter(
            change.account_id,
            self._run_id,
            times - ENOUGH + 1,
            NOT_KEPT,
            next(iter(wanted), ""),
            f"written {times} times since {since:%Y-%m-%d %H:%M} UTC, accepted each time, and not"
            f" there when it was read next: {names}. Look for a workflow, a flow or another"
            f" integration that sets it, and take our field out of it. `icp resync"
            f" {change.account_id}` tries again at once.",
            change.inputs_hash,
            instant_text(now),
            instant_text(now),
        )

    def _is_same(self, written: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> bool:
        """Whether *written* set all that is *wanted* now, as the CRM compares values."""
        return all(
            name in written and same(self._kinds[name], written[name] or "", value or "")
            for name, value in wanted.items()
        )
