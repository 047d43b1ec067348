"""Reads numbers and bands of numbers as CRMs, vendors and people write them.

The marks between digits are read by these rules:

- a space or apostrophe before three digits, or any repeated mark, groups thousands:
  ``1,556,000``, ``1.556.000``, ``1 556 000``, ``1'234``; so does the Indian ``1,00,000``;
- one comma before exactly three digits groups thousands (``1,234``), otherwise it is a decimal
  comma (``36,9``), except that a count has no decimals: there ``11,50`` is the band 11-50;
- one dot is a decimal point, as in every number a CRM sends. Where it could as well group
  thousands (``1.234``) it does so in a count, stays a decimal point in a plain number or before a
  multiplier (``1.234 M``), and leaves an amount unreadable.

Bounds are never guessed: there are no midpoints, and a word not listed makes a text unreadable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal

from worker.icp.parsing_currency import without_currency
from worker.icp.parsing_folding import fold
from worker.icp.parsing_types import UNREADABLE, Interval, Lookups, Parser, Unreadable

Number = int | float

_LONGEST = 200  # characters; longer text is prose
_ABSURD = 10**15  # no amount of money is as large
_ABSURD_COUNT = 10**9  # no company has as many of anything that is counted
_PLAIN_DIGITS = 15

_MULTIPLIERS = {
    "k": 10**3, "thousand": 10**3, "thousands": 10**3, "tsd": 10**3,
    "m": 10**6, "mm": 10**6, "mn": 10**6, "mio": 10**6, "million": 10**6, "millions": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "billions": 10**9, "mrd": 10**9,
    "tn": 10**12, "trillion": 10**12,
    "lakh": 10**5, "lakhs": 10**5, "crore": 10**7, "crores": 10**7,
}  # fmt: skip

_UNIT = "|".join(sorted(_MULTIPLIERS, key=len, reverse=True))
_BOUND = r"(?P<{0}>\d+(?:[.,' ]\d+)*)(?:\s*(?P<{0}_unit>{1})(?![a-z])\.?)?"
_BAND = re.compile(
    r"(?P<prefix>>=|<=|>|<|\+|at least|more than|over|above|min|from|between|starting at"
    r"|at most|less than|fewer than|under|below|up to|max)?\s*"
    + _BOUND.format("low", _UNIT)
    + r"(?:\s*(?P<joint>-|\bto\b|\band\b|\.\.\.?)\s*"
    + _BOUND.format("high", _UNIT)
    + r")?(?:\s*(?P<suffix>\+|plus|(?:or|and|&) (?:more|above|over|up|greater|higher)|max"
    r"|(?:or|and|&) (?:less|fewer|under|below)))?",
    re.ASCII,
)
_PLAIN = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[,.' ])\d{3}(?:(?P=mark)\d{3})*(?P<rest>[.,]\d+)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_ONE_MARK = re.compile(r"\d+[.,]\d+")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
_SIMPLE_BAND = re.compile(r"(\d{1,9}) ?- ?(\d{1,9})", re.ASCII)
_COMMA_BAND = re.compile(r"(\d+),(\d{1,2}|\d{4,})", re.ASCII)
_BELOW = frozenset({"<", "less than", "fewer than", "under", "below"})
_ABOVE = frozenset({">", "more than", "over", "above"})
_FROM = frozenset({">=", "+", "at least", "min", "from", "starting at"})
_UP_TO = frozenset({"<=", "at most", "up to", "max"})

# what may stand around a number without changing it
_CHAFF = (
    r"\b(?:approximately|approx|about|around|roughly|circa|ca|currently|estimated|est)\b\.?"
    r"|[~\u2248]"
)
_DATED = r"|\(?\bas of (?:[a-z]+ )?\d{4}\b\)?"
_AMOUNT_CHAFF = re.compile(_CHAFF + _DATED + r"|\b(?:annual|annually|revenue|per year)\b")
_COUNT_CHAFF = re.compile(
    _CHAFF + _DATED + r"|\b(?:global|total|worldwide|company|(?:team|staff) members?|team|size"
    r"|number of|head ?count|employees?|people|persons?|staff|workers|ftes?|full[- ]time)\b"
)
_GLUED_SIZE = re.compile(r"\bsize(?=\d)")
_SIGNS = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"), "_": " "}
    | dict.fromkeys("\u2019\u2018\u02bc", "'")
)
_CRUNCHBASE_SIZE = re.compile(r"c_(\d{5})_(\d{5}|max)", re.ASCII)
_CRUNCHBASE_REVENUE = {
    "r_00000000": Interval(0, 10**6),
    "r_00001000": Interval(10**6, 10**7),
    "r_00010000": Interval(10**7, 5 * 10**7),
    "r_00050000": Interval(5 * 10**7, 10**8),
    "r_00100000": Interval(10**8, 5 * 10**8),
    "r_00500000": Interval(5 * 10**8, 10**9),
    "r_01000000": Interval(10**9, 10**10),
    "r_10000000": Interval(10**10, None),
}


def number_parser(lookups: Lookups) -> Parser:
    """Read one number, negative ones too. A closing ``%`` is dropped; a band is unreadable."""

    def spelled(text: str) -> Number | Unreadable:
        text = _clean(text).removesuffix("%").rstrip()
        band = _BAND.fullmatch(text[1:].lstrip() if text[:1] in {"-", "+"} else text)
        if not band or band["prefix"] or band["joint"] or band["suffix"]:
            return UNREADABLE
        value = _value(band["low"], band["low_unit"], counts=False)
        if value is None:
            return UNREADABLE
        return -value if text.startswith("-") else value

    read = _reader(lookups, spelled)
    zero: Number | None = None if lookups.zero_is_unknown else 0

    def parse(text: str) -> Number | Unreadable | None:
        value = read(text)
        if isinstance(value, Interval):
            return UNREADABLE
        return value or zero if isinstance(value, int | float) else value

    return parse


def interval_parser(lookups: Lookups) -> Parser:
    """Read a count, not negative, plain or as a band in any vendor's spelling."""

    def spelled(text: str) -> Interval | Unreadable | None:
        if match := _SIMPLE_BAND.fullmatch(text):
            return _ordered(int(match[1]), int(match[2]))
        text = text.casefold()
        if match := _CRUNCHBASE_SIZE.fullmatch(text):
            return _ordered(int(match[1]), None if match[2] == "max" else int(match[2]))
        text = _GLUED_SIZE.sub("size ", _clean(text))
        text = _COUNT_CHAFF.sub("  ", text).strip(" :").removesuffix(".")
        if not fold(text):
            return None  # the bare word "Employees"
        if match := _COMMA_BAND.fullmatch(text):
            return _ordered(int(match[1]), int(match[2]))
        return _band(text, counts=True)

    return _interval_reader(lookups, spelled, most=_ABSURD_COUNT)


def money_parser(lookups: Lookups) -> Parser:
    """Read an amount, not negative, plain or as a band; a currency is checked, not converted."""

    def spelled(text: str) -> Interval | Unreadable | None:
        text = text.casefold()
        if text in _CRUNCHBASE_REVENUE:
            return _CRUNCHBASE_REVENUE[text]
        amount = without_currency(_clean(text), lookups.currency)
        if amount is None:
            return UNREADABLE
        amount = _AMOUNT_CHAFF.sub("  ", amount).strip().removesuffix(".")
        return _band(amount, counts=False) if fold(amount) else None

    return _interval_reader(lookups, spelled, most=_ABSURD)


Spelled = Callable[[str], "Number | Interval | Unreadable | None"]


def _reader(lookups: Lookups, spelled: Spelled, *, dotted: bool = False) -> Spelled:
    """Read digits at once, then what says nothing, then the vocabulary, then spelled-out text.

    *dotted*: whether ``1.234`` is left to *spelled*.
    """
    empty, vocabulary, closed = lookups.empty, lookups.vocabulary, lookups.closed
    # a code such as INSEE's 11 looks like a number and must not be read as one
    as_digits = not (vocabulary and (closed or any(map(str.isdigit, vocabulary))))

    def parse(text: str) -> Number | Interval | Unreadable | None:
        text = text.strip()
        if as_digits and text.isdigit() and text.isascii() and len(text) <= _PLAIN_DIGITS:
            return int(text)
        if len(text) > _LONGEST:
            return UNREADABLE
        if (
            not vocabulary
            and _DECIMAL.fullmatch(text)
            and not (dotted and _AMBIGUOUS.fullmatch(text))
        ):
            return _bounded(Decimal(text))
        word = fold(text)
        if not word or word in empty:
            return None
        if vocabulary:
            known = vocabulary.get(word)
            if known is None and closed:
                return UNREADABLE
            text = text if known is None else known
        if _PLAIN.fullmatch(text) and not (dotted and _AMBIGUOUS.fullmatch(text)):
            return _bounded(Decimal(text))
        value = spelled(text)
        return _bounded(Decimal(str(value))) if isinstance(value, float) else value

    return parse


def _interval_reader(lookups: Lookups, spelled: Spelled, *, most: int) -> Parser:
    """Turn plain numbers into intervals; refuse negative ones, and zero where it says nothing."""
    read = _reader(lookups, spelled, dotted=True)
    zero = None if lookups.zero_is_unknown else Interval(0, 0)
    least = 1 if lookups.zero_is_unknown else 0

    def parse(text: str) -> Interval | Unreadable | None:
        value = read(text)
        if value is None or isinstance(value, Unreadable):
            return value
        interval = value if isinstance(value, Interval) else Interval(value, value)
        low, high = interval
        if high == 0:
            return zero
        if low < 0 or low > most or (high is not None and high > most):
            return UNREADABLE
        return Interval(least, high) if low < least and low != high else interval

    return parse


def _clean(text: str) -> str:
    """Unify case, digits, dashes and spaces."""
    if text.isascii():
        text = text.lower().replace("_", " ")
    else:
        text = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(text.split()).removesuffix(".")


def _band(text: str, *, counts: bool) -> Interval | Unreadable:
    match = _BAND.fullmatch(text)
    if not match:
        return UNREADABLE
    prefix, joint, suffix = match["prefix"], match["joint"], match["suffix"]
    low = _value(match["low"], match["low_unit"], counts=counts)
    if low is None or (joint == "and") != (prefix == "between"):
        return UNREADABLE
    if joint:
        return _two_bounds(match, low, counts=counts)
    step = 1 if counts else 0  # "more than 50" people are at least 51
    if prefix in _BELOW and not suffix:
        return _ordered(0, max(low - step, 0))
    if (prefix in _UP_TO and not suffix) or (not prefix and suffix and _lessens(suffix)):
        return _ordered(0, low)
    if prefix in _ABOVE and not suffix:
        return Interval(low + step, None)
    if (prefix in _FROM and not suffix) or (not prefix and suffix):
        return Interval(low, None)
    return UNREADABLE if prefix or suffix else Interval(low, low)


def _two_bounds(match: re.Match[str], low: Number, *, counts: bool) -> Interval | Unreadable:
    high = _value(match["high"], match["high_unit"], counts=counts)
    if high is None or match["suffix"] or match["prefix"] not in (None, "between", "from"):
        return UNREADABLE
    factor = _MULTIPLIERS.get(match["high_unit"] or "", 1)
    if match["low_unit"] is None and low * factor < high:
        low *= factor  # "1-5 million" is from one million; "501-1K" is from 501
    return _ordered(low, high)


def _lessens(suffix: str) -> bool:
    return suffix.endswith(("less", "fewer", "under", "below"))


def _ordered(low: Number, high: Number | None) -> Interval | Unreadable:
    return UNREADABLE if high is not None and high < low else Interval(low, high)


def _value(digits: str, unit: str | None, *, counts: bool) -> Number | None:
    """Read one bound by the rules at the top of this module; ``None`` where they do not say."""
    decimal = False
    if _AMBIGUOUS.fullmatch(digits):
        if not counts and unit is None:
            return None
        decimal = unit is not None
    if digits.isdigit():
        plain = digits
    elif not decimal and not digits.startswith("0") and (grouped := _GROUPED.fullmatch(digits)):
        mark, rest = grouped["mark"], grouped["rest"] or ""
        if rest.startswith(mark):
            return None
        whole = digits[: len(digits) - len(rest)]
        plain = whole.replace(mark, "") + rest.replace(",", ".")
    elif _INDIAN.fullmatch(digits):
        plain = digits.replace(",", "")
    elif _ONE_MARK.fullmatch(digits):
        plain = digits.replace(",", ".")
    else:
        return None
    value = _bounded(Decimal(plain) * _MULTIPLIERS.get(unit or "", 1))
    return None if isinstance(value, Unreadable) else value


def _bounded(value: Decimal) -> Number | Unreadable:
    """Give a whole number as ``int``, any other as ``float``, an absurd one as unreadable."""
    if not -_ABSURD <= value <= _ABSURD:
        return UNREADABLE
    return int(value) if value == value.to_integral_value() else float(value)
