"""The one-line reason that people read on the record.

At most 255 characters, and never a word that depends on today's date: "Funding 2026-08-10", not
"43 days ago", so that a line changes only when the evidence does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from worker.icp.conditions import ConditionBits, Truth
from worker.icp.predicates import IsFlag
from worker.icp.profile import (
    DISQUALIFIED,
    NEEDS_DATA,
    All,
    Any,
    Comparison,
    Condition,
    Criterion,
    IsKnown,
    Not,
    Profile,
    Trigger,
)

LONGEST = 255
"""Characters a reason may have: the length of a Salesforce text field."""

_NAMED = 3
_ELLIPSIS = "…"


class Evidence(NamedTuple):
    """What a reason line may name; a criterion or trigger comes with the value behind it."""

    fired: tuple[str, ...]
    gaps: int
    unknown: int
    best: tuple[Criterion, str] | None
    worst: tuple[Criterion, str] | None
    seen: tuple[Trigger, str] | None
    missing: tuple[str, ...]
    coverage: int
    low: int
    high: int
    stale: Sequence[str]


class Reasons:
    """Writes the reason lines of one profile."""

    def __init__(self, profile: Profile, bits: ConditionBits) -> None:
        self._profile = profile
        self._bits = bits
        self._why = {item.id: item.reason for item in profile.disqualifiers}
        self._count = len(profile.criteria)
        self._labels = {name: item.label for name, item in profile.attributes.items()}
        self._named: dict[tuple[str, ...], str] = {}  # by what is named: few, whatever comes
        self._flags = {it.id for it in profile.triggers if isinstance(it.predicate, IsFlag)}
        self._wants = {
            item.id: item.predicate.want(profile.attributes[item.attribute].show)
            for item in profile.criteria
        }

    def line(self, tier: str, evidence: Evidence) -> str:
        """Name what speaks for the account, what against, what is new and what is unknown."""
        fired, gaps, unknown, best, worst, seen, missing, coverage, low, high, stale = evidence
        if tier == DISQUALIFIED:
            text = f"Disqualified: {'; '.join([self._why[name] for name in fired])}."
        elif tier == NEEDS_DATA:
            text = (
                f"Needs data: {coverage}% known, {self._profile.min_coverage}% needed; "
                f"score could be {low // 100}-{high // 100}."
            )
        else:
            text = ""
        asked = self._count - unknown.bit_count()
        if asked:
            text += " Fits" if text else "Fits"
            fits = asked - gaps.bit_count()
            text += f" {fits} of {asked} known"
            if best is not None:
                criterion, value = best
                if fits:
                    text += f", best {criterion.label} {value}"
                elif worst is None or criterion is not worst[0]:  # else it is the gap named next
                    text += f", nearest {criterion.label} {value}"
            text += "."
            if worst is not None:
                criterion, value = worst
                text += f" Gap: {criterion.label} {value} (want {self._wants[criterion.id]})."
        if seen is not None:
            trigger, value = seen
            # "Hiring yes" says no more than "Hiring"
            shown = "" if trigger.id in self._flags else f" {value}"
            text += f" Trigger: {trigger.label}{shown}."
        if missing:
            text += self._unknown(missing)
        if stale:
            text += f" Last known: {', '.join([self._labels[name] for name in stale])}."
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + _ELLIPSIS

    def _unknown(self, missing: tuple[str, ...]) -> str:
        first, more = missing[:_NAMED], len(missing) - _NAMED
        named = self._named.get(first)
        if named is None:
            named = self._named[first] = ", ".join([self._labels[name] for name in first])
        return f" Unknown: {named} and {more} more." if more > 0 else f" Unknown: {named}."

    def out_of_scope(self, tests: int, shown: Mapping[str, str]) -> str:
        """Say what keeps the account outside the profile's segment."""
        against = dict.fromkeys(
            test.attribute for test in self._against(self._profile.segment, tests)
        )
        because = ", ".join(
            f"{self._labels[name]} {shown.get(name, 'unknown')}" for name in against
        )
        text = f"Out of scope of {self._profile.label}: {because}."
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + _ELLIPSIS

    def _against(self, condition: Condition | None, tests: int) -> list[Comparison | IsKnown]:
        """The single tests that make a false condition false."""
        match condition:
            case All(parts):
                false = [p for p in parts if self._bits.compile(p)(tests) is Truth.FALSE]
                return [test for part in false for test in self._against(part, tests)]
            case Any(parts):
                return [test for part in parts for test in self._against(part, tests)]
            case Not(part):
                return self._against(part, tests)
            case Comparison() | IsKnown():
                return [condition]
            case None:
                return []
