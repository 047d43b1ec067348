"""What a user may see and do, as Salesforce keeps it: profiles and permission sets are the truth.

Every profile has a permission set of its own; a user has that one and those assigned. Standard
fields are visible to all who may read the object. Custom fields are visible to nobody, whoever made
them, until a ``FieldPermissions`` row says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

# Reading these takes "View Setup and Configuration".
_SETUP_ONLY: Final = frozenset(
    {
        "profile",
        "permissionset",
        "fieldpermissions",
        "objectpermissions",
        "permissionsetassignment",
        "setupentityaccess",
        "custompermission",
        "flowdefinitionview",
        "assignmentrule",
    }
)
_ALIASES: Final = {
    "managepermissionsets": "manageprofilespermissionsets",
    "managepubliclistviews": "managepubliclistviews",
    "createandcustomizelistviews": "createcustomizefilters",
}
_RIGHTS: Final = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
_STORES: Final = (
    "PermissionSet",
    "FieldPermissions",
    "ObjectPermissions",
    "PermissionSetAssignment",
    "User",
)


@dataclass(frozen=True, slots=True)
class ObjectRights:
    """What a user may do with the records of one object."""

    read: bool = False
    create: bool = False
    edit: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False


@dataclass(frozen=True, slots=True)
class FieldRights:
    """Lower-case names of the fields of one object that a user may read, and edit."""

    read: frozenset[str]
    edit: frozenset[str]


class Access:
    """Answers for one org; remembers until a permission or a definition changes."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._tables = [org.objects[name.lower()].table for name in _STORES]
        self._stamp: list[object] = []
        self._sets: dict[str, tuple[str, ...]] = {}
        self._permissions: dict[str, frozenset[str]] = {}
        self._objects: dict[tuple[str, str], ObjectRights] = {}
        self._fields: dict[tuple[str, str], tuple[int, FieldRights]] = {}

    # -- fields ----------------------------------------------------------------------------------

    def can_read(self, user_id: str, object_name: str, field: str) -> bool:
        """Whether *field* exists for this user."""
        return field.lower() in self.fields(user_id, object_name).read

    def can_edit(self, user_id: str, object_name: str, field: str) -> bool:
        """Whether field-level security lets this user write *field*."""
        return field.lower() in self.fields(user_id, object_name).edit

    def fields(self, user_id: str, object_name: str) -> FieldRights:
        """All fields of an object that this user may read and edit."""
        self._refresh()
        sobject = self._org.sobject(object_name)
        if sobject is None:
            return FieldRights(frozenset(), frozenset())
        key = (user_id, sobject.name)
        version = sobject.definition.version
        known = self._fields.get(key)
        if known is None or known[0] != version:
            known = self._fields[key] = (version, self._find_fields(user_id, sobject))
        return known[1]

    def visible_field(self, user_id: str, sobject: SObject, name: str) -> FieldDef | None:
        """The definition of *name* if it exists for this user; its case does not matter."""
        field = sobject.definition.field(name)
        if field is None or not self.can_read(user_id, sobject.name, field.name):
            return None
        return field

    # -- objects and records ---------------------------------------------------------------------

    def object_rights(self, user_id: str, object_name: str) -> ObjectRights:
        """What this user may do with records of an object."""
        self._refresh()
        sobject = self._org.sobject(object_name)
        if sobject is None:
            return ObjectRights()
        key = (user_id, sobject.name)
        known = self._objects.get(key)
        if known is None:
            known = self._objects[key] = self._find_rights(user_id, sobject)
        return known

    def readable(self, user_id: str, object_name: str) -> SObject | None:
        """The object, if it exists for this user."""
        sobject = self._org.sobject(object_name)
        if sobject is None or not self.object_rights(user_id, object_name).read:
            return None
        return sobject

    def visible(self, user_id: str, sobject: SObject) -> Callable[[Record], bool] | None:
        """Which records are shared with this user; ``None``: all of them."""
        if sobject.definition.setup or self._org.behaviour.public_sharing:
            return None
        if self.object_rights(user_id, sobject.name).view_all:
            return None
        table = sobject.table
        return lambda record: table.value(record, "OwnerId") == user_id

    # -- the user --------------------------------------------------------------------------------

    def user_has(self, user_id: str, permission: str) -> bool:
        """Whether a profile or permission set gives the user *permission* (``ViewSetup``)."""
        self._refresh()
        name = permission.lower()
        name = _ALIASES.get(name, name)
        known = self._permissions.get(user_id)
        if known is None:
            known = self._permissions[user_id] = self._find_permissions(user_id)
        return name in known

    # -- inside ----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        # Asked before every record that is written: it must cost next to nothing.
        behaviour = self._org.behaviour
        stamp: list[object] = [table.version for table in self._tables]
        stamp += (
            behaviour.view_setup,
            behaviour.public_sharing,
            behaviour.customize_application,
            tuple(behaviour.hidden_fields),
            tuple(behaviour.read_only_fields),
        )
        if stamp != self._stamp:
            self._stamp = stamp
            self._permissions.clear()
            self._objects.clear()
            self._fields.clear()
            self._sets = self._find_sets()

    def _find_sets(self) -> dict[str, tuple[str, ...]]:
        objects = self._org.objects
        sets, users = objects["permissionset"].table, objects["user"].table
        of_profile = {sets.value(r, "ProfileId"): r.values[2] or "" for r in sets.live()}
        of_profile.pop(None, None)
        found: dict[str, list[str]] = {}
        for record in users.live():
            profile = of_profile.get(users.value(record, "ProfileId"))
            found[record.values[2] or ""] = [profile] if profile else []
        assigned = objects["permissionsetassignment"].table
        for record in assigned.live():
            user_id = assigned.value(record, "AssigneeId") or ""
            found.setdefault(user_id, []).append(assigned.value(record, "PermissionSetId") or "")
        return {user_id: tuple(ids) for user_id, ids in found.items()}

    def _rows(self, name: str, user_id: str, object_name: str) -> list[Record]:
        """Rows of FieldPermissions or ObjectPermissions that speak of a user and an object."""
        table = self._org.objects[name].table
        mine = self._sets.get(user_id, ())
        return [
            record
            for record in table.live()
            if table.value(record, "ParentId") in mine
            and (table.value(record, "SobjectType") or "").lower() == object_name
        ]

    def _find_fields(self, user_id: str, sobject: SObject) -> FieldRights:
        table = self._org.objects["fieldpermissions"].table
        name = sobject.name.lower()
        granted_read, granted_edit = set(), set()
        for record in self._rows("fieldpermissions", user_id, name):
            field = (table.value(record, "Field") or "").lower().removeprefix(f"{name}.")
            if table.value(record, "PermissionsRead") == "true":
                granted_read.add(field)
            if table.value(record, "PermissionsEdit") == "true":
                granted_edit.add(field)
        behaviour = self._org.behaviour
        hidden = {text.lower() for text in behaviour.hidden_fields}
        locked = {text.lower() for text in behaviour.read_only_fields}
        read, edit = set(), set()
        for lower, field_def in sobject.definition.fields.items():
            gated = field_def.custom and field_def.permissionable
            if f"{name}.{lower}" in hidden or (gated and lower not in granted_read):
                continue
            read.add(lower)
            if f"{name}.{lower}" not in locked and not (gated and lower not in granted_edit):
                edit.add(lower)
        return FieldRights(frozenset(read), frozenset(edit))

    def _find_rights(self, user_id: str, sobject: SObject) -> ObjectRights:
        name = sobject.name.lower()
        if sobject.definition.setup:
            reads = name not in _SETUP_ONLY or self.user_has(user_id, "ViewSetup")
            writes = self.user_has(user_id, "ManageProfilesPermissionsets")
            return ObjectRights(reads, writes, writes, writes, reads, writes)
        table = self._org.objects["objectpermissions"].table
        rows = self._rows("objectpermissions", user_id, name)
        found = {
            right: any(table.value(row, f"Permissions{right}") == "true" for row in rows)
            for right in _RIGHTS
        }
        all_rights = self.user_has(user_id, "ModifyAllData")
        sees_all = all_rights or self.user_has(user_id, "ViewAllData")
        modify_all = all_rights or found["ModifyAllRecords"]
        view_all = sees_all or modify_all or found["ViewAllRecords"]
        edit = modify_all or found["Edit"]
        return ObjectRights(
            read=view_all or edit or found["Read"],
            create=all_rights or found["Create"],
            edit=edit,
            delete=modify_all or found["Delete"],
            view_all=view_all,
            modify_all=modify_all,
        )

    def _find_permissions(self, user_id: str) -> frozenset[str]:
        sobject = self._org.objects["permissionset"]
        table = sobject.table
        mine = self._sets.get(user_id, ())
        found = set()
        for record in table.live():
            if record.values[2] in mine:
                found |= {
                    column.removeprefix("Permissions").lower()
                    for column, value in table.as_dict(record).items()
                    if column.startswith("Permissions") and value == "true"
                }
        behaviour = self._org.behaviour
        if user_id == self._org.integration_user and behaviour.view_setup:
            found.add("viewsetup")
        if not behaviour.customize_application:
            found.discard("customizeapplication")
        return frozenset(found)
