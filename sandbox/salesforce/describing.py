"""Objects as one user sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.rendering import attributes
from sandbox.salesforce.schema import FieldDef, master_record_type, record_type_info
from sandbox.salesforce.sobject import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_RECENT: Final = 5
# child object, its lookup, and the name of the relationship from the parent
_CHILDREN: Final = {
    "Account": (
        ("Account", "ParentId", "ChildAccounts"),
        ("Opportunity", "AccountId", "Opportunities"),
    ),
    "User": (("Account", "OwnerId", None), ("Opportunity", "OwnerId", None)),
    "PermissionSet": (
        ("FieldPermissions", "ParentId", "FieldPerms"),
        ("ObjectPermissions", "ParentId", "ObjectPerms"),
        ("PermissionSetAssignment", "PermissionSetId", "Assignments"),
        ("SetupEntityAccess", "ParentId", "SetupEntityAccessItems"),
    ),
}


def describe_object(org: Org, user_id: str, sobject: SObject, base: str) -> dict[str, Any]:
    """The describe answer: only fields that exist for the user."""
    fields = org.access.fields(user_id, sobject.name)

    def visible(field: FieldDef) -> bool:
        return field.name.lower() in fields.read

    def editable(field: FieldDef) -> bool:
        return field.name.lower() in fields.edit

    described = sobject.definition.describe(
        visible,
        base=base,
        ui=org.instance_url,
        rights=_rights(org, user_id, sobject),
        editable=editable,
        record_types=_record_types(org, sobject, base),
    )
    described["childRelationships"] = [
        {
            "cascadeDelete": False,
            "childSObject": child,
            "deprecatedAndHidden": False,
            "field": field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": name,
            "restrictedDelete": False,
        }
        for child, field, name in _CHILDREN.get(sobject.name, ())
        if org.access.readable(user_id, child) is not None
    ]
    return described


def list_objects(org: Org, user_id: str, base: str) -> list[dict[str, Any]]:
    """Every object that exists for the user, in short."""
    return [
        sobject.definition.summary(base, _rights(org, user_id, sobject))
        for sobject in sorted(org.objects.values(), key=lambda each: each.name)
        if org.access.object_rights(user_id, sobject.name).read
    ]


def recent_items(org: Org, user_id: str, sobject: SObject, base: str) -> list[dict[str, Any]]:
    """A few records that the user may have looked at."""
    shared = org.access.visible(user_id, sobject)
    name = sobject.definition.name_field
    items: list[dict[str, Any]] = []
    for record in sobject.live():
        if shared is not None and not shared(record):
            continue
        if len(items) == _RECENT:
            break
        record_id = sobject.id_of(record)
        item: dict[str, Any] = {"attributes": attributes(sobject, record_id, base)}
        item["Id"] = record_id
        if name is not None:
            item[name.name] = sobject.getter(name)(record)
        items.append(item)
    return items


def _rights(org: Org, user_id: str, sobject: SObject) -> dict[str, bool]:
    rights = org.access.object_rights(user_id, sobject.name)
    return {"create": rights.create, "edit": rights.edit, "delete": rights.delete}


def _record_types(org: Org, sobject: SObject, base: str) -> list[dict[str, Any]] | None:
    types = org.record_types(sobject.name)
    if not types:
        return None
    kept = org.objects["recordtype"]
    path = f"{base}/sobjects/{sobject.name}"
    shown = [
        record_type_info(
            path,
            kept.id_of(record),
            kept.value(record, "Name") or "",
            kept.value(record, "DeveloperName") or "",
            default=number == 0,
        )
        for number, record in enumerate(types)
    ]
    return [*shown, master_record_type(path, alone=False)]
