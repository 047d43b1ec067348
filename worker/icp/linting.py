"""What can be said against a profile from the profile alone, before any account is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from worker.icp.predicates import CREDIT, Holding, InRange, Number, OneOf, Predicate
from worker.icp.profile import All, Any, Comparison, Condition, Criterion, Not, Profile

FIRMOGRAPHIC = "firmographic"
MOST_ICPS = 2
"""More than two ICPs that overlap tell a sales team nothing about where to begin."""


class Level(StrEnum):
    """Whether a finding stops a run."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that lint has to say."""

    level: Level
    code: str
    where: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Render as one line."""
        return f"{self.level.value}: {self.where}: {self.message} {self.remedy} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Review:
    """When an ICP was last reviewed, and how many days a review lasts."""

    reviewed: date
    every: int


def lint(profile: Profile, *, today: date, review: Review | None) -> list[Finding]:
    """Everything that can be held against one profile."""
    return [
        finding
        for rule in (_composition, _trigger_rule, _tiers, _disqualifiers)
        for finding in rule(profile)
    ] + list(_review(profile, review, today))


def lint_together(profiles: Sequence[Profile]) -> list[Finding]:
    """What can be held against several profiles of one connection."""
    found = []
    open_ended = [item.id for item in profiles if item.segment is None]
    if len(open_ended) > MOST_ICPS:
        found.append(
            Finding(
                Level.WARNING,
                "too-many-icps",
                ", ".join(open_ended),
                f"{len(open_ended)} ICPs judge every account.",
                "Merge some, or give each a segment of its own.",
            )
        )
    return found


def smallest_share(profile: Profile) -> int:
    """The smallest trigger share, in hundredths, that lets a strong trigger outrank one gap."""
    total = sum(criterion.weight for criterion in profile.criteria)
    heaviest = max(criterion.weight for criterion in profile.criteria)
    # share > (1 - share) x heaviest / total, so share > heaviest / (total + heaviest)
    return 100 * heaviest // (total + heaviest) + 1


def _composition(profile: Profile) -> Iterator[Finding]:
    if not profile.disqualifiers:
        yield Finding(
            Level.WARNING,
            "no-disqualifiers",
            profile.id,
            "has no disqualifiers, and most of an ICP's value lies in saying no.",
            "Add what makes a deal not worth starting: too small, locked in, wrong sector.",
        )
    if all(item.dimension == FIRMOGRAPHIC for item in profile.criteria):
        yield Finding(
            Level.WARNING,
            "only-firmographics",
            profile.id,
            "looks only at firmographics, which many bad fits share with good ones.",
            "Add what a good customer uses or does: technology, hiring, how they buy.",
        )


def _trigger_rule(profile: Profile) -> Iterator[Finding]:
    if not profile.triggers or profile.allow_weak_triggers:
        return
    total = sum(criterion.weight for criterion in profile.criteria)
    heaviest = max(profile.criteria, key=lambda criterion: criterion.weight)
    share = profile.trigger_share
    if share * total > (CREDIT - share) * heaviest.weight:
        return
    yield Finding(
        Level.ERROR,
        "weak-triggers",
        f"{profile.id}: trigger_share",
        f"{share / CREDIT:g} lets an account that fits perfectly and shows nothing outrank one that"
        f" misses {heaviest.id} and shows a strong trigger.",
        f"Raise it to at least {smallest_share(profile) / 100:g}, make {heaviest.id} lighter, or"
        " set allow_weak_triggers: true.",
    )


def _tiers(profile: Profile) -> Iterator[Finding]:
    strongest = max((trigger.strength for trigger in profile.triggers), default=0)
    for place, tier in enumerate(profile.tiers):
        where = f"{profile.id}: tier {tier.id}"
        if (tier.min_trigger or 0) > strongest:
            yield Finding(
                Level.ERROR,
                "unreachable-tier",
                where,
                f"needs a trigger of {tier.min_trigger}, and the strongest is {strongest}.",
                "Lower min_trigger or add a stronger trigger.",
            )
        for earlier in profile.tiers[:place]:
            if (
                earlier.min_score <= tier.min_score
                and _no_stricter(tier.max_gaps, earlier.max_gaps)
                and (earlier.min_coverage or 0) <= (tier.min_coverage or 0)
                and (earlier.min_trigger or 0) <= (tier.min_trigger or 0)
                and earlier.requires <= tier.requires
                and (tier.disqualifiers_known or not earlier.disqualifiers_known)
            ):
                yield Finding(
                    Level.ERROR,
                    "unreachable-tier",
                    where,
                    f"can never be reached: whatever meets it already meets {earlier.id}.",
                    f"Make {earlier.id} stricter or remove {tier.id}.",
                )
                break
    for higher, lower in zip(profile.tiers, profile.tiers[1:], strict=False):
        if profile.hysteresis and higher.min_score - lower.min_score < 2 * profile.hysteresis:
            yield Finding(
                Level.WARNING,
                "hysteresis-too-wide",
                f"{profile.id}: tiers {higher.id} and {lower.id}",
                f"lie {(higher.min_score - lower.min_score) / 100:g} points apart, less than twice"
                f" the hysteresis of {profile.hysteresis / 100:g}.",
                "Lower hysteresis or move the tiers apart.",
            )


def _no_stricter(allowed: int | None, earlier: int | None) -> bool:
    """Whether the earlier tier allows at least as many gaps."""
    return earlier is None or (allowed is not None and earlier >= allowed)


def _disqualifiers(profile: Profile) -> Iterator[Finding]:
    for item in profile.disqualifiers:
        where = f"{profile.id}: disqualifier {item.id}"
        if _impossible(item.when):
            yield Finding(
                Level.ERROR,
                "never-fires",
                where,
                "can never be true: its parts exclude each other.",
                "Mend the bounds, or use `any` in place of `all`.",
            )
        if not isinstance(item.when, Comparison):
            continue
        for criterion in profile.criteria:
            overlap = _overlap(criterion, item.when, profile.attributes[criterion.attribute].show)
            if overlap:
                yield Finding(
                    Level.WARNING,
                    "contradiction",
                    where,
                    f"disqualifies what criterion {criterion.id} gives full marks: {overlap}.",
                    "Move one of the two bounds.",
                )


def _overlap(criterion: Criterion, test: Comparison, show: Callable[..., str]) -> str:
    if criterion.attribute != test.attribute:
        return ""
    match criterion.predicate, test.predicate:
        case InRange() as wanted, InRange() as refused:
            low, high, empty = _meet(wanted, refused)
            if not empty:
                return InRange(low, high).want(show)
        case OneOf() as fits, OneOf() as refuses:
            both = [value for value in fits.wanted if refuses.credits.get(value) == CREDIT]
            return ", ".join(show(value) for value in both)
        case Holding(items, 1), Holding(others, 1):
            return ", ".join(show(value) for value in sorted(items & others))
        case _:
            pass
    return ""


def _impossible(condition: Condition) -> bool:
    match condition:
        case All(parts):
            tests = [part for part in parts if isinstance(part, Comparison)]
            pairs = [
                (one.predicate, other.predicate)
                for place, one in enumerate(tests)
                for other in tests[place + 1 :]
                if one.attribute == other.attribute
            ]
            return any(_impossible(part) for part in parts) or any(
                _exclude(one, other) for one, other in pairs
            )
        case Any(parts):
            return all(_impossible(part) for part in parts)
        case Comparison(_, InRange() as wanted):
            return _meet(wanted, wanted)[2]
        case Not() | _:
            return False


def _exclude(one: Predicate, other: Predicate) -> bool:
    match one, other:
        case InRange() as left, InRange() as right:
            return _meet(left, right)[2]
        case OneOf() as left_set, OneOf() as right_set:
            full = {value for value, credit in left_set.credits.items() if credit == CREDIT}
            return not any(right_set.credits.get(value) == CREDIT for value in full)
        case _:
            return False


def _meet(one: InRange, other: InRange) -> tuple[Number | None, Number | None, bool]:
    """The range both hold, and whether it is empty."""
    lows = [bound for bound in (one.low, other.low) if bound is not None]
    highs = [bound for bound in (one.high, other.high) if bound is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is None or high is None:
        return low, high, False
    excluded = any(
        it.excludes_bounds and edge == bound
        for it in (one, other)
        for edge, bound in ((it.low, low), (it.high, high))
    )
    return low, high, low > high or (low == high and excluded)


def _review(profile: Profile, review: Review | None, today: date) -> Iterator[Finding]:
    if review is None or (today - review.reviewed).days <= review.every:
        return
    yield Finding(
        Level.WARNING,
        "review-overdue",
        profile.id,
        f"was last reviewed on {review.reviewed.isoformat()} and is due every {review.every} days.",
        "Review it against recent wins and losses, then set `reviewed`.",
    )
