"""Objects of the Tooling API: their names and fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.salesforce.fields import flag, record_id, text, whole
from sandbox.salesforce.ids import PREFIXES
from sandbox.salesforce.schema import FieldDef, ObjectDef

_NO_PREFIX: Final = "000"


def _entity() -> FieldDef:
    return text(
        "EntityDefinitionId", "Entity Definition ID", 18,
        reference_to=("EntityDefinition",), relationship_name="EntityDefinition",
    )  # fmt: skip


def _object(name: str, *fields: FieldDef) -> Callable[[], ObjectDef]:
    prefix = PREFIXES.get(name, _NO_PREFIX)
    return lambda: ObjectDef(
        name, name, name, prefix, [record_id(f"{name} ID"), *fields], setup=True
    )


CUSTOM_FIELD: Final = _object(
    "CustomField",
    text("DeveloperName", "Developer Name", 40),
    text("NamespacePrefix", "Namespace Prefix", 15),
    text("TableEnumOrId", "Entity Enumeration Or ID", 40),
    _entity(),
    text("FullName", "Full Name", 255),
    text("Metadata", "Metadata", 0),
    text("Description", "Description", 1_000),
    text("InlineHelpText", "Inline Help Text", 510),
    whole("Length", "Length", 9),
    whole("Precision", "Precision", 9),
    whole("Scale", "Scale", 9),
    text("ManageableState", "Manageable State", 40),
)
ENTITY_DEFINITION: Final = _object(
    "EntityDefinition",
    text("DurableId", "Durable ID", 255),
    text("QualifiedApiName", "Qualified API Name", 70),
    text("DeveloperName", "Developer Name", 40),
    text("NamespacePrefix", "Namespace Prefix", 15),
    text("MasterLabel", "Master Label", 40),
    text("Label", "Label", 40),
    text("PluralLabel", "Plural Label", 40),
    text("KeyPrefix", "Key Prefix", 3),
    flag("IsCustomizable", "Is Customizable"),
    flag("IsQueryable", "Is Queryable"),
)
FIELD_DEFINITION: Final = _object(
    "FieldDefinition",
    text("DurableId", "Durable ID", 255),
    text("QualifiedApiName", "Qualified API Name", 70),
    text("DeveloperName", "Developer Name", 40),
    text("NamespacePrefix", "Namespace Prefix", 15),
    text("MasterLabel", "Master Label", 40),
    text("Label", "Label", 40),
    text("DataType", "Data Type", 80),
    text("Description", "Description", 1_000),
    whole("Length", "Length", 9),
    whole("Precision", "Precision", 9),
    whole("Scale", "Scale", 9),
    flag("IsNillable", "Is Nillable"),
    flag("IsCalculated", "Is Calculated"),
    _entity(),
)
ENTITY_LIMIT: Final = _object(
    "EntityLimit",
    text("DurableId", "Durable ID", 255),
    _entity(),
    text("Type", "Type", 40),
    text("Label", "Label", 80),
    whole("Max", "Max", 9),
    whole("Remaining", "Remaining", 9),
)
APEX_TRIGGER: Final = _object(
    "ApexTrigger",
    text("Name", "Name", 80),
    text("NamespacePrefix", "Namespace Prefix", 15),
    text("TableEnumOrId", "Entity Enumeration Or ID", 40),
    _entity(),
    *(
        flag(f"Usage{when}{what}", f"{when} {what}")
        for when in ("Before", "After")
        for what in ("Insert", "Update", "Delete")
    ),
    flag("UsageAfterUndelete", "After Undelete"),
    flag("UsageIsBulk", "Is Bulk"),
    text("Status", "Status", 40),
    flag("IsValid", "Is Valid"),
)
VALIDATION_RULE: Final = _object(
    "ValidationRule",
    text("ValidationName", "Validation Name", 40),
    text("NamespacePrefix", "Namespace Prefix", 15),
    _entity(),
    flag("Active", "Active"),
    text("Description", "Description", 255),
    text("ErrorDisplayField", "Error Display Field", 80),
    text("ErrorMessage", "Error Message", 255),
    text("FullName", "Full Name", 255),
)
FLOW: Final = _object(
    "Flow",
    text("MasterLabel", "Master Label", 255),
    text("ProcessType", "Process Type", 40),
    text("Status", "Status", 40),
    whole("VersionNumber", "Version Number", 9),
)
