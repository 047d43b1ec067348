"""What a list view asks of its records: one line per condition, joined by filter logic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.soql.periods import days_of
from sandbox.salesforce.soql.statement import Period
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

Reader = Callable[[Record], str | None]
Test = Callable[[Record], bool]
Matcher = Callable[[str], bool]  # of one value as it is kept; "" is blank

_TEXT: Final = frozenset({"Contains", "NotContain", "StartsWith"})
_ORDER: Final = frozenset({"GreaterThan", "GreaterOrEqual", "LessThan", "LessOrEqual"})
_CHOICES: Final = frozenset({"Includes", "Excludes"})
OPERATORS: Final = _TEXT | _ORDER | _CHOICES | {"Equals", "NotEqual"}
_NEGATIVE: Final = {"NotEqual": "Equals", "NotContain": "Contains", "Excludes": "Includes"}
_NUMBERS: Final = frozenset({"int", "double", "currency", "percent"})
_DATES: Final = frozenset({"date", "datetime"})
_BOOLEANS: Final = {"1": "true", "true": "true", "0": "false", "false": "false"}
_COUNTED: Final = re.compile(r"(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S:(\d+)")
_SPELT: Final = re.compile(r"(LAST|NEXT)_(\d+)_(DAY|WEEK|MONTH|QUARTER|YEAR)S")
_PLAIN: Final = re.compile(r"TODAY|YESTERDAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)")
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a filter, its operands as people read them."""

    field: str
    operator: str
    operands: tuple[str, ...]

    @classmethod
    def parse(cls, body: Any) -> Condition:
        """Read one entry of ``filteredByInfo``.

        Raises:
            ApiError: it is none.
        """
        if not isinstance(body, Mapping) or not isinstance(body.get("fieldApiName"), str):
            raise unreadable("filteredByInfo needs a fieldApiName in every line")
        operator, operands = body.get("operator"), body.get("operandLabels", [])
        if operator not in OPERATORS:
            raise unreadable(f"'{operator}' is not one of {', '.join(sorted(OPERATORS))}")
        if not isinstance(operands, list) or not all(isinstance(each, str) for each in operands):
            raise unreadable("operandLabels is a list of texts")
        return cls(body["fieldApiName"], operator, tuple(operands))

    def describe(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "fieldApiName": self.field,
            "operandLabels": list(self.operands),
            "operator": self.operator,
        }


def column(sobject: SObject, path: str, org: Org, user_id: str | None) -> tuple[FieldDef, Reader]:
    """The field that a column or a filter names, perhaps of a parent, and how to read it.

    Raises:
        ApiError: there is none, or *user_id* may not see it.
    """
    head, _, rest = path.partition(".")
    parent: SObject | None = None
    own = sobject.definition.relationship(head) if rest else sobject.definition.field(path)
    if own is not None and rest:
        parent = org.sobject(own.reference_to[0])
    found = own if parent is None else parent.definition.field(rest)
    of = sobject if parent is None else parent
    visible = own is not None and found is not None
    if visible and user_id is not None and own is not None and found is not None:
        access = org.access
        visible = access.can_read(user_id, sobject.name, own.name)
        visible = visible and access.can_read(user_id, of.name, found.name)
    if own is None or found is None or not visible or (rest and parent is None):
        message = f"The column {path} does not exist on {sobject.name}, or you cannot see it"
        raise ApiError(400, "INVALID_FIELD", message)
    if parent is None:
        return found, sobject.getter(found)
    return found, _through(sobject.getter(own), parent, parent.getter(found))


def _through(find: Reader, parent: SObject, read: Reader) -> Reader:
    def reach(record: Record) -> str | None:
        parent_id = find(record)
        other = parent.get(parent_id) if parent_id else None
        return None if other is None else read(other)

    return reach


def compiled(field: FieldDef, read: Reader, condition: Condition, today: date) -> Test:
    """The test that *condition* makes of records.

    Raises:
        ApiError: the operator does not suit the field, or an operand means nothing for it.
    """
    _refuse_operator(field, condition.operator)
    operands = [operand.strip() for operand in condition.operands if operand.strip()]
    operator = _NEGATIVE.get(condition.operator, condition.operator)
    if not operands and operator != "Equals":
        raise unfit(f"{field.label}: {condition.operator} needs a value")
    matches = _matcher(field, operator, operands, today)
    negative = condition.operator in _NEGATIVE
    return lambda record: matches(read(record) or "") is not negative


def _matcher(field: FieldDef, operator: str, operands: list[str], today: date) -> Matcher:
    """Several operands are alternatives; none means blank."""
    if not operands:
        return lambda value: not value
    if operator == "Includes":
        wanted = {_choice(field, each) for each in operands}
        return lambda value: not wanted.isdisjoint(value.split(";"))
    if field.type in _DATES:
        return _any(_day_test(operator, *_days(field, each, today)) for each in operands)
    if field.type in _NUMBERS:
        return _any(_number_test(operator, _number(field, each)) for each in operands)
    return _any(_text_test(operator, _operand(field, each)) for each in operands)


def _refuse_operator(field: FieldDef, operator: str) -> None:
    kind = field.type
    suits = {"Equals", "NotEqual"}
    if kind == "multipicklist":
        suits |= _CHOICES
    elif kind != "boolean":
        suits |= _ORDER
        if kind not in _NUMBERS | _DATES:
            suits |= _TEXT
    if not field.filterable:
        raise unfit(f"{field.label}: cannot be filtered by")
    if operator not in suits:
        raise unfit(f"{field.label}: the operator {operator} does not suit its type")


def _any(tests: Iterable[Matcher]) -> Matcher:
    listed = list(tests)
    return lambda value: any(test(value) for test in listed)


def _operand(field: FieldDef, label: str) -> str:
    if field.type == "boolean":
        value = _BOOLEANS.get(label.lower())
        if value is None:
            raise unfit(f"{field.label}: {label} is neither true nor false")
        return value
    return _choice(field, label) if field.type == "picklist" else label


def _choice(field: FieldDef, label: str) -> str:
    """The value that a label stands for: filters name values as people read them."""
    for value in field.values:
        if value.label.lower() == label.lower():
            return value.value
    if field.restricted or field.type == "multipicklist":
        raise unfit(f"{field.label}: the picklist value {label} does not exist")
    return label


def _text_test(operator: str, operand: str) -> Matcher:
    wanted = operand.casefold()
    match operator:
        case "Equals":
            return lambda value: value.casefold() == wanted
        case "Contains":
            return lambda value: wanted in value.casefold()
        case "StartsWith":
            return lambda value: value.casefold().startswith(wanted)
        case _:
            compare = _comparison(operator)
            return lambda value: bool(value) and compare(value.casefold(), wanted)


def _number(field: FieldDef, text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "").removesuffix("%"))
    except InvalidOperation:
        raise unfit(f"{field.label}: {text} is no number") from None


def _number_test(operator: str, operand: Decimal) -> Matcher:
    compare = _comparison(operator)
    return lambda value: bool(value) and compare(Decimal(value), operand)


def _days(field: FieldDef, text: str, today: date) -> tuple[date, date]:
    """The first day that an operand means, and the first after it."""
    word = text.upper().replace(" ", "_")
    if _COUNTED.fullmatch(word) or _PLAIN.fullmatch(word):
        name, _, count = word.partition(":")
        return days_of(Period(name, int(count) if count else None), today)
    if spelt := _SPELT.fullmatch(word):
        which, number, unit = spelt.groups()
        return days_of(Period(f"{which}_N_{unit}S", int(number)), today)
    american = _AMERICAN.fullmatch(text)
    try:
        if american:
            month, day_of_month, year = (int(part) for part in american.groups())
            day = date(year, month, day_of_month)
        else:
            day = date.fromisoformat(text[:10])
    except ValueError:
        raise unfit(f"{field.label}: {text} is no date") from None
    return day, day + _DAY


def _day_test(operator: str, first: date, end: date) -> Matcher:
    """Compare with a span of days: from its first day, or until its last."""

    def day_of(value: str) -> date:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()

    last = end - _DAY
    tests: dict[str, Callable[[date], bool]] = {
        "Equals": lambda day: first <= day <= last,
        "GreaterThan": lambda day: day > last,
        "GreaterOrEqual": lambda day: day >= first,
        "LessThan": lambda day: day < first,
        "LessOrEqual": lambda day: day <= last,
    }
    test = tests[operator]
    return lambda value: bool(value) and test(day_of(value))


def _comparison(operator: str) -> Callable[[Any, Any], bool]:
    return {
        "Equals": lambda value, bound: value == bound,
        "GreaterThan": lambda value, bound: value > bound,
        "GreaterOrEqual": lambda value, bound: value >= bound,
        "LessThan": lambda value, bound: value < bound,
        "LessOrEqual": lambda value, bound: value <= bound,
    }[operator]


def unreadable(message: str) -> ApiError:
    """A body that is not what the call takes."""
    return ApiError(400, "POST_BODY_PARSE_ERROR", message)


def unfit(message: str) -> ApiError:
    """A filter or a column that means nothing here."""
    return ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message)
