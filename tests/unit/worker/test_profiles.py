"""A document becomes the profile that its words mean."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.problems import ConfigError
from tests.unit.worker.documents import TIERS, compiled, criterion
from worker.icp import predicates
from worker.icp.predicates import CREDIT, Predicate
from worker.icp.profile import Comparison, IsKnown, Not, Profile
from worker.profiles import matches, mentions, words_of


def profile(folder: Path, text: str) -> Profile:
    """Compile one document."""
    return compiled(folder, text).profiles[0]


@pytest.mark.parametrize(
    ("statement", "attribute", "means"),
    [
        ("between: [200, 1000], fades_to: [100, 2000]", "employees",
         predicates.InRange(200, 1000, 100, 2000)),
        ("at_least: 1M", "annual_revenue", predicates.InRange(low=1_000_000)),
        ("at_most: 50", "employees", predicates.InRange(high=50)),
        ("above: 50", "employees", predicates.InRange(low=50, excludes_bounds=True)),
        ("below: 50, fades_to: 80", "employees",
         predicates.InRange(high=50, fade_high=80, excludes_bounds=True)),
        ("within: 26w", "last_funding_date", predicates.Within(182)),
        ("older_than: 1y", "last_funding_date", predicates.OlderThan(365)),
        ("later_than: 180d", "contract_end", predicates.LaterThan(180)),
        ("upcoming: 90d", "contract_end", predicates.Upcoming(90)),
        ("is: true", "is_public", predicates.IsFlag(wanted=True)),
        ("scale: 5", "exec_access", predicates.Rating(5)),
        ("any_of: [Salesforce, HubSpot]", "technologies",
         predicates.Holding(frozenset({"salesforce", "hubspot"}), 1, complete=False)),
        ("at_least: series_b", "funding_stage", None),
    ],
)  # fmt: skip
def test_a_statement_becomes_its_predicate(
    tmp_path: Path, statement: str, attribute: str, means: Predicate | None
) -> None:
    """Every shape, with bounds, units and words read as the CRM's own text is."""
    found = profile(tmp_path, criterion(statement, attribute)).criteria[0].predicate

    if means is None:
        assert isinstance(found, predicates.InOrder)
        assert found.order.index("seed") < found.order.index("series_b")
    elif isinstance(means, predicates.Holding):
        assert isinstance(found, predicates.Holding)
        assert (found.items, found.count) == (means.items, means.count)
    else:
        assert found == means


def test_explicit_values_go_before_groups_and_groups_before_families(tmp_path: Path) -> None:
    """`adjacent` credits a value by the most particular thing said of it."""
    text = criterion(
        "one_of: [US], adjacent: {FR: 0.9, 'group:EU': 0.5, 'group:DACH': 0.7}", "country"
    )
    found = profile(tmp_path, text).criteria[0].predicate
    assert isinstance(found, predicates.OneOf)

    assert found.credits["US"] == CREDIT
    assert found.credits["FR"] == 9_000
    assert found.credits["DE"] == 5_000  # the group written first
    assert found.credits["CH"] == 7_000  # in the second only
    assert "JP" not in found.credits


def test_a_family_never_lowers_what_is_wanted(tmp_path: Path) -> None:
    """The wanted stay full matches, what is named keeps its credit, the kin get the family's."""
    text = criterion(
        "one_of: [COMPUTER_SOFTWARE], adjacent: {family: 0.4, INTERNET: 0.8}", "industry"
    )
    found = profile(tmp_path, text).criteria[0].predicate
    assert isinstance(found, predicates.OneOf)

    assert found.credits["COMPUTER_SOFTWARE"] == CREDIT
    assert found.credits["INTERNET"] == 8_000
    assert found.credits["COMPUTER_GAMES"] == 4_000
    assert "FARMING" not in found.credits


def test_words_are_read_as_the_crms_text_is(tmp_path: Path) -> None:
    """The words "Computer software" mean COMPUTER_SOFTWARE as in the CRM; Germany is DE."""
    sector = profile(tmp_path, criterion("one_of: [Computer software]", "industry"))
    land = profile(tmp_path, criterion("not_in: [Germany, 'group:NORDICS']", "country"))

    wanted = sector.criteria[0].predicate
    assert isinstance(wanted, predicates.OneOf)
    assert wanted.wanted == ("COMPUTER_SOFTWARE",)
    refused = land.criteria[0].predicate
    assert isinstance(refused, predicates.NotIn)
    assert {"DE", "NO", "SE"} <= refused.refused


def test_known_and_unknown_are_tests_of_their_own(tmp_path: Path) -> None:
    """They compile to the one test that is never undecided."""
    text = criterion(
        "at_least: 5",
        disqualifiers="[{id: x, reason: X, when: {all: [{attribute: name, known: true},"
        " {attribute: domain, unknown: true}, {attribute: employees, below: 3}]}}]",
    )
    parts = profile(tmp_path, text).disqualifiers[0].when

    assert getattr(parts, "parts", ()) == (
        IsKnown("name"),
        Not(IsKnown("domain")),
        Comparison("employees", predicates.InRange(high=3, excludes_bounds=True)),
    )


def test_numbers_become_hundredths_and_ten_thousandths(tmp_path: Path) -> None:
    """Whole numbers inside, so that sums are exact."""
    tiers = "[{id: tier_1, min_score: 79.5, max_gaps: 1, min_coverage: 60, min_trigger: 30}]"
    text = criterion("at_least: 5", trigger_share="0.3", hysteresis="2.5", stale_after="45d",
                     decay_write="monthly").replace(TIERS, f"tiers: {tiers}\n")  # fmt: skip
    found = profile(tmp_path, text)

    assert (found.tiers[0].min_score, found.hysteresis) == (7_950, 250)
    assert (found.trigger_share, found.stale_after, found.quiet_days) == (3_000, 45, 30)
    assert (found.tiers[0].min_trigger, found.tiers[0].min_coverage) == (30, 60)


def test_the_fingerprint_changes_with_every_answer_and_with_nothing_else(tmp_path: Path) -> None:
    """Comments, spacing, owner and review date are no new version; a bound, weight or label is."""
    text = criterion("at_least: 50", owner="a@example.com", reviewed="2026-01-01")
    same = [
        text.replace("a@example.com", "b@example.com"),
        text.replace("2026-01-01", "2026-10-10"),
        "# a comment\n" + text.replace("weight: 1", "weight:   1"),
    ]
    other = [
        text.replace("at_least: 50", "at_least: 51"),
        text.replace("weight: 1", "weight: 2"),
        text.replace("Tier 1", "Tier One"),
        text + "stale_after: 31d\n",
    ]
    first = profile(tmp_path, text)

    assert {profile(tmp_path, it).fingerprint for it in same} == {first.fingerprint}
    found = [profile(tmp_path, it).fingerprint for it in other]
    assert len({first.fingerprint, *found}) == 1 + len(other)


def test_tier_rules_have_a_fingerprint_of_their_own(tmp_path: Path) -> None:
    """Hysteresis is kept when a criterion changes and reset when a boundary does."""
    text = criterion("at_least: 50")
    first = profile(tmp_path, text)
    weight = profile(tmp_path, text.replace("at_least: 50", "at_least: 60"))
    boundary = profile(tmp_path, text.replace("min_score: 80", "min_score: 81"))
    margin = profile(tmp_path, text + "hysteresis: 4\n")

    assert first.rules == weight.rules
    assert len({first.rules, boundary.rules, margin.rules}) == 3


def test_every_word_that_means_nothing_is_named(tmp_path: Path) -> None:
    """All of them, with their lines, from every document."""
    text = criterion("one_of: [Atlantis, US, Mordor]", "country")
    with pytest.raises(ConfigError) as caught:
        compiled(tmp_path, text, text.replace("icp: test", "icp: other"))
    found = caught.value.problems

    assert [it.line for it in found] == [3, 3, 3, 3]
    assert [it.message.split('"')[1] for it in found] == ["Atlantis", "Mordor"] * 2
    assert len({it.file for it in found}) == 2


def test_the_words_an_icp_speaks_of_are_known(tmp_path: Path) -> None:
    """Of criteria, triggers, conditions and segment, by attribute: what readers must tell apart."""
    text = criterion(
        "one_of: [A, B]",
        "account_type",
        segment="{attribute: account_type, not_in: [C]}",
        disqualifiers="[{id: x, reason: X, when: {attribute: account_type, one_of: [D]}}]",
    )

    assert sorted(words_of(profile(tmp_path, text), "account_type")) == ["a", "b", "c", "d"]
    assert words_of(profile(tmp_path, text), "employees") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We build AI.", True),
        ("we build ai", True),
        ("Plain fairground", False),
        ("(ai)", True),
        ("ai_first", False),
        ("MACHINE  learning", False),
        ("machine learning!", True),
        ("C++ shop", True),
        ("stra\u00dfe", False),
    ],
)
def test_mentions_finds_whole_words_whatever_their_case(text: str, *, found: bool) -> None:
    """Not inside other words; signs are matched as they are written."""
    assert mentions(["AI", "Machine Learning", "C++"])(text) is found


def test_a_pattern_takes_linear_time_whatever_it_is() -> None:
    """What hangs a backtracking engine for hours is answered at once."""
    passes = matches("(a+)+$")
    began = time.process_time()

    assert not passes("a" * 5_000 + "b")
    assert time.process_time() - began < 1


@given(text=st.text(), words=st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_mentions_takes_any_word_for_what_it_is(text: str, words: list[str]) -> None:
    """No word is read as a pattern, and no text raises."""
    found = mentions(words)

    assert found(f" {words[0]} ") is True
    assert found(text) in {True, False}
