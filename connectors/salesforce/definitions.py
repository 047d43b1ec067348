"""Our fields as Salesforce's metadata words them: for the Tooling API and for a package alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.records import FieldDescription, FieldKind, FieldSpec, Option

OBJECT: Final = "Account"
SUFFIX: Final = "__c"
TEXT_LENGTH: Final = 255
LONG_TEXT_LENGTH: Final = 32_768
INTEGER_DIGITS: Final = 5
LONGEST_LABEL: Final = 40
LONGEST_HELP: Final = 510
LONGEST_DESCRIPTION: Final = 1_000

_TYPES: Final = {
    FieldKind.TEXT: "Text",
    FieldKind.NUMBER: "Number",
    FieldKind.BOOLEAN: "Checkbox",
    FieldKind.CHOICE: "Picklist",
    FieldKind.CHOICES: "MultiselectPicklist",
    FieldKind.DATE: "Date",
    FieldKind.DATETIME: "DateTime",
}
_KINDS: Final = {
    **{native: kind for kind, native in _TYPES.items()},
    "Currency": FieldKind.NUMBER,
    "Percent": FieldKind.NUMBER,
    "Summary": FieldKind.NUMBER,
}


def definition(spec: FieldSpec, *, value_key: str = "fullName") -> dict[str, Any]:
    """Return the metadata of the field that *spec* describes.

    Args:
        spec: what is wanted.
        value_key: under which a picklist value keeps its API name; the Tooling API and the
            Metadata API differ, and which of them reads which is not documented.

    """
    help_text = spec.description
    found: dict[str, Any] = {
        "label": shortened(spec.label, LONGEST_LABEL),
        "type": _TYPES[spec.kind],
        "description": shortened(help_text, LONGEST_DESCRIPTION),
        "inlineHelpText": shortened(help_text, LONGEST_HELP),
    }
    match spec.kind:
        case FieldKind.TEXT if spec.multiline:
            found |= {"type": "LongTextArea", "length": LONG_TEXT_LENGTH, "visibleLines": 5}
        case FieldKind.TEXT:
            found |= {"length": TEXT_LENGTH, "required": False}
        case FieldKind.NUMBER:
            precision = INTEGER_DIGITS + spec.scale
            found |= {"precision": precision, "scale": spec.scale, "required": False}
        case FieldKind.BOOLEAN:
            found |= {"defaultValue": "false"}
        case FieldKind.CHOICE:
            found |= {"valueSet": value_set(spec.options, value_key), "required": False}
        case FieldKind.CHOICES:
            found |= {"valueSet": value_set(spec.options, value_key), "visibleLines": 4}
        case FieldKind.DATE | FieldKind.DATETIME:
            found |= {"required": False}
    return found


def value_set(options: Sequence[Option], value_key: str) -> dict[str, Any]:
    """Return a restricted value set: no value but these, in this order."""
    values = native_values(options, value_key)
    return {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}


def native_values(options: Sequence[Option], value_key: str) -> list[dict[str, Any]]:
    """Return picklist values; one that is hidden is inactive, and stays on records that hold it."""
    return [
        {value_key: option.value, "label": option.label, "default": False}
        | ({"isActive": False} if option.hidden else {})
        for option in options
    ]


def shortened(text: str, longest: int) -> str:
    """Return *text* in at most *longest* characters."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def description(name: str, metadata: Mapping[str, Any]) -> FieldDescription:
    """Describe a field by its metadata: the only source for one that the user may not see."""
    native = str(metadata.get("type") or "")
    formula = metadata.get("formula") or None
    return FieldDescription(
        name=name,
        label=str(metadata.get("label") or name),
        kind=_KINDS.get(native, FieldKind.TEXT),
        writable=False,
        options=tuple(options_of(metadata)),
        calculated=formula is not None or native in {"Summary", "AutoNumber"},
        formula=formula,
        max_length=metadata.get("length") or None,
        description=str(metadata.get("description") or ""),
        native_type=native,
        scale=metadata.get("scale"),
    )


def options_of(metadata: Mapping[str, Any]) -> list[Option]:
    """Return the picklist values of a field's metadata, whichever key their names are under."""
    return [
        Option(name, str(value.get("label") or name), hidden=value.get("isActive") is False)
        for value in values_of(metadata)
        if (name := value_name(value))
    ]


def values_of(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the values of a field's own value set; nothing where it uses a shared one."""
    owned = (metadata.get("valueSet") or {}).get("valueSetDefinition") or {}
    return [value for value in owned.get("value") or () if isinstance(value, Mapping)]


def value_name(value: Mapping[str, Any]) -> str:
    """Return the API name of a picklist value."""
    return str(value.get("fullName") or value.get("valueName") or "")


def full_name(name: str) -> str:
    """Return a field's name as metadata knows it: ``Account.ICP_Tier__c``."""
    return f"{OBJECT}.{name}"


def developer_name(name: str) -> str:
    """Return a custom field's name without its namespace and suffix: ``ICP_Tier``."""
    bare = name.removesuffix(SUFFIX)
    return bare.partition("__")[2] or bare
