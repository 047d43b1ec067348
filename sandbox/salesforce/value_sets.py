"""Picklist values as metadata words them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.schema import FieldDef, PicklistValue

VALUE_KEYS: Final = ("valueName", "fullName")


def read_value_set(value_set: Any, value_key: str) -> tuple[bool, list[PicklistValue]]:
    """Whether only these values may be written, and the values in order.

    Raises:
        ApiError: no value set, or one in which a name or label comes twice.
    """
    if not isinstance(value_set, Mapping):
        raise malformed_json("Cannot deserialize instance of ValueSet")
    definition = value_set.get("valueSetDefinition")
    if not isinstance(definition, Mapping) or not isinstance(definition.get("value"), list):
        raise unfit("Must specify a value set definition; global value sets are not here", "Type")
    values: list[PicklistValue] = []
    taken: set[str] = set()
    for given in definition["value"]:
        value = _picklist_value(given, value_key)
        for word in {value.value.lower(), value.label.lower()}:
            if word in taken:
                raise ApiError(400, "DUPLICATE_VALUE", f"Duplicate label or value: {value.label}")
        taken |= {value.value.lower(), value.label.lower()}
        values.append(value)
    if definition.get("sorted"):
        values.sort(key=lambda value: value.label)
    return bool(value_set.get("restricted")), values


def _picklist_value(given: Any, value_key: str) -> PicklistValue:
    if not isinstance(given, Mapping):
        raise malformed_json("Cannot deserialize instance of CustomValue")
    allowed = (value_key,) if value_key else VALUE_KEYS
    for name in given:
        if name in VALUE_KEYS and name not in allowed:
            raise malformed_json(f'Unrecognized field "{name}" at [line:1, column:1]')
    name = next((given[key] for key in allowed if given.get(key)), None)
    if not isinstance(name, str):
        raise ApiError(
            400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{allowed[0]}]"
        )
    active = given.get("isActive")
    return PicklistValue(
        name, str(given.get("label") or name), active is not False, bool(given.get("default"))
    )


def value_set_of(field: FieldDef, value_key: str) -> dict[str, Any]:
    """The value set of a picklist, with every part that the Tooling API shows."""
    values = [
        {
            "color": None,
            "default": value.default,
            "description": None,
            "isActive": None if value.active else False,
            "label": value.label,
            "urls": None,
            value_key or VALUE_KEYS[0]: value.value,
        }
        for value in field.values
    ]
    return {
        "controllingField": None,
        "restricted": field.restricted,
        "valueSetDefinition": {"sorted": False, "value": values},
        "valueSetName": None,
        "valueSettings": [],
    }


def unfit(message: str, *fields: str) -> ApiError:
    """400: metadata that no field can have."""
    return ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, fields)


def too_long(part: str, text: str, longest: int, field: str) -> ApiError:
    """400: a text that is longer than it may be."""
    message = f"{part}: data value too large: {text} (max length={longest})"
    return ApiError(400, "STRING_TOO_LONG", message, [field])
