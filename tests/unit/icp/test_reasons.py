"""The one-line reason: what it names, in which order, in how many characters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import (
    FUNDING,
    SECTOR,
    SIZE,
    TODAY,
    accounts,
    criterion,
    disqualifier,
    number,
    one_of,
    profile,
    profiles,
)
from worker.icp.judging import Judge
from worker.icp.predicates import Holding, InRange, IsFlag, NotIn
from worker.icp.profile import All, Any, Comparison, Condition, Not, Profile
from worker.icp.values import Value

STACK = criterion("stack", Holding(frozenset({"crm", "erp"}), 1), weight=20)
TINY = disqualifier("too_small", Comparison("size", InRange(high=20, excludes_bounds=True)))
RIVAL = disqualifier("rival", Comparison("rival", IsFlag(wanted=True)))


def line(account: dict[str, Value], *more: str, rules: Profile | None = None) -> str:
    """The reason of an account by a profile with a bit of everything."""
    rules = rules or profile(SECTOR, SIZE, STACK, disqualifiers=[TINY, RIVAL], triggers=[FUNDING])
    return Judge(rules, TODAY).judge(account, None, more).reason


def test_a_good_account_names_its_best_criterion_and_its_trigger() -> None:
    """The heaviest match is the top gain; nothing is wrong, so no gap is named."""
    account: dict[str, Value] = {
        "sector": "software", "size": number(500), "stack": frozenset({"crm"}), "rival": False,
        "funded": TODAY - timedelta(43),
    }  # fmt: skip

    assert line(account) == "Fits 3 of 3 known, best Size 500. Trigger: Funding 2026-10-12."


def test_the_gap_that_costs_most_is_named_with_what_was_wanted() -> None:
    """Half of forty points lost weighs as much as all of twenty: the order of weight decides."""
    account: dict[str, Value] = {
        "sector": "services", "size": number(500), "stack": frozenset({"wiki"}), "rival": False,
    }  # fmt: skip

    assert line(account) == (
        "Fits 1 of 3 known, best Size 500. Gap: Sector services (want software)."
    )


def test_every_disqualifier_that_fired_is_named_first() -> None:
    """Someone on the phone must see why not, before anything that speaks for the account."""
    account: dict[str, Value] = {"sector": "software", "size": number(5), "rival": True}

    assert line(account).startswith(
        "Disqualified: Too small; Rival. Fits 1 of 2 known, best Sector software. Gap: Size 5"
    )


def test_needs_data_says_how_much_and_what_is_missing() -> None:
    """Coverage, the bar, the span the score could have, and the fields to fill."""
    assert line({"sector": "software"}) == (
        "Needs data: 33% known, 50% needed; score could be 33-100."
        " Fits 1 of 1 known, best Sector software. Unknown: Rival, Size, Stack."
    )
    assert line({}).startswith("Needs data: 0% known, 50% needed; score could be 0-100. Unknown:")


def test_more_than_three_missing_are_counted() -> None:
    """The rest is in the field that lists them all."""
    rules = profile(*(criterion(name, IsFlag(wanted=True)) for name in "abcdef"))
    text = line({"a": True, "b": True, "c": True}, rules=rules)
    assert text.endswith("Unknown: D, E, F.")
    assert line({"a": True, "b": True}, rules=rules).endswith("Unknown: C, D, E and 1 more.")


def test_last_known_values_are_named() -> None:
    """A reader sees which part of the answer is old."""
    text = line({"sector": "software", "size": number(500)}, "size", "sector")

    assert text.endswith(" Last known: Size, Sector.")


@pytest.mark.parametrize(
    ("segment", "because"),
    [
        (Comparison("kind", NotIn(frozenset({"partner"}))), "Kind partner"),
        (Not(Comparison("kind", one_of("partner"))), "Kind partner"),
        (
            All((Comparison("kind", one_of("partner")), Comparison("land", one_of("us")))),
            "Land fr",
        ),
        (Any((Comparison("kind", one_of("a")), Comparison("land", one_of("us")))),
         "Kind partner, Land fr"),
    ],
)  # fmt: skip
def test_out_of_scope_names_what_is_out(segment: Condition, because: str) -> None:
    """Only the parts of the segment that keep the account out."""
    rules = profile(SECTOR, segment=segment)
    account: dict[str, Value] = {"kind": "partner", "land": "fr", "sector": "software"}

    assert line(account, rules=rules) == f"Out of scope of Test: {because}."


@given(profile_=profiles(), account=accounts(), days=st.integers(1, 20))
def test_a_day_changes_a_reason_only_by_changing_the_outcome(
    profile_: Profile, account: dict[str, Value], days: int
) -> None:
    """Where tier, gaps, missing and trigger's presence stay, so do the words."""
    now = Judge(profile_, TODAY).judge(account)
    then = Judge(profile_, TODAY + timedelta(days)).judge(account)
    if (
        (now.tier, now.score, now.gaps, now.missing, now.range_low, now.range_high)
        == (then.tier, then.score, then.gaps, then.missing, then.range_low, then.range_high)
    ) and bool(now.trigger) == bool(then.trigger):
        assert now.reason == then.reason


@given(name=st.text(max_size=400))
def test_no_text_breaks_the_line(name: str) -> None:
    """Any name, whatever characters it holds, gives a printable line of at most 255."""
    rules = profile(
        criterion("name", one_of("x"), weight=3), criterion("other", one_of("y")), min_coverage=0
    )
    text = line({"name": name}, rules=rules)

    assert len(text) <= 255
    assert text.isprintable()
