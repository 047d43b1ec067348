"""Deleting, merging and bringing back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.records import WriteContext, commit, no_edit, prepare_update, target
from sandbox.salesforce.rulebook import rulebook
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

MOST_LOSERS: Final = 2
# What goes with a record when it is deleted: (object, the field that names the record).
_CHILDREN: Final = {
    "Account": (("Opportunity", "AccountId"),),
    "PermissionSet": (
        ("FieldPermissions", "ParentId"),
        ("ObjectPermissions", "ParentId"),
        ("PermissionSetAssignment", "PermissionSetId"),
        ("SetupEntityAccess", "ParentId"),
    ),
}
_FOLLOWERS: Final = {"Account": (("Opportunity", "AccountId"), ("Account", "ParentId"))}


def prepare_delete(org: Org, user_id: str, sobject: SObject, record_id: str) -> Record:
    """Find what speaks against deleting.

    Raises:
        RecordError: the first thing that does.
    """
    record = target(sobject, record_id)
    book = rulebook(org, user_id, sobject)
    if not book.rights.delete or not sobject.definition.deletable:
        raise no_edit("insufficient access rights on cross-reference id")
    if book.visible is not None and not book.visible(record):
        raise no_edit()
    return record


def delete(
    org: Org, user_id: str, sobject: SObject, record_id: str, ctx: WriteContext
) -> list[RecordError]:
    """Move one record, and what hangs on it, to the recycle bin."""
    try:
        record = prepare_delete(org, user_id, sobject, record_id)
    except RecordError as problem:
        return [problem]
    remove(org, sobject, record, user_id, ctx)
    return []


def remove(
    org: Org, sobject: SObject, record: Record, user_id: str, ctx: WriteContext
) -> list[tuple[SObject, Record]]:
    """Delete a live record with its children; answers all that went, the record first."""
    gone = [(sobject, record)]
    record_id = sobject.id_of(record)
    for child_name, field in _CHILDREN.get(sobject.name, ()):
        child = org.objects[child_name.lower()]
        gone += [(child, other) for other in child.find(field, record_id)]
    for owner, each in gone:
        if org.journal is not None:
            org.journal.changing(owner, each)
        _mark(owner, each, user_id, ctx)
        owner.table.archive(each, ctx.at)
    return gone


def merge(
    org: Org,
    user_id: str,
    sobject: SObject,
    winner_id: str,
    loser_ids: Sequence[str],
    ctx: WriteContext,
    values: Mapping[str, str | None] | None = None,
) -> list[RecordError]:
    """Fold up to two records into a third: children follow, the losers go to the bin."""
    if not 1 <= len(loser_ids) <= MOST_LOSERS or winner_id in loser_ids:
        message = "A merge takes one or two records into another"
        return [RecordError("NUMBER_OUTSIDE_VALID_RANGE", message)]
    try:
        losers = [prepare_delete(org, user_id, sobject, loser) for loser in loser_ids]
        change = prepare_update(org, user_id, sobject, winner_id, values or {}, ctx)
    except RecordError as problem:
        return [problem]
    winner = sobject.id_of(commit(org, change, ctx))
    for loser in losers:
        loser_id = sobject.id_of(loser)
        for child_name, field in _FOLLOWERS.get(sobject.name, ()):
            child = org.objects[child_name.lower()]
            for other in child.find(field, loser_id):
                moved = {field: winner}
                child.table.update(other, {**moved, **_stamps(user_id, ctx)}, ctx.at)
                child.note(other, moved)
        _mark(sobject, loser, user_id, ctx)
        sobject.table.derive(loser, "MasterRecordId", winner)
        sobject.table.archive(loser, ctx.at)
    return []


def undelete(
    org: Org, user_id: str, sobject: SObject, record_id: str, ctx: WriteContext
) -> list[RecordError]:
    """Bring a record back from the recycle bin."""
    record = sobject.get(record_id)
    if record is None or record.archived_at is None:
        return [RecordError("UNDELETE_FAILED", "Entity is not in the recycle bin")]
    if not rulebook(org, user_id, sobject).rights.delete:
        return [no_edit()]
    sobject.table.restore(record, ctx.at)
    _mark(sobject, record, user_id, ctx)
    sobject.table.derive(record, "MasterRecordId", "")
    sobject.forget_indexes()
    return []


def _mark(sobject: SObject, record: Record, user_id: str, ctx: WriteContext) -> None:
    if sobject.definition.field("LastModifiedDate") is not None:
        for name, text in _stamps(user_id, ctx).items():
            sobject.table.derive(record, name, text)


def _stamps(user_id: str, ctx: WriteContext) -> dict[str, str]:
    return {"LastModifiedDate": ctx.stamp, "LastModifiedById": user_id}
