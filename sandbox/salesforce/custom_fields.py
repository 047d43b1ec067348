"""Custom fields as the Tooling API words them: metadata in, a definition out, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.value_sets import read_value_set, too_long, unfit, value_set_of

LONGEST_NAME: Final = 40
_NAME: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_NAME_RULE: Final = (
    "The Custom Field API Name can only contain underscores and alphanumeric characters. It must "
    "be unique, begin with a letter, not include spaces, not end with an underscore, and not "
    "contain two consecutive underscores."
)
# Metadata type to the type in the describe call, and what the metadata cannot be without.
_TYPES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "Text": ("string", ("length",)),
    "TextArea": ("textarea", ()),
    "LongTextArea": ("textarea", ("length", "visibleLines")),
    "Html": ("textarea", ("length", "visibleLines")),
    "Number": ("double", ("precision", "scale")),
    "Currency": ("currency", ("precision", "scale")),
    "Percent": ("percent", ("precision", "scale")),
    "Checkbox": ("boolean", ("defaultValue",)),
    "Date": ("date", ()),
    "DateTime": ("datetime", ()),
    "Picklist": ("picklist", ("valueSet",)),
    "MultiselectPicklist": ("multipicklist", ("valueSet", "visibleLines")),
    "Url": ("url", ()),
    "Email": ("email", ()),
    "Phone": ("phone", ()),
}
_LENGTHS: Final = {"picklist": 255, "multipicklist": 4099, "url": 255, "email": 80, "phone": 40}
_TEXT_RANGE: Final = {
    "Text": (1, 255),
    "LongTextArea": (256, 131_072),
    "Html": (256, 131_072),
}
_LINES_RANGE: Final = {
    "LongTextArea": (2, 50),
    "Html": (10, 50),
    "MultiselectPicklist": (3, 10),
}
_LONGEST: Final = {"label": 40, "description": 1_000, "inlineHelpText": 510}
_MOST_DIGITS: Final = 18
_PARTS: Final = frozenset(
    {
        "businessOwnerGroup", "businessOwnerUser", "businessStatus", "caseSensitive",
        "complianceGroup", "customDataType", "defaultValue", "deleteConstraint", "deprecated",
        "description", "displayFormat", "displayLocationInDecimal", "encryptionScheme",
        "escapeMarkup", "externalDeveloperName", "externalId", "formula",
        "formulaTreatBlanksAs", "inlineHelpText", "isAIPredictionField", "isConvertLeadDisabled",
        "isFilteringDisabled", "isNameField", "isSortingDisabled", "label", "length",
        "lookupFilter", "maskChar", "maskType", "metadataRelationshipControllingField",
        "mktDataLakeFieldAttributes", "mktDataModelFieldAttributes", "populateExistingRows",
        "precision", "readOnlyProxy",
        "referenceTargetField", "referenceTo", "relationshipLabel", "relationshipName",
        "relationshipOrder", "reparentableMasterDetail", "required", "restrictedAdminField",
        "scale", "securityClassification", "startingNumber", "stripMarkup", "summarizedField",
        "summaryFilterItems", "summaryForeignKey", "summaryOperation", "trackFeedHistory",
        "trackHistory", "trackTrending", "translateData", "type", "unique", "urls", "valueSet",
        "visibleLines", "writeRequiresMasterRead",
    }
)  # fmt: skip


def bare_name(name: str, namespace: str) -> str:
    """The developer name in an API name: without ``__c``, and without the org's namespace.

    Raises:
        ApiError: it cannot be the name of a custom field.
    """
    bare = name.removesuffix("__c").removesuffix("__C")
    if namespace and bare.lower().startswith(f"{namespace.lower()}__"):
        bare = bare[len(namespace) + 2 :]
    if bare == name or not _NAME.fullmatch(bare):
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", _NAME_RULE, ["DeveloperName"])
    if len(bare) > LONGEST_NAME:
        raise too_long("Custom Field Name", bare, LONGEST_NAME, "DeveloperName")
    return bare


def field_from(name: str, metadata: Mapping[str, Any], value_key: str) -> FieldDef:
    """A new definition; *value_key* is how picklist values must be named (``""``: either way).

    Raises:
        ApiError: the metadata is not that of a field.
    """
    native = _native_type(metadata)
    kind, needed = _TYPES[native]
    label = metadata.get("label")
    if not label:
        raise unfit("Must specify a non-empty label for the CustomField", "Label")
    for part in needed:
        if metadata.get(part) is None:
            raise unfit(f"Must specify '{part}' for a CustomField of type {native}", native)
    field = FieldDef(
        name=name,
        label=str(label),
        type=kind,
        length=_length(native, kind, metadata),
        custom=True,
        nillable=not metadata.get("required"),
        external_id=bool(metadata.get("externalId")),
        unique=bool(metadata.get("unique")),
        case_sensitive=bool(metadata.get("caseSensitive")),
        html=native == "Html",
        description=str(metadata.get("description") or ""),
        help=metadata.get("inlineHelpText") or None,
        visible_lines=_lines(native, metadata),
        default=_default(kind, metadata),
        defaulted=kind == "boolean",
        calculated=bool(metadata.get("formula")),
        formula=metadata.get("formula"),
    )
    if "precision" in needed:
        field.precision, field.scale = _digits(metadata)
    if "valueSet" in needed:
        restricted, values = read_value_set(metadata["valueSet"], value_key)
        field.restricted, field.values = restricted, values
        field.default = next((value.value for value in values if value.default), None)
    return field


def change(field: FieldDef, metadata: Mapping[str, Any], value_key: str) -> None:
    """Take over what *metadata* says of an existing field.

    Picklist values come in the order given; those left out stay, inactive, on the records that
    hold them.

    Raises:
        ApiError: the metadata is not that of a field, or would make it one of another type.
    """
    wanted = field_from(field.name, metadata, value_key)
    if native_type(wanted) != native_type(field):
        message = f"Cannot change the type from {native_type(field)} to {native_type(wanted)} here"
        raise unfit(message, "Type")
    if wanted.length < field.length or wanted.precision < field.precision:
        raise unfit("Cannot make the field smaller: data may be lost", "Length")
    named = {value.value.lower() for value in wanted.values}
    left = [value for value in field.values if value.value.lower() not in named]
    for value in left:
        value.active = value.default = False
    field.label, field.description, field.help = wanted.label, wanted.description, wanted.help
    field.length, field.precision, field.scale = wanted.length, wanted.precision, wanted.scale
    field.nillable, field.restricted = wanted.nillable, wanted.restricted
    field.external_id, field.unique = wanted.external_id, wanted.unique
    field.visible_lines, field.default = wanted.visible_lines, wanted.default
    field.values = [*wanted.values, *left]


def metadata_of(field: FieldDef, value_key: str) -> dict[str, Any]:
    """The metadata of a field, with every part that the Tooling API shows."""
    native = native_type(field)
    shown: dict[str, Any] = dict.fromkeys(sorted(_PARTS))
    shown |= {
        "type": native,
        "label": field.label,
        "description": field.description or None,
        "inlineHelpText": field.help,
        "required": not field.nillable and field.type != "boolean",
        "externalId": field.external_id,
        "unique": field.unique if native in {"Text", "Number", "Email"} else None,
        "formula": field.formula,
        "defaultValue": field.default,
        "visibleLines": field.visible_lines,
        "trackFeedHistory": False,
        "trackTrending": False,
    }
    if native in _TEXT_RANGE:
        shown["length"] = field.length
    if field.precision:
        shown |= {"precision": field.precision, "scale": field.scale}
    if field.type in {"picklist", "multipicklist"}:
        shown["valueSet"] = value_set_of(field, value_key)
    return shown


def native_type(field: FieldDef) -> str:
    """What metadata calls the type of *field*."""
    if field.rollup:
        return "Summary"
    if field.type == "textarea":
        if field.html:
            return "Html"
        return "LongTextArea" if field.long_text else "TextArea"
    if field.type == "reference":
        return "Lookup"
    return next((name for name, (kind, _) in _TYPES.items() if kind == field.type), "Text")


# -- parts of metadata -----------------------------------------------------------------------------


def _native_type(metadata: Mapping[str, Any]) -> str:
    unknown = next((name for name in metadata if name not in _PARTS and name != "fullName"), None)
    if unknown is not None:
        raise malformed_json(f'Unrecognized field "{unknown}" at [line:1, column:1]')
    native = metadata.get("type")
    if native is None:
        raise unfit("Must specify a type for the CustomField", "Type")
    if native not in _TYPES:
        raise malformed_json(f"'{native}' is not a valid value for the enum 'FieldType'")
    for part, longest in _LONGEST.items():
        text = metadata.get(part)
        if isinstance(text, str) and len(text) > longest:
            raise too_long(part, text, longest, part)
    return str(native)


def _length(native: str, kind: str, metadata: Mapping[str, Any]) -> int:
    if native not in _TEXT_RANGE:
        return 255 if native == "TextArea" else _LENGTHS.get(kind, 0)
    low, high = _TEXT_RANGE[native]
    return _within("length", metadata["length"], low, high)


def _lines(native: str, metadata: Mapping[str, Any]) -> int | None:
    if native not in _LINES_RANGE:
        return None
    return _within("visibleLines", metadata["visibleLines"], *_LINES_RANGE[native])


def _digits(metadata: Mapping[str, Any]) -> tuple[int, int]:
    precision = _within("precision", metadata["precision"], 1, _MOST_DIGITS)
    return precision, _within("scale", metadata["scale"], 0, precision)


def _within(part: str, value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise malformed_json(f"Cannot deserialize instance of int from {part}")
    if not low <= value <= high:
        raise ApiError(
            400,
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{part}: value outside of valid range on numeric field: {value}",
            [part],
        )
    return value


def _default(kind: str, metadata: Mapping[str, Any]) -> str | None:
    default = metadata.get("defaultValue")
    if default is None:
        return None
    text = str(default).lower() if kind == "boolean" else str(default)
    if kind == "boolean" and text not in {"true", "false"}:
        raise unfit("The default value of a checkbox is true or false", "DefaultValue")
    return text
