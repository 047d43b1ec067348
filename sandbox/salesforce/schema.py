"""What an object may hold: field definitions, and how the describe call shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SOAP_TYPES: Final = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
CHOICES: Final = frozenset({"picklist", "multipicklist", "combobox"})
NUMBERS: Final = frozenset({"int", "double", "currency", "percent"})
_IDS: Final = frozenset({"id", "reference"})
_SHORT_TEXT: Final = 255
MASTER_RECORD_TYPE: Final = "012000000000000AAA"


@dataclass(slots=True)
class PicklistValue:
    """One value a picklist offers."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False

    def __post_init__(self) -> None:
        """A value that has no label is its own."""
        self.label = self.label or self.value

    def describe(self) -> dict[str, Any]:
        """As the describe call shows it."""
        return {
            "active": self.active,
            "defaultValue": self.default,
            "label": self.label,
            "validFor": None,
            "value": self.value,
        }


@dataclass(slots=True, kw_only=True)
class FieldDef:
    """One field. Mutable, because administrators change fields."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    permissionable: bool = True
    custom: bool = False
    calculated: bool = False
    formula: str | None = None
    rollup: bool = False  # a roll-up summary: calculated, without a formula
    restricted: bool = False
    values: list[PicklistValue] = field(default_factory=list)
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    description: str = ""
    help: str | None = None
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    html: bool = False
    compound: str | None = None  # the address it is a part of
    name_field: bool = False
    defaulted: bool = False  # gets a value on create without being given one
    default: str | None = None
    extra_type: str | None = None
    visible_lines: int | None = None  # of long texts, as metadata keeps it
    id: str = ""  # the CustomField id of a custom field

    def __post_init__(self) -> None:
        """What follows from the type."""
        if self.type in _IDS:
            self.length = 18
        if self.type in {"double", "currency", "percent", "datetime"}:
            self.groupable = False
        if self.type == "address":
            self.createable = self.updateable = self.sortable = self.groupable = False
        if self.type == "boolean":
            self.nillable = False
        if self.type == "multipicklist":
            self.sortable = self.groupable = False
        if self.long_text:
            self.filterable = self.sortable = self.groupable = False
        if self.calculated:
            self.createable = self.updateable = False

    @property
    def long_text(self) -> bool:
        """Long text areas can be neither filtered nor sorted by."""
        return self.type == "textarea" and self.length > _SHORT_TEXT

    @property
    def aggregatable(self) -> bool:
        """Whether MIN, MAX, COUNT and the like take it."""
        return self.filterable and self.type not in {"boolean", "address", "multipicklist"}

    def offers(self) -> frozenset[str]:
        """The active values of a picklist."""
        return frozenset(value.value for value in self.values if value.active)

    def describe(self) -> dict[str, Any]:
        """As the describe call shows it, with every attribute that real ones have."""
        defaulted = self.type == "boolean" or self.defaulted
        return {
            "aggregatable": self.aggregatable,
            "aiPredictionField": False,
            "autoNumber": False,
            "byteLength": self.length if self.type in _IDS else self.length * 3,
            "calculated": self.calculated,
            "calculatedFormula": self.formula,
            "cascadeDelete": False,
            "caseSensitive": self.case_sensitive,
            "compoundFieldName": self.compound,
            "controllerName": None,
            "createable": self.createable,
            "custom": self.custom,
            "defaultValue": False if self.type == "boolean" else self.default,
            "defaultValueFormula": None,
            "defaultedOnCreate": defaulted,
            "dependentPicklist": False,
            "deprecatedAndHidden": False,
            "digits": self.digits,
            "displayLocationInDecimal": False,
            "encrypted": False,
            "externalId": self.external_id,
            "extraTypeInfo": self.extra_type,
            "filterable": self.filterable,
            "filteredLookupInfo": None,
            "formulaTreatNullNumberAsZero": False,
            "groupable": self.groupable,
            "highScaleNumber": False,
            "htmlFormatted": self.html,
            "idLookup": self.type == "id" or self.external_id,
            "inlineHelpText": self.help,
            "label": self.label,
            "length": self.length,
            "mask": None,
            "maskType": None,
            "name": self.name,
            "nameField": self.name_field,
            "namePointing": False,
            "nillable": self.nillable,
            "permissionable": self.permissionable,
            "picklistValues": [value.describe() for value in self.values],
            "polymorphicForeignKey": False,
            "precision": self.precision,
            "queryByDistance": self.type == "address",
            "referenceTargetField": None,
            "referenceTo": list(self.reference_to),
            "relationshipName": self.relationship_name,
            "relationshipOrder": None,
            "restrictedDelete": False,
            "restrictedPicklist": self.restricted,
            "scale": self.scale,
            "searchPrefilterable": self.type == "reference" and self.permissionable,
            "soapType": SOAP_TYPES.get(self.type, "xsd:string"),
            "sortable": self.sortable,
            "type": self.type,
            "unique": self.unique,
            "updateable": self.updateable,
            "writeRequiresMasterRead": False,
        }


class ObjectDef:
    """One object: its names, its fields, and what calls it allows."""

    def __init__(  # noqa: PLR0913 - names, fields, and four switches
        self,
        name: str,
        label: str,
        label_plural: str,
        key_prefix: str,
        fields: list[FieldDef],
        *,
        setup: bool = False,
        createable: bool = True,
        updateable: bool = True,
        deletable: bool = True,
    ) -> None:
        """*setup* objects belong to the administration: no recycle bin, no field permissions."""
        self.name = name
        self.label = label
        self.label_plural = label_plural
        self.key_prefix = key_prefix
        self.setup = setup
        self.createable = createable
        self.updateable = updateable
        self.deletable = deletable
        self.namespace = ""  # the org's own: its fields are found without it too
        self.version = 0  # moves with every change: whoever caches an answer compares it
        self.fields: dict[str, FieldDef] = {}
        for definition in fields:
            self.add(definition)

    def add(self, definition: FieldDef) -> None:
        """Add a field, or put another in its place."""
        self.fields[definition.name.lower()] = definition
        self.version += 1

    def remove(self, name: str) -> None:
        """Take a field away."""
        self.fields.pop(name.lower(), None)
        self.version += 1

    def field(self, name: str) -> FieldDef | None:
        """The field called *name*, whatever its case, with or without the org's namespace."""
        lower = name.lower()
        found = self.fields.get(lower)
        if found is None and self.namespace and lower.endswith("__c"):
            found = self.fields.get(f"{self.namespace.lower()}__{lower}")
        return found

    def relationship(self, name: str) -> FieldDef | None:
        """The lookup whose parent is written *name* in a dotted path."""
        lower = name.lower()
        for definition in self.fields.values():
            relationship = definition.relationship_name
            if relationship is not None and relationship.lower() == lower:
                return definition
        return None

    @property
    def name_field(self) -> FieldDef | None:
        """The field that names a record."""
        return next((d for d in self.fields.values() if d.name_field), None)

    def describe(
        self,
        visible: Callable[[FieldDef], bool],
        *,
        base: str = "/services/data/v66.0",
        ui: str = "",
        rights: Mapping[str, bool] | None = None,
        editable: Callable[[FieldDef], bool] | None = None,
        record_types: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """As the describe call answers: fields the user may not see are absent.

        *rights* (``create``, ``edit``, ``delete``) and *editable* narrow it to what a user may do.
        """
        rights = rights or {"create": True, "edit": True, "delete": True}
        fields = []
        for definition in self.fields.values():
            if visible(definition):
                shown = definition.describe()
                if editable is not None and not editable(definition):
                    shown["createable"] = shown["updateable"] = False
                fields.append(shown)
        path = f"{base}/sobjects/{self.name}"
        own = not self.setup
        return {
            **self.summary(base, rights),
            "actionOverrides": [],
            "childRelationships": [],
            "compactLayoutable": own,
            "fields": fields,
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": record_types or [master_record_type(path)],
            "searchLayoutable": own,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": [
                {"label": f"All {self.label_plural.lower()}", "name": "everything"},
                {"label": f"My {self.label_plural.lower()}", "name": "mine"},
                {"label": f"My team's {self.label_plural.lower()}", "name": "team"},
            ]
            if own
            else [],
            "urls": {
                "compactLayouts": f"{path}/describe/compactLayouts",
                "rowTemplate": f"{path}/{{ID}}",
                "approvalLayouts": f"{path}/describe/approvalLayouts",
                "uiDetailTemplate": f"{ui}/{{ID}}",
                "uiEditTemplate": f"{ui}/{{ID}}/e",
                "listviews": f"{path}/listviews",
                "describe": f"{path}/describe",
                "uiNewRecord": f"{ui}/{self.key_prefix}/e",
                "quickActions": f"{path}/quickActions",
                "layouts": f"{path}/describe/layouts",
                "sobject": path,
            },
        }

    def summary(self, base: str, rights: Mapping[str, bool]) -> dict[str, Any]:
        """As the list of all objects shows it."""
        own = not self.setup
        path = f"{base}/sobjects/{self.name}"
        return {
            "activateable": False,
            "associateEntityType": None,
            "associateParentEntity": None,
            "createable": self.createable and rights["create"],
            "custom": self.name.endswith("__c"),
            "customSetting": False,
            "deepCloneable": False,
            "deletable": self.deletable and rights["delete"],
            "deprecatedAndHidden": False,
            "feedEnabled": own,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": self.key_prefix,
            "label": self.label,
            "labelPlural": self.label_plural,
            "layoutable": own,
            "mergeable": self.name == "Account",
            "mruEnabled": own,
            "name": self.name,
            "queryable": True,
            "replicateable": own,
            "retrieveable": True,
            "searchable": own,
            "triggerable": own,
            "undeletable": own,
            "updateable": self.updateable and rights["edit"],
            "urls": {
                "rowTemplate": f"{path}/{{ID}}",
                "describe": f"{path}/describe",
                "sobject": path,
            },
        }


def master_record_type(path: str, *, alone: bool = True) -> dict[str, Any]:
    """The entry of the record type that every object has; the default where it is *alone*."""
    return record_type_info(
        path, MASTER_RECORD_TYPE, "Master", "Master", default=alone, master=True
    )


def record_type_info(
    path: str, type_id: str, name: str, developer_name: str, *, default: bool, master: bool = False
) -> dict[str, Any]:
    """One entry of ``recordTypeInfos``."""
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": default,
        "developerName": developer_name,
        "master": master,
        "name": name,
        "recordTypeId": type_id,
        "urls": {"layout": f"{path}/describe/layouts/{type_id}"},
    }
