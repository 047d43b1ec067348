"""When a connection runs: a cron line or an interval, checked without starting a clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from config.scalars import shown, wrong

_INTERVAL = re.compile(r"([0-9]{1,6})\s*([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=366)
_ITEM = re.compile(r"(\*|[0-9a-z]+(?:-[0-9a-z]+)?)(?:/([0-9]{1,2}))?")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron line or an interval; exactly one of ``cron`` and ``every`` is set. Times are UTC.

    ``cron`` is the line with days of the week as names, because schedulers count them differently
    (0 is Sunday in cron and Monday in others).
    """

    text: str
    cron: str | None = None
    every: timedelta | None = None


def interval(value: object) -> timedelta:
    """Read ``30s``, ``15m``, ``6h`` or ``7d``."""
    if isinstance(value, timedelta):
        return value
    match = _INTERVAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"{shown(value)} is not an interval.", "Write 15m, 6h or 7d.")
    found = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta(0) < found <= _LONGEST:
        raise wrong(f"{shown(value)} is not a useful interval.", "Use 1s to 366d.")
    return found


def schedule(value: object) -> Schedule:
    """Read a cron line of five fields, or an interval."""
    if isinstance(value, Schedule):
        return value
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"{shown(value)} is not a schedule.", 'Write "0 5 * * *" or 1h.')
    line = " ".join(value.split())
    if _INTERVAL.fullmatch(line):
        return Schedule(line, every=interval(line))
    fields = line.lower().split(" ")
    if len(fields) != len(_FIELDS):
        raise wrong(
            f"{shown(value)} is neither an interval nor a cron line of five fields.",
            'Write 15m, 1h, or "minute hour day-of-month month day-of-week".',
        )
    cron = [
        _cron_field(field, name, low, high, names)
        for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True)
    ]
    if cron[2] != "*" and cron[4] != "*":
        raise wrong(
            "it restricts both the day of the month and the day of the week, which schedulers "
            "read differently.",
            "Put * in one of them.",
        )
    return Schedule(line, cron=" ".join(cron))


def schedule_or_off(value: object) -> Schedule | None:
    """Read a schedule, or ``off``."""
    return None if value is None or value == "off" else schedule(value)


def _cron_field(field: str, name: str, low: int, high: int, names: tuple[str, ...]) -> str:
    if field == "*":
        return field
    values: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise wrong(f"{shown(item)} is not a {name}.", f"Use {low}-{high}, a-b, */n or a list.")
        span, step = match[1], int(match[2] or 1)
        first, last = (low, high) if span == "*" else _span(span, name, low, names)
        last = high if match[2] and "-" not in span else last
        if not low <= first <= last <= high or step < 1:
            raise wrong(f"{shown(item)} is not a {name}.", f"Use {low} to {high}, rising.")
        values.update(range(first, last + 1, step))
    if name == "day of week":
        return ",".join(_DAYS[day] for day in sorted({day % len(_DAYS) for day in values}))
    return field if not names else ",".join(str(value) for value in sorted(values))


def _span(span: str, name: str, low: int, names: tuple[str, ...]) -> tuple[int, int]:
    ends = [_cron_value(end, name, low, names) for end in span.split("-")]
    return ends[0], ends[-1]


def _cron_value(text: str, name: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdigit():
        raise wrong(f"{shown(text)} is not a {name}.", "Use a number.")
    return int(text)


Interval: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(interval),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$", "examples": ["15m"]}),
]
WhenOrOff: TypeAlias = Annotated[
    Schedule | None,
    BeforeValidator(schedule_or_off),
    WithJsonSchema({"type": "string", "examples": ["30 0 * * *", "off"]}),
]
WhenToRun: TypeAlias = Annotated[
    Schedule,
    BeforeValidator(schedule),
    WithJsonSchema({"type": "string", "examples": ["1h", "0 5 * * *"]}),
]
