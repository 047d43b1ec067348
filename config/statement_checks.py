"""Whether what is said about an attribute fits its type and the place it is said in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from config.attributes import AttributeSpec, AttributeType
from config.conditions import AtLeastOf, PredicateFields
from config.predicates import FAMILY, Finding, Members, read_shape, written_keys
from config.problems import did_you_mean, listed
from config.vocabularies import has_families


class Use(StrEnum):
    """Where a statement stands."""

    CRITERION = "criterion"
    TRIGGER = "trigger"
    CONDITION = "condition"


_NUMERIC = frozenset({"between", "at_least", "at_most", "below", "above", "fades_to", "bands"})
_CHOICE = frozenset({"one_of", "not_in", "adjacent"})
_BOUNDS = frozenset({"at_least", "at_most"})
_PRESENCE = frozenset({"known", "unknown"})
_FITTING: Final[Mapping[AttributeType, frozenset[str]]] = {
    AttributeType.NUMBER: _NUMERIC | {"scale"},
    AttributeType.INTERVAL: _NUMERIC,
    AttributeType.MONEY: _NUMERIC,
    AttributeType.CATEGORY: _CHOICE | _BOUNDS,
    AttributeType.STAGE: _CHOICE | _BOUNDS,
    AttributeType.COUNTRY: _CHOICE,
    AttributeType.TEXT: _CHOICE | {"mentions", "matches"},
    AttributeType.DOMAIN: frozenset({"one_of", "not_in", "matches"}),
    AttributeType.LIST: frozenset({"any_of", "all_of", "none_of", "at_least"}),
    AttributeType.DATE: frozenset({"within", "older_than", "later_than", "upcoming", "half_life"}),
    AttributeType.FLAG: frozenset({"is"}),
}

# A trigger is evidence by its presence, so what an absence would satisfy says nothing.
_NOT_IN_TRIGGERS = frozenset({"not_in", "none_of", "at_most", "below", "scale"})
# A condition is true or false; these give partial credit.
_NOT_IN_CONDITIONS = frozenset({"fades_to", "adjacent", "bands", "scale", "half_life"})


def check_statement(
    fields: PredicateFields, spec: AttributeSpec, members: Members, use: Use
) -> Iterator[Finding]:
    """Yield everything wrong with what *fields* say about the attribute *spec*."""
    keys = written_keys(fields)
    misplaced = list(_misplaced(fields, keys, use))
    misfits = list(_misfits(fields, keys, spec))
    yield from misplaced
    yield from misfits
    if misplaced or misfits:
        return
    _, findings = read_shape(fields, members)
    yield from findings
    if not findings:
        yield from _family(fields, spec)


def _misplaced(fields: PredicateFields, keys: tuple[str, ...], use: Use) -> Iterator[Finding]:
    for key in keys:
        if use is Use.TRIGGER and (key in _NOT_IN_TRIGGERS or (key == "is" and not fields.is_)):
            yield Finding(
                key,
                "a trigger is something that is there.",
                "Make it a criterion or a disqualifier.",
            )
        if use is Use.CONDITION and key in _NOT_IN_CONDITIONS:
            yield Finding(
                key, "a condition is true or false and earns no partial credit.",
                "Use a plain bound or list.",
            )  # fmt: skip
        if use is Use.CRITERION and key == "half_life":
            yield Finding(key, "fit does not age.", "Put it under triggers:.")


def _misfits(
    fields: PredicateFields, keys: tuple[str, ...], spec: AttributeSpec
) -> Iterator[Finding]:
    fitting = _FITTING[spec.type]
    if spec.type is AttributeType.CATEGORY and not spec.order:
        fitting -= _BOUNDS
    for key in keys:
        if key not in fitting | _PRESENCE:
            yield Finding(
                key,
                f'it does not fit the attribute "{spec.id}" of type {spec.type}.',
                f"Use {listed(sorted(fitting))}.",
            )
        elif key in _BOUNDS:
            yield from _misfitting_bound(key, getattr(fields, key), spec)


def _misfitting_bound(key: str, bound: object, spec: AttributeSpec) -> Iterator[Finding]:
    kind = spec.type
    if kind is AttributeType.LIST:
        if not isinstance(bound, AtLeastOf):
            yield Finding(key, f'"{spec.id}" is a list.', "Write at_least: {2: [a, b, c]}.")
    elif kind in {AttributeType.CATEGORY, AttributeType.STAGE}:
        if not isinstance(bound, str):
            yield Finding(
                key, f'"{spec.id}" is of type {kind}.', f"Name one of {listed(spec.order)}."
            )
        elif bound not in spec.order:
            hint = did_you_mean(bound, spec.order) or f"Use {listed(spec.order)}."
            yield Finding(key, f'"{bound}" is not in the order of "{spec.id}".', hint)
    elif not isinstance(bound, int | float):
        yield Finding(key, f'"{spec.id}" is of type {kind}.', "Write a number: 1000, 0.5 or 10M.")


def _family(fields: PredicateFields, spec: AttributeSpec) -> Iterator[Finding]:
    if fields.adjacent and FAMILY in fields.adjacent and not has_families(spec):
        yield Finding(
            "adjacent", f'"{spec.id}" has no families.', "Name the values, or a group:NAME."
        )
