"""A number given as a band is known only where every number in it would be worth the same."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, criterion, profile
from worker.icp.judging import Judge
from worker.icp.predicates import CREDIT, Band, InBands, InRange, Predicate
from worker.icp.values import Interval

NUMBERS = st.integers(0, 60)
BOUNDS = st.one_of(st.none(), NUMBERS)


@st.composite
def ranges(draw: st.DrawFn) -> InRange:
    """Ranges open or closed at either end, with or without fades, bounds included."""
    low, high = draw(BOUNDS), draw(BOUNDS)
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    fade_low = None if low is None else draw(st.one_of(st.none(), st.integers(-20, low)))
    fade_high = None if high is None else draw(st.one_of(st.none(), st.integers(high, 90)))
    return InRange(low, high, fade_low, fade_high)


@st.composite
def bands(draw: st.DrawFn) -> InBands:
    """Rising bands with gaps between some."""
    edges = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=6, unique=True)))
    pairs = list(pairwise(edges))
    kept = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    return InBands(
        tuple(Band(low, high, draw(st.integers(0, CREDIT))) for low, high in sorted(kept))
    )


def span(predicate: Predicate, value: Interval) -> tuple[int, int]:
    """The least and the most a value could be worth."""
    credit = predicate.at(TODAY)(value)
    return credit if isinstance(credit, tuple) else (credit, credit)


@given(predicate=st.one_of(ranges(), bands()), one=NUMBERS, other=NUMBERS)
def test_a_band_is_worth_what_its_numbers_are_worth(
    predicate: Predicate, one: int, other: int
) -> None:
    """The least and the most over every whole number in it, no more and no less."""
    low, high = min(one, other), max(one, other)
    worth = [span(predicate, Interval(it, it))[0] for it in range(low, high + 1)]

    assert span(predicate, Interval(low, high)) == (min(worth), max(worth))


@given(predicate=st.one_of(ranges(), bands()), low=NUMBERS)
def test_an_open_band_is_worth_what_any_larger_number_is(predicate: Predicate, low: int) -> None:
    """What is given as 10,000 and more is as good as its best and as bad as its worst."""
    worth = [span(predicate, Interval(it, it))[0] for it in range(low, 200)]

    assert span(predicate, Interval(low, None)) == (min(worth), max(worth))


@given(low=BOUNDS, high=BOUNDS, one=NUMBERS, other=NUMBERS)
def test_open_bounds_exclude_their_edge_and_nothing_else(
    low: int | None, high: int | None, one: int, other: int
) -> None:
    """`above` and `below`: a band that reaches over the edge is undecided, one at it is a miss."""
    predicate = InRange(low, high, excludes_bounds=True)
    start, end = min(one, other), max(one, other)
    worth = [
        CREDIT if (low is None or it > low) and (high is None or it < high) else 0
        for it in range(start, end + 1)
    ]
    least, most = span(predicate, Interval(start, end))

    assert least == min(worth)
    assert most >= max(worth)


@given(predicate=st.one_of(ranges(), bands()), one=NUMBERS, other=NUMBERS)
def test_an_undecided_band_is_unknown_and_spans_the_score(
    predicate: Predicate, one: int, other: int
) -> None:
    """It counts to no score, is named as missing, and the range has its true ends."""
    value = Interval(min(one, other), max(one, other))
    judge = Judge(profile(criterion("size", predicate)), TODAY)
    found = judge.judge({"size": value})
    least, most = span(predicate, value)

    assert (found.range_low, found.range_high) == (least, most)
    assert found.score == (least if least == most else None)
    assert found.missing == (() if least == most else ("size",))
    assert found.coverage == (100 if least == most else 0)
