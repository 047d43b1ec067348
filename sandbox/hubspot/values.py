"""What HubSpot accepts as a property value, and how it keeps it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.clock import iso_ms, parse_ms
from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.errors import ValueProblem
from sandbox.hubspot.schema import Schema

LONGEST_TEXT = 65_536

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONG = re.compile(r"-?\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_MS = 86_400_000


def as_text(value: Any) -> str:
    """JSON scalars as the text HubSpot keeps; JSON booleans become ``true`` and ``false``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The value does not fit the property."""

    def __init__(self, problem: ValueProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def accept(schema: Schema, owners: frozenset[str], name: str, raw: Any, present: str | None) -> str:
    """The text to keep for property *name*; *present* is what it holds now.

    Raises:
        Refused: with HubSpot's code and message.
    """
    definition = schema.live.get(name)
    if definition is None:
        raise _refused(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["calculated"] or definition["modificationMetadata"]["readOnlyValue"]:
        message = f'"{name}" is a read only property; its value cannot be set.'
        raise _refused(name, "READ_ONLY_VALUE", message)
    text = as_text(raw)
    if not text:
        return ""
    if len(text) > LONGEST_TEXT:
        message = f'Property "{name}" may hold at most {LONGEST_TEXT} characters.'
        raise _refused(name, "PROPERTY_VALUE_TOO_LONG", message)
    match definition["type"]:
        case "number":
            return _number(name, text)
        case "bool":
            return _option(name, text, frozenset({"true", "false"}))
        case "date":
            return _date(name, text)
        case "datetime":
            return _datetime(name, text)
        case "enumeration":
            return _enumeration(schema, owners, definition, text, present or "")
        case _:
            return text


def _refused(name: str, code: str, message: str) -> Refused:
    return Refused(ValueProblem(name, code, message))


def _number(name: str, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise _refused(name, "INVALID_INTEGER", f"{text} was not a valid number")
    return text


def _option(name: str, text: str, allowed: frozenset[str]) -> str:
    if text not in allowed:
        listed = ", ".join(sorted(allowed))
        message = f"{text} was not one of the allowed options: [{listed}]"
        raise _refused(name, "INVALID_OPTION", message)
    return text


def _enumeration(
    schema: Schema, owners: frozenset[str], definition: Definition, text: str, present: str
) -> str:
    name = definition["name"]
    allowed = owners if definition["externalOptions"] else schema.options_of(name)
    if definition["fieldType"] != "checkbox":
        return _option(name, text, allowed)
    chosen = [_option(name, part, allowed) for part in text.split(";") if part]
    if text.startswith(";"):  # append to what is there
        chosen = [*(part for part in present.split(";") if part), *chosen]
    return ";".join(dict.fromkeys(chosen))


def _date(name: str, text: str) -> str:
    if _LONG.fullmatch(text):
        milliseconds = _in_range(name, text)
        if milliseconds % _DAY_MS:
            time_of_day = iso_ms(milliseconds)[11:-1]
            message = f"{text} is at {time_of_day} UTC, not midnight!"
            raise _refused(name, "INVALID_DATE", message)
        return iso_ms(milliseconds)[:10]
    if not _DATE.fullmatch(text):
        raise _refused(name, "INVALID_LONG", f"{text} was not a valid long.")
    try:
        parse_ms(text)
    except ValueError:
        raise _refused(name, "INVALID_LONG", f"{text} was not a valid long.") from None
    return text


def _datetime(name: str, text: str) -> str:
    if _LONG.fullmatch(text):
        return iso_ms(_in_range(name, text))
    try:
        return iso_ms(parse_ms(text))
    except (ValueError, OverflowError):
        raise _refused(name, "INVALID_LONG", f"{text} was not a valid long.") from None


def _in_range(name: str, text: str) -> int:
    milliseconds = int(text)
    try:
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise _refused(name, "INVALID_LONG", f"{text} was not a valid long.") from None
    return milliseconds
