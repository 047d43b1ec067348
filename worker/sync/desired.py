"""From an assessment to the field values an account should hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from worker.icp.assessment import Assessment
from worker.icp.explaining import points
from worker.icp.profile import OUT_OF_SCOPE, Profile
from worker.sync.overriding import Override

RIDERS = frozenset({"version", "assessed_at", "run_id", "tier_changed_at", "previous_tier"})
"""Outputs that only accompany a change of another: on their own they are no reason to write."""

LONGEST_TEXT = 255


class Judged(NamedTuple):
    """One account's assessment and the profile that was chosen for it."""

    profile: Profile
    assessment: Assessment
    override: Override | None = None

    @property
    def tier(self) -> str:
        """The tier that people see: the override's while one holds, else the computed one."""
        return self.assessment.tier if self.override is None else self.override.tier

    @property
    def reason(self) -> str:
        """The reason line that people see."""
        text = self.assessment.reason
        if self.override is not None:
            text = self.override.prefix() + text
        return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


NATIVE_TIERS = ("tier_1", "tier_2", "tier_3")
"""Values of HubSpot's own Ideal Customer Profile Tier property, best first."""


def _native(judged: Judged) -> str:
    order = [tier.id for tier in judged.profile.tiers[: len(NATIVE_TIERS)]]
    return NATIVE_TIERS[order.index(judged.tier)] if judged.tier in order else ""


_points = lru_cache(maxsize=16_384)(points)  # there are 10,001 of them


def _whole(hundredths: int | None) -> str:
    return "" if hundredths is None else str(hundredths // 100)


def _range(assessment: Assessment) -> str:
    if assessment.tier == OUT_OF_SCOPE:
        return ""
    return f"{assessment.range_low // 100}-{assessment.range_high // 100}"


_VALUES: Mapping[str, Callable[[Judged], str]] = {
    "fit_score": lambda it: _whole(it.assessment.score),
    "tier": lambda it: it.tier,
    "disqualifier": lambda it: it.assessment.disqualifier or "",
    "disqualifiers": lambda it: ";".join(it.assessment.disqualifiers),
    "reason": lambda it: it.reason,
    "missing": lambda it: ";".join(it.assessment.missing),
    "data_coverage": lambda it: str(it.assessment.coverage),
    "trigger_strength": lambda it: _whole(it.assessment.trigger),
    "priority": lambda it: (
        "" if it.assessment.priority is None else _points(it.assessment.priority)
    ),
    "profile": lambda it: it.profile.id,
    "computed_tier": lambda it: it.assessment.tier,
    "gaps": lambda it: ";".join(it.assessment.gaps),
    "stale_inputs": lambda it: ";".join(it.assessment.stale),
    "score_range": lambda it: _range(it.assessment),
    "native_tier": _native,
}


def value_makers(keys: frozenset[str]) -> list[tuple[str, Callable[[Judged], str]]]:
    """Choose the functions that make the wanted outputs, leaving riders to the plan.

    Raises:
        KeyError: an output is unknown, which is a mistake of the program and not of its user.
    """
    wanted = keys - RIDERS - {"explanation"}
    unknown = wanted - _VALUES.keys()
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    return [(key, make) for key, make in _VALUES.items() if key in wanted]
