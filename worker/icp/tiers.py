"""Which tier an account falls in, from what was added up about it.

Hysteresis keeps an account from flapping at a boundary: to enter a higher tier its score must
clear that tier's minimum by the margin, to leave its present tier downwards it must fall below the
minimum by the margin. Only score boundaries are softened so; gaps, coverage, requirements and
triggers hold as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from worker.icp.profile import NOT_ICP, Standing, Tier

FULL_SCORE = 10_000
"""The highest score, in hundredths. A margin never asks for more than this."""


class TierRules:
    """A profile's tiers, compiled: one list of boundaries per tier an account may come from."""

    def __init__(
        self, tiers: Sequence[Tier], rules: str, hysteresis: int, bits: Mapping[str, int]
    ) -> None:
        self._rules = rules
        self._plain = [_Rule(tier, tier.min_score, bits) for tier in tiers]
        self._from: dict[str, list[_Rule]] = {}
        if hysteresis:
            for place, present in enumerate([*(tier.id for tier in tiers), NOT_ICP]):
                self._from[present] = [
                    _Rule(tier, softened(tier.min_score, index, place, hysteresis), bits)
                    for index, tier in enumerate(tiers)
                ]

    def rules_for(self, standing: Standing | None) -> list[_Rule]:
        """The boundaries that apply to an account that stands where it stands."""
        if standing is None or standing.rules != self._rules:
            return self._plain
        return self._from.get(standing.tier, self._plain)

    def place(
        self,
        standing: Standing | None,
        score: int,
        gaps: int,
        unknown: int,
        coverage: int,
        trigger: int,
        *,
        undecided: bool,
    ) -> str:
        """Answer the first tier whose every demand is met, else Not ICP."""
        for rule in self.rules_for(standing):
            if (
                score >= rule.min_score
                and not (gaps | unknown) & rule.requires
                and (rule.max_gaps is None or gaps.bit_count() <= rule.max_gaps)
                and coverage >= rule.min_coverage
                and trigger >= rule.min_trigger
                and not (undecided and rule.disqualifiers_known)
            ):
                return rule.id
        return NOT_ICP


def softened(min_score: int, index: int, present: int, margin: int) -> int:
    """The score boundary of tier *index* for an account that stands at tier *present*."""
    if index < present:
        return min(min_score + margin, FULL_SCORE)
    if index == present:
        return max(min_score - margin, 0)
    return min_score


class _Rule:
    __slots__ = (
        "disqualifiers_known", "id", "max_gaps", "min_coverage", "min_score", "min_trigger",
        "requires",
    )  # fmt: skip

    def __init__(self, tier: Tier, min_score: int, bits: Mapping[str, int]) -> None:
        self.id = tier.id
        self.min_score = min_score
        self.max_gaps = tier.max_gaps
        self.disqualifiers_known = tier.disqualifiers_known
        self.min_coverage = tier.min_coverage or 0
        self.min_trigger = (tier.min_trigger or 0) * 100
        self.requires = sum(bits[name] for name in tier.requires)
