"""Values of a file as the text a HubSpot property holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_MONEY: Final = re.compile(
    r"(?P<minus>-?)\s*[$€£]?\s*(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?\s*"
    r"(?P<unit>k|thousand|m|mm|mn|million|b|bn|billion|t|trillion)?",
    re.IGNORECASE,
)
_UNITS: Final = {"k": 3, "t": 12, "thousand": 3, "trillion": 12, "m": 6, "b": 9}
_HOST: Final = re.compile(
    r"(?:[a-z]+:/*)?(?:[^/@]*@)?(?:www\.)?(?P<host>[^/:?#\s]+)", re.IGNORECASE
)


def as_text(value: Any) -> str:
    """*value* as text; ``""`` for whatever means empty (null, not a number, blanks alone)."""
    if value is None or isinstance(value, str):
        return value if value and value.strip() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if not math.isfinite(value) else _plain(Decimal(str(value)))
    if isinstance(value, Decimal):
        return _plain(value) if value.is_finite() else ""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, list):
        return joined(as_text(item) for item in value)
    if isinstance(value, dict):
        return orjson.dumps(value, default=str).decode() if value else ""
    return str(value)


def joined(parts: Iterable[str]) -> str:
    """*parts* as a multi-checkbox value: each once, joined by ``;`` (which no part may hold)."""
    clean = (part.replace(";", ",").strip() for part in parts)
    return ";".join(dict.fromkeys(part for part in clean if part))


def number(text: str) -> str | None:
    """The one number that *text* says, in plain digits; ``None`` for ranges and other words.

    Thousands separators, a currency sign and a unit are understood: ``$36.9 Million``, ``1,200``.
    """
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        return None
    digits = match["digits"].replace(",", "") + (match["fraction"] or "")
    unit = (match["unit"] or "").lower()
    power = _UNITS.get(unit, _UNITS.get(unit[:1], 0))
    try:
        return _plain(Decimal(match["minus"] + digits).scaleb(power))
    except InvalidOperation:
        return None


def host(url: str) -> str | None:
    """The host of *url* in lower case, without ``www.``; ``None`` when it is no domain."""
    match = _HOST.match(url.strip())
    if match is None:
        return None
    name = match["host"].lower().rstrip(".")
    return name if "." in name.strip(".") else None


def iso_date(text: str) -> str | None:
    """*text* as ``2026-11-24`` when it is an ISO date or datetime."""
    try:
        return datetime.fromisoformat(text.strip()).date().isoformat()
    except ValueError:
        return None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
