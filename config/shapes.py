"""The shapes a statement about an attribute can take: what the judge compiles.

Values are as the operator wrote them, with groups expanded; reading them as the attribute's type
is the judge's part, which reads the CRM's values by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """Credit 1 inside the bounds; outside it falls in a straight line to 0 at the fade edge.

    ``None`` is an open end, or no fade at that end. Bounds are included, or both excluded.
    """

    low: int | float | None = None
    high: int | float | None = None
    fade_low: int | float | None = None
    fade_high: int | float | None = None
    excludes_bounds: bool = False


@dataclass(frozen=True, slots=True)
class NumberBand:
    """One range of :class:`Bands`: ``low`` included, ``high`` excluded, ``None`` open."""

    low: int | float | None
    high: int | float | None
    credit: int | float


@dataclass(frozen=True, slots=True)
class Bands:
    """A credit per range, ascending and without overlap; 0 elsewhere."""

    bands: tuple[NumberBand, ...]


@dataclass(frozen=True, slots=True)
class Adjacent:
    """Credits of near misses; an explicit value goes before a group, a group before the family."""

    values: tuple[tuple[str, float], ...] = ()
    groups: tuple[tuple[tuple[str, ...], float], ...] = ()  # in the order written
    family: float | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of *values* (groups expanded); *adjacent* gives partial credit to near misses."""

    values: tuple[str, ...]
    adjacent: Adjacent | None = None


@dataclass(frozen=True, slots=True)
class NotIn:
    """None of *values* (groups expanded)."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A place in an ordered category such as the funding stage, both ends included."""

    at_least: str | None = None
    at_most: str | None = None


@dataclass(frozen=True, slots=True)
class ListHas:
    """A list that holds at least *count* of *values*: 1 is any_of, all of them all_of."""

    values: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ListLacks:
    """A known list that holds none of *values*."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A date at most *days* ago; credit 0.5^(age / half_life). ``days=None``: however long ago."""

    days: int | None
    half_life: int | None = None


@dataclass(frozen=True, slots=True)
class OlderThan:
    """A date at least *days* ago."""

    days: int


@dataclass(frozen=True, slots=True)
class LaterThan:
    """A date at least *days* ahead."""

    days: int


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A date from today to *days* ahead."""

    days: int


@dataclass(frozen=True, slots=True)
class Is:
    """A flag that is set, or is not."""

    value: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A rating v from 1 to *top*: credit (v - 1) / (top - 1)."""

    top: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """A text that holds one of *words* as a whole word, case folded."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A text in which the RE2 *pattern* is found."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Known:
    """The attribute has a value (``True``), or has none (``False``); conditions only."""

    value: bool


Shape: TypeAlias = (
    NumberRange | Bands | OneOf | NotIn | Ordered | ListHas | ListLacks | Within | OlderThan
    | LaterThan | Upcoming | Is | Scale | Mentions | Matches | Known
)  # fmt: skip
