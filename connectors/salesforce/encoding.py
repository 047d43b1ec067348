"""Canonical text as Salesforce takes it: a JSON value in calls, a cell in Bulk files.

Both forms are made of one normal form, so that an account holds the same values whichever way they
travelled. What a field cannot hold is found here: a wrong type in one record makes Salesforce
refuse the whole call (``JSON_PARSER_ERROR``) without naming the record. Text too long for its field
is sent as it is and refused by itself: a connector that cut it would say it wrote what it did not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.records import AccountUpdate, FieldDescription, FieldKind

CLEARED = "#N/A"  # what a Bulk cell says to empty a field; an empty cell leaves it alone
_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, cut off by some other tool
_EXACT = 16  # digits: shorter numbers are what they are in JSON, too
_LONGEST_NUMBER = 40  # digits; Salesforce keeps 18, and an exponent must not fill the memory

Json = str | int | float | bool | None


class UnfitValueError(ValueError):
    """A field of this kind cannot hold the value; *message* does not quote it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Encoding:
    """Turns the values of updates into what Salesforce takes, by the described kinds.

    Args:
        fields: the account object's fields, by name. Values of others go out as text, for
            Salesforce to refuse.

    """

    def __init__(self, fields: Mapping[str, FieldDescription]) -> None:
        self._fields = fields

    def knows(self, name: str) -> bool:
        """Whether the field exists and the user may see it."""
        return name in self._fields

    def normal(self, name: str, text: str | None) -> str | None:
        """Return *text* as Salesforce would store it; ``None`` clears the field.

        Raises:
            UnfitValueError: the field cannot hold it.

        """
        described = self._fields.get(name)
        kind = FieldKind.TEXT if described is None else described.kind
        if not text:
            # A checkbox is never empty: unticked is as near as it comes.
            return "false" if kind is FieldKind.BOOLEAN else None
        if described is not None and kind is FieldKind.NUMBER:
            return _number(name, text, described.scale)
        return _NORMAL[kind](name, text) or None

    def json(self, name: str, text: str | None) -> Json:
        """Return the JSON value of a call.

        Raises:
            UnfitValueError: the field cannot hold it.

        """
        value = self.normal(name, text)
        if value is None or name not in self._fields:
            return value
        kind = self._fields[name].kind
        if kind is FieldKind.BOOLEAN:
            return value == "true"
        if kind is FieldKind.NUMBER:
            return float(value) if "." in value else int(value)
        return value

    def cell(self, name: str, text: str | None) -> str:
        """Return the cell of a Bulk file, not yet quoted.

        Raises:
            UnfitValueError: the field cannot hold it.

        """
        value = self.normal(name, text)
        return CLEARED if value is None else value

    def travels_as_csv(self, update: AccountUpdate) -> bool:
        """Whether a Bulk file can carry *update* without harm to itself or to the other rows.

        One unknown column makes a whole job fail. A text that happens to be the mark for empty
        would clear its field. A carriage return does not match the file's own line ends, which
        fails the job too; line feeds do match.
        """
        return all(
            name in self._fields and not (text and ("\r" in text or text == CLEARED))
            for name, text in update.fields.items()
        )


def _number(name: str, text: str, scale: int | None) -> str:
    if len(text) < _EXACT and text.isascii() and text.isdecimal() and text[0] != "0":
        return text  # a whole number, as nearly all are
    number = _decimal(text, scale)
    if number is None:
        raise UnfitValueError(name, "not a number that the field can hold")
    if number == number.to_integral_value():
        return str(int(number))
    return f"{number.normalize():f}"


def _decimal(text: str, scale: int | None) -> Decimal | None:
    try:
        number = Decimal(text)
        if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
            return None
        if scale is None:
            return number
        # Salesforce rounds halves away from zero.
        return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None


def _boolean(name: str, text: str) -> str:
    if text not in {"true", "false"}:
        raise UnfitValueError(name, "neither true nor false")
    return text


def _date(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UnfitValueError(name, "not a date") from None


def _datetime(name: str, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        utc = None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise UnfitValueError(name, "not a date and time with its zone")
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _choices(_name: str, text: str) -> str:
    if ";" not in text:
        return _text(_name, text)
    parts = (_text(_name, part) for part in text.split(";"))
    return ";".join(dict.fromkeys(part for part in parts if part))


def _text(_name: str, text: str) -> str:
    if text.isprintable():
        return text  # which neither of them is
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\0", ""))


_NORMAL: Mapping[FieldKind, Callable[[str, str], str]] = {
    FieldKind.TEXT: _text,
    FieldKind.CHOICE: _text,
    FieldKind.CHOICES: _choices,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.DATE: _date,
    FieldKind.DATETIME: _datetime,
    FieldKind.NUMBER: lambda name, text: _number(name, text, None),
}
