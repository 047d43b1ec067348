"""One comparison of a field with literals, as a test of a record.

Text compares without regard to case, ids exactly. A null is unequal to every value, and neither
less nor greater than any.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from sandbox.clock import iso_ms
from sandbox.salesforce.ids import to18
from sandbox.salesforce.schema import NUMBERS, FieldDef
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.columns import Column, Reader, Scope, currency_rates
from sandbox.salesforce.soql.parsing import unescape
from sandbox.salesforce.soql.periods import days_of
from sandbox.salesforce.soql.statement import Money, Period, Value
from sandbox.store import Record

Test = Callable[[Record], bool]
Key = Callable[[str], Any]

_IDS: Final = frozenset({"id", "reference"})
_ORDERED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TYPE_NAMES: Final = {
    "int": "int", "double": "double", "currency": "double", "percent": "double",
    "boolean": "boolean", "date": "date", "datetime": "dateTime", "id": "ID", "reference": "ID",
}  # fmt: skip
_SECONDS: Final = 19  # of "2026-11-22T04:00:00.000Z": filters look no closer
_WILD: Final = re.compile(r"\\.|[%_]", re.DOTALL)


def filterable(scope: Scope, column: Column) -> Column:
    """*column*, if it may stand in WHERE.

    Raises:
        ApiError: it may not.
    """
    if not column.field.filterable or column.field.type == "address":
        message = f"field '{column.field.name}' can not be filtered in a query call"
        raise problems.invalid_field(scope.text, column.at, message)
    return column


def compared(scope: Scope, column: Column, operator_: str, value: Value) -> Test:
    """``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=`` with one literal."""
    if operator_ == "LIKE":
        return like(scope, column, value)
    kind = column.field.type
    if operator_ in _ORDERED and kind in {"boolean", "multipicklist"}:
        _refuse_operator(scope, column)
    if isinstance(value.value, Period):
        return _in_period(scope, column, operator_, value.value)
    wanted = canonical(scope, column, value)
    if operator_ in {"=", "!="}:
        return among(scope, column, [wanted], negated=operator_ == "!=")
    if wanted is None:
        return lambda _: False
    read, key = _comparable(scope, column)
    return _ordered(read, key, _ORDERED[operator_], key(wanted))


def among(scope: Scope, column: Column, wanted: list[str | None], *, negated: bool) -> Test:
    """Whether a field is one of *wanted*, which are canonical."""
    read, key = _comparable(scope, column)
    found = {key(text) for text in wanted if text}
    nulls = any(not text for text in wanted)
    if not found:
        return (lambda r: read(r) is not None) if negated else (lambda r: read(r) is None)
    if len(found) == 1 and not nulls:
        only = found.pop()
        if negated:
            return lambda r: (text := read(r)) is None or key(text) != only
        return lambda r: (text := read(r)) is not None and key(text) == only

    def test(record: Record) -> bool:
        text = read(record)
        return (key(text) in found if text is not None else nulls) is not negated

    return test


def canonical(scope: Scope, column: Column, value: Value) -> str | None:
    """A literal as the text that equal records hold; ``None`` is null.

    Raises:
        ApiError: the literal does not fit the field's type.
    """
    field = column.field
    if value.kind == "null":
        return None
    kind = field.type
    found: str | None = None
    match value.value:
        case bool(flag) if kind == "boolean":
            found = "true" if flag else "false"
        case str(text) if kind in _IDS:
            return _id(scope, column, text) if text else None
        case str(text) if kind not in _TYPE_NAMES:
            return text or None
        case Money(code, amount) if kind == "currency":
            found = str(_corporate(scope, code, amount))
        case Decimal() as number if kind in NUMBERS:
            found = str(number)
        case int(moment) if kind == "datetime" and value.kind == "moment":
            found = iso_ms(moment)
        case date() as day if kind == "date":
            found = day.isoformat()
        case _:
            pass
    if found is None:
        _refuse_literal(scope, column)
    return found


def like(scope: Scope, column: Column, value: Value) -> Test:
    """``LIKE`` with its wildcards, which a backslash makes plain."""
    field = column.field
    if field.type in _TYPE_NAMES or field.type == "multipicklist":
        _refuse_operator(scope, column)
    if value.kind == "null":
        return among(scope, column, [None], negated=False)
    if value.kind != "text":
        _refuse_literal(scope, column)
    read = column.read
    fits = _pattern(value.raw)
    return lambda r: (text := read(r)) is not None and fits(text.lower())


def chosen(scope: Scope, column: Column, values: tuple[Value, ...], *, negated: bool) -> Test:
    """``INCLUDES`` and ``EXCLUDES``: any of the combinations is wholly chosen."""
    if column.field.type != "multipicklist":
        _refuse_operator(scope, column)
    combinations = []
    for value in values:
        text = canonical(scope, column, value) or ""
        combinations.append({part.strip().lower() for part in text.split(";") if part.strip()})
    read = column.read

    def test(record: Record) -> bool:
        held = {part.lower() for part in (read(record) or "").split(";") if part}
        hit = any(wanted <= held if wanted else not held for wanted in combinations)
        return hit is not negated

    return test


def sort_key(field: FieldDef) -> Key:
    """What a kept value of *field* is compared and sorted by."""
    if field.type in NUMBERS:
        return float
    if field.type in _TYPE_NAMES or field.case_sensitive:
        return str
    if field.type == "multipicklist":
        return _choices
    return str.lower


# -- inside --------------------------------------------------------------------------------------


def _comparable(scope: Scope, column: Column) -> tuple[Reader, Key]:
    """How to read a value, and what to compare of it."""
    kind = column.field.type
    if kind == "datetime":
        return column.read, lambda text: text[:_SECONDS]
    if kind == "currency" and currency_rates(scope.org):
        return scope.converted(column), float
    return column.read, sort_key(column.field)


def _ordered(read: Reader, key: Key, holds: Callable[[Any, Any], bool], bound: Any) -> Test:
    return lambda r: (text := read(r)) is not None and holds(key(text), bound)


def _choices(text: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in text.split(";") if part.strip())


def _id(scope: Scope, column: Column, text: str) -> str:
    found = to18(text)
    if found is None:
        message = f"invalid ID field: {text}"
        raise problems.wrong_operator(scope.text, column.at, message)
    return found


def _corporate(scope: Scope, code: str, amount: Decimal) -> Decimal:
    rates = currency_rates(scope.org)
    if not rates:
        return amount
    if code not in rates:
        raise problems.malformed(f"invalid currency code: {code}")
    return amount / rates[code]


def _in_period(scope: Scope, column: Column, operator_: str, period: Period) -> Test:
    kind = column.field.type
    if kind not in {"date", "datetime"}:
        _refuse_literal(scope, column)
    first, end = days_of(period, scope.org.clock.now().date())
    if kind == "date":
        low, last = first.isoformat(), (end - timedelta(days=1)).isoformat()
    else:
        low = datetime.combine(first, time()).isoformat()
        last = datetime.combine(end - timedelta(days=1), time(23, 59, 59)).isoformat()
    read, width = column.read, len(low)
    match operator_:
        case "=":
            return lambda r: (text := read(r)) is not None and low <= text[:width] <= last
        case "!=":
            return lambda r: (text := read(r)) is None or not low <= text[:width] <= last
        case _:
            bound = low if operator_ in {"<", ">="} else last
            return _ordered(read, lambda text: text[:width], _ORDERED[operator_], bound)


def _pattern(raw: str) -> Callable[[str], bool]:
    """Whether lower-case text fits a LIKE pattern."""
    wild: list[tuple[bool, str]] = []
    end = 0
    for found in _WILD.finditer(raw):
        wild.append((False, raw[end : found.start()]))
        wild.append((found[0] in "%_", found[0]))
        end = found.end()
    wild.append((False, raw[end:]))
    parts = [(is_wild, text if is_wild else unescape(text).lower()) for is_wild, text in wild]
    parts = [part for part in parts if part[1]]
    plain = "".join(text for is_wild, text in parts if not is_wild)
    shape = "".join(text if is_wild else "x" for is_wild, text in parts)
    match re.sub("x+", "x", re.sub("%+", "%", shape)):
        case "x" | "":
            return plain.__eq__
        case "x%":
            return lambda text: text.startswith(plain)
        case "%x":
            return lambda text: text.endswith(plain)
        case "%x%":
            return lambda text: plain in text
        case _:
            pieces = [
                {"%": ".*", "_": "."}[text] if is_wild else re.escape(text)
                for is_wild, text in parts
            ]
            expression = re.compile("".join(pieces), re.DOTALL)
            return lambda text: expression.fullmatch(text) is not None


def _refuse_operator(scope: Scope, column: Column) -> NoReturn:
    kind = _TYPE_NAMES.get(column.field.type, column.field.type).lower()
    raise problems.wrong_operator(scope.text, column.at, f"invalid operator on {kind} field")


def _refuse_literal(scope: Scope, column: Column) -> NoReturn:
    kind = _TYPE_NAMES.get(column.field.type, "string")
    quotes = "should" if kind in {"string", "ID"} else "should not"
    message = (
        f"value of filter criterion for field '{column.field.name}' must be of type {kind} and "
        f"{quotes} be enclosed in quotes"
    )
    raise problems.invalid_field(scope.text, column.at, message)
