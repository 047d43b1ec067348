"""Access to our fields: two permission sets, what they grant, and to whom they are assigned.

Everything is added and nothing taken away: a grant that somebody widened stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.errors import MisconfiguredError, Problem
from connectors.records import AdminStep, FieldSpec
from connectors.salesforce import deploying, grants, ids
from connectors.salesforce.definitions import OBJECT, full_name
from connectors.salesforce.grants import PermissionSet
from connectors.salesforce.session import Session
from connectors.salesforce.setup_calls import DUPLICATE, Right, ask, made_id, rows
from connectors.salesforce.visibility import user_id

SETS: Final = "permission set"
OBJECT_ACCESS: Final = "object access"
FIELD_ACCESS: Final = "field access"
BYPASS: Final = "custom permission"
BYPASS_ACCESS: Final = "bypass"
ASSIGNMENT: Final = "assignment"
_RIGHTS: Final = ("PermissionsRead", "PermissionsEdit", "PermissionsViewAllRecords")
_SHOWN: Final = 4  # names in a step's detail, before they are only counted


@dataclass(slots=True)
class _Found:
    """What is there, as last read and as changed since."""

    sets: dict[str, str] = field(default_factory=dict)  # id by name
    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # row by set id
    fields: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    assigned: set[tuple[str, str]] = field(default_factory=set)  # set id, user id
    bypass: str = ""  # id of the custom permission
    bypassed: set[str] = field(default_factory=set)  # ids of the sets that include it


@dataclass(frozen=True, slots=True)
class _User:
    id: str
    name: str


class PermissionSets:
    """Sees to the two permission sets.

    Args:
        session: the line to the org, with the right to manage permission sets.
        run_as: id or user name of the user that the worker runs as; empty where not known.

    """

    def __init__(self, session: Session, run_as: str) -> None:
        self._session = session
        self._run_as = run_as
        self._wanted: tuple[PermissionSet, ...] = ()
        self._found = _Found()
        self._holders: list[tuple[PermissionSet, _User]] = []

    def steps(self, fields: Sequence[FieldSpec], read_only: Sequence[str]) -> list[AdminStep]:
        """Say what there should be, and what of it is there."""
        self._wanted = grants.permission_sets(fields, read_only)
        self._found = self._read()
        self._holders = self._holders_wanted()
        return [
            *(self._set_step(it) for it in self._wanted),
            *(self._object_step(it) for it in self._wanted if it.works),
            *(self._field_step(it) for it in self._wanted),
            *(self._assignment_step(it, user) for it, user in self._holders),
            *self._bypass_steps(),
        ]

    def take(self, step: AdminStep) -> None:
        """Carry out one of :meth:`steps`."""
        if step.what == ASSIGNMENT:
            self._assign(*next(it for it in self._holders if _holder(*it) == step.name))
            return
        wanted = next((it for it in self._wanted if it.label == step.name), self._wanted[0])
        actions = {
            SETS: self._ensure,
            OBJECT_ACCESS: self._open_object,
            FIELD_ACCESS: self._open_fields,
            BYPASS: lambda _set: self._make_bypass(),
            BYPASS_ACCESS: self._include_bypass,
        }
        actions[step.what](wanted)

    # -- what is there ----------------------------------------------------------------------------

    def _read(self) -> _Found:
        found = _Found()
        names = ", ".join(f"'{it.name}'" for it in self._wanted)
        # A package of somebody else's may have brought a set of the same name.
        for row in self._rows("PermissionSet", "Id, Name, NamespacePrefix", f"Name IN ({names})"):
            if not row.get("NamespacePrefix"):
                found.sets[str(row.get("Name"))] = _id(row, "Id")
        for row in self._rows(
            "CustomPermission", "Id, NamespacePrefix", f"DeveloperName = '{grants.BYPASS}'"
        ):
            if not row.get("NamespacePrefix"):
                found.bypass = _id(row, "Id")
        if found.sets:
            self._read_grants(found)
        return found

    def _read_grants(self, found: _Found) -> None:
        sets = ", ".join(f"'{it}'" for it in found.sets.values())
        ours = f"ParentId IN ({sets})"
        on_account = f"SobjectType = '{OBJECT}' AND {ours}"
        rights = ", ".join(_RIGHTS)
        for row in self._rows("ObjectPermissions", f"Id, ParentId, {rights}", on_account):
            found.objects[_id(row, "ParentId")] = row
        columns = "Id, ParentId, Field, PermissionsRead, PermissionsEdit"
        for row in self._rows("FieldPermissions", columns, on_account):
            found.fields[_id(row, "ParentId"), str(row.get("Field")).lower()] = row
        assigned = f"PermissionSetId IN ({sets})"
        for row in self._rows("PermissionSetAssignment", "PermissionSetId, AssigneeId", assigned):
            found.assigned.add((_id(row, "PermissionSetId"), _id(row, "AssigneeId")))
        if found.bypass:
            included = f"{ours} AND SetupEntityId = '{found.bypass}'"
            for row in self._rows("SetupEntityAccess", "ParentId", included):
                found.bypassed.add(_id(row, "ParentId"))

    def _rows(self, name: str, columns: str, where: str) -> Iterator[Mapping[str, Any]]:
        soql = f"SELECT {columns} FROM {name} WHERE {where}"  # noqa: S608 - our own names and ids
        return rows(self._session, Right.SETUP, soql, route=f"GET query {name}")

    def _holders_wanted(self) -> list[tuple[PermissionSet, _User]]:
        """Who gets which set: the worker's user its own; whoever makes the views, the readers'.

        Salesforce lets nobody make a list view of fields that he does not see.
        """
        works, reads = self._wanted
        mine = user_id(self._session)
        runs = self._user(self._run_as) if self._run_as else None
        found = [(works, runs)] if runs else []
        if mine and (runs is None or mine != runs.id):
            user = self._user(mine)
            found += [(reads, user)] if user else []
        return found

    def _user(self, who: str) -> _User | None:
        by_id = to18(who)
        where = f"Id = '{by_id}'" if by_id else f"Username = '{_literal(who)}'"
        for row in self._rows("User", "Id, Username, IsActive", where):
            if row.get("IsActive") is not False:
                return _User(_id(row, "Id"), str(row.get("Username")))
        if who != self._run_as:
            return None
        raise MisconfiguredError(
            [
                Problem(
                    "Salesforce user of the worker",
                    "there is no active user of this id or name in the org.",
                    "Check which user the app of the worker's credential runs as.",
                )
            ]
        )

    # -- what there should be ---------------------------------------------------------------------

    def _set_step(self, wanted: PermissionSet) -> AdminStep:
        return AdminStep(what=SETS, name=wanted.label, done=wanted.name in self._found.sets)

    def _object_step(self, wanted: PermissionSet) -> AdminStep:
        return AdminStep(
            what=OBJECT_ACCESS,
            name=wanted.label,
            done=self._opened(wanted),
            detail=f"{OBJECT}: read, edit, view all",
        )

    def _opened(self, wanted: PermissionSet) -> bool:
        row = self._found.objects.get(self._found.sets.get(wanted.name, ""), {})
        return all(row.get(right) for right in _RIGHTS)

    def _field_step(self, wanted: PermissionSet) -> AdminStep:
        lacking = self._lacking(wanted)
        shown = ", ".join(lacking[:_SHOWN])
        more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        detail = f"grant {shown}{more}" if lacking else f"{len(wanted.editable)} fields"
        return AdminStep(what=FIELD_ACCESS, name=wanted.label, done=not lacking, detail=detail)

    def _lacking(self, wanted: PermissionSet) -> list[str]:
        return [name for name in wanted.editable if not self._granted(wanted, name)]

    def _granted(self, wanted: PermissionSet, name: str) -> bool:
        key = (self._found.sets.get(wanted.name, ""), full_name(name).lower())
        row = self._found.fields.get(key, {})
        right = "PermissionsEdit" if wanted.editable[name] else "PermissionsRead"
        return bool(row.get(right))

    def _assignment_step(self, wanted: PermissionSet, user: _User) -> AdminStep:
        set_id = self._found.sets.get(wanted.name, "")
        return AdminStep(
            what=ASSIGNMENT,
            name=_holder(wanted, user),
            done=(set_id, user.id) in self._found.assigned,
            detail="the worker's user" if wanted.works else "to make list views of the fields",
        )

    def _bypass_steps(self) -> Iterator[AdminStep]:
        found = self._found
        yield AdminStep(
            what=BYPASS,
            name=grants.BYPASS,
            done=bool(found.bypass),
            detail="lets validation rules and flows spare the worker",
        )
        works = self._wanted[0]
        included = bool(found.bypass) and found.sets.get(works.name) in found.bypassed
        yield AdminStep(
            what=BYPASS_ACCESS, name=works.label, done=included, detail=f"holds {grants.BYPASS}"
        )

    # -- making it --------------------------------------------------------------------------------

    def _ensure(self, wanted: PermissionSet) -> str:
        """Return the id of a permission set, making it if need be; without a licence."""
        known = self._found.sets.get(wanted.name)
        if known is None:
            body = {
                "Name": wanted.name,
                "Label": wanted.label,
                "Description": wanted.description,
            }
            known = self._create("PermissionSet", body)
            if known is None:  # somebody made it meanwhile
                self._found = self._read()
                return self._found.sets[wanted.name]
            self._found.sets[wanted.name] = known
        return known

    def _open_object(self, wanted: PermissionSet) -> None:
        set_id = self._ensure(wanted)
        row = self._found.objects.get(set_id)
        body: dict[str, object] = dict.fromkeys(_RIGHTS, True)
        if row is None:
            self._create("ObjectPermissions", {"ParentId": set_id, "SobjectType": OBJECT} | body)
        elif not self._opened(wanted):
            self._update("ObjectPermissions", str(row.get("Id")), body)

    def _open_fields(self, wanted: PermissionSet) -> None:
        set_id = self._ensure(wanted)
        for name in self._lacking(wanted):
            row = self._found.fields.get((set_id, full_name(name).lower()))
            body: dict[str, object] = {
                "PermissionsRead": True,
                "PermissionsEdit": wanted.editable[name],
            }
            if row is None:
                target = {
                    "ParentId": set_id, "SobjectType": OBJECT, "Field": full_name(name),
                }  # fmt: skip
                self._create("FieldPermissions", target | body)
            else:
                self._update("FieldPermissions", str(row.get("Id")), body)

    def _assign(self, wanted: PermissionSet, user: _User) -> None:
        body = {"PermissionSetId": self._ensure(wanted), "AssigneeId": user.id}
        self._create("PermissionSetAssignment", body, right=Right.ASSIGN)

    def _make_bypass(self) -> None:
        if not self._found.bypass:
            deploying.deploy_bypass(self._session)
            self._found = self._read()

    def _include_bypass(self, wanted: PermissionSet) -> None:
        self._make_bypass()
        body = {"ParentId": self._ensure(wanted), "SetupEntityId": self._found.bypass}
        self._create("SetupEntityAccess", body)

    def _create(
        self, name: str, body: Mapping[str, object], right: Right = Right.ACCESS
    ) -> str | None:
        """Return the id of a new row; ``None`` when there was one already."""
        route = f"POST sobjects/{name}"
        answer = ask(
            self._session, right, "POST", f"sobjects/{name}", route=route, json=body, fine=DUPLICATE
        )
        if isinstance(answer.data, list):
            return None
        return to18(made_id(answer, route))

    def _update(self, name: str, row_id: str, body: Mapping[str, object]) -> None:
        route = f"PATCH sobjects/{name}/{{id}}"
        path = f"sobjects/{name}/{row_id}"
        ask(self._session, Right.ACCESS, "PATCH", path, route=route, json=body)


def to18(text: str) -> str:
    """Return an id in its long form; nothing for what is none."""
    return ids.to18(text) or ""


def _holder(wanted: PermissionSet, user: _User) -> str:
    return f"{wanted.label} to {user.name}"


def _id(row: Mapping[str, Any], column: str) -> str:
    return to18(str(row.get(column) or ""))


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
