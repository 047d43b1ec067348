"""Undoing what one call did to the records, when it may only happen as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.salesforce.sobject import SObject

if TYPE_CHECKING:
    from sandbox.store import Record, Snapshot


class Transaction:
    """Remembers records as they were before their first change."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, int], tuple[SObject, Record, Snapshot | None]] = {}

    def changing(self, sobject: SObject, record: Record) -> None:
        """*record* is about to change."""
        key = (sobject.name, record.id)
        if key not in self._before:
            self._before[key] = (sobject, record, sobject.table.snapshot(record))

    def made(self, sobject: SObject, record: Record) -> None:
        """*record* is new."""
        self._before[sobject.name, record.id] = (sobject, record, None)

    def roll_back(self) -> None:
        """Put everything back."""
        for sobject, record, before in reversed(self._before.values()):
            if before is None:
                sobject.table.forget(record)
            else:
                sobject.table.put_back(record, before)
            sobject.forget_indexes()
        self._before.clear()
