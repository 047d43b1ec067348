"""Numbers as canonical text: plain decimals, without an exponent or a tail of zeros."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_LONGEST = 350  # digits; a float has no more
_EXACT = 1e15  # up to here a float holds every whole number


def number_text(value: float | Decimal) -> str | None:
    """Return *value* as canonical text; ``None`` for what is no number."""
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        if value.is_integer() and -_EXACT < value < _EXACT:
            return str(int(value))
        value = Decimal(repr(value))
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST:
        return None
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def parsed_number(text: str) -> str | None:
    """Return a number that came as text, perhaps with an exponent, as canonical text."""
    whole, dot, rest = text.partition(".")
    if whole.isdecimal() and text.isascii() and (whole[0] != "0" or len(whole) == 1):
        if not dot or rest == "0":
            return whole
        if rest.isdecimal() and rest[-1] != "0":
            return text
    try:
        return number_text(Decimal(text))
    except InvalidOperation:
        return None
