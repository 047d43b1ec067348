"""What one value must satisfy to be stored in its field, whoever sends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import NUMBERS, FieldDef
from sandbox.salesforce.values import not_of_type, rounded

# Takes a kept text, gives back the text to store.
Check = Callable[[str], str]

_EMAIL: Final = re.compile(r"[^@\s,;<>()\"]+@[^@\s,;<>()\"]+\.[A-Za-z]{2,}")


def check_of(field: FieldDef) -> Check:
    """The check of *field*; it raises ``RecordError``."""
    kind = field.type
    if kind in NUMBERS:
        return _number(field)
    if kind == "email":
        return _email(field)
    if kind == "picklist" and field.restricted:
        return _restricted(field)
    if kind == "multipicklist":
        return _several(field)
    if kind in {"date", "datetime", "boolean", "reference", "id"}:
        return _as_it_is
    return _text(field)


def cleared(field: FieldDef) -> RecordError | None:
    """Why *field* may not be cleared, if it may not."""
    if field.type == "boolean":
        return not_of_type(field, "null")
    if not field.nillable:
        return missing([field.name])
    return None


def missing(names: list[str]) -> RecordError:
    """The error of a record without values that it must have."""
    message = f"Required fields are missing: [{', '.join(names)}]"
    return RecordError("REQUIRED_FIELD_MISSING", message, names)


def bad_choice(field: FieldDef, text: str) -> RecordError:
    """The error of a value that a restricted picklist does not offer."""
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    return RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])


def _as_it_is(text: str) -> str:
    return text


def _text(field: FieldDef) -> Check:
    length, label, name = field.length, field.label, field.name

    def check(text: str) -> str:
        if len(text) > length:
            message = f"{label}: data value too large: {text} (max length={length})"
            raise RecordError("STRING_TOO_LONG", message, [name])
        return text

    return check if length else _as_it_is


def _email(field: FieldDef) -> Check:
    fits = _text(field)

    def check(text: str) -> str:
        if _EMAIL.fullmatch(text) is None:
            message = f"{field.label}: invalid email address: {text}"
            raise RecordError("INVALID_EMAIL_ADDRESS", message, [field.name])
        return fits(text)

    return check


def _number(field: FieldDef) -> Check:
    scale = 0 if field.type == "int" else field.scale
    whole_digits = field.digits if field.type == "int" else field.precision - field.scale
    bound = Decimal(10) ** (whole_digits or 18)

    def check(text: str) -> str:
        stored = rounded(text, scale)
        # Most numbers are short: only long ones can be out of range.
        if len(stored) > whole_digits and abs(Decimal(stored)) >= bound:
            message = f"{field.label}: value outside of valid range on numeric field: {text}"
            raise RecordError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
        return stored

    return check


def _restricted(field: FieldDef) -> Check:
    offered = field.offers()

    def check(text: str) -> str:
        if text not in offered:
            raise bad_choice(field, text)
        return text

    return check


def _several(field: FieldDef) -> Check:
    order = {value.value: place for place, value in enumerate(field.values)}
    offered = field.offers()

    def check(text: str) -> str:
        parts = [part for part in dict.fromkeys(p.strip() for p in text.split(";")) if part]
        if field.restricted:
            for part in parts:
                if part not in offered:
                    raise bad_choice(field, part)
        parts.sort(key=lambda part: order.get(part, len(order)))
        return ";".join(parts)

    return check
