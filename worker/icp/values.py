"""Attribute types and their normalisation: CRM text in, a value or *unknown* out.

This is the door through which all data enters the domain. A reader of text never raises and never
guesses: it answers with a value, with ``None`` where the text says nothing (empty, "n/a"), or with
:data:`UNREADABLE` where it says something that cannot be read, which is unknown too but counted and
listed for people to mend. What needs data (vocabularies, hosts, the public suffix list) is handed
in as :class:`Lookups`.

================== ======================== ================================================
attribute type     value                    example
================== ======================== ================================================
text               ``str``                  ``"Acme Ltd"``
category, stage    ``str``, canonical       ``"COMPUTER_SOFTWARE"``, ``"series_b"``
number             ``int`` or ``float``     ``2014``, ``12.5``; ``int`` where it is whole
interval, money    :class:`Interval`        ``(51, 200)``, ``(250, 250)``, ``(10001, None)``
date               ``datetime.date``        the UTC day
flag               ``bool``
country            ``str``                  ``"US"``: ISO 3166 alpha-2
domain             ``str``                  ``"acme.com"``
list               ``frozenset[str]``       ``{"google_analytics", "salesforce"}``
================== ======================== ================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from types import MappingProxyType

from worker.icp.parsing_dates import date_parser
from worker.icp.parsing_folding import fold, fold_place, lookup_table
from worker.icp.parsing_numbers import interval_parser, money_parser, number_parser
from worker.icp.parsing_types import UNREADABLE, Interval, Lookups, Parser, Unreadable, Value
from worker.icp.parsing_words import (
    category_parser,
    country_parser,
    domain_parser,
    flag_parser,
    list_parser,
    text_parser,
)

__all__ = [
    "NO_ORDER",
    "UNREADABLE",
    "Interval",
    "Lookups",
    "Parser",
    "Unreadable",
    "Value",
    "display",
    "fold",
    "fold_place",
    "lookup_table",
    "make_parser",
]

_MAKERS: Mapping[str, Callable[[Lookups], Parser]] = MappingProxyType(
    {
        "text": text_parser,
        "category": category_parser,
        "stage": category_parser,
        "number": number_parser,
        "interval": interval_parser,
        "money": money_parser,
        "date": date_parser,
        "flag": flag_parser,
        "country": country_parser,
        "domain": domain_parser,
        "list": list_parser,
    }
)


def make_parser(kind: str, lookups: Lookups) -> Parser:
    """Build the reader of one attribute's text.

    Args:
        kind: the attribute type's name, such as ``interval``.
        lookups: the data it may look up.

    Raises:
        ValueError: there is no such type.
    """
    maker = _MAKERS.get(kind)
    if maker is None:
        raise ValueError(f"no attribute type {kind!r}: use one of {', '.join(_MAKERS)}")
    return maker(
        replace(lookups, empty=_folded(lookups.empty), list_labels=_folded(lookups.list_labels))
    )


@lru_cache(maxsize=64)
def _folded(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(fold, words)) - {""}


_NO_LABELS: Mapping[str, str] = MappingProxyType({})
NO_ORDER: Mapping[str, int] = MappingProxyType({})
"""No item of a list is shown before the others."""
_SYMBOLS = {"USD": "$", "EUR": "\u20ac", "GBP": "\u00a3"}
_SHORT = ((10**9, "B"), (10**6, "M"))
_GROUPED_FROM = 10_000  # below it a plain number may be a year
_HUNDREDTH = Decimal("0.01")
_WHOLE_FROM = 1e15  # from here on a float has no hundredths


def display(
    value: Value,
    kind: str = "",
    *,
    labels: Mapping[str, str] = _NO_LABELS,
    first: Mapping[str, int] = NO_ORDER,
    currency: str | None = None,
    unit: str = "",
) -> str:
    """Show a value to people, the same on every machine and never rounded, only cut at hundredths.

    ``1,000+``, ``200-500``, ``$36.9M``, ``Computer Software``, ``US``, ``2026-08-10``.

    Args:
        value: a normalised value, or a bound that a predicate compares it with.
        kind: the attribute type's name: says what a bare number stands for.
        labels: labels of canonical values; a value without one shows with spaces for underscores.
        first: items of a list that are shown first, with their places; the rest by the alphabet.
        currency: of amounts, ISO 4217.
        unit: ``%`` follows a number at once; other units are left to the attribute's label.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        verbatim = kind in {"text", "domain"}
        return value if verbatim else labels.get(value) or value.replace("_", " ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        shown = [(labels.get(item) or item.replace("_", " "), item) for item in value]
        last = len(first)
        return ", ".join(
            text for text, _ in sorted(shown, key=lambda it: (first.get(it[1], last), it))
        )
    if isinstance(value, Interval):
        return _show_interval(value, kind or "interval", currency, unit)
    return _show(value, kind, currency, unit)


def _show_interval(interval: Interval, kind: str, currency: str | None, unit: str) -> str:
    low, high = interval
    if high is None:
        return f"{_show(low, kind, currency, unit)}+"
    if low == high:
        return _show(low, kind, currency, unit)
    return f"{_show(low, kind, currency, '')}-{_show(high, kind, currency, unit)}"


def _cut(number: float) -> float:
    """Drop what is beyond hundredths: CRMs calculate 33.33333333333333, and people read 33.33."""
    cut = Decimal(repr(number)).quantize(_HUNDREDTH, ROUND_DOWN)
    return int(cut) if cut == cut.to_integral_value() else float(cut)


def _show(number: float, kind: str, currency: str | None, unit: str) -> str:
    if kind != "money":
        if isinstance(number, float) and 1 <= abs(number) < _WHOLE_FROM:
            number = _cut(number)
        grouped = kind == "interval" or abs(number) >= _GROUPED_FROM
        text = f"{number:,}" if grouped else f"{number}"
        return f"{text}%" if unit == "%" else text
    text = f"{number:,}"
    for size, letter in _SHORT:
        hundredths, lost = divmod(abs(number) * 100, size)
        if abs(number) >= size and not lost:
            whole, part = divmod(int(hundredths), 100)
            decimals = f".{part:02d}".rstrip("0").rstrip(".")
            text = f"{'-' if number < 0 else ''}{whole:,}{decimals}{letter}"
            break
    symbol = _SYMBOLS.get(currency or "", f"{currency} " if currency else "")
    return f"{symbol}{text}"
