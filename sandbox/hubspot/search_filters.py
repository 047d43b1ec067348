"""One search filter as a test over a record's values."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any

from sandbox.clock import iso_ms, parse_ms
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.portal import ObjectType

Values = list[str | None]
Test = Callable[[Values], bool]
Key = Callable[[str], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"LT": lt, "LTE": le, "GT": gt, "GTE": ge}
_TOKENS = re.compile(r"\w+", re.UNICODE)


def compile_filter(kind: ObjectType, condition: dict[str, Any]) -> Test:
    """Make the test of one filter; text is compared without case, enumerations with it.

    Records without a value match only ``NOT_HAS_PROPERTY`` and ``NOT_CONTAINS_TOKEN``.

    Raises:
        ApiError: 400 for an unknown property, operator or value.
    """
    name = str(condition.get("propertyName"))
    operator = str(condition.get("operator"))
    definition = kind.schema.live.get(name)
    if definition is None:
        raise invalid(f"There was a problem with the request: unknown property {name}.")
    slot = kind.table.column(name)
    if operator == "HAS_PROPERTY":
        return lambda values: bool(values[slot])
    if operator == "NOT_HAS_PROPERTY":
        return lambda values: not values[slot]
    type_name = definition["type"]
    if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        return _tokens(slot, _text(condition, "value"), wanted=operator == "CONTAINS_TOKEN")
    key = _key(type_name)
    multiple = definition["fieldType"] == "checkbox"
    if operator in {"IN", "NOT_IN"}:
        return _membership(
            slot, condition, type_name, key, multiple=multiple, wanted=operator == "IN"
        )
    if operator == "BETWEEN":
        low, high = _bound(condition, "value", key), _bound(condition, "highValue", key)
        return _compare(slot, key, lambda value: bool(low <= value <= high))
    if operator in _COMPARISONS:
        compare, bound = _COMPARISONS[operator], _bound(condition, "value", key)
        return _compare(slot, key, lambda value: compare(value, bound))
    if operator in {"EQ", "NEQ"}:
        wanted = _bound(condition, "value", key)
        if multiple:
            equal: Test = _chosen(slot, {_text(condition, "value")}, wanted=True)
        else:
            equal = _compare(slot, key, lambda value: bool(value == wanted))
        if operator == "EQ":
            return equal
        return lambda values: bool(values[slot]) and not equal(values)
    raise invalid(f"There was a problem with the request: unknown operator {operator}.")


def _text(condition: dict[str, Any], field: str) -> str:
    value = condition.get(field)
    if value is None or isinstance(value, list | dict):
        name = condition.get("propertyName")
        raise invalid(f"The filter on {name} needs '{field}'.")
    return str(value)


def _bound(condition: dict[str, Any], field: str, key: Key) -> Any:
    text = _text(condition, field)
    try:
        return key(text)
    except (ValueError, OverflowError):
        raise invalid(
            f"'{text}' cannot be compared with {condition.get('propertyName')}."
        ) from None


def _key(type_name: str) -> Key:
    """How text of one property type compares."""
    match type_name:
        case "number":
            return float
        case "date" | "datetime":
            return _instant
        case "enumeration" | "bool":
            return str
        case _:
            return str.lower


def _instant(text: str) -> str:
    """Dates as ISO text: it sorts as time does, and needs no parsing per record."""
    if text.lstrip("-").isdigit():
        return iso_ms(int(text))
    if len(text) == len("2026-11-22"):
        return f"{text}T00:00:00.000Z"
    if len(text) == len("2026-11-22T04:00:00.000Z") and text.endswith("Z"):
        return text
    return iso_ms(parse_ms(text))


def _compare(slot: int, key: Key, holds: Callable[[Any], bool]) -> Test:
    def test(values: Values) -> bool:
        text = values[slot]
        if not text:
            return False
        try:
            return holds(key(text))
        except ValueError:  # text that a person typed into a number before it was one
            return False

    return test


def _membership(
    slot: int,
    condition: dict[str, Any],
    type_name: str,
    key: Key,
    *,
    multiple: bool,
    wanted: bool,
) -> Test:
    raw = condition.get("values")
    if not isinstance(raw, list) or not raw:
        raise invalid(f"The filter on {condition.get('propertyName')} needs 'values'.")
    given = {str(value) for value in raw}
    if multiple:
        return _chosen(slot, given, wanted=wanted)
    if type_name == "string":
        # The index holds lower case and these operators do not fold what they are given.
        return _compare(slot, key, lambda value: (value in given) is wanted)
    try:
        keys = {key(value) for value in given}
    except ValueError:
        raise invalid(f"Not all values fit {condition.get('propertyName')}.") from None
    return _compare(slot, key, lambda value: (value in keys) is wanted)


def _chosen(slot: int, given: set[str], *, wanted: bool) -> Test:
    def test(values: Values) -> bool:
        text = values[slot]
        return bool(text) and (not given.isdisjoint((text or "").split(";"))) is wanted

    return test


def _tokens(slot: int, text: str, *, wanted: bool) -> Test:
    pattern = re.escape(text.lower()).replace(r"\*", r"\w*")
    whole = re.compile(pattern)
    phrase = " ".join(_TOKENS.findall(text.lower()))

    def test(values: Values) -> bool:
        words = _TOKENS.findall((values[slot] or "").lower())
        if "*" in text:
            contained = any(whole.fullmatch(word) for word in words)
        else:
            contained = f" {phrase} " in f" {' '.join(words)} "
        return contained is wanted

    return test
