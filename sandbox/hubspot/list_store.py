"""Lists (segments) of one portal and who belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.hubspot.list_filters import Lookup, Test, compile_branch
from sandbox.store import Record, Table

if TYPE_CHECKING:
    from sandbox.hubspot.portal import ObjectType, Portal

DYNAMIC = "DYNAMIC"


@dataclass(slots=True)
class StoredList:
    """One list. ``fields`` is what the API answers about it."""

    fields: dict[str, Any]
    kind: ObjectType
    test: Test | None
    chosen: set[int] = field(default_factory=set)
    joined: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.fields["name"])


class ListStore:
    """Lists by id. Active (dynamic) lists are evaluated whenever somebody looks."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.reset()

    def reset(self) -> None:
        """A new portal has no lists."""
        self.by_id: dict[str, StoredList] = {}
        self.deleted: dict[str, StoredList] = {}
        self._next_id = 1

    def create(self, body: dict[str, Any], kind: ObjectType) -> StoredList:
        """Add a list whose name and processing type have been checked.

        Raises:
            FilterError: its filters.
        """
        test = self.compiled(body["filterBranch"], kind) if body.get("filterBranch") else None
        list_id = str(self._next_id)
        self._next_id += 1
        at = self._portal.clock.now_iso()
        fields = {
            "processingType": body["processingType"],
            "objectTypeId": kind.type_id,
            "updatedById": "9586504",
            "filtersUpdatedAt": at,
            "listId": list_id,
            "createdAt": at,
            "processingStatus": "PROCESSING",
            "listVersion": 1,
            "size": 0,
            "name": body["name"],
            "createdById": "9586504",
            "filterBranch": body.get("filterBranch"),
            "updatedAt": at,
        }
        stored = self.by_id[list_id] = StoredList(fields, kind, test)
        if test is not None and body["processingType"] != DYNAMIC:
            stored.chosen = {record.id for record in self._passing(stored)}  # a snapshot
        return stored

    def compiled(self, branch: Any, kind: ObjectType) -> Test:
        """The test of *branch*.

        Raises:
            FilterError: it cannot be evaluated.
        """
        return compile_branch(branch, kind.schema.live, self._portal.clock.now_ms)

    def by_name(self, name: str, type_id: str) -> StoredList | None:
        """The list with this name, whatever its case."""
        folded = name.casefold()
        for stored in self.by_id.values():
            if stored.name.casefold() == folded and stored.fields["objectTypeId"] == type_id:
                return stored
        return None

    def members(self, list_id: str) -> list[int]:
        """Record ids that belong to the list now, ascending.

        Raises:
            KeyError: no such list.
        """
        return [record.id for record in self.member_records(self.by_id[list_id])]

    def member_records(self, stored: StoredList) -> list[Record]:
        """Records that belong to *stored* now, by ascending id."""
        if stored.fields["processingType"] == DYNAMIC:
            return self._passing(stored)
        records = stored.kind.table.records
        return [records[i] for i in sorted(stored.chosen) if i in records and records[i].live]

    def _passing(self, stored: StoredList) -> list[Record]:
        test, table = stored.test, stored.kind.table
        if test is None:
            return []
        return [record for record in table.live() if test(_lookup(table, record))]


def _lookup(table: Table, record: Record) -> Lookup:
    value: Callable[[str], str | None] = lambda name: table.value(record, name)  # noqa: E731
    return value
