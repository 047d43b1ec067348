"""From an assessment to the values of the fields."""

from __future__ import annotations

from datetime import date

import pytest

from config.outputs import OUTPUTS
from tests.support.profiles import TIERS, TODAY, criterion, disqualifier, number, one_of, profile
from worker.icp.judging import Judge
from worker.icp.predicates import InRange
from worker.icp.profile import Comparison, Profile, Tier
from worker.icp.values import Value
from worker.sync.desired import Judged, value_makers
from worker.sync.overriding import Override

ICP = profile(
    criterion("sector", one_of("software", services=0.5), weight=40),
    criterion("size", InRange(200, 1000, 100, 2000), weight=60),
    disqualifiers=[
        disqualifier("too_small", Comparison("size", InRange(high=19))),
        disqualifier("farming", Comparison("sector", one_of("farming"))),
    ],
    segment=Comparison("kind", one_of("customer", "prospect")),
)
UNTIL = Override("tier_1", "Board contact", date(2026, 12, 31))
KEYS = frozenset(key for key, it in OUTPUTS.items() if not it.people_write and key != "explanation")


def values(
    account: dict[str, Value], override: Override | None = None, rules: Profile = ICP
) -> dict[str, str]:
    """Every output of an account that a value can be made for."""
    judged = Judged(rules, Judge(rules, TODAY).judge({"kind": "prospect", **account}), override)
    return {key: make(judged) for key, make in value_makers(KEYS)}


def test_a_judged_account_fills_every_field() -> None:
    """Score floored to a whole, priority to the hundredth, lists joined, codes as ids."""
    found = values({"sector": "services", "size": number(1_700)})

    assert found["fit_score"] == "38"
    assert found["priority"] == "28.5"
    assert found["tier"] == found["computed_tier"] == "not_icp"
    assert found["gaps"] == "size;sector"
    assert found["data_coverage"] == "100"
    assert found["score_range"] == "38-38"
    assert found["profile"] == "test"
    assert found["native_tier"] == ""


def test_the_score_is_floored_so_that_views_and_tiers_agree() -> None:
    """A score of 79.99 shows as 79: a view of 80 and more holds just what min_score 80 lets in."""
    tiers = [Tier(id=it.id, label=it.label, min_score=it.min_score) for it in TIERS]
    rules = profile(criterion("rank", InRange(10_000, None, 0)), tiers=tiers)
    seen = {
        score: values({"rank": number(score)}, rules=rules)
        for score in (7_999, 8_000, 5_999, 6_000)
    }

    assert {score: (it["fit_score"], it["tier"]) for score, it in seen.items()} == {
        7_999: ("79", "tier_2"),
        8_000: ("80", "tier_1"),
        5_999: ("59", "tier_3"),
        6_000: ("60", "tier_2"),
    }


def test_every_disqualifier_is_listed_and_the_first_is_the_primary() -> None:
    """The score stays, so that a manager sees what is turned away."""
    found = values({"sector": "farming", "size": number(5)})

    assert found["tier"] == "disqualified"
    assert found["disqualifier"] == "too_small"
    assert found["disqualifiers"] == "too_small;farming"
    assert found["fit_score"] == "0"


def test_needs_data_leaves_the_score_empty_and_gives_the_range() -> None:
    """An account with one known matching field must not top a sorted view."""
    found = values({"sector": "software"})

    assert (found["fit_score"], found["priority"]) == ("", "")
    assert found["tier"] == "needs_data"
    assert found["score_range"] == "40-100"
    assert found["missing"] == "size"


def test_out_of_scope_has_no_numbers_that_could_be_mistaken_for_a_judgement() -> None:
    """No score, no priority, no range: it is not our question."""
    found = values({"sector": "software", "size": number(500), "kind": "partner"})

    assert found["tier"] == "out_of_scope"
    assert (found["fit_score"], found["priority"], found["score_range"]) == ("", "", "")
    assert (found["gaps"], found["missing"], found["disqualifiers"]) == ("", "", "")


def test_an_override_shows_in_tier_and_reason_and_nowhere_else() -> None:
    """The computed tier stays in its own field; a long line is cut to fit."""
    plain = values({"sector": "mining", "size": number(50)})
    found = values({"sector": "mining", "size": number(50)}, UNTIL)

    assert found["tier"] == "tier_1"
    assert found["native_tier"] == "tier_1"
    assert found["computed_tier"] == plain["tier"] == "not_icp"
    assert found["reason"] == f"Override until 2026-12-31: Board contact. {plain['reason']}"
    long = values({"sector": "mining"}, Override("tier_1", "x" * 400, UNTIL.expires))
    assert len(long["reason"]) == 255


def test_every_output_of_the_table_is_made_or_rides_along() -> None:
    """The table of outputs and the functions that fill them do not drift apart."""
    made = {key for key, _ in value_makers(KEYS)}

    assert KEYS - made == {
        "version", "tier_changed_at", "previous_tier", "assessed_at", "run_id",
    }  # fmt: skip


def test_an_unknown_output_is_refused_by_name() -> None:
    """It would otherwise silently never be written."""
    with pytest.raises(KeyError, match="fit_scor"):
        value_makers(frozenset({"fit_scor"}))
