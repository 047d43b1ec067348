"""Aggregates: GROUP BY, COUNT, SUM and the like, HAVING, and the order of groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.schema import NUMBERS, FieldDef
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.columns import AGGREGATES, Column, Reader, Scope, currency_rates
from sandbox.salesforce.soql.comparisons import sort_key
from sandbox.salesforce.soql.statement import (
    AllOf,
    AnyOf,
    Call,
    Comparison,
    Condition,
    Item,
    Membership,
    Negation,
    Operand,
    Path,
    Statement,
    Value,
)
from sandbox.salesforce.values import to_json
from sandbox.store import Record

Group = list[Any]  # one value for each column of the grouping, as JSON holds it
MOST_GROUPS: Final = 2_000

_ADDED: Final = frozenset({"SUM", "AVG"})
_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}


def is_aggregated(statement: Statement) -> bool:
    """Whether a statement answers groups and not records."""
    return bool(statement.groups) or any(_aggregates(item.what) for item in statement.items)


@dataclass(frozen=True, slots=True)
class Grouped:
    """The groups of a statement: names and values of what was selected."""

    keys: list[str]
    rows: list[Group]


def group(scope: Scope, statement: Statement, records: Iterable[Record]) -> Grouped:
    """Aggregate *records* as *statement* says.

    Raises:
        ApiError: a selected field is neither grouped nor aggregated, and the like.
    """
    plan = _Plan(scope, statement)
    rows = plan.rows(records)
    if statement.having is not None:
        holds = plan.having(statement.having)
        rows = [row for row in rows if holds(row)]
    for ordering in reversed(statement.orders):
        _sort(rows, plan.place(ordering.by), ordering.descending, ordering.nulls_last)
    start = statement.offset or 0
    end = None if statement.limit is None else start + statement.limit
    rows = rows[start:end]
    if len(rows) > MOST_GROUPS:
        raise ApiError(
            400,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
            "single batch",
        )
    return Grouped([key for key, _ in plan.shown], [[r[i] for _, i in plan.shown] for r in rows])


class _Plan:
    """Places: first the grouped fields, then every aggregate that anybody asks for."""

    def __init__(self, scope: Scope, statement: Statement) -> None:
        self._scope = scope
        self._keys = [self._groupable(scope.operand(operand)) for operand in statement.groups]
        self._places = {
            _name(operand, column): place
            for place, (operand, column) in enumerate(
                zip(statement.groups, self._keys, strict=True)
            )
        }
        self._aggregates: list[_Aggregate] = []
        self._aliases: dict[str, int] = {}
        self.shown: list[tuple[str, int]] = []
        unnamed = 0
        for item in statement.items:
            if isinstance(item.what, Statement):
                raise problems.unsupported("A sub-query beside aggregates")
            place = self.place(item.what)
            key = item.alias
            if key is None and isinstance(item.what, Call):
                key = f"expr{unnamed}"
                unnamed += 1
            key = key or self._keys[place].field.name
            if key.lower() in self._aliases:
                raise problems.malformed(f"duplicate alias: {key}")
            self._aliases[key.lower()] = place
            self.shown.append((key, place))
        for condition_part in _operands(statement.having):
            self.place(condition_part)
        for ordering in statement.orders:
            self.place(ordering.by)

    def place(self, operand: Operand) -> int:
        """Where the value of *operand* stands in a group."""
        if isinstance(operand, Path) and len(operand.names) == 1:
            alias = self._aliases.get(operand.names[0].lower())
            if alias is not None:
                return alias
        if isinstance(operand, Call) and operand.function in AGGREGATES:
            name = operand.text.lower()
            if name not in self._places:
                self._aggregates.append(_Aggregate(self._scope, operand))
                self._places[name] = len(self._keys) + len(self._aggregates) - 1
            return self._places[name]
        column = self._scope.operand(operand)
        known = self._places.get(_name(operand, column))
        if known is None:
            message = f"Field must be grouped or aggregated: {operand.text}"
            text = problems.pointed(self._scope.text, operand.at, message)
            raise problems.malformed(text)
        return known

    def rows(self, records: Iterable[Record]) -> list[Group]:
        """One row for each group, in the order in which the groups appear."""
        reads = [column.read for column in self._keys]
        members: dict[tuple[str | None, ...], list[Record]] = {}
        for record in records:
            members.setdefault(tuple(read(record) or None for read in reads), []).append(record)
        if not reads and not members:
            members[()] = []
        fields = [column.field for column in self._keys]
        return [
            [
                *(to_json(field, text) for field, text in zip(fields, key, strict=True)),
                *(aggregate.of(inside) for aggregate in self._aggregates),
            ]
            for key, inside in members.items()
        ]

    def having(self, condition: Condition) -> Callable[[Group], bool]:
        """HAVING as a test of a group."""
        match condition:
            case AllOf(parts):
                tests = [self.having(part) for part in parts]
                return lambda row: all(test(row) for test in tests)
            case AnyOf(parts):
                tests = [self.having(part) for part in parts]
                return lambda row: any(test(row) for test in tests)
            case Negation(part):
                denied = self.having(part)
                return lambda row: not denied(row)
            case Comparison(left, operator, right) if operator in _COMPARED:
                place, wanted, holds = self.place(left), _plain(right), _COMPARED[operator]
                return lambda row: holds(row[place], wanted)
            case Membership(left, negated, values) if not isinstance(values, Statement):
                place, among = self.place(left), [_plain(value) for value in values]
                return lambda row: (row[place] in among) is not negated
            case _:
                raise problems.unsupported("This condition in HAVING")

    def _groupable(self, column: Column) -> Column:
        if not column.field.groupable:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise problems.invalid_field(self._scope.text, column.at, message)
        return column


class _Aggregate:
    """One function over the records of a group."""

    def __init__(self, scope: Scope, call: Call) -> None:
        self._function = call.function
        self._field: FieldDef | None = None
        self._read: Reader = lambda _: ""
        if call.argument is None:
            if call.function != "COUNT":
                raise problems.unexpected(scope.text, call.at, call.function)
            return
        column = scope.operand(call.argument)
        kind = column.field.type
        numeric = call.function in _ADDED
        if not column.field.aggregatable or (numeric and kind not in NUMBERS):
            message = (
                f"field {column.field.name} does not support aggregate operator {call.function}"
            )
            raise problems.invalid_field(scope.text, column.at, message)
        self._field = column.field
        rates = kind == "currency" and currency_rates(scope.org)
        # Aggregates of money come in the corporate currency.
        self._read = scope.converted(column) if rates else column.read

    def of(self, records: Sequence[Record]) -> Any:
        """The aggregate, as JSON holds it."""
        field, read = self._field, self._read
        if field is None:
            return len(records)
        texts = [text for text in map(read, records) if text]
        if self._function == "COUNT":
            return len(texts)
        if self._function == "COUNT_DISTINCT":
            return len({sort_key(field)(text) for text in texts})
        if not texts:
            return None
        if self._function in _ADDED:
            total = sum(map(Decimal, texts), Decimal(0))
            if self._function == "AVG":
                return float(total / len(texts))
            return int(total) if field.type == "int" else float(total)
        least = min if self._function == "MIN" else max
        return to_json(field, least(texts, key=sort_key(field)))


def _aggregates(what: Operand | Statement) -> bool:
    return isinstance(what, Call) and what.function in AGGREGATES


def _name(operand: Operand, column: Column) -> str:
    return operand.text.lower() if isinstance(operand, Call) else column.label.lower()


def _operands(condition: Condition | None) -> list[Operand]:
    match condition:
        case None:
            return []
        case AllOf(parts) | AnyOf(parts):
            return [operand for part in parts for operand in _operands(part)]
        case Negation(part):
            return _operands(part)
        case _:
            return [condition.left]


def _plain(value: Value) -> Any:
    return float(value.value) if isinstance(value.value, Decimal) else value.value


def _sort(rows: list[Group], place: int, descending: bool, nulls_last: bool) -> None:  # noqa: FBT001
    filled = [row for row in rows if row[place] is not None]
    empty = [row for row in rows if row[place] is None]

    def key(row: Group) -> Any:
        value = row[place]
        return value.lower() if isinstance(value, str) else value

    filled.sort(key=key, reverse=descending)
    rows[:] = [*filled, *empty] if nulls_last else [*empty, *filled]


def count_only(statement: Statement) -> bool:
    """``SELECT COUNT() FROM ...``: answers no rows, only how many there are."""
    match statement.items:
        case (Item(Call("COUNT", None), None),) if not statement.groups:
            return True
        case _:
            return False
