"""List membership: a filter branch as a test over a record's values, evaluated when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.clock import parse_ms

Lookup = Callable[[str], str | None]
Test = Callable[[Lookup], bool]

_DAY_MS = 86_400_000
_OFFSET_MS = {
    "minutes": 60_000,
    "hours": 3_600_000,
    "days": _DAY_MS,
    "weeks": 7 * _DAY_MS,
    "months": 30 * _DAY_MS,
    "quarters": 91 * _DAY_MS,
    "years": 365 * _DAY_MS,
}


class FilterError(Exception):
    """A filter branch HubSpot would refuse, or one this simulator cannot evaluate."""


def compile_branch(branch: Any, known: Mapping[str, Any], now_ms: Callable[[], int]) -> Test:
    """Make the test of a list's root branch: an OR of ANDs over properties in *known*.

    Raises:
        FilterError: what is wrong.
    """
    if not isinstance(branch, dict) or branch.get("filterBranchType") != "OR":
        raise FilterError("The root of filterBranch must be an OR branch.")
    children = branch.get("filterBranches") or []
    if branch.get("filters"):
        raise FilterError("The root OR branch holds branches, not filters.")
    if not children or any(
        not isinstance(child, dict) or child.get("filterBranchType") != "AND" for child in children
    ):
        raise FilterError("The root OR branch must hold AND branches.")
    return _branch(branch, known, now_ms)


def _branch(branch: dict[str, Any], known: Mapping[str, Any], now_ms: Callable[[], int]) -> Test:
    kind = branch.get("filterBranchType")
    tests = [_filter(item, known, now_ms) for item in branch.get("filters") or []]
    tests += [_branch(item, known, now_ms) for item in branch.get("filterBranches") or []]
    if kind == "AND":
        return lambda value: all(test(value) for test in tests)
    if kind == "OR":
        return lambda value: any(test(value) for test in tests)
    raise FilterError(f"Filter branch type {kind} is not supported.")


def _filter(item: Any, known: Mapping[str, Any], now_ms: Callable[[], int]) -> Test:
    if not isinstance(item, dict) or item.get("filterType") != "PROPERTY":
        shown = item.get("filterType") if isinstance(item, dict) else item
        raise FilterError(f"Filter type {shown} is not supported.")
    name, operation = str(item.get("property")), item.get("operation")
    if name not in known:
        raise FilterError(f"Property '{name}' does not exist.")
    if not isinstance(operation, dict):
        raise FilterError(f"The filter on '{name}' has no operation.")
    blank_counts = bool(operation.get("includeObjectsWithNoValueSet", False))
    if operation.get("operationType") == "ALL_PROPERTY":
        return _presence(name, str(operation.get("operator")))
    try:
        holds = _operation(operation, now_ms)
    except (KeyError, TypeError, ValueError) as problem:
        raise FilterError(f"The filter on '{name}' is malformed: {problem}.") from None

    def test(value: Lookup) -> bool:
        text = value(name)
        if not text:
            return blank_counts
        try:
            return holds(text)
        except ValueError:
            return False

    return test


def _presence(name: str, operator: str) -> Test:
    if operator == "IS_KNOWN":
        return lambda value: bool(value(name))
    if operator == "IS_UNKNOWN":
        return lambda value: not value(name)
    raise FilterError(f"ALL_PROPERTY has no operator {operator}.")


def _operation(operation: dict[str, Any], now_ms: Callable[[], int]) -> Callable[[str], bool]:
    kind, operator = operation.get("operationType"), str(operation.get("operator"))
    makers: dict[str, Callable[[], dict[str, Callable[[str], bool]]]] = {
        "ENUMERATION": lambda: _enumeration({str(v) for v in operation["values"]}),
        "MULTISTRING": lambda: _texts([str(v).lower() for v in operation["values"]]),
        "STRING": lambda: _texts([str(operation["value"]).lower()]),
        "NUMBER": lambda: _numbers(float(operation["value"])),
        "NUMBER_RANGED": lambda: _ranged(
            float(operation["lowerBound"]), float(operation["upperBound"])
        ),
        "BOOL": lambda: _flags(str(operation["value"]).lower()),
        "TIME_RANGED": lambda: _time_ranged(operation, now_ms),
        "TIME_POINT": lambda: _time_point(operation, now_ms),
        "ROLLING_DATE_RANGE": lambda: _rolling(int(operation["numberOfDays"]), now_ms),
    }
    if kind not in makers:
        raise FilterError(f"Operation type {kind} is not supported.")
    operators = makers[kind]()
    if operator not in operators:
        raise FilterError(f"{kind} has no operator {operator}.")
    return operators[operator]


def _enumeration(values: set[str]) -> dict[str, Callable[[str], bool]]:
    def chosen(text: str) -> set[str]:
        return {part for part in text.split(";") if part}

    return {
        "IS_ANY_OF": lambda text: not values.isdisjoint(chosen(text)),
        "IS_NONE_OF": lambda text: values.isdisjoint(chosen(text)),
        "IS_EXACTLY": lambda text: chosen(text) == values,
        "IS_NOT_EXACTLY": lambda text: chosen(text) != values,
        "CONTAINS_ALL": lambda text: values <= chosen(text),
        "DOES_NOT_CONTAIN_ALL": lambda text: not values <= chosen(text),
    }


def _texts(values: list[str]) -> dict[str, Callable[[str], bool]]:
    starts = tuple(values)
    return {
        "IS_EQUAL_TO": lambda text: text.lower() in values,
        "IS_NOT_EQUAL_TO": lambda text: text.lower() not in values,
        "CONTAINS": lambda text: any(value in text.lower() for value in values),
        "DOES_NOT_CONTAIN": lambda text: not any(value in text.lower() for value in values),
        "STARTS_WITH": lambda text: text.lower().startswith(starts),
        "ENDS_WITH": lambda text: text.lower().endswith(starts),
    }


def _numbers(value: float) -> dict[str, Callable[[str], bool]]:
    return {
        "IS_EQUAL_TO": lambda text: float(text) == value,
        "IS_NOT_EQUAL_TO": lambda text: float(text) != value,
        "IS_GREATER_THAN": lambda text: float(text) > value,
        "IS_GREATER_THAN_OR_EQUAL_TO": lambda text: float(text) >= value,
        "IS_LESS_THAN": lambda text: float(text) < value,
        "IS_LESS_THAN_OR_EQUAL_TO": lambda text: float(text) <= value,
    }


def _ranged(low: float, high: float) -> dict[str, Callable[[str], bool]]:
    return {
        "IS_BETWEEN": lambda text: low <= float(text) <= high,
        "IS_NOT_BETWEEN": lambda text: not low <= float(text) <= high,
    }


def _flags(value: str) -> dict[str, Callable[[str], bool]]:
    return {
        "IS_EQUAL_TO": lambda text: text == value,
        "IS_NOT_EQUAL_TO": lambda text: text != value,
    }


def _point(point: dict[str, Any], now_ms: Callable[[], int]) -> Callable[[], int]:
    """Epoch ms of a time point: a fixed DATE, or INDEXED to NOW or TODAY plus an offset."""
    kind = point["timeType"]
    if kind == "DATE":
        fixed = parse_ms(f"{point['year']:04d}-{point['month']:02d}-{point['day']:02d}")
        clock_ms = int(point.get("hour", 0)) * 3_600_000 + int(point.get("minute", 0)) * 60_000
        return lambda: fixed + clock_ms
    if kind != "INDEXED":
        raise FilterError(f"Time points of type {kind} are not supported.")
    reference = point["indexReference"]["referenceType"]
    offset = point.get("offset") or {}
    unknown = set(offset) - set(_OFFSET_MS)
    if reference not in {"NOW", "TODAY"} or unknown:
        raise FilterError(f"Time reference {reference} with offset {offset} is not supported.")
    shift = sum(_OFFSET_MS[unit] * int(number) for unit, number in offset.items())
    if reference == "NOW":
        return lambda: now_ms() + shift
    return lambda: now_ms() // _DAY_MS * _DAY_MS + shift


def _time_ranged(
    operation: dict[str, Any], now_ms: Callable[[], int]
) -> dict[str, Callable[[str], bool]]:
    low = _point(operation["lowerBoundTimePoint"], now_ms)
    high = _point(operation["upperBoundTimePoint"], now_ms)
    # Bounds are included unless the endpoint behaviour says otherwise.
    from_after = int(operation.get("lowerBoundEndpointBehavior") == "EXCLUSIVE")
    until_before = int(operation.get("upperBoundEndpointBehavior") == "EXCLUSIVE")

    def between(text: str) -> bool:
        return low() + from_after <= _moment(text) <= high() - until_before

    return {"IS_BETWEEN": between, "IS_NOT_BETWEEN": lambda text: not between(text)}


def _time_point(
    operation: dict[str, Any], now_ms: Callable[[], int]
) -> dict[str, Callable[[str], bool]]:
    point = _point(operation["timePoint"], now_ms)
    return {
        "IS_AFTER": lambda text: _moment(text) > point(),
        "IS_BEFORE": lambda text: _moment(text) < point(),
    }


def _rolling(days: int, now_ms: Callable[[], int]) -> dict[str, Callable[[str], bool]]:
    def ago(text: str) -> float:
        return (now_ms() - _moment(text)) / _DAY_MS

    return {
        "IS_LESS_THAN_X_DAYS_AGO": lambda text: 0 <= ago(text) < days,
        "IS_MORE_THAN_X_DAYS_AGO": lambda text: ago(text) > days,
        "IS_LESS_THAN_X_DAYS_FROM_NOW": lambda text: 0 <= -ago(text) < days,
        "IS_MORE_THAN_X_DAYS_FROM_NOW": lambda text: -ago(text) > days,
    }


def _moment(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else parse_ms(text)
