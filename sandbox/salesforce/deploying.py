"""Carrying out a metadata package: all of it, or nothing where one part is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sandbox.salesforce.custom_fields import change
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.list_view_filters import Condition, column, unfit
from sandbox.salesforce.list_views import ListView, ListViews
from sandbox.salesforce.metadata_package import Component, Package
from sandbox.salesforce.org import Org
from sandbox.salesforce.records import context, create
from sandbox.salesforce.removing import remove
from sandbox.salesforce.tooling_api import add_custom_field
from sandbox.store import Record

# List views in metadata name standard columns by an older scheme.
_COLUMNS: Final = {
    "ACCOUNT.NAME": "Name",
    "ACCOUNT.INDUSTRY": "Industry",
    "ACCOUNT.TYPE": "Type",
    "ACCOUNT.SITE": "Site",
    "ACCOUNT.RATING": "Rating",
    "ACCOUNT.PHONE1": "Phone",
    "ACCOUNT.URL": "Website",
    "ACCOUNT.EMPLOYEES": "NumberOfEmployees",
    "ACCOUNT.SALES": "AnnualRevenue",
    "ACCOUNT.ADDRESS1_CITY": "BillingCity",
    "ACCOUNT.ADDRESS1_STATE": "BillingState",
    "ACCOUNT.ADDRESS1_COUNTRY": "BillingCountry",
    "ACCOUNT.CREATED_DATE": "CreatedDate",
    "ACCOUNT.LAST_UPDATE": "LastModifiedDate",
    "CORE.USERS.ALIAS": "Owner.Alias",
    "CORE.USERS.FIRST_NAME": "Owner.FirstName",
    "CORE.USERS.LAST_NAME": "Owner.LastName",
}
_OBJECT_RIGHTS: Final = {
    "allowRead": "PermissionsRead",
    "allowCreate": "PermissionsCreate",
    "allowEdit": "PermissionsEdit",
    "allowDelete": "PermissionsDelete",
    "viewAllRecords": "PermissionsViewAllRecords",
    "modifyAllRecords": "PermissionsModifyAllRecords",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one component."""

    component: Component
    created: bool = False
    code: str = ""
    problem: str = ""


@dataclass(slots=True)
class Deployment:
    """One deployment, carried out at once."""

    org: Org
    user_id: str
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, package: Package, *, check_only: bool) -> bool:
        """Deploy every component; whether all went well. One failure takes all back."""
        org = self.org
        fields = {
            name: copy.deepcopy(sobject.definition.fields) for name, sobject in org.objects.items()
        }
        offered = copy.deepcopy(org.behaviour.record_type_values)
        with org.transaction() as journal:
            for component in package.components:
                self.outcomes.append(self._try(component))
            failed = bool(package.problems) or any(each.problem for each in self.outcomes)
            if failed or check_only:
                journal.roll_back()
                for name, sobject in org.objects.items():
                    sobject.definition.fields = fields[name]
                    sobject.definition.version += 1
                org.behaviour.record_type_values = offered
        return not failed

    def _try(self, component: Component) -> Outcome:
        makers: dict[str, Callable[[Component], bool]] = {
            "CustomField": self._field,
            "RecordType": self._record_type,
            "ListView": self._list_view,
            "CustomPermission": self._custom_permission,
            "PermissionSet": self._permission_set,
        }
        try:
            return Outcome(component, makers[component.kind](component))
        except ApiError as problem:
            return Outcome(component, code=problem.code, problem=problem.message)
        except RecordError as problem:
            return Outcome(component, code=problem.status_code, problem=problem.message)

    # -- components ------------------------------------------------------------------------------

    def _field(self, component: Component) -> bool:
        object_name, _, name = component.name.partition(".")
        sobject = self.org.sobject(object_name)
        known = None if sobject is None else sobject.definition.field(name)
        if sobject is None or known is None:
            add_custom_field(self.org, component.name, component.content, "fullName")
            return True
        change(known, component.content, "fullName")
        sobject.definition.add(known)
        return False

    def _record_type(self, component: Component) -> bool:
        object_name, _, name = component.name.partition(".")
        types = self.org.objects["recordtype"]
        known = any(
            types.value(record, "DeveloperName") == name
            for record in self.org.record_types(object_name)
        )
        if not known:
            values = {
                "Name": str(component.content.get("label") or name),
                "DeveloperName": name,
                "SobjectType": object_name,
                "IsActive": "true",
            }
            self._add("recordtype", values)
        offered = self.org.behaviour.record_type_values.setdefault(object_name, {}).setdefault(
            name, {}
        )
        for each in component.content.get("picklistValues", ()):
            offered[each["picklist"]] = [str(value["fullName"]) for value in each["values"]]
        return not known

    def _list_view(self, component: Component) -> bool:
        object_name, _, name = component.name.partition(".")
        content = component.content
        if content.get("filterScope") != "Everything":
            scope = content.get("filterScope")
            raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", f"filterScope {scope} not deployable")
        view = ListView(
            api_name=name,
            label=str(content.get("label", "")),
            columns=tuple(self._column(each) for each in content.get("columns", ())),
            conditions=tuple(
                self._condition(object_name, each) for each in content.get("filters", ())
            ),
            logic=str(content.get("booleanFilter", "")),
            visibility="Public",
            object_name=object_name,
        )
        views = ListViews(self.org)
        known = next((v for v in views.all(object_name) if v.api_name == name), None)
        if known is None:
            views.create(self.user_id, view, deployed=True)
            return True
        changed = replace(view, view_id=known.view_id, owner_id=known.owner_id)
        views.change(self.user_id, changed, deployed=True)
        return False

    def _column(self, name: str) -> str:
        if name.endswith("__c"):
            return name
        if name not in _COLUMNS:
            raise unfit(f"Could not resolve list view column: {name}")
        return _COLUMNS[name]

    def _condition(self, object_name: str, line: Mapping[str, Any]) -> Condition:
        """Metadata names picklist values by value, the other API by label."""
        name = self._column(str(line.get("field", "")))
        operation = str(line.get("operation", ""))
        field_def, _ = column(self.org.objects[object_name.lower()], name, self.org, None)
        labels = {value.value: value.label for value in field_def.values}
        texts = [part.strip() for part in str(line.get("value", "")).split(",")]
        operands = tuple(labels.get(text, text) for text in texts)
        spelled = operation[:1].upper() + operation[1:]
        return Condition.parse(
            {"fieldApiName": name, "operator": spelled, "operandLabels": list(operands)}
        )

    def _custom_permission(self, component: Component) -> bool:
        sobject = self.org.objects["custompermission"]
        values = {
            "DeveloperName": component.name,
            "MasterLabel": str(component.content.get("label", component.name)),
            "Description": str(component.content.get("description", "")),
        }
        known = self._found("custompermission", "DeveloperName", component.name)
        if known is None:
            self._add("custompermission", values)
            return True
        if self.org.journal is not None:
            self.org.journal.changing(sobject, known)
        sobject.table.update(known, values, self.org.stamp_ms())
        return False

    def _permission_set(self, component: Component) -> bool:
        """One of the same name keeps its id and its holders; what it grants is replaced."""
        content = component.content
        known = self._found("permissionset", "Name", component.name)
        if known is None:
            parent = self._create(
                "PermissionSet",
                {"Name": component.name, "Label": str(content.get("label", component.name)),
                 "Description": str(content.get("description", ""))},
            )  # fmt: skip
        else:
            parent = self.org.objects["permissionset"].id_of(known)
            self._empty(parent)
        for each in content.get("objectPermissions", ()):
            rights = {name: _flag(each.get(key)) for key, name in _OBJECT_RIGHTS.items()}
            self._create(
                "ObjectPermissions", {"ParentId": parent, "SobjectType": each["object"], **rights}
            )
        for each in content.get("fieldPermissions", ()):
            self._create(
                "FieldPermissions",
                {"ParentId": parent, "SobjectType": str(each["field"]).partition(".")[0],
                 "Field": each["field"], "PermissionsRead": _flag(each.get("readable")),
                 "PermissionsEdit": _flag(each.get("editable"))},
            )  # fmt: skip
        for each in content.get("customPermissions", ()):
            permission = self._found("custompermission", "DeveloperName", each["name"])
            if permission is None:
                message = f"no CustomPermission named {each['name']} found"
                raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", message)
            target = self.org.objects["custompermission"].id_of(permission)
            self._create("SetupEntityAccess", {"ParentId": parent, "SetupEntityId": target})
        return known is None

    # -- records ---------------------------------------------------------------------------------

    def _found(self, name: str, column_name: str, text: str) -> Record | None:
        sobject = self.org.objects[name]
        for record in sobject.live():
            if sobject.value(record, column_name) == text:
                return record
        return None

    def _create(self, name: str, values: dict[str, str]) -> str:
        sobject = self.org.objects[name.lower()]
        made, errors = create(self.org, self.org.admin_user, sobject, values, context(self.org))
        if made is None:
            raise errors[0]
        return made

    def _add(self, name: str, values: dict[str, str]) -> None:
        """Make what no API makes as a record."""
        sobject = self.org.objects[name]
        record = sobject.table.add(values, self.org.stamp_ms())
        sobject.note(record, values)
        if self.org.journal is not None:
            self.org.journal.made(sobject, record)

    def _empty(self, parent: str) -> None:
        for name in ("objectpermissions", "fieldpermissions", "setupentityaccess"):
            sobject = self.org.objects[name]
            for row in [r for r in sobject.live() if sobject.value(r, "ParentId") == parent]:
                remove(self.org, sobject, row, self.org.admin_user, context(self.org))


def _flag(value: Any) -> str:
    return "true" if value is True else "false"
