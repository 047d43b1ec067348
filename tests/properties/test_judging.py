"""Statements about every profile and every account."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, accounts, profile, profiles
from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.icp.predicates import CREDIT, Rating
from worker.icp.profile import DISQUALIFIED, NEEDS_DATA, NOT_ICP, OUT_OF_SCOPE, Profile, Standing
from worker.icp.values import Value


@given(profile_=profiles(), account=accounts())
def test_every_account_ends_in_exactly_one_tier(
    profile_: Profile, account: dict[str, Value]
) -> None:
    """An assessment names one of the profile's tiers or reserved outcomes, and never nothing."""
    assessment = Judge(profile_, TODAY).judge(account)

    assert assessment.tier in profile_.tier_labels
    assert assessment.reason
    assert len(assessment.reason) <= 255


@given(profile_=profiles(), account=accounts())
def test_scores_stay_in_range_and_inside_their_own_range(
    profile_: Profile, account: dict[str, Value]
) -> None:
    """A score lies between 0 and 100 and the range of a fully known account is its score."""
    assessment = Judge(profile_, TODAY).judge(account)

    assert 0 <= assessment.coverage <= 100
    assert 0 <= assessment.range_low <= assessment.range_high <= 10_000
    if assessment.score is not None:
        assert 0 <= assessment.score <= 10_000
        if assessment.coverage == 100:
            assert assessment.range_low == assessment.score == assessment.range_high


@given(profile_=profiles(), account=accounts(), data=st.data())
def test_order_never_matters(
    profile_: Profile, account: dict[str, Value], data: st.DataObject
) -> None:
    """An ICP is a set of statements: writing its criteria in another order changes nothing."""
    shuffled = dataclasses.replace(
        profile_, criteria=tuple(data.draw(st.permutations(profile_.criteria)))
    )

    assert Judge(profile_, TODAY).judge(account) == Judge(shuffled, TODAY).judge(account)


@given(profile_=profiles(), accounts_=st.lists(accounts(), min_size=1, max_size=8))
def test_what_was_judged_before_never_matters(
    profile_: Profile, accounts_: list[dict[str, Value]]
) -> None:
    """A judge that has seen other accounts answers as a fresh one does."""
    used = Judge(profile_, TODAY)
    for account in accounts_:
        used.judge(account)

    for account in accounts_:
        assert used.judge(account) == Judge(profile_, TODAY).judge(account)


@given(profile_=profiles(), account=accounts())
def test_contributions_sum_exactly_to_the_score(
    profile_: Profile, account: dict[str, Value]
) -> None:
    """The points of the explanation add up to the score, to the hundredth."""
    explanation = explain(Judge(profile_, TODAY), account)

    known = [item.points for item in explanation.contributions if item.points is not None]
    if explanation.assessment.score is not None:
        assert sum(known) == explanation.assessment.score
    assert all(points >= 0 for points in known)


@given(profile_=profiles(), account=accounts(), data=st.data())
def test_learning_a_field_keeps_the_score_inside_the_range_foretold(
    profile_: Profile, account: dict[str, Value], data: st.DataObject
) -> None:
    """Whatever an unknown input turns out to be, the range only narrows."""
    full = {**data.draw(accounts()), **account}
    before = Judge(profile_, TODAY).judge(account)
    after = Judge(profile_, TODAY).judge(full)
    if OUT_OF_SCOPE in {before.tier, after.tier}:
        return

    assert before.range_low <= after.range_low
    assert after.range_high <= before.range_high


@given(profile_=profiles(), account=accounts())
def test_an_unknown_disqualifier_never_fires(profile_: Profile, account: dict[str, Value]) -> None:
    """Without a head count nobody is too small."""
    account.pop("size", None)

    assert Judge(profile_, TODAY).judge(account).disqualifiers == ()


@given(low=st.integers(1, 5), rise=st.integers(0, 4), account=accounts(), profile_=profiles())
def test_a_better_rating_never_lowers_the_outcome(
    low: int, rise: int, account: dict[str, Value], profile_: Profile
) -> None:
    """Everything else equal, a better value of one criterion never costs points or a tier."""
    rating = dataclasses.replace(
        profile_.criteria[0],
        id="rating",
        attribute="rating",
        predicate=Rating(5),
        gap_below=CREDIT // 2,
    )
    grown = profile(
        *profile_.criteria,
        rating,
        disqualifiers=profile_.disqualifiers,
        triggers=profile_.triggers,
        min_coverage=profile_.min_coverage,
    )
    judge = Judge(grown, TODAY)
    worse = judge.judge({**account, "rating": low})
    better = judge.judge({**account, "rating": min(5, low + rise)})
    order = [*(tier.id for tier in grown.tiers), NOT_ICP, DISQUALIFIED]
    if NEEDS_DATA in {worse.tier, better.tier}:
        assert worse.tier == better.tier
        return

    assert order.index(better.tier) <= order.index(worse.tier)
    assert (better.score or 0) >= (worse.score or 0)


@given(profile_=profiles(), account=accounts())
def test_judging_twice_changes_nothing(profile_: Profile, account: dict[str, Value]) -> None:
    """Hysteresis is stable: what was computed once is computed again from that standing."""
    judge = Judge(profile_, TODAY)
    first = judge.judge(account)
    second = judge.judge(account, Standing(first.tier, profile_.rules))
    third = judge.judge(account, Standing(second.tier, profile_.rules))

    assert second.tier == first.tier
    assert third == second
