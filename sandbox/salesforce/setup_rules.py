"""What permission sets and their rows must satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.derived import after
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

# A right on an object, and those it cannot be without.
_NEEDS: Final = {
    "Create": ("Read",),
    "Edit": ("Read",),
    "Delete": ("Read", "Edit"),
    "ViewAllRecords": ("Read",),
    "ModifyAllRecords": ("Read", "Edit", "Delete", "ViewAllRecords"),
}
_NAMES: Final = {"ViewAllRecords": "View All", "ModifyAllRecords": "Modify All"}


def prepare_setup(
    org: Org, sobject: SObject, record: Record | None, changes: dict[str, str]
) -> None:
    """Check a row of the administration, and add what follows from it.

    Raises:
        RecordError: what is wrong with it.
    """
    name = sobject.name
    if name == "PermissionSet":
        _refuse_taken(sobject, record, changes.get("Name"))
        if record is None:
            changes |= {"IsCustom": "true", "Type": "Regular"}
    elif name == "FieldPermissions":
        _field_permissions(org, sobject, record, changes)
    elif name == "ObjectPermissions":
        _object_permissions(org, sobject, record, changes)
    elif name == "PermissionSetAssignment":
        _refuse_twin(sobject, record, changes, "PermissionSetId", "AssigneeId")
    elif name == "SetupEntityAccess":
        changes["SetupEntityType"] = "CustomPermission"
        _refuse_twin(sobject, record, changes, "ParentId", "SetupEntityId")


def _refuse_taken(sobject: SObject, record: Record | None, name: str | None) -> None:
    for other in sobject.find("Name", name) if name else ():
        if other is not record:
            message = f"The name {name} is already in use. Choose another name."
            raise RecordError("DUPLICATE_DEVELOPER_NAME", message, ["Name"])


def _field_permissions(
    org: Org, sobject: SObject, record: Record | None, changes: Mapping[str, str]
) -> None:
    name = after(sobject, record, changes, "Field") or ""
    object_name, _, field_name = name.partition(".")
    target = org.sobject(object_name)
    field = target.definition.field(field_name) if target is not None else None
    if field is None or not field.permissionable:
        message = f"Field Name: bad value for restricted picklist field: {name}"
        raise RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ["Field"])
    edit = after(sobject, record, changes, "PermissionsEdit") == "true"
    if edit and after(sobject, record, changes, "PermissionsRead") != "true":
        raise _dependent(f"Edit {name}", f"Read {name}", "PermissionsEdit")
    if edit and (field.calculated or not field.updateable):
        message = f"Field {name} is read-only: Edit cannot be granted"
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", message, ["PermissionsEdit"])
    _refuse_twin(sobject, record, changes, "ParentId", "Field")


def _object_permissions(
    org: Org, sobject: SObject, record: Record | None, changes: Mapping[str, str]
) -> None:
    name = after(sobject, record, changes, "SobjectType") or ""
    target = org.sobject(name)
    if target is None or target.definition.setup:
        message = f"SObject Type Name: bad value for restricted picklist field: {name}"
        raise RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ["SobjectType"])

    def granted(right: str) -> bool:
        return after(sobject, record, changes, f"Permissions{right}") == "true"

    for right, needed in _NEEDS.items():
        lacking = [other for other in needed if not granted(other)]
        if granted(right) and lacking:
            shown = ", ".join(f"{_NAMES.get(other, other)} {name}" for other in lacking)
            raise _dependent(f"{_NAMES.get(right, right)} {name}", shown, f"Permissions{right}")
    _refuse_twin(sobject, record, changes, "ParentId", "SobjectType")


def _dependent(permission: str, needed: str, field: str) -> RecordError:
    message = f"Permission {permission} depends on permission(s): {needed}"
    return RecordError("FIELD_INTEGRITY_EXCEPTION", message, [field])


def _refuse_twin(
    sobject: SObject, record: Record | None, changes: Mapping[str, str], first: str, second: str
) -> None:
    """Refuse a second row that says the same of the same two things."""
    wanted = [(after(sobject, record, changes, name) or "").lower() for name in (first, second)]
    for other in sobject.find(first, wanted[0]):
        if other is not record and (sobject.value(other, second) or "").lower() == wanted[1]:
            twin = sobject.id_of(other)
            message = f"duplicate value found: <unknown> duplicates value on record with id: {twin}"
            raise RecordError("DUPLICATE_VALUE", message)
