"""The keys beside an attribute make one shape, or are refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import shapes
from config.conditions import PredicateFields
from config.loading import parse_icp
from config.predicates import read_shape
from config.problems import ConfigError
from config.shapes import (
    Adjacent,
    Bands,
    Is,
    LaterThan,
    ListHas,
    ListLacks,
    Matches,
    Mentions,
    NotIn,
    NumberBand,
    NumberRange,
    OlderThan,
    OneOf,
    Ordered,
    Scale,
    Shape,
    Upcoming,
    Within,
)

NAMES = "groups: {TOP: [x, y]}\n"


def text_of(statement: str, attribute: str) -> str:
    """Write a document whose one criterion makes *statement*."""
    return (
        f"icp: t\ncriteria:\n  - {{id: it, attribute: {attribute}, weight: 1, {statement}}}\n"
        "tiers:\n  - {id: tier_1, min_score: 1}\n" + NAMES
    )


def shape(statement: str, attribute: str = "employees") -> Shape:
    """Return what *statement* says."""
    document = parse_icp(text_of(statement, attribute))
    return document.shape(document.criteria[0])


def refused(statement: str, attribute: str = "employees") -> str:
    """Return the one problem that *statement* is refused with."""
    with pytest.raises(ConfigError) as caught:
        parse_icp(text_of(statement, attribute))
    [problem] = caught.value.problems
    assert problem.line == 3
    assert problem.where == 'criterion "it"'
    return f"{problem.message} {problem.remedy}"


@pytest.mark.parametrize(
    ("attribute", "statement", "wanted"),
    [
        ("employees", "between: [200, 1000]", NumberRange(low=200, high=1000)),
        ("employees", "between: [200, 1K], fades_to: [100, 2000]",
         NumberRange(low=200, high=1000, fade_low=100, fade_high=2000)),
        ("employees", "between: [200, 1000], fades_to: [200, 2000]",
         NumberRange(low=200, high=1000, fade_high=2000)),
        ("employees", "at_least: 200, fades_to: 50", NumberRange(low=200, fade_low=50)),
        ("employees", "at_most: 200, fades_to: 500", NumberRange(high=200, fade_high=500)),
        ("annual_revenue", "at_least: 1.5M, at_most: 2B",
         NumberRange(low=1_500_000, high=2_000_000_000)),
        ("revenue_growth", "above: -0.5, below: 20",
         NumberRange(low=-0.5, high=20, excludes_bounds=True)),
        ("employees", "bands: [{from: 50, credit: 1}, {to: 50, credit: 0.25}]",
         Bands((NumberBand(None, 50, 0.25), NumberBand(50, None, 1)))),
        ("exec_access", "scale: 5", Scale(5)),
        ("country", "one_of: [NO, SE]", OneOf(("NO", "SE"))),
        ("country", "one_of: ['group:BENELUX', US]", OneOf(("BE", "LU", "NL", "US"))),
        ("country", "one_of: [US], adjacent: {GB: 0.7, 'group:BENELUX': 0.5}",
         OneOf(("US",), Adjacent((("GB", 0.7),), ((("BE", "LU", "NL"), 0.5),)))),
        ("industry", "one_of: [BANKING], adjacent: {family: 0.5}",
         OneOf(("BANKING",), Adjacent(family=0.5))),
        ("account_type", "not_in: ['group:TOP', z]", NotIn(("x", "y", "z"))),
        ("funding_stage", "at_least: series_b", Ordered("series_b", None)),
        ("funding_stage", "at_least: seed, at_most: series_c", Ordered("seed", "series_c")),
        ("technologies", "any_of: [a, 'group:TOP']", ListHas(("a", "x", "y"), 1)),
        ("technologies", "all_of: [a, b]", ListHas(("a", "b"), 2)),
        ("technologies", "at_least: {2: [a, b, c]}", ListHas(("a", "b", "c"), 2)),
        ("technologies", "none_of: [a]", ListLacks(("a",))),
        ("last_funding_date", "within: 12w", Within(84)),
        ("last_funding_date", "older_than: 2y", OlderThan(730)),
        ("contract_end", "later_than: 180d", LaterThan(180)),
        ("contract_end", "upcoming: 90d", Upcoming(90)),
        ("is_public", "is: false", Is(value=False)),
        ("description", "mentions: [fintech, 2]", Mentions(("fintech", "2"))),
        ("domain", r"matches: '\.(edu|gov)$'", Matches(r"\.(edu|gov)$")),
    ],
)  # fmt: skip
def test_shapes(attribute: str, statement: str, wanted: Shape) -> None:
    """Each way of saying something has one meaning, with groups expanded."""
    assert shape(statement, attribute) == wanted


@pytest.mark.parametrize(
    ("attribute", "statement", "words"),
    [
        ("employees", "label: x", "nothing is said"),
        ("employees", "between: [1000, 200]", "lower bound 1000 is above upper bound 200. Swap"),
        ("employees", "between: 200", "two numbers are wanted, not 200"),
        ("employees", "between: [a, 200]", '"a" is not a number'),
        ("employees", "between: [.inf, 200]", "inf is not a number"),
        ("employees", "between: [1, 2], at_least: 3", "cannot stand together"),
        ("employees", "above: 5, at_most: 9", "one bound is included and the other is not"),
        ("employees", "above: 5, below: 5", "no number lies between"),
        ("employees", "fades_to: 5", "it stands alone. Add"),
        ("employees", "at_least: 5, fades_to: [1, 9]", "one edge is wanted"),
        ("employees", "between: [5, 9], fades_to: 1", "two edges are wanted"),
        ("employees", "between: [5, 9], fades_to: [6, 12]", "edge 6 is inside the range"),
        ("employees", "between: [5, 9], fades_to: [1, 8]", "edge 8 is inside the range"),
        ("employees", "between: [5, 9], fades_to: [5, 9]", "nothing fades"),
        ("employees", "bands: [{from: 9, to: 5, credit: 1}]", "no number is from 9"),
        ("employees", "bands: [{from: 1, to: 5, credit: 0}]", "no band earns anything"),
        ("employees", "bands: [{from: 1, to: 5, credit: 1}, {from: 4, credit: 1}]", "overlap"),
        ("employees", "bands: []", "it is empty"),
        ("employees", "one_of: [a]", 'does not fit the attribute "employees" of type interval'),
        ("employees", "at_least: series_b", "Write a number"),
        ("employees", "at_least: {1: [a]}", "Write a number"),
        ("employees", "scale: 5", "does not fit"),
        ("exec_access", "scale: 1", "1 is outside 2 to 100"),
        ("exec_access", "scale: true", "true is not a number"),
        ("country", "one_of: []", "the list is empty"),
        ("country", "one_of: US", 'a list is wanted, not "US"'),
        ("country", "one_of: [US, US]", "is listed twice"),
        ("country", "one_of: [true]", "true in the list is not a text"),
        ("country", "one_of: ['group:NODICS']", 'Did you mean "NORDICS"'),
        ("country", "adjacent: {GB: 0.5}", "it stands alone. Add one_of"),
        ("country", "one_of: [US], adjacent: {US: 0.5}", "a full match already"),
        ("country", "one_of: [US], adjacent: {GB: 1}", "more than 0 and less than 1"),
        ("country", "one_of: [US], adjacent: {GB: 0}", "more than 0 and less than 1"),
        ("country", "one_of: [US], adjacent: {family: 0.5}", "has no families"),
        ("country", "at_least: US", "does not fit"),
        ("account_type", "at_least: x", "does not fit"),
        ("funding_stage", "at_least: series_bb", 'Did you mean "series_b"'),
        ("funding_stage", "at_least: 3", "Name one of"),
        ("technologies", "at_least: 2", "Write at_least: {2: [a, b, c]}"),
        ("technologies", "at_least: {3: [a, b]}", "Use a count of 1 to 2"),
        ("technologies", "at_least: {1: [a], 2: [b]}", "one count with its list"),
        ("technologies", "one_of: [a]", "does not fit"),
        ("technologies", "any_of: [a], none_of: [b]", "cannot stand together"),
        ("last_funding_date", "within: 180", "180 is not a duration. Write 180d"),
        ("last_funding_date", "within: 0d", "not a useful duration"),
        ("last_funding_date", "within: 6m", "is not a duration"),
        ("last_funding_date", "within: 90d, half_life: 30d", "fit does not age"),
        ("last_funding_date", "at_least: 3", "does not fit"),
        ("is_public", "is: yes", '"yes" is neither true nor false'),
        ("is_public", "is: 1", "1 is neither true nor false"),
        ("description", "matches: '(?=a)b'", "the regular expression is not valid"),
        ("description", "matches: '(a'", "the regular expression is not valid"),
        ("description", "known: true", "there is no such key"),
        ("domain", "mentions: [a]", "does not fit"),
    ],
)
def test_refusals(attribute: str, statement: str, words: str) -> None:
    """What cannot be meant is refused once, at its line, with the reason or the remedy."""
    assert words in refused(statement, attribute)


_NUMBERS = st.integers(-1000, 1000)


@given(low=_NUMBERS, high=_NUMBERS, fade_low=_NUMBERS, fade_high=_NUMBERS)
def test_a_range_that_is_accepted_is_sane(
    low: int, high: int, fade_low: int, fade_high: int
) -> None:
    """Bounds rise, edges lie outside them, and something fades, or it is refused."""
    fields = PredicateFields.model_validate(
        {"between": [low, high], "fades_to": [fade_low, fade_high]}
    )

    found, findings = read_shape(fields, lambda _: None)

    sane = fade_low <= low <= high <= fade_high and (fade_low, fade_high) != (low, high)
    assert (found is not None) == sane == (not findings)
    if isinstance(found, NumberRange):
        assert found.fade_low in {None, fade_low}
        assert found.fade_high in {None, fade_high}


def test_every_shape_can_be_written() -> None:
    """No shape is left over that no statement makes (known and unknown are for conditions)."""
    made = {type(shape(statement, attribute)) for attribute, statement in _ONE_EACH}

    assert made | {shapes.Known} == set(shapes.Shape.__args__)


_ONE_EACH = [
    ("employees", "at_least: 1"), ("employees", "bands: [{credit: 1}]"),
    ("exec_access", "scale: 5"), ("country", "one_of: [US]"), ("country", "not_in: [US]"),
    ("funding_stage", "at_most: seed"), ("technologies", "any_of: [a]"),
    ("technologies", "none_of: [a]"), ("contract_end", "within: 1d"),
    ("contract_end", "older_than: 1d"), ("contract_end", "later_than: 1d"),
    ("contract_end", "upcoming: 1d"), ("is_public", "is: true"),
    ("description", "mentions: [a]"), ("description", "matches: a"),
]  # fmt: skip
