"""A WHERE clause as one test of a record, and what indexes can tell of it beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import number_of, prefix_of
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.columns import Scope
from sandbox.salesforce.soql.comparisons import Test, among, canonical, chosen, compared, filterable
from sandbox.salesforce.soql.statement import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Membership,
    Negation,
    Path,
    Selection,
    Statement,
)
from sandbox.store import Record

# Answers a semi-join: the ids that an inner statement selects.
Inner = Callable[[Statement], list[str | None]]
Range = tuple[int | None, int | None]  # both ends included

_SECOND: Final = 999


@dataclass(frozen=True, slots=True)
class Reach:
    """Records outside of these bounds cannot match."""

    changed: Range = (None, None)  # epoch milliseconds of the last change
    ids: Range = (None, None)
    only: frozenset[int] | None = None  # these ids and no others


def compile_condition(scope: Scope, condition: Condition, inner: Inner) -> Test:
    """One test for *condition*.

    Raises:
        ApiError: an unknown field, or a comparison that its type does not know.
    """
    match condition:
        case AllOf(parts):
            return _all([compile_condition(scope, part, inner) for part in parts])
        case AnyOf(parts):
            tests = [compile_condition(scope, part, _no_inner) for part in parts]
            return _any(tests)
        case Negation(part):
            denied = compile_condition(scope, part, inner)
            return lambda record: not denied(record)
        case Comparison(left, operator, right):
            column = filterable(scope, scope.operand(left))
            return compared(scope, column, operator, right)
        case Selection(left, negated, values):
            column = filterable(scope, scope.operand(left))
            return chosen(scope, column, values, negated=negated)
        case Membership(left, negated, values):
            column = filterable(scope, scope.operand(left))
            if isinstance(values, Statement):
                if column.field.type not in {"id", "reference"}:
                    raise problems.malformed(
                        "The left operand field in the where expression for outer query should be "
                        f"an id field, cannot use: '{column.field.name}'"
                    )
                return among(scope, column, inner(values), negated=negated)
            wanted = [canonical(scope, column, value) for value in values]
            return among(scope, column, wanted, negated=negated)


def reach_of(scope: Scope, condition: Condition | None) -> Reach:
    """What the change index and the ids can tell of *condition*."""
    match condition:
        case AllOf(parts):
            return reduce(_both, (reach_of(scope, part) for part in parts))
        case AnyOf(parts):
            return reduce(_either, (reach_of(scope, part) for part in parts))
        case Comparison(Path((name,)), operator, right):
            if name.lower() == "systemmodstamp" and right.kind == "moment":
                assert isinstance(right.value, int)  # noqa: S101 - a moment is a number
                return Reach(changed=_changed(operator, right.value))
            if name.lower() == "id" and right.kind == "text":
                return _ids(scope, operator, str(right.value))
            return Reach()
        case Membership(Path((name,)), False, values) if name.lower() == "id":
            if isinstance(values, Statement):
                return Reach()
            numbers = [number_of(str(value.value)) for value in values if value.kind == "text"]
            return Reach(only=frozenset(number for number in numbers if number is not None))
        case _:
            return Reach()


def _no_inner(_: Statement) -> list[str | None]:
    raise ApiError(
        400, "MALFORMED_QUERY", "Semi join sub-selects are not allowed with the 'OR' operator"
    )


def _all(tests: list[Test]) -> Test:
    match tests:
        case [first, second]:
            return lambda record: first(record) and second(record)
        case _:

            def test(record: Record) -> bool:
                for part in tests:  # noqa: SIM110 - a generator costs more than the tests
                    if not part(record):
                        return False
                return True

            return test


def _any(tests: list[Test]) -> Test:
    match tests:
        case [first, second]:
            return lambda record: first(record) or second(record)
        case _:

            def test(record: Record) -> bool:
                for part in tests:  # noqa: SIM110 - a generator costs more than the tests
                    if part(record):
                        return True
                return False

            return test


def _changed(operator: str, at: int) -> Range:
    match operator:
        case "=":
            return at, at + _SECOND
        case ">":
            return at + _SECOND + 1, None
        case ">=":
            return at, None
        case "<":
            return None, at - 1
        case "<=":
            return None, at + _SECOND
        case _:
            return None, None


def _ids(scope: Scope, operator: str, text: str) -> Reach:
    number = number_of(text)
    if number is None or prefix_of(text) != scope.sobject.prefix:
        return Reach()
    match operator:
        case "=":
            return Reach(only=frozenset({number}))
        case ">":
            return Reach(ids=(number + 1, None))
        case ">=":
            return Reach(ids=(number, None))
        case "<":
            return Reach(ids=(None, number - 1))
        case "<=":
            return Reach(ids=(None, number))
        case _:
            return Reach()


def _both(one: Reach, other: Reach) -> Reach:
    only = one.only
    if other.only is not None:
        only = other.only if only is None else only & other.only
    return Reach(_narrower(one.changed, other.changed), _narrower(one.ids, other.ids), only)


def _either(one: Reach, other: Reach) -> Reach:
    both = one.only is not None and other.only is not None
    only = (one.only or frozenset()) | (other.only or frozenset()) if both else None
    return Reach(_wider(one.changed, other.changed), _wider(one.ids, other.ids), only)


def _narrower(one: Range, other: Range) -> Range:
    lows = [low for low in (one[0], other[0]) if low is not None]
    highs = [high for high in (one[1], other[1]) if high is not None]
    return (max(lows) if lows else None, min(highs) if highs else None)


def _wider(one: Range, other: Range) -> Range:
    low = None if one[0] is None or other[0] is None else min(one[0], other[0])
    high = None if one[1] is None or other[1] is None else max(one[1], other[1])
    return low, high
