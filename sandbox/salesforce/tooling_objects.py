"""What the Tooling API can be asked about: rows made of definitions and switches when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import orjson

from sandbox.salesforce import tooling_definitions as definitions
from sandbox.salesforce.access import FieldRights
from sandbox.salesforce.custom_fields import metadata_of
from sandbox.salesforce.ids import PREFIXES, decode, id18, number_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.schema import FieldDef, ObjectDef
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

MOST_CUSTOM_FIELDS: Final = "CustomFields"
_FIRST: Final = decode("Hs0000008000")


class ToolingOrg:
    """The org as SOQL sees it through the Tooling API: other objects, all of them set-up."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.access = self
        self.behaviour = org.behaviour
        self.clock = org.clock
        self.cursors = org.cursors
        self._made: dict[str, SObject] = {}

    def as_org(self) -> Org:
        """Itself, for SOQL, which asks an org for no more than this class has."""
        return cast("Org", self)

    def sobject(self, name: str) -> SObject | None:
        """The object called *name*, filled with what is so at this moment."""
        key = name.lower()
        if key not in self._made and key in _OBJECTS:
            definition, rows = _OBJECTS[key]
            made = _ByDurableId if key == "entitydefinition" else SObject
            sobject = self._made[key] = made(definition(), self.org.now_ms)
            for number, values in enumerate(rows(self.org)):
                given = number_of(values.pop("Id", ""))
                at = self.org.stamp_ms()
                sobject.table.add(values, at, record_id=given or _FIRST + 41 * number)
        return self._made.get(key)

    # -- what SOQL asks of ``access`` ------------------------------------------------------------

    def readable(self, user_id: str, name: str) -> SObject | None:
        """Everything, for who may view the set-up."""
        if not self.org.access.user_has(user_id, "ViewSetup"):
            return None
        return self.sobject(name)

    def visible(self, user_id: str, sobject: SObject) -> None:
        """All rows."""
        del user_id, sobject

    def fields(self, user_id: str, object_name: str) -> FieldRights:
        """All fields."""
        del user_id
        sobject = self.sobject(object_name)
        names = frozenset() if sobject is None else frozenset(sobject.definition.fields)
        return FieldRights(names, frozenset())

    def can_read(self, user_id: str, object_name: str, field: str) -> bool:
        """Whether there is such a field."""
        return field.lower() in self.fields(user_id, object_name).read

    def visible_field(self, user_id: str, sobject: SObject, name: str) -> FieldDef | None:
        """The definition of a field."""
        del user_id
        return sobject.definition.field(name)


class _ByDurableId(SObject):
    """Others refer to its records by ``DurableId``, which reads ``Account``."""

    def get(self, record_id: str) -> Record | None:
        """The record with this durable id."""
        for record in self.live():
            if self.value(record, "DurableId") == record_id:
                return record
        return None


Row = dict[str, str]


def custom_row(org: Org, object_name: str, field: FieldDef) -> Row:
    """A custom field as the Tooling API lists it."""
    namespace, bare = _split(field)
    metadata = metadata_of(field, org.behaviour.picklist_value_key)
    row = {
        "Id": field.id,
        "DeveloperName": bare,
        "NamespacePrefix": namespace,
        "TableEnumOrId": object_name,
        "EntityDefinitionId": object_name,
        "FullName": f"{object_name}.{field.name}",
        "Metadata": orjson.dumps(metadata).decode(),
        "Description": field.description,
        "InlineHelpText": field.help or "",
        "ManageableState": "unmanaged",
    }
    return row | {name: str(value) for name, value in _sizes(field).items()}


def _sizes(field: FieldDef) -> dict[str, int]:
    if field.precision:
        return {"Precision": field.precision, "Scale": field.scale}
    return {"Length": field.length} if field.length else {}


def _split(field: FieldDef) -> tuple[str, str]:
    """Namespace and developer name of a custom field."""
    first, separator, rest = field.name.removesuffix("__c").partition("__")
    return (first, rest) if separator else ("", first)


def _custom_fields(org: Org) -> Iterator[Row]:
    for sobject in org.objects.values():
        for field in sobject.definition.fields.values():
            if field.custom:
                yield custom_row(org, sobject.name, field)


def _entity_definitions(org: Org) -> Iterator[Row]:
    for sobject in org.objects.values():
        definition = sobject.definition
        yield {
            "DurableId": definition.name,
            "QualifiedApiName": definition.name,
            "DeveloperName": definition.name,
            "MasterLabel": definition.label,
            "Label": definition.label,
            "PluralLabel": definition.label_plural,
            "KeyPrefix": definition.key_prefix,
            "IsCustomizable": str(not definition.setup).lower(),
            "IsQueryable": "true",
        }


def _field_definitions(org: Org) -> Iterator[Row]:
    for sobject in org.objects.values():
        for field in sobject.definition.fields.values():
            namespace, bare = _split(field) if field.custom else ("", field.name)
            key = field.id[:15] if field.custom else field.name
            row = {
                "DurableId": f"{sobject.name}.{key}",
                "QualifiedApiName": field.name,
                "DeveloperName": bare,
                "NamespacePrefix": namespace,
                "MasterLabel": field.label,
                "Label": field.label,
                "DataType": field.type,
                "Description": field.description,
                "IsNillable": str(field.nillable).lower(),
                "IsCalculated": str(field.calculated).lower(),
                "EntityDefinitionId": sobject.name,
            }
            yield row | {name: str(value) for name, value in _sizes(field).items()}


def _entity_limits(org: Org) -> Iterator[Row]:
    for sobject in org.objects.values():
        if sobject.definition.setup:
            continue
        used = sum(field.custom for field in sobject.definition.fields.values())
        most = org.behaviour.custom_field_limit
        yield {
            "DurableId": f"{sobject.name}.{MOST_CUSTOM_FIELDS}",
            "EntityDefinitionId": sobject.name,
            "Type": MOST_CUSTOM_FIELDS,
            "Label": "Custom Fields",
            "Max": str(most),
            "Remaining": str(max(0, most - used)),
        }


def _apex_triggers(org: Org) -> Iterator[Row]:
    for name in org.behaviour.apex_triggers:
        yield {
            "Name": name,
            "TableEnumOrId": "Account",
            "EntityDefinitionId": "Account",
            "UsageBeforeUpdate": "true",
            "UsageAfterUpdate": "true",
            "UsageIsBulk": "true",
            "Status": "Active",
            "IsValid": "true",
        }


def _validation_rules(org: Org) -> Iterator[Row]:
    for rule in org.behaviour.validation_rules:
        name, of = str(rule.get("name", "Rule")), str(rule.get("object", "Account"))
        yield {
            "ValidationName": name,
            "EntityDefinitionId": of,
            "Active": str(rule.get("active", True)).lower(),
            "ErrorMessage": str(rule.get("message", "")),
            "ErrorDisplayField": str(rule.get("field") or ""),
            "FullName": f"{of}.{name}",
        }


def _flows(org: Org) -> Iterator[Row]:
    for label in org.behaviour.flows:
        yield {
            "MasterLabel": label,
            "ProcessType": "AutoLaunchedFlow",
            "Status": "Active",
            "VersionNumber": "1",
        }


_OBJECTS: Final[dict[str, tuple[Callable[[], ObjectDef], Callable[[Org], Iterator[Row]]]]] = {
    "customfield": (definitions.CUSTOM_FIELD, _custom_fields),
    "entitydefinition": (definitions.ENTITY_DEFINITION, _entity_definitions),
    "fielddefinition": (definitions.FIELD_DEFINITION, _field_definitions),
    "entitylimit": (definitions.ENTITY_LIMIT, _entity_limits),
    "apextrigger": (definitions.APEX_TRIGGER, _apex_triggers),
    "validationrule": (definitions.VALIDATION_RULE, _validation_rules),
    "flow": (definitions.FLOW, _flows),
}


def find_custom_field(org: Org, field_id: str) -> tuple[SObject, FieldDef] | None:
    """The custom field with this id, and the object it is on."""
    number = number_of(field_id)
    wanted = "" if number is None else id18(PREFIXES["CustomField"], number)
    for sobject in org.objects.values():
        for field in sobject.definition.fields.values():
            if field.custom and field.id == wanted:
                return sobject, field
    return None


def unpacked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their metadata as an object."""
    for row in rows:
        if isinstance(row.get("Metadata"), str):
            row["Metadata"] = orjson.loads(row["Metadata"])
    return rows
