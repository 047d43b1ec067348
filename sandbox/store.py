"""Records of one CRM object: named text values, modification times, archive and merge.

A hundred thousand records must fit in memory and be searched by modification time: a record is a
list of values by column (not a dictionary), changes are indexed by time, and what was seeded is
kept by sharing the list until the first write copies it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from sys import intern

from sandbox.changes import ChangeLog
from sandbox.clock import iso_ms

CREATED, MODIFIED, OBJECT_ID, MERGED_IDS = range(4)  # columns every table has, in this order

# When a record was modified, its values, and when it was archived.
Snapshot = tuple[int, list[str | None], int | None]

# Shorter values repeat (codes, countries, numbers) and are worth sharing between records.
_SHARED_LENGTH = 24
_DEAD_SHARE = 3


class Record:
    """One record. Text lives in ``values`` by column; ask the table for a value by name."""

    __slots__ = ("archived_at", "created", "id", "merged_into", "modified", "seeded", "values")

    def __init__(self, record_id: int, created: int, modified: int, values: list[str | None]):
        self.id = record_id
        self.created = created
        self.modified = modified
        self.values = values
        self.archived_at: int | None = None
        self.merged_into: int | None = None
        self.seeded: tuple[int, list[str | None]] | None = None

    @property
    def live(self) -> bool:
        """Neither archived nor merged away."""
        return self.archived_at is None and self.merged_into is None


class Table:
    """The records of one object type, in ascending id order."""

    def __init__(
        self,
        system_columns: Sequence[str],
        first_id: int,
        now_ms: Callable[[], int],
        *,
        spell_id: Callable[[int], str] = str,
    ) -> None:
        """Name the four system columns (created, modified, id, merged ids) as this CRM does.

        *spell_id* says how an id is written in the id column.
        """
        self.columns: list[str] = list(system_columns)
        self.slots = {name: slot for slot, name in enumerate(self.columns)}
        self.records: dict[int, Record] = {}
        self.live_count = 0
        self.version = 0  # moves with every change: whoever caches an answer compares it
        self.index_lag_ms = 0
        self._ids: list[int] = []
        self._changes = ChangeLog()
        self._archived: list[int] = []
        self._pending: dict[int, list[tuple[int, list[str | None] | None]]] = {}
        self._first_id = first_id
        self._spell_id = spell_id
        self._now_ms = now_ms
        self._spelled = (0, iso_ms(0))  # many records change at one moment

    # -- columns ---------------------------------------------------------------------------------

    def column(self, name: str) -> int:
        """The slot of column *name*, made when it is new."""
        slot = self.slots.get(name)
        if slot is None:
            slot = self.slots[name] = len(self.columns)
            self.columns.append(name)
        return slot

    def clear_column(self, name: str) -> None:
        """Forget every value of *name* (its property was archived)."""
        slot = self.slots.get(name)
        if slot is None:
            return
        for record in self.records.values():
            if slot < len(record.values) and record.values[slot] is not None:
                self._own(record)[slot] = None
        self.version += 1

    def padded(self, record: Record) -> list[str | None]:
        """The record's values, as long as the table is wide."""
        values = record.values
        if len(values) < len(self.columns):
            values.extend([None] * (len(self.columns) - len(values)))
        return values

    def value(self, record: Record, name: str) -> str | None:
        """One value by column name; ``None`` where there is none or no such column."""
        slot = self.slots.get(name)
        if slot is None or slot >= len(record.values):
            return None
        return record.values[slot]

    def as_dict(self, record: Record) -> dict[str, str]:
        """All values that are set, by column name."""
        return {
            name: value
            for name, value in zip(self.columns, record.values, strict=False)
            if value is not None
        }

    # -- reading ---------------------------------------------------------------------------------

    def get(self, record_id: int) -> Record | None:
        """The record with exactly this id, archived and merged ones included."""
        return self.records.get(record_id)

    def resolve(self, record_id: int) -> Record | None:
        """The record this id leads to, through merges."""
        record = self.records.get(record_id)
        while record is not None and record.merged_into is not None:
            record = self.records.get(record.merged_into)
        return record

    def live(self) -> Iterator[Record]:
        """Every live record, by ascending id."""
        return (r for r in map(self.records.__getitem__, self._ids) if r.live)

    def page(
        self, from_id: int, limit: int, *, archived: bool = False
    ) -> tuple[list[Record], int | None]:
        """Up to *limit* records with id >= *from_id*, and the id at which the next page starts."""
        ids = self._archived if archived else self._ids
        found: list[Record] = []
        for index in range(bisect_left(ids, from_id), len(ids)):
            record = self.records[ids[index]]
            if not archived and not record.live:
                continue
            if len(found) == limit:
                return found, record.id
            found.append(record)
        return found, None

    def ids_between(self, low: int | None, high: int | None) -> list[int]:
        """Ids from *low* to *high*, both included, of whatever state."""
        start = 0 if low is None else bisect_left(self._ids, low)
        stop = len(self._ids) if high is None else bisect_right(self._ids, high)
        return self._ids[start:stop]

    def ids_changed_between(self, low: int | None, high: int | None) -> list[int]:
        """Ids whose last change lies from *low* to *high* (epoch ms, both included), ascending."""
        start, stop = self._changes.window(low, high)
        entries, records = self._changes.in_order(), self.records
        return sorted({i for at, i in entries[start:stop] if records[i].modified == at})

    def count_changed(self, low: int | None, high: int | None) -> int:
        """About how many ids :meth:`ids_changed_between` finds, at most."""
        start, stop = self._changes.window(low, high)
        return max(0, stop - start)

    def changes(
        self, low: int | None, high: int | None, *, backwards: bool = False
    ) -> Iterator[Record]:
        """Records whose last change lies from *low* to *high*, by time and then id."""
        start, stop = self._changes.window(low, high)
        records, changes = self.records, self._changes.in_order()
        order = range(stop - 1, start - 1, -1) if backwards else range(start, stop)
        last = None
        for index in order:
            entry = changes[index]
            record = records[entry[1]]
            # A record changed twice within one tick has two equal entries.
            if record.modified == entry[0] and entry != last:
                last = entry
                yield record

    # -- writing ---------------------------------------------------------------------------------

    def add(
        self,
        values: Mapping[str, str],
        at: int,
        *,
        created: int | None = None,
        record_id: int | None = None,
    ) -> Record:
        """Create a live record from named *values*, modified *at* epoch ms.

        It gets the next id unless it brings a free *record_id* of its own.
        """
        if record_id is None:
            record_id = self._next_id()
        created = at if created is None else created
        record = Record(record_id, created, at, [])
        row = record.values
        row += [iso_ms(created), iso_ms(at), self._spell_id(record_id)]
        slots = self.slots
        for name, value in values.items():
            slot = slots.get(name) or self.column(name)
            if slot > OBJECT_ID:
                if slot >= len(row):
                    row += [None] * (slot + 1 - len(row))
                row[slot] = intern(value) if len(value) <= _SHARED_LENGTH else value
        self.records[record_id] = record
        if self._ids and record_id < self._ids[-1]:
            insort(self._ids, record_id)
        else:
            self._ids.append(record_id)
        self.live_count += 1
        self._remember(record, None)
        self._changed(record)
        return record

    def update(self, record: Record, changes: Mapping[str, str], at: int) -> None:
        """Set *changes* (``""`` for cleared) and move the modification time, even when equal."""
        self._remember(record, record.values)
        values = self._own(record)
        slots = self.slots
        if len(values) < len(self.columns):
            self.padded(record)
        for name, value in changes.items():
            slot = slots.get(name)
            if slot is None:
                slot = self.column(name)
                self.padded(record)
            values[slot] = intern(value) if len(value) <= _SHARED_LENGTH else value
        self._touch(record, at)

    def derive(self, record: Record, name: str, value: str) -> None:
        """Set a calculated value; the modification time stays where it is."""
        slot = self.column(name)
        self._own(record)
        self.padded(record)[slot] = value
        self.version += 1

    def archive(self, record: Record, at: int) -> None:
        """Take a live record out of lists and searches."""
        self._remember(record, record.values)
        self._own(record)
        record.archived_at = at
        insort(self._archived, record.id)
        self.live_count -= 1
        self._touch(record, at)

    def restore(self, record: Record, at: int) -> None:
        """Make an archived record live again."""
        self._remember(record, record.values)
        self._own(record)
        record.archived_at = None
        self._archived.remove(record.id)
        self.live_count += 1
        self._touch(record, at)

    def merge(self, primary: Record, loser: Record, at: int, *, new_id: bool = False) -> Record:
        """Fold *loser* into *primary*: its values fill blanks, its id leads to the survivor.

        With *new_id* the survivor is a third record, and both ids lead to it.
        """
        gone = [loser]
        blanks = self.as_dict(loser)
        kept = {name: value for name, value in self.as_dict(primary).items() if value}
        old = [v for v in (self._text(primary, MERGED_IDS), self._text(loser, MERGED_IDS)) if v]
        survivor = primary
        if new_id:
            survivor = self.add({**blanks, **kept}, at, created=primary.created)
            gone.insert(0, primary)
        merged = ";".join([*old, *(str(record.id) for record in gone)])
        system = self.columns[: MERGED_IDS + 1]
        filled = {n: v for n, v in blanks.items() if n not in kept and n not in system}
        self.update(survivor, {**filled, self.columns[MERGED_IDS]: merged}, at)
        for record in gone:
            self._remember(record, record.values)
            self._own(record)
            record.merged_into = survivor.id
            self.live_count -= 1
            self._touch(record, at)
        return survivor

    # -- undoing ---------------------------------------------------------------------------------

    def snapshot(self, record: Record) -> Snapshot:
        """What :meth:`put_back` needs to undo changes of *record*."""
        return record.modified, list(record.values), record.archived_at

    def put_back(self, record: Record, before: Snapshot) -> None:
        """Undo what happened to *record* since its snapshot."""
        modified, values, archived_at = before
        if record.archived_at is not None and archived_at is None:
            self._archived.remove(record.id)
            self.live_count += 1
        record.modified, record.values, record.archived_at = modified, values, archived_at
        self._changes.add((modified, record.id))
        self.version += 1

    def forget(self, record: Record) -> None:
        """Undo the creation of *record*."""
        del self.records[record.id]
        self._ids.remove(record.id)
        self._changes.drop(lambda entry: entry[1] != record.id)
        self.live_count -= 1
        self.version += 1

    # -- what a lagging index sees ---------------------------------------------------------------

    def lagging(self) -> dict[int, list[str | None] | None]:
        """Records whose last change the index has not seen, with the values it still shows."""
        if not self._pending:
            return {}
        now = self._now_ms()
        shown: dict[int, list[str | None] | None] = {}
        for record_id, versions in list(self._pending.items()):
            waiting = [version for version in versions if version[0] > now]
            if waiting:
                self._pending[record_id] = waiting
                shown[record_id] = waiting[0][1]
            else:
                del self._pending[record_id]
        return shown

    # -- seeded state ----------------------------------------------------------------------------

    def mark_seeded(self) -> None:
        """Remember the present state as what :meth:`reset` goes back to."""
        self._changes.replace((r.modified, r.id) for r in self.records.values())
        self._pending.clear()
        for record in self.records.values():
            record.seeded = (record.modified, record.values)

    def reset(self) -> None:
        """Go back to the seeded state; records made since are gone."""
        self._ids = [i for i in self._ids if self.records[i].seeded is not None]
        self.records = {i: self.records[i] for i in self._ids}
        for record in self.records.values():
            if record.seeded is not None:
                record.modified, record.values = record.seeded
            record.archived_at = record.merged_into = None
        self._archived.clear()
        self.live_count = len(self._ids)
        self.index_lag_ms = 0
        self.mark_seeded()
        self.version += 1

    # -- inside ----------------------------------------------------------------------------------

    def _next_id(self) -> int:
        # Ids ascend with gaps, as real ones do; the same number of records gets the same ids.
        n = len(self._ids)
        record_id = self._first_id + 37 * n + (n * n * 7919) % 31
        if self._ids and record_id <= self._ids[-1]:  # a loaded record brought a higher one
            record_id = self._ids[-1] + 37
        return record_id

    def _text(self, record: Record, slot: int) -> str | None:
        return self.padded(record)[slot]

    def _own(self, record: Record) -> list[str | None]:
        """Values that may be written: the seeded list is copied at the first write."""
        shown = self.index_lag_ms and record.id in self._pending
        if shown or (record.seeded is not None and record.values is record.seeded[1]):
            record.values = list(record.values)
        return record.values

    def _remember(self, record: Record, before: list[str | None] | None) -> None:
        if self.index_lag_ms:
            shown_from = self._now_ms() + self.index_lag_ms
            # _own() copies before it writes, so the list kept here stays as it was.
            self._pending.setdefault(record.id, []).append((shown_from, before))

    def _touch(self, record: Record, at: int) -> None:
        if at != self._spelled[0]:
            self._spelled = (at, iso_ms(at))
        record.values[MODIFIED] = self._spelled[1]
        if record.modified == at:
            self.version += 1
            return
        record.modified = at
        self._changed(record)

    def _changed(self, record: Record) -> None:
        self.version += 1
        self._changes.add((record.modified, record.id))
        if len(self._changes) > _DEAD_SHARE * len(self._ids) + 1000:
            # Entries of earlier changes are dead; drop them before they outnumber the living.
            records = self.records
            self._changes.drop(lambda entry: records[entry[1]].modified == entry[0])
