"""Several ICPs on one account: which of them answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, criterion, disqualifier, one_of, profile
from worker.icp.predicates import InRange, IsFlag
from worker.icp.profile import Comparison, Profile, Standing, Tier
from worker.icp.values import Lookups, make_parser
from worker.sync.panel import Panel

SOURCES = {
    "rank": ("rank", make_parser("interval", Lookups())),
    "land": ("land", make_parser("category", Lookups())),
    "lost": ("lost", make_parser("flag", Lookups())),
}
TIERS = [Tier(id=f"tier_{i}", label=f"Tier {i}", min_score=s) for i, s in ((1, 8000), (2, 6000))]


def icp(name: str, ceiling: int, **more: object) -> Profile:
    """An ICP whose score is rank / ceiling."""
    made = profile(
        criterion("rank", InRange(ceiling, None, 0)),
        tiers=TIERS,
        **more,  # type: ignore[arg-type]
    )
    return replace(made, id=name, label=name, rules=f"rules of {name}")


def chosen(profiles: list[Profile], choose: str = "best", **record: str) -> tuple[str, str]:
    """The ICP that answers for a record, and its tier."""
    found, assessment = Panel(profiles, SOURCES, TODAY, choose).judge(record)
    return found.id, assessment.tier


EASY, HARD = icp("easy", 100), icp("hard", 200)
US_ONLY = icp("us", 100, segment=Comparison("land", one_of("us")))
NO_LOST = icp(
    "no_lost", 100, disqualifiers=[disqualifier("lost", Comparison("lost", IsFlag(wanted=True)))]
)


@pytest.mark.parametrize("order", [[EASY, HARD], [HARD, EASY]])
def test_the_best_tier_answers_whatever_the_order(order: list[Profile]) -> None:
    """Tier first, then score."""
    assert chosen(order, rank="100") == ("easy", "tier_1")
    assert chosen(order, rank="130") == ("easy", "tier_1")


def test_between_equals_the_first_document_answers() -> None:
    """Same tier, same score."""
    assert chosen([EASY, HARD], rank="900") == ("easy", "tier_1")
    assert chosen([HARD, EASY], rank="900") == ("hard", "tier_1")


def test_a_judgement_goes_before_out_of_scope_and_a_fit_before_a_no() -> None:
    """An ICP that has nothing to say of an account never hides one that has."""
    assert chosen([US_ONLY, EASY], rank="10", land="fr") == ("easy", "not_icp")
    assert chosen([NO_LOST, HARD], rank="130", lost="true") == ("hard", "tier_2")
    assert chosen([NO_LOST, HARD], rank="10", lost="true") == ("hard", "not_icp")
    assert chosen([US_ONLY], rank="100", land="fr") == ("us", "out_of_scope")


def test_first_takes_the_first_segment_that_holds() -> None:
    """Even where a later ICP would give a better tier; an unknown segment counts as inside."""
    assert chosen([US_ONLY, EASY], "first", rank="100", land="fr") == ("easy", "tier_1")
    assert chosen([HARD, EASY], "first", rank="100") == ("hard", "not_icp")
    assert chosen([US_ONLY, EASY], "first", rank="100") == ("us", "tier_1")
    assert chosen([US_ONLY], "first", rank="100", land="fr") == ("us", "out_of_scope")


def test_a_standing_softens_only_the_icp_it_came_from() -> None:
    """Hysteresis belongs to the tier rules under which the tier was computed."""
    soft = [replace(it, hysteresis=300) for it in (EASY, HARD)]
    panel = Panel(soft, SOURCES, TODAY)

    assert panel.judge({"rank": "78"}, Standing("tier_1", "rules of easy"))[1].tier == "tier_1"
    assert panel.judge({"rank": "78"}, Standing("tier_1", "rules of hard"))[1].tier == "tier_2"


@given(rank=st.integers(0, 300), land=st.sampled_from(["us", "fr", ""]))
def test_the_panel_never_answers_worse_than_one_of_its_icps(rank: int, land: str) -> None:
    """By the order of outcomes, `best` is the best of what each ICP says alone."""
    order = ["tier_1", "tier_2", "needs_data", "not_icp", "disqualified", "out_of_scope"]
    profiles = [US_ONLY, HARD, EASY]
    record = {"rank": str(rank), "land": land}
    alone = [chosen([it], **record)[1] for it in profiles]

    assert chosen(profiles, **record)[1] == min(alone, key=order.index)
