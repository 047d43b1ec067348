"""Why an account was judged as it was, in full; made on demand, never in the hot path.

The contributions of the criteria are given in hundredths of a point by largest remainder, so that
they sum exactly to the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.icp.assessment import Assessment
from worker.icp.conditions import Truth
from worker.icp.judging import TRIGGER_UNIT, Judge
from worker.icp.predicates import ANYTHING, CREDIT
from worker.icp.profile import (
    DISQUALIFIED,
    NEEDS_DATA,
    NOT_ICP,
    OUT_OF_SCOPE,
    Criterion,
    IsKnown,
    Standing,
    Tier,
    tests_of,
)
from worker.icp.tiers import softened
from worker.icp.values import Value

LONGEST_TEXT = 32_000
"""Characters an explanation may have: what a long-text field of either CRM surely takes."""


class Match(StrEnum):
    """How one criterion came out."""

    MATCH = "match"
    NEAR = "near"
    MISS = "miss"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One criterion: what it wanted, what it found, what that was worth."""

    criterion: str
    label: str
    dimension: str
    weight: int
    match: Match
    value: str  # as shown to people; empty when unknown
    want: str
    points: int | None  # hundredths of the score; None when unknown
    gap: bool
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTrigger:
    """One trigger: its strength now, in hundredths; 0 when nothing was seen."""

    trigger: str
    label: str
    value: str
    want: str
    strength: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDisqualifier:
    """One disqualifier: whether it fired, and the values it looked at."""

    disqualifier: str
    reason: str
    truth: Truth
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCheck:
    """One tier: what kept the account out of it; nothing when it holds."""

    tier: str
    label: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One missing attribute: the best and the worst tier that learning it could lead to."""

    attribute: str
    label: str
    best: str
    worst: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything behind one assessment."""

    profile: str
    version: str
    as_of: str
    assessment: Assessment
    tier_label: str
    contributions: tuple[Contribution, ...]
    triggers: tuple[SeenTrigger, ...]
    disqualifiers: tuple[SettledDisqualifier, ...]
    tiers: tuple[TierCheck, ...]
    what_if: tuple[WhatIf, ...]

    def text(self) -> str:
        """Render as plain lines, for a long-text field.

        Nothing in it depends on today's date: it names dates and never ages or decayed strengths.
        """
        lines = [f"{self.tier_label} by {self.profile} ({self.version})"]
        if self.assessment.score is not None:
            lines.append(f"Score {points(self.assessment.score)} of 100")
        lines += [
            f"{'?' if item.points is None else points(item.points):>6} {item.label}: "
            f"{item.value or 'unknown'} (want {item.want}, weight {item.weight})"
            f"{' - last known value' if item.stale else ''}"
            for item in self.contributions
        ]
        lines += [
            f"Disqualifier {item.truth.value}: {item.reason}"
            for item in self.disqualifiers
            if item.truth is not Truth.FALSE
        ]
        lines += [
            f"Trigger {item.label}: {item.value} (want {item.want})"
            for item in self.triggers
            if item.strength
        ]
        lines += [
            f"Not {check.label}: {'; '.join(check.failed)}" for check in self.tiers if check.failed
        ]
        text = "\n".join(lines)
        return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def points(hundredths: int) -> str:
    """Render hundredths of a point: ``87``, ``87.5``, ``22.22``."""
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)


def explain(
    judge: Judge,
    values: Mapping[str, Value],
    standing: Standing | None = None,
    stale: Sequence[str] = (),
) -> Explanation:
    """Judge an account again and say why.

    Args:
        judge: the profile, compiled for the day in question.
        values: the account's known attributes.
        standing: its last computed tier, for hysteresis.
        stale: attributes whose value is a last known one.
    """
    profile = judge.profile
    assessment = judge.judge(values, standing, stale)
    tally = _Tally(judge, values)
    return Explanation(
        profile=profile.label,
        version=profile.version,
        as_of=judge.as_of.isoformat(),
        assessment=assessment,
        tier_label=profile.tier_labels[assessment.tier],
        contributions=_contributions(judge, values, tally, stale),
        triggers=_triggers(judge, values),
        disqualifiers=_disqualifiers(judge, values, tally.tests),
        tiers=tuple(
            TierCheck(
                tier=tier.id,
                label=tier.label,
                failed=tuple(_failed(judge, tier, index, tally, assessment, standing)),
            )
            for index, tier in enumerate(profile.tiers)
        ),
        what_if=_what_if(judge, values, assessment, standing, tally.tests),
    )


class _Tally:
    """The sums behind an assessment, with each criterion's credit beside them."""

    def __init__(self, judge: Judge, values: Mapping[str, Value]) -> None:
        self.credits: dict[str, int | None] = {}
        self.known = self.earned = 0
        for criterion in judge.profile.criteria:
            value = values.get(criterion.attribute)
            credit = ANYTHING if value is None else criterion.predicate.at(judge.as_of)(value)
            if isinstance(credit, tuple):
                self.credits[criterion.id] = None
            else:
                self.credits[criterion.id] = credit
                self.known += criterion.weight
                self.earned += criterion.weight * credit
        self.tests = 0
        for name, reader in judge.readers.items():
            self.tests |= reader.read(values.get(name)).tests

    def gap(self, criterion: Criterion) -> bool:
        """Whether a criterion is known and falls short."""
        credit = self.credits[criterion.id]
        return credit is not None and credit < criterion.gap_below


def _shares(tally: _Tally, criteria: Sequence[Criterion]) -> dict[str, int]:
    """Split the score over the known criteria by largest remainder, ties by id."""
    if not tally.known:
        return {}
    parts = {
        item.id: item.weight * credit
        for item in criteria
        if (credit := tally.credits[item.id]) is not None
    }
    shares = {name: part // tally.known for name, part in parts.items()}
    score = (2 * tally.earned + tally.known) // (2 * tally.known)
    left = score - sum(shares.values())
    by_remainder = sorted(parts, key=lambda name: (-(parts[name] % tally.known), name))
    for name in by_remainder[:left]:
        shares[name] += 1
    return shares


def _contributions(
    judge: Judge, values: Mapping[str, Value], tally: _Tally, stale: Sequence[str]
) -> tuple[Contribution, ...]:
    profile = judge.profile
    shares = _shares(tally, profile.criteria)
    rows = []
    for criterion in profile.criteria:
        credit = tally.credits[criterion.id]
        attribute = profile.attributes[criterion.attribute]
        value = values.get(criterion.attribute)
        match credit:
            case None:
                how = Match.UNKNOWN
            case 0:
                how = Match.MISS
            case _:
                how = Match.MATCH if credit == CREDIT else Match.NEAR
        rows.append(
            Contribution(
                criterion=criterion.id,
                label=criterion.label,
                dimension=criterion.dimension,
                weight=criterion.weight,
                match=how,
                value=judge.readers[criterion.attribute].show_value(value),
                want=criterion.predicate.want(attribute.show),
                points=shares.get(criterion.id),
                gap=tally.gap(criterion),
                stale=criterion.attribute in stale,
            )
        )
    return tuple(rows)


def _triggers(judge: Judge, values: Mapping[str, Value]) -> tuple[SeenTrigger, ...]:
    rows = []
    for trigger in judge.profile.triggers:
        attribute = judge.profile.attributes[trigger.attribute]
        value = values.get(trigger.attribute)
        credit = 0 if value is None else trigger.predicate.at(judge.as_of)(value)
        rows.append(
            SeenTrigger(
                trigger=trigger.id,
                label=trigger.label,
                value=judge.readers[trigger.attribute].show_value(value),
                want=trigger.predicate.want(attribute.show),
                strength=trigger.strength * credit // TRIGGER_UNIT
                if isinstance(credit, int)
                else 0,
            )
        )
    return tuple(rows)


def _disqualifiers(
    judge: Judge, values: Mapping[str, Value], bits: int
) -> tuple[SettledDisqualifier, ...]:
    rows = []
    for item in judge.profile.disqualifiers:
        looked_at = dict.fromkeys(test.attribute for test in tests_of(item.when))
        truth = judge.bits.compile(item.when)(bits)
        rows.append(
            SettledDisqualifier(
                disqualifier=item.id,
                reason=item.reason,
                truth=truth,
                evidence=tuple(
                    f"{judge.profile.attributes[name].label} "
                    f"{judge.readers[name].show_value(values[name])}"
                    for name in looked_at
                    if name in values
                ),
                missing=tuple(
                    dict.fromkeys(
                        test.attribute
                        for test in tests_of(item.when)
                        if truth is Truth.UNDECIDED
                        and not isinstance(test, IsKnown)
                        and bits & judge.bits.unsure(test)
                    )
                ),
            )
        )
    return tuple(rows)


def _failed(
    judge: Judge,
    tier: Tier,
    index: int,
    tally: _Tally,
    assessment: Assessment,
    standing: Standing | None,
) -> list[str]:
    """Name every demand of a tier that the account does not meet."""
    profile = judge.profile
    if assessment.tier in {DISQUALIFIED, OUT_OF_SCOPE, NEEDS_DATA}:
        return [profile.tier_labels[assessment.tier].lower()]
    score = assessment.score or 0
    needed = tier.min_score
    if standing is not None and standing.rules == profile.rules:
        order = [*(item.id for item in profile.tiers), NOT_ICP]
        if standing.tier in order:
            present = order.index(standing.tier)
            needed = softened(needed, index, present, profile.hysteresis)
    failed = []
    if score < needed:
        margin = "" if needed == tier.min_score else f" ({points(tier.min_score)} with hysteresis)"
        failed.append(f"score {points(score)} is below {points(needed)}{margin}")
    if tier.max_gaps is not None and len(assessment.gaps) > tier.max_gaps:
        failed.append(f"{len(assessment.gaps)} gaps, at most {tier.max_gaps} allowed")
    if tier.min_coverage is not None and assessment.coverage < tier.min_coverage:
        failed.append(f"{assessment.coverage}% known, {tier.min_coverage}% needed")
    for criterion in profile.criteria:
        if criterion.id in tier.requires and (
            tally.credits[criterion.id] is None or tally.gap(criterion)
        ):
            state = "unknown" if tally.credits[criterion.id] is None else "a gap"
            failed.append(f"{criterion.label} is required and {state}")
    if tier.min_trigger is not None and assessment.trigger < tier.min_trigger * 100:
        failed.append(f"no trigger of {tier.min_trigger} or more")
    undecided = any(
        judge.bits.compile(item.when)(tally.tests) is Truth.UNDECIDED
        for item in profile.disqualifiers
    )
    if tier.disqualifiers_known and undecided:
        failed.append("a disqualifier is undecided")
    return failed


def _what_if(
    judge: Judge,
    values: Mapping[str, Value],
    assessment: Assessment,
    standing: Standing | None,
    tests: int,
) -> tuple[WhatIf, ...]:
    """Try each missing attribute at its best and its worst for the criteria."""
    profile = judge.profile
    if assessment.tier in {DISQUALIFIED, OUT_OF_SCOPE}:
        return ()
    order = {name: place for place, name in enumerate([*(t.id for t in profile.tiers), NOT_ICP])}
    rows = []
    for name in assessment.missing:
        outcomes = [judge.place_with(values, name, credit, standing) for credit in (CREDIT, 0)]
        ranked = sorted(outcomes, key=lambda tier: order.get(tier, len(order)))
        rows.append(
            WhatIf(
                attribute=name,
                label=profile.attributes[name].label,
                best=profile.tier_labels[ranked[0]],
                worst=profile.tier_labels[
                    DISQUALIFIED if judge.conditions.could_decide(tests, name) else ranked[-1]
                ],
            )
        )
    return tuple(rows)
