"""Hysteresis, for every set of tiers, standing and score."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, criterion, number, profile
from worker.icp.judging import Judge
from worker.icp.predicates import InRange
from worker.icp.profile import NOT_ICP, Profile, Standing, Tier

SCORES = st.integers(0, 10_000)


@st.composite
def rules(draw: st.DrawFn) -> Profile:
    """One criterion that gives any score, one to four falling boundaries, and a margin."""
    falls = st.lists(st.integers(0, 100), min_size=1, max_size=4, unique=True)
    minima = sorted(draw(falls), reverse=True)
    tiers = [Tier(id=f"t{i}", label=f"T{i}", min_score=s * 100) for i, s in enumerate(minima)]
    margin = draw(st.integers(0, 1_500))
    return profile(criterion("rank", InRange(10_000, None, 0)), tiers=tiers, hysteresis=margin)


def order(rules_: Profile) -> list[str]:
    """The tiers, best first, and what is below them."""
    return [*(tier.id for tier in rules_.tiers), NOT_ICP]


def tier(rules_: Profile, score: int, present: str | None) -> str:
    """The tier of a score, for an account that stands at *present*."""
    standing = None if present is None else Standing(present, rules_.rules)
    found = Judge(rules_, TODAY).judge({"rank": number(score)}, standing)
    assert found.score == score
    return found.tier


@given(rules_=rules(), score=SCORES, data=st.data())
def test_up_by_the_margin_down_by_the_margin(
    rules_: Profile, score: int, data: st.DataObject
) -> None:
    """A higher tier is entered at min + h; the present one is left below min - h."""
    names = order(rules_)
    present = data.draw(st.sampled_from(names))
    place = names.index(present)
    minima = [it.min_score for it in rules_.tiers]
    margin = rules_.hysteresis
    entered = [i for i in range(place) if score >= min(minima[i] + margin, 10_000)]
    stays = present == NOT_ICP or score >= minima[place] - margin
    below = [i for i in range(place + 1, len(minima)) if score >= minima[i]]
    if entered:
        expected = names[entered[0]]
    elif stays:
        expected = present
    else:
        expected = names[below[0]] if below else NOT_ICP

    assert tier(rules_, score, present) == expected


@given(rules_=rules(), low=SCORES, high=SCORES, data=st.data())
def test_a_better_score_never_means_a_worse_tier(
    rules_: Profile, low: int, high: int, data: st.DataObject
) -> None:
    """Wherever an account stands."""
    assume(low <= high)
    names = order(rules_)
    present = data.draw(st.sampled_from([None, *names]))

    assert names.index(tier(rules_, high, present)) <= names.index(tier(rules_, low, present))


@given(rules_=rules(), score=SCORES, data=st.data())
def test_a_tier_reached_is_kept(rules_: Profile, score: int, data: st.DataObject) -> None:
    """Judged again with nothing changed, the tier is the same: nothing flaps."""
    present = data.draw(st.sampled_from(order(rules_)))
    first = tier(rules_, score, present)

    assert tier(rules_, score, first) == first


@given(rules_=rules(), score=SCORES, wobble=st.integers(-100, 100), data=st.data())
def test_less_than_the_margin_never_moves_an_account_twice(
    rules_: Profile, score: int, wobble: int, data: st.DataObject
) -> None:
    """There and back by less than the margin leaves the tier as it was."""
    assume(abs(wobble) < rules_.hysteresis and 0 <= score + wobble <= 10_000)
    present = tier(rules_, score, data.draw(st.sampled_from([None, *order(rules_)])))
    there = tier(rules_, score + wobble, present)
    back = tier(rules_, score, there)

    assert tier(rules_, score + wobble, back) == there
