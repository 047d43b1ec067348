"""What lint holds against a profile, and that it is right to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, criterion, disqualifier, one_of, profile
from worker.icp.judging import Judge
from worker.icp.linting import Finding, Level, Review, lint, lint_together, smallest_share
from worker.icp.predicates import CREDIT, Holding, InRange, IsFlag
from worker.icp.profile import All, Any, Comparison, Condition, Profile, Tier, Trigger

LOUD = Trigger(
    id="loud", label="Loud", attribute="seen", predicate=IsFlag(wanted=True), strength=100
)


def findings(rules: Profile, review: Review | None = None) -> list[Finding]:
    """Everything lint says about a profile."""
    return lint(rules, today=TODAY, review=review)


def codes(rules: Profile, review: Review | None = None) -> set[str]:
    """The codes of what lint says."""
    return {finding.code for finding in findings(rules, review)}


def flags(weights: Sequence[int]) -> Profile:
    """A profile with one yes-or-no criterion per weight and a trigger of full strength."""
    return profile(
        *(criterion(f"c{i}", IsFlag(wanted=True), weight=w) for i, w in enumerate(weights)),
        triggers=[LOUD],
    )


SOUND = profile(
    replace(criterion("stack", Holding(frozenset({"crm"}), 1)), dimension="technographic"),
    criterion("size"),
    disqualifiers=[disqualifier("small", Comparison("size", InRange(high=20)))],
)


def test_nothing_is_said_against_a_sound_profile() -> None:
    """A finding means something because sound profiles get none."""
    assert findings(SOUND) == []


@given(weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8), share=st.integers(0, CREDIT))
def test_the_trigger_rule_is_proven(weights: list[int], share: int) -> None:
    """Lint refuses a share just when some account with one miss and a trigger ranks lower."""
    rules = replace(flags(weights), trigger_share=share)
    judge = Judge(rules, TODAY)
    perfect = {item.id: True for item in rules.criteria}
    calm = judge.judge({**perfect, "seen": False}).priority
    loud = [judge.judge({**perfect, "seen": True, it.id: False}).priority for it in rules.criteria]
    assert calm is not None
    margins = [it - calm for it in loud if it is not None]

    if "weak-triggers" in codes(rules):
        assert min(margins) <= 1
    else:
        assert min(margins) >= -1  # priorities are rounded to hundredths, the rule is exact
    if abs(min(margins)) > 1:
        assert (min(margins) < 0) is ("weak-triggers" in codes(rules))


@given(weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_the_smallest_share_that_would_do_is_the_smallest(weights: list[int]) -> None:
    """The share lint names passes, and one hundredth less does not."""
    rules = flags(weights)
    least = smallest_share(rules)

    assert "weak-triggers" not in codes(replace(rules, trigger_share=least * 100))
    assert "weak-triggers" in codes(replace(rules, trigger_share=(least - 1) * 100))


def test_weak_triggers_can_be_allowed() -> None:
    """Who wants fit to rank first may say so; without triggers there is nothing to rule."""
    rules = replace(flags([50, 50]), trigger_share=100)
    [found] = [it for it in findings(rules) if it.code == "weak-triggers"]

    assert found.level is Level.ERROR
    assert "c0" in found.message
    assert "0.34" in found.remedy
    assert "weak-triggers" not in codes(replace(rules, allow_weak_triggers=True))
    assert "weak-triggers" not in codes(replace(rules, triggers=()))


def tier(name: str, min_score: int, **more: object) -> Tier:
    """A tier with a score in points."""
    return Tier(id=name, label=name, min_score=min_score * 100, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tiers", "unreachable"),
    [
        ([tier("a", 80), tier("b", 60)], []),
        ([tier("a", 60), tier("b", 80)], ["b"]),
        ([tier("a", 60), tier("b", 60)], ["b"]),
        ([tier("a", 60, max_gaps=0), tier("b", 80)], []),
        ([tier("a", 60, max_gaps=2), tier("b", 80, max_gaps=1)], ["b"]),
        ([tier("a", 60, min_coverage=90), tier("b", 80)], []),
        ([tier("a", 60, requires=frozenset({"size"})), tier("b", 80)], []),
        (
            [tier("a", 60, requires=frozenset({"size"})),
             tier("b", 80, requires=frozenset({"size"}))],
            ["b"],
        ),
        ([tier("a", 60, disqualifiers_known=True), tier("b", 80)], []),
        ([tier("a", 80), tier("b", 60), tier("c", 70)], ["c"]),
        ([tier("a", 80, min_trigger=1), tier("b", 60)], ["a"]),
    ],
)  # fmt: skip
def test_a_tier_that_can_never_be_reached_is_an_error(
    tiers: list[Tier], unreachable: list[str]
) -> None:
    """Whatever meets it already meets an earlier one, or it asks for a trigger nobody defined."""
    found = [it for it in findings(replace(SOUND, tiers=tuple(tiers))) if it.level is Level.ERROR]

    assert [it.where.removeprefix("test: tier ") for it in found] == unreachable
    assert {it.code for it in found} <= {"unreachable-tier"}


def test_tiers_closer_than_hysteresis_are_warned_of() -> None:
    """Where two boundaries overlap by their margins a tier can be skipped for good."""
    near = [tier("a", 65), tier("b", 60)]

    assert "hysteresis-too-wide" in codes(replace(SOUND, tiers=tuple(near), hysteresis=300))
    assert "hysteresis-too-wide" not in codes(replace(SOUND, tiers=tuple(near), hysteresis=250))


below = Comparison("size", InRange(high=10, excludes_bounds=True))
above = Comparison("size", InRange(low=20, excludes_bounds=True))


@pytest.mark.parametrize(
    ("when", "never"),
    [
        (All((below, above)), True),
        (Any((below, above)), False),
        (Any((All((below, above)), All((below, above)))), True),
        (All((Comparison("size", InRange(high=10)), Comparison("size", InRange(low=10)))), False),
        (All((below, Comparison("size", InRange(low=10)))), True),
        (Comparison("size", InRange(30, 20)), True),
        (All((Comparison("k", one_of("a")), Comparison("k", one_of("b")))), True),
        (All((Comparison("k", one_of("a", "b")), Comparison("k", one_of("b")))), False),
    ],
)
def test_a_disqualifier_that_can_never_fire_is_an_error(when: Condition, *, never: bool) -> None:
    """Its parts exclude each other."""
    rules = replace(profile(disqualifiers=[disqualifier("it", when)]))

    assert ("never-fires" in codes(rules)) is never


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (Comparison("size", InRange(high=300)), "200-300"),
        (Comparison("size", InRange(high=199)), ""),
        (Comparison("size", InRange(high=200, excludes_bounds=True)), ""),
        (Comparison("size", InRange(low=1001)), ""),
    ],
)
def test_a_disqualifier_that_refuses_what_is_wanted_is_warned_of(
    when: Condition, says: str
) -> None:
    """The overlap of its bounds with a criterion's is named."""
    rules = profile(disqualifiers=[disqualifier("it", when)])
    found = [it.message for it in findings(rules) if it.code == "contradiction"]

    assert found == (
        [f"disqualifies what criterion size gives full marks: {says}."] if says else []
    )


def test_what_a_profile_lacks_is_said() -> None:
    """No disqualifiers, and nothing but firmographics."""
    assert codes(profile()) == {"no-disqualifiers", "only-firmographics"}
    assert all(it.level is Level.WARNING for it in findings(profile()))


def test_an_overdue_review_is_warned_of() -> None:
    """On the last day of the period it is not overdue, the day after it is."""
    due = TODAY - timedelta(90)

    assert "review-overdue" not in codes(SOUND, Review(due, 90))
    assert "review-overdue" in codes(SOUND, Review(due - timedelta(1), 90))
    assert "review-overdue" not in codes(SOUND, Review(date(2027, 1, 1), 90))


def test_more_than_two_icps_for_every_account_are_warned_of() -> None:
    """Regions with segments of their own are normal; three ICPs that judge everybody are not."""
    regional = replace(SOUND, segment=Comparison("size", InRange(low=1)))

    assert lint_together([SOUND, SOUND]) == []
    assert lint_together([SOUND, SOUND, regional, regional]) == []
    assert [it.code for it in lint_together([SOUND] * 3)] == ["too-many-icps"]


@given(
    scores=st.lists(st.integers(0, 100), min_size=2, max_size=3, unique=True),
    gaps=st.lists(st.sampled_from([None, 0, 1, 2]), min_size=3, max_size=3),
)
def test_a_tier_that_lint_calls_unreachable_is_never_given(
    scores: list[int], gaps: list[int | None]
) -> None:
    """Judging every account of a small world never ends in it."""
    tiers = [
        tier(f"t{i}", s, max_gaps=g) for i, (s, g) in enumerate(zip(scores, gaps, strict=False))
    ]
    rules = replace(flags([10, 20, 30]), tiers=tuple(tiers), triggers=())
    refused = {it.where.removeprefix("test: tier ") for it in findings(rules) if "tier" in it.code}
    assume(refused)
    judge = Judge(rules, TODAY)
    worlds = product([True, False, None], repeat=3)
    named = [dict(zip(("c0", "c1", "c2"), world, strict=True)) for world in worlds]
    reached = {
        judge.judge({name: it for name, it in world.items() if it is not None}).tier
        for world in named
    }

    assert not reached & refused
