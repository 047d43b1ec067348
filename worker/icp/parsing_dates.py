"""Reads dates: only spellings that can mean one day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from worker.icp.parsing_folding import fold
from worker.icp.parsing_types import UNREADABLE, Lookups, Parser, Unreadable

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}:?\d{2}))?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)  # 1973 to 2286

_LONGEST = 200  # characters; a date is never longer

# outside these years a date is a placeholder (0001-01-01, 9999-12-31), not a day of a company
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


def date_parser(lookups: Lookups) -> Parser:
    """Read ``2026-08-10``, an ISO date and time (its UTC day), or epoch milliseconds.

    A date and time without an offset is taken as UTC. ``03/04/2026`` is a different day on either
    side of the Atlantic and so unreadable.
    """
    empty = lookups.empty

    def parse(text: str) -> date | Unreadable | None:
        text = text.strip()
        try:
            day = _read(text)
        except (ValueError, OverflowError, OSError):
            return UNREADABLE
        if day is not None and _FIRST_YEAR <= day.year <= _LAST_YEAR:
            return day
        if day is None and (len(text) <= _LONGEST and (not (word := fold(text)) or word in empty)):
            return None
        return UNREADABLE

    return parse


def _read(text: str) -> date | None:
    if len(text) == 10 and _DAY.fullmatch(text):  # noqa: PLR2004 - the length of 2026-08-10
        return date.fromisoformat(text)
    if len(text) > _LONGEST:
        return None
    if _INSTANT.fullmatch(text):
        instant = datetime.fromisoformat(text.upper().replace(" Z", "Z").replace(" +", "+"))
        return (instant.astimezone(UTC) if instant.tzinfo else instant).date()
    if _EPOCH_MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC).date()
    return None
