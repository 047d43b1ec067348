"""What an operator may write about one attribute, and how such statements combine.

The keys stand flat beside ``attribute``, as in ``{attribute: employees, between: [200, 1000]}``.
These models check each key by itself; :mod:`config.predicates` says what the keys mean together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from config.scalars import (
    Credit,
    Days,
    Flag,
    NearCredit,
    Number,
    ScaleTop,
    Slug,
    Text,
    Words,
    number,
    shown,
    whole,
    words,
    wrong,
)

_PAIR = 2


class Part(BaseModel):
    """Base of every part of a document: frozen, and a key that is not known is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False
    )


@dataclass(frozen=True, slots=True)
class AtLeastOf:
    """``at_least: {2: [a, b, c]}``: a list that holds at least *count* of *values*."""

    count: int
    values: tuple[str, ...]


def _pair(value: object) -> tuple[int | float, int | float]:
    if not isinstance(value, list) or len(value) != _PAIR:
        raise wrong(f"two numbers are wanted, not {shown(value)}.", "Write [200, 1000].")
    return number(value[0]), number(value[1])


def _fades_to(value: object) -> tuple[int | float, ...]:
    return _pair(value) if isinstance(value, list) else (number(value),)


def _number_or_step(value: object) -> int | float | str:
    try:
        return number(value)
    except ValueError:
        if isinstance(value, str) and value.strip():
            return value.strip()
        raise


def _at_least(value: object) -> int | float | str | AtLeastOf:
    if not isinstance(value, dict):
        return _number_or_step(value)
    if len(value) != 1:
        raise wrong("one count with its list is wanted.", "Write at_least: {2: [a, b, c]}.")
    [(count, listed)] = value.items()
    found = AtLeastOf(whole(count), words(listed))
    if not 1 <= found.count <= len(found.values):
        raise wrong(
            f"at least {found.count} of {len(found.values)} values can never mean anything.",
            f"Use a count of 1 to {len(found.values)}.",
        )
    return found


_NUMBER_JSON: dict[str, object] = {"type": ["number", "string"]}
Range: TypeAlias = Annotated[
    tuple[int | float, int | float],
    BeforeValidator(_pair),
    WithJsonSchema({"type": "array", "items": _NUMBER_JSON, "minItems": 2, "maxItems": 2}),
]
Fade: TypeAlias = Annotated[
    tuple[int | float, ...],
    BeforeValidator(_fades_to),
    WithJsonSchema(
        {
            "anyOf": [
                _NUMBER_JSON,
                {"type": "array", "items": _NUMBER_JSON, "minItems": 2, "maxItems": 2},
            ]
        }
    ),
]
AtMost: TypeAlias = Annotated[
    int | float | str, BeforeValidator(_number_or_step), WithJsonSchema(_NUMBER_JSON)
]
AtLeast: TypeAlias = Annotated[
    int | float | str | AtLeastOf,
    BeforeValidator(_at_least),
    WithJsonSchema(
        {
            "anyOf": [
                _NUMBER_JSON,
                {
                    "type": "object",
                    "patternProperties": {"^[0-9]+$": {"type": "array", "minItems": 1}},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }
    ),
]


class Band(Part):
    """The credit of a range of numbers: from included, to excluded; an end left out is open."""

    low: Number | None = Field(default=None, alias="from")
    high: Number | None = Field(default=None, alias="to")
    credit: Credit


class PredicateFields(Part):
    """The keys that say what is wanted of an attribute; which go together depends on its type."""

    between: Range | None = Field(default=None, description="numbers, both ends included")
    at_least: AtLeast | None = Field(
        default=None, description="a number, a stage, or {2: [a, b, c]} for lists"
    )
    at_most: AtMost | None = Field(default=None, description="a number or a stage, included")
    below: Number | None = Field(default=None, description="numbers, the bound excluded")
    above: Number | None = Field(default=None, description="numbers, the bound excluded")
    fades_to: Fade | None = Field(
        default=None, description="where the credit, falling in a straight line, reaches 0"
    )
    bands: Annotated[tuple[Band, ...], Field(min_length=1)] | None = Field(
        default=None, description="a credit per range of numbers; elsewhere 0"
    )
    one_of: Words | None = Field(default=None, description="any of these values, or group:NAME")
    not_in: Words | None = Field(default=None, description="none of these values")
    adjacent: Annotated[dict[str, NearCredit], Field(min_length=1)] | None = Field(
        default=None, description="credit of near misses: a value, group:NAME or family"
    )
    any_of: Words | None = Field(default=None, description="the list holds one of these")
    all_of: Words | None = Field(default=None, description="the list holds all of these")
    none_of: Words | None = Field(default=None, description="the known list holds none of these")
    within: Days | None = Field(default=None, description="a date at most so long ago")
    older_than: Days | None = Field(default=None, description="a date at least so long ago")
    later_than: Days | None = Field(default=None, description="a date at least so far ahead")
    upcoming: Days | None = Field(default=None, description="a date at most so far ahead")
    half_life: Days | None = Field(default=None, description="the credit halves in this time")
    is_: Flag | None = Field(default=None, alias="is", description="a flag")
    scale: ScaleTop | None = Field(default=None, description="a rating from 1 to this number")
    mentions: Words | None = Field(default=None, description="whole words, case ignored")
    matches: Text | None = Field(default=None, description="a regular expression (RE2 syntax)")


class Condition(PredicateFields):
    """True, false or unknown of an account: about one attribute, or a combination of others."""

    attribute: Slug | None = None
    known: Literal[True] | None = Field(default=None, description="the attribute has a value")
    unknown: Literal[True] | None = Field(default=None, description="it has none")
    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    not_: Condition | None = Field(default=None, alias="not")

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions that this one combines; empty when it is about an attribute."""
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute that it looks at, in the order written."""
        own = (self.attribute,) if self.attribute else ()
        return tuple(
            dict.fromkeys([*own, *(name for part in self.parts for name in part.attributes)])
        )


def truth_of_nothing(condition: Condition) -> bool | None:
    """Evaluate *condition* for an account of which nothing is known; ``None`` is unknown."""
    if condition.all is not None:
        truths = [truth_of_nothing(part) for part in condition.all]
        return False if False in truths else None if None in truths else True
    if condition.any is not None:
        truths = [truth_of_nothing(part) for part in condition.any]
        return True if True in truths else None if None in truths else False
    if condition.not_ is not None:
        inner = truth_of_nothing(condition.not_)
        return None if inner is None else not inner
    if condition.unknown:
        return True
    return False if condition.known else None
