"""Freeze windows: from when to when nothing is written to the CRM, as announced in worker.yaml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from config.conditions import Part
from config.scalars import Text, shown, wrong

_DAY: Final = re.compile(r"2\d{3}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"2\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?\s?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which nothing is written. Both ends are aware and UTC; the end is not part of it.

    ``reason`` is for people: why nothing is written.
    """

    begins: datetime
    ends: datetime
    reason: str


def in_force(freezes: Sequence[Freeze], now: datetime) -> Freeze | None:
    """What keeps writes back at *now*; windows that follow on each other count as one."""
    active = [it for it in freezes if it.begins <= now < it.ends]
    if not active:
        return None
    begins, ends = min(it.begins for it in active), max(it.ends for it in active)
    for it in sorted(freezes, key=lambda it: it.begins):
        if it.begins <= ends:
            ends = max(ends, it.ends)
    reasons = dict.fromkeys(it.reason for it in active)
    return Freeze(begins=begins, ends=ends, reason="; ".join(reasons))


def coming(freezes: Sequence[Freeze], now: datetime) -> Freeze | None:
    """The next window that begins once *now*, and what is in force then, is over."""
    present = in_force(freezes, now)
    over = present.ends if present else now
    later = [it for it in freezes if it.begins > over]
    return min(later, key=lambda it: it.begins, default=None)


def last_end(freezes: Sequence[Freeze], now: datetime) -> datetime | None:
    """When the latest window that is over at *now* ended."""
    return max((it.ends for it in freezes if it.ends <= now), default=None)


def _moment(value: object, days: int) -> datetime:
    text = value.strip() if isinstance(value, str) else ""
    try:
        if _DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=days)
        if _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:  # there is no such day or hour
        pass
    raise wrong(
        f"{shown(value)} is not a date or a point in time.",
        "Write 2026-12-24 (the whole day, UTC), 2026-12-24T18:00 (UTC) or 2026-12-24T18:00+01:00.",
    )


def _start(value: object) -> datetime:
    return _moment(value, 0)


def _end(value: object) -> datetime:
    return _moment(value, 1)  # a date means the whole of it


_SCHEMA = {"type": "string", "examples": ["2026-12-24", "2026-12-24T18:00+01:00"]}
_Start: TypeAlias = Annotated[datetime, BeforeValidator(_start), WithJsonSchema(_SCHEMA)]
_End: TypeAlias = Annotated[datetime, BeforeValidator(_end), WithJsonSchema(_SCHEMA)]


class FreezeEntry(Part):
    """One entry of ``freeze`` in ``worker.yaml``."""

    begins: _Start = Field(alias="from", description="a date or a point in time, UTC")
    ends: _End = Field(alias="to", description="a date, that day included, or a point in time")
    reason: Text

    @field_validator("ends")
    @classmethod
    def _after(cls, ends: datetime, info: ValidationInfo) -> datetime:
        begins: datetime | None = info.data.get("begins")
        if begins is not None and ends <= begins:
            raise wrong("it is not after from.", "Give a later one, or swap the two.")
        return ends

    def freeze(self) -> Freeze:
        """The same, for use."""
        return Freeze(begins=self.begins, ends=self.ends, reason=self.reason)
