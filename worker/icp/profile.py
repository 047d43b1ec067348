"""The compiled form of an ICP document: what the judge evaluates.

Plain, frozen values. An operator writes a document (``config.icp_document``); ``worker.profiles``
turns it into one of these. Scores and boundaries are in hundredths of a point, credits in
ten-thousandths, so that everything is whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from worker.icp.predicates import Predicate
from worker.icp.values import Value

DISQUALIFIED = "disqualified"
NEEDS_DATA = "needs_data"
OUT_OF_SCOPE = "out_of_scope"
NOT_ICP = "not_icp"

RESERVED_LABELS: Mapping[str, str] = {
    NOT_ICP: "Not ICP",
    NEEDS_DATA: "Needs data",
    DISQUALIFIED: "Disqualified",
    OUT_OF_SCOPE: "Out of scope",
}
"""Outcomes beside the profile's own tiers, in the order people see them."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One judged property of a company and how people are shown it."""

    id: str
    label: str
    show: Callable[[Value], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One weighted statement about an ideal customer."""

    id: str
    label: str
    attribute: str
    dimension: str
    weight: int
    predicate: Predicate
    gap_below: int  # a known criterion with less credit than this is a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A time-bound signal: evidence by its presence, and never a reason against an account."""

    id: str
    label: str
    attribute: str
    predicate: Predicate
    strength: int  # 1 to 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on one attribute."""

    attribute: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class IsKnown:
    """Whether an attribute has a value at all: the one test that is never undecided."""

    attribute: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; the opposite of undecided is undecided."""

    part: Condition


Condition = Comparison | IsKnown | All | Any | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Disqualifier:
    """A reason not to sell to an account whatever its score; fires only when surely true."""

    id: str
    reason: str
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What an account must show to be put in this tier."""

    id: str
    label: str
    min_score: int  # hundredths
    max_gaps: int | None = None
    min_coverage: int | None = None  # percent
    requires: frozenset[str] = frozenset()  # criterion ids: known and no gap
    min_trigger: int | None = None  # 1 to 100
    disqualifiers_known: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The tier last computed for an account, and the tier rules it came from."""

    tier: str
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An Ideal Customer Profile, ready to judge by."""

    id: str
    label: str
    version: str
    fingerprint: str  # of the whole document: changes whenever an answer could
    rules: str  # fingerprint of the tier rules: hysteresis is kept only within one
    attributes: Mapping[str, Attribute]
    criteria: tuple[Criterion, ...]
    triggers: tuple[Trigger, ...] = ()
    disqualifiers: tuple[Disqualifier, ...] = ()
    tiers: tuple[Tier, ...] = ()
    segment: Condition | None = None
    min_coverage: int = 50  # percent
    hysteresis: int = 300  # hundredths
    trigger_share: int = 2_500  # ten-thousandths
    stale_after: int = 30  # days an emptied input keeps its last known value
    quiet_days: int = 7  # between writes that time alone causes while the tier stays
    override_beats_disqualifier: bool = False
    allow_weak_triggers: bool = False

    @property
    def tier_labels(self) -> dict[str, str]:
        """Every tier an account can end in, best first, with the label people see."""
        return {tier.id: tier.label for tier in self.tiers} | dict(RESERVED_LABELS)


def tests_of(condition: Condition) -> Iterator[Comparison | IsKnown]:
    """Walk the single tests of a condition, in the order they are written."""
    match condition:
        case Comparison() | IsKnown():
            yield condition
        case All(parts) | Any(parts):
            for part in parts:
                yield from tests_of(part)
        case Not(part):
            yield from tests_of(part)
