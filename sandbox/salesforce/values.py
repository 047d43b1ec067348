"""Values as the APIs spell them, and the one text they are kept as.

Kept are: booleans as ``true`` and ``false``, numbers as plain decimals, datetimes as
``2026-11-22T04:00:00.000Z`` (whole seconds), dates as ISO, picklists by value, ids in 18
characters; ``None`` is null.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

import orjson

from sandbox.salesforce.errors import ApiError, RecordError, malformed_json
from sandbox.salesforce.ids import to18
from sandbox.salesforce.schema import NUMBERS, FieldDef

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TRUE_FALSE: Final = {"true": "true", "false": "false", "1": "true", "0": "false"}


# -- in ------------------------------------------------------------------------------------------


def parse_json(field: FieldDef, value: Any) -> str | None:
    """The text to keep for a JSON *value*; ``None`` clears.

    Raises:
        ApiError: a value of the wrong JSON type fails the whole call.
        RecordError: the value means nothing for this field.
    """
    if value is None or value == "":
        return None
    kind = field.type
    if kind == "boolean":
        return _json_boolean(value)
    if kind in NUMBERS:
        return _json_number(field, value)
    if kind == "address" and isinstance(value, dict):
        return orjson.dumps(value).decode()  # read-only: the write engine says so
    if not isinstance(value, str):
        raise _mistyped("string" if kind not in {"date", "datetime"} else kind, value)
    if kind in {"date", "datetime"}:
        text = _moment(field, value)
        if text is None:
            raise _mistyped(kind, value)
        return text
    return _text(field, value)


def parse_csv(field: FieldDef, text: str) -> str | None:
    """The text to keep for a CSV cell that is neither empty nor ``#N/A``.

    Raises:
        RecordError: the cell means nothing for this field; the row fails alone.
    """
    kind = field.type
    if kind == "boolean":
        found = _TRUE_FALSE.get(text.strip().lower())
    elif kind in NUMBERS:
        found = _number(text, whole=kind == "int")
    elif kind in {"date", "datetime"}:
        found = _moment(field, text)
    else:
        return _text(field, text)
    if found is None:
        raise not_of_type(field, text)
    return found


def not_of_type(field: FieldDef, text: str) -> RecordError:
    """The error of one record whose value does not fit its field's type."""
    message = f"{field.label}: value not of required type: {text}"
    return RecordError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name])


def _text(field: FieldDef, text: str) -> str | None:
    if field.type in {"reference", "id"}:
        found = to18(text)
        if found is None:
            message = f"{field.label}: id value of incorrect type: {text}"
            raise RecordError("MALFORMED_ID", message, [field.name])
        return found
    # Salesforce trims what it stores.
    return text.strip() or None


def _json_boolean(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    found = _TRUE_FALSE.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise _mistyped("boolean", value)
    return found


def _json_number(field: FieldDef, value: Any) -> str:
    whole = field.type == "int"
    found = None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        found = _number(value if isinstance(value, str) else repr(value), whole=whole)
    if found is None:
        raise _mistyped("int" if whole else "double", value)
    return found


def _number(text: str, *, whole: bool) -> str | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or (whole and number != number.to_integral_value()):
        return None
    return plain(number)


def plain(number: Decimal) -> str:
    """*number* without exponent and without zeros that say nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rounded(text: str, scale: int) -> str:
    """A kept number with at most *scale* digits after its point, as Salesforce stores it."""
    _, _, fraction = text.partition(".")
    if len(fraction) <= scale:
        return text
    return plain(Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _moment(field: FieldDef, text: str) -> str | None:
    text = text.strip()
    try:
        if field.type == "date":
            if _DATE.fullmatch(text[:10]) is None:
                return None
            return datetime.fromisoformat(text[:10]).date().isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if "T" not in text:
        return f"{text}T00:00:00.000Z" if _DATE.fullmatch(text) else None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _mistyped(wanted: str, value: Any) -> ApiError:
    kinds = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
    if isinstance(value, dict | list):
        token, shown = ("START_OBJECT" if isinstance(value, dict) else "START_ARRAY"), ""
    elif value is False:
        token, shown = "VALUE_FALSE", " value false"
    else:
        token, shown = kinds.get(type(value), "VALUE_STRING"), f" value {_shown(value)}"
    return malformed_json(
        f"Cannot deserialize instance of {wanted} from {token}{shown} or request may be missing a "
        "required field at [line:1, column:1]"
    )


def _shown(value: Any) -> str:
    return "true" if value is True else str(value)


# -- out -----------------------------------------------------------------------------------------


def to_json(field: FieldDef, text: str | None) -> Any:
    """A kept value as JSON holds it."""
    kind = field.type
    if text is None or text == "":
        return False if kind == "boolean" else None
    if kind == "boolean":
        return text == "true"
    if kind == "int":
        return int(text)
    if kind in NUMBERS:
        return float(text)
    if kind == "datetime":
        return f"{text[:-1]}+0000"
    if kind == "address":
        return orjson.loads(text)
    return text


def to_csv(field: FieldDef, text: str | None) -> str:
    """A kept value as a cell of a Bulk result, not quoted yet."""
    if text is None or text == "":
        return "false" if field.type == "boolean" else ""
    if field.type in {"double", "currency", "percent"} and "." not in text:
        return f"{text}.0"
    return text
