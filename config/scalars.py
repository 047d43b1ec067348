"""The small values of a document: numbers, durations, credits, ids; strict, with plain messages.

Each is an annotated type for pydantic whose validator says what it wants in an operator's words,
and whose JSON Schema an editor can check.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MAGNITUDE = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?)\s*([KkMmBb])")
_TIMES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_DAYS = re.compile(r"([0-9]{1,6})\s*([dwy])")
_DAYS_IN = {"d": 1, "w": 7, "y": 365}
_MAX_DAYS = 36_500


def wrong(message: str, remedy: str = "") -> PydanticCustomError:
    """Make the error to raise: a sentence on what will not do, and one on what to do."""
    return PydanticCustomError("config", "{text}", {"text": message, "remedy": remedy})


def shown(value: object) -> str:
    """Quote a value of the document for a message, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    text = text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 - fits a line
    return f'"{text}"' if isinstance(value, str) else text


def number(value: object) -> int | float:
    """Read a finite number; ``10M``, ``250K`` and ``1.5B`` are understood."""
    if isinstance(value, str) and (match := _MAGNITUDE.fullmatch(value.strip())):
        scaled = float(match[1]) * _TIMES[match[2].lower()]
        return int(scaled) if scaled.is_integer() else scaled
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong(f"{shown(value)} is not a number.", "Write it plainly: 1000, 0.5 or 10M.")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole(value: object) -> int:
    """Read a whole number."""
    found = number(value)
    if isinstance(found, float):
        raise wrong(f"{shown(value)} is not a whole number.", "Drop the decimals.")
    return found


@dataclass(frozen=True, slots=True)
class Between:
    """Marks a number that must lie in a range, both ends included; ``integral``: no decimals."""

    low: int
    high: int
    integral: bool = False

    def read(self, value: object) -> int | float:
        """Read the number or say how it misses the range."""
        found = whole(value) if self.integral else number(value)
        if not self.low <= found <= self.high:
            raise wrong(
                f"{found} is outside {self.low} to {self.high}.",
                f"Use {self.low} to {self.high}.",
            )
        return found

    def __get_pydantic_core_schema__(
        self, source: type[object], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate with :meth:`read`."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell editors the range."""
        kind = "integer" if self.integral else "number"
        return {"type": kind, "minimum": self.low, "maximum": self.high}


def near_credit(value: object) -> float:
    """Read the credit of a near miss: strictly between 0 and 1."""
    found = number(value)
    if not 0 < found < 1:
        raise wrong(
            f"a near miss earns more than 0 and less than 1, not {found}.",
            "List full matches under one_of and leave misses out.",
        )
    return float(found)


def days(value: object) -> int:
    """Read a duration in whole days: ``180d``, ``12w`` or ``2y`` (a year is 365 days)."""
    return _duration(value, least=1)


def days_or_none(value: object) -> int:
    """Read a duration that may be ``0d``, which switches something off."""
    return _duration(value, least=0)


def _duration(value: object, *, least: int) -> int:
    match = _DAYS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"{shown(value)} is not a duration.", "Write 180d, 12w or 2y.")
    found = int(match[1]) * _DAYS_IN[match[2]]
    if not least <= found <= _MAX_DAYS:
        raise wrong(f"{shown(value)} is not a useful duration.", f"Use {least}d to 100y.")
    return found


def slug(value: object) -> str:
    """Read an id: lower-case letters, digits, ``_`` and ``-``, starting with a letter."""
    if not isinstance(value, str) or not _SLUG.fullmatch(value):
        raise wrong(
            f"{shown(value)} is not an id.",
            "Use up to 64 lower-case letters, digits, _ and -, starting with a letter.",
        )
    return value


def text(value: object) -> str:
    """Read a text that says something, trimmed."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"{shown(value)} is not a text.", "Write some words, in quotes if need be.")
    return value.strip()


def flag(value: object) -> bool:
    """Read ``true`` or ``false``; nothing else, so that ``no`` and ``off`` are not misread."""
    if not isinstance(value, bool):
        raise wrong(f"{shown(value)} is neither true nor false.", "Write true or false.")
    return value


def calendar_day(value: object) -> date:
    """Read a date written ``2026-10-01``."""
    try:
        if isinstance(value, str) and len(value) == len("2026-10-01"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise wrong(f"{shown(value)} is not a date.", "Write it as 2026-10-01.")


def words(value: object) -> tuple[str, ...]:
    """Read a list of at least one text or number, without repeats; numbers become text."""
    if not isinstance(value, list):
        raise wrong(f"a list is wanted, not {shown(value)}.", "Write [a, b].")
    if not value:
        raise wrong("the list is empty.", "Name at least one value.")
    found: list[str] = []
    for item in value:
        if isinstance(item, bool) or not isinstance(item, str | int | float) or item == "":
            raise wrong(f"{shown(item)} in the list is not a text.", "Put it in quotes.")
        found.append(str(item).strip())
    repeated = next((item for item in found if found.count(item) > 1), None)
    if repeated is not None:
        raise wrong(f"{shown(repeated)} is listed twice.", "List it once.")
    return tuple(found)


_DURATION_SCHEMA = {"type": "string", "pattern": "^[0-9]{1,6}[dwy]$", "examples": ["180d", "2y"]}
_NUMBER_SCHEMA = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[-+]?[0-9.]+ ?[KkMmBb]$"}]
}
_WORDS_SCHEMA = {"type": "array", "minItems": 1, "items": {"type": ["string", "number"]}}
_SLUG_SCHEMA = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"}

Number: TypeAlias = Annotated[int | float, BeforeValidator(number), WithJsonSchema(_NUMBER_SCHEMA)]
Weight: TypeAlias = Annotated[int, Between(1, 1000, integral=True)]
Count: TypeAlias = Annotated[int, Between(0, 1000, integral=True)]
Strength: TypeAlias = Annotated[int, Between(1, 100, integral=True)]
ScaleTop: TypeAlias = Annotated[int, Between(2, 100, integral=True)]
Percent: TypeAlias = Annotated[int | float, Between(0, 100)]
WholePercent: TypeAlias = Annotated[int, Between(0, 100, integral=True)]
Points: TypeAlias = Annotated[int | float, Between(0, 50)]
Share: TypeAlias = Annotated[int | float, Between(0, 1)]
Credit: TypeAlias = Annotated[int | float, Between(0, 1)]
NearCredit: TypeAlias = Annotated[
    float,
    BeforeValidator(near_credit),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Days: TypeAlias = Annotated[int, BeforeValidator(days), WithJsonSchema(_DURATION_SCHEMA)]
DaysOrNone: TypeAlias = Annotated[
    int, BeforeValidator(days_or_none), WithJsonSchema(_DURATION_SCHEMA)
]
Slug: TypeAlias = Annotated[str, BeforeValidator(slug), WithJsonSchema(_SLUG_SCHEMA)]
Text: TypeAlias = Annotated[
    str, BeforeValidator(text), WithJsonSchema({"type": "string", "minLength": 1})
]
Flag: TypeAlias = Annotated[bool, BeforeValidator(flag), WithJsonSchema({"type": "boolean"})]
Day: TypeAlias = Annotated[
    date, BeforeValidator(calendar_day), WithJsonSchema({"type": "string", "format": "date"})
]
Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(words), WithJsonSchema(_WORDS_SCHEMA)]
