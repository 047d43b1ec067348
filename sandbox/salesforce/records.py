"""The write engine: every API, and every job, changes records through it.

A write is prepared (everything that can be wrong with it is found) and then committed, so that a
call may take back all of its writes before the first is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.clock import iso_ms
from sandbox.salesforce.derived import derive
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.ids import prefix_of, to18
from sandbox.salesforce.rulebook import rulebook
from sandbox.salesforce.rules import refuse_by_rules
from sandbox.salesforce.setup_rules import prepare_setup
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

__all__ = [
    "Change",
    "RecordError",
    "WriteContext",
    "commit",
    "create",
    "prepare_create",
    "prepare_update",
    "update",
]


@dataclass(slots=True)
class WriteContext:
    """What is the same for all writes of one call or batch."""

    at: int  # whole seconds, as epoch ms
    allow_duplicates: bool = False
    auto_assign: bool = False
    stamp: str = field(init=False)

    def __post_init__(self) -> None:
        """Spell the moment once for all records."""
        self.stamp = iso_ms(self.at)


@dataclass(slots=True)
class Change:
    """One write that nothing speaks against."""

    sobject: SObject
    record: Record | None  # None: to be created
    values: dict[str, str]  # "" clears
    user_id: str

    @property
    def id(self) -> str:
        """The record's id, once it has one."""
        return "" if self.record is None else self.sobject.id_of(self.record)


def context(org: Org, **more: bool) -> WriteContext:
    """Writes that happen now."""
    return WriteContext(org.stamp_ms(), **more)


def update(
    org: Org,
    user_id: str,
    sobject: SObject,
    record_id: str,
    values: Mapping[str, str | None],
    ctx: WriteContext,
) -> list[RecordError]:
    """Write *values* (kept texts by exact field name; ``None`` clears) to one record."""
    try:
        commit(org, prepare_update(org, user_id, sobject, record_id, values, ctx), ctx)
    except RecordError as problem:
        return [problem]
    return []


def create(
    org: Org,
    user_id: str,
    sobject: SObject,
    values: Mapping[str, str | None],
    ctx: WriteContext,
) -> tuple[str | None, list[RecordError]]:
    """Make a record; answers its id, or why there is none."""
    try:
        record = commit(org, prepare_create(org, user_id, sobject, values, ctx), ctx)
    except RecordError as problem:
        return None, [problem]
    return sobject.id_of(record), []


def prepare_update(
    org: Org,
    user_id: str,
    sobject: SObject,
    record_id: str,
    values: Mapping[str, str | None],
    ctx: WriteContext,
) -> Change:
    """Find what speaks against an update.

    Raises:
        RecordError: the first thing that does.
    """
    record = target(sobject, record_id)
    book = rulebook(org, user_id, sobject)
    if not book.rights.edit or record_id in org.behaviour.read_only_records:
        raise no_edit()
    if book.visible is not None and not book.visible(record):
        raise RecordError(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "insufficient access rights on cross-reference id",
        )
    changes = book.accepted(values, creating=False)
    if changes:
        book.refuse_links(org, record, changes)
    if sobject.definition.setup:
        prepare_setup(org, sobject, record, changes)
    derive(org, sobject, record, changes)
    refuse_by_rules(org, sobject, record, changes, ctx)
    return Change(sobject, record, changes, user_id)


def prepare_create(
    org: Org,
    user_id: str,
    sobject: SObject,
    values: Mapping[str, str | None],
    ctx: WriteContext,
) -> Change:
    """Find what speaks against a new record.

    Raises:
        RecordError: the first thing that does.
    """
    book = rulebook(org, user_id, sobject)
    if not book.rights.create or not sobject.definition.createable:
        raise no_edit("insufficient access rights on cross-reference id")
    changes = book.accepted(values, creating=True)
    _fill_in(org, user_id, sobject, changes)
    book.refuse_links(org, None, changes)
    if sobject.definition.setup:
        prepare_setup(org, sobject, None, changes)
    derive(org, sobject, None, changes)
    refuse_by_rules(org, sobject, None, changes, ctx)
    return Change(sobject, None, changes, user_id)


def commit(org: Org, change: Change, ctx: WriteContext) -> Record:
    """Store a prepared write and move the stamps."""
    sobject, values, record = change.sobject, change.values, change.record
    table = sobject.table
    if record is None:
        values["LastModifiedDate"] = ctx.stamp
        values["CreatedById"] = values["LastModifiedById"] = change.user_id
        record = change.record = table.add(values, ctx.at)
        if org.journal is not None:
            org.journal.made(sobject, record)
    else:
        if not org.behaviour.no_op_moves_stamps and _same(sobject, record, values):
            return record
        if change.id in org.behaviour.swallowed_records:
            return record
        if org.behaviour.diary and sobject.name == "Account":
            org.diary.note(change.id, values, ctx.at)
        if ctx.auto_assign and org.behaviour.assignment_owner and "OwnerId" in table.slots:
            values["OwnerId"] = org.behaviour.assignment_owner
        for name, text in org.behaviour.resets.get(change.id, {}).items():
            values[name] = text or ""
        values["LastModifiedDate"] = ctx.stamp
        values["LastModifiedById"] = change.user_id
        if org.journal is not None:
            org.journal.changing(sobject, record)
        table.update(record, values, ctx.at)
    sobject.note(record, values)
    return record


def target(sobject: SObject, record_id: str) -> Record:
    """The live record that a write means.

    Raises:
        RecordError: malformed, unknown or deleted.
    """
    record = sobject.get(record_id)
    if record is None:
        if prefix_of(record_id) != sobject.prefix or to18(record_id) is None:
            label = f"{sobject.definition.label} ID"
            message = f"{label}: id value of incorrect type: {record_id}"
            raise RecordError("MALFORMED_ID", message, ["Id"])
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if record.archived_at is not None:
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted")
    return record


def no_edit(message: str = "insufficient access rights on object id") -> RecordError:
    """The error of a record that the user may only look at."""
    return RecordError("INSUFFICIENT_ACCESS_OR_READONLY", message)


# -- inside ----------------------------------------------------------------------------------------


def _fill_in(org: Org, user_id: str, sobject: SObject, changes: dict[str, str]) -> None:
    fields = sobject.definition.fields
    if "ownerid" in fields:
        changes.setdefault("OwnerId", user_id)
    if "recordtypeid" in fields and not changes.get("RecordTypeId"):
        default = org.default_record_type(sobject.name)
        if default:
            changes["RecordTypeId"] = default
    if sobject.name == "Account":
        changes["CleanStatus"] = "Pending"
    for definition in fields.values():
        if definition.custom and definition.default and definition.name not in changes:
            changes[definition.name] = definition.default


def _same(sobject: SObject, record: Record, values: Mapping[str, str]) -> bool:
    value = sobject.table.value
    return all((value(record, name) or "") == text for name, text in values.items())
