"""What each comparison makes of a value: full credit, part of it, none, or it stays open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.profiles import TODAY, number, one_of
from worker.icp.predicates import (
    CREDIT,
    Band,
    Holding,
    HoldingNone,
    InBands,
    InOrder,
    InRange,
    IsFlag,
    LaterThan,
    NotIn,
    OlderThan,
    Predicate,
    Rating,
    Upcoming,
    Within,
    decay_credits,
)
from worker.icp.values import Interval, Value


@pytest.mark.parametrize(
    ("predicate", "value", "credit"),
    [
        (InRange(200, 1000, 100, 2000), number(200), CREDIT),
        (InRange(200, 1000, 100, 2000), number(1000), CREDIT),
        (InRange(200, 1000, 100, 2000), number(150), CREDIT // 2),
        (InRange(200, 1000, 100, 2000), number(1500), CREDIT // 2),
        (InRange(200, 1000, 100, 2000), number(100), 0),
        (InRange(200, 1000, 100, 2000), number(99), 0),
        (InRange(200, 1000), number(1001), 0),
        (InRange(200, 1000, 100, 2000), Interval(300, 500), CREDIT),
        (InRange(200, 1000, 100, 2000), Interval(1, 50), 0),
        (InRange(200, 1000, 100, 2000), Interval(150, 500), (CREDIT // 2, CREDIT)),
        (InRange(200, 1000, 100, 2000), Interval(50, 5000), (0, CREDIT)),
        (InRange(200, 1000, 100, 2000), Interval(500, None), (0, CREDIT)),
        (InRange(10_000), Interval(10_001, None), CREDIT),
        (InRange(high=20, excludes_bounds=True), number(20), 0),
        (InRange(high=20, excludes_bounds=True), number(19), CREDIT),
        (InRange(low=20, excludes_bounds=True), number(20), 0),
        (InRange(high=20, excludes_bounds=True), Interval(20, 50), 0),
        (InRange(low=20, excludes_bounds=True), Interval(20, 50), (0, CREDIT)),
        (InBands((Band(None, 10, 0), Band(10, 50, 5000), Band(50, None, CREDIT))), 50, CREDIT),
        (InBands((Band(None, 10, 0), Band(10, 50, 5000))), Interval(5, 20), (0, 5000)),
        (InBands((Band(10, 50, 5000),)), Interval(10, 20), 5000),
        (one_of("software", services=0.5), "services", CREDIT // 2),
        (one_of("software"), "farming", 0),
        (NotIn(frozenset({"partner"})), "prospect", CREDIT),
        (NotIn(frozenset({"partner"})), "partner", 0),
        (InOrder(("seed", "series_a", "series_b"), at_least="series_a"), "series_b", CREDIT),
        (InOrder(("seed", "series_a", "series_b"), at_least="series_a"), "seed", 0),
        (InOrder(("seed", "series_a"), at_most="seed"), "series_a", 0),
        (InOrder(("seed",), at_least="seed"), "grant", (0, CREDIT)),
        (Holding(frozenset({"a", "b"}), 1), frozenset({"b", "z"}), CREDIT),
        (Holding(frozenset({"a", "b"}), 2), frozenset({"b", "z"}), 0),
        (Holding(frozenset({"a"}), 1, complete=False), frozenset({"z"}), (0, CREDIT)),
        (HoldingNone(frozenset({"a"})), frozenset({"z"}), CREDIT),
        (HoldingNone(frozenset({"a"})), frozenset({"a"}), 0),
        (HoldingNone(frozenset({"a"}), complete=False), frozenset({"z"}), (0, CREDIT)),
        (Within(180), TODAY, CREDIT),
        (Within(180), TODAY - timedelta(180), CREDIT),
        (Within(180), TODAY - timedelta(181), 0),
        (Within(180), TODAY + timedelta(1), (0, CREDIT)),
        (Within(180, 90), TODAY - timedelta(90), CREDIT // 2),
        (OlderThan(365), TODAY - timedelta(365), CREDIT),
        (OlderThan(365), TODAY - timedelta(364), 0),
        (LaterThan(180), TODAY + timedelta(180), CREDIT),
        (LaterThan(180), TODAY + timedelta(179), 0),
        (Upcoming(90), TODAY + timedelta(90), CREDIT),
        (Upcoming(90), TODAY - timedelta(1), 0),
        (IsFlag(wanted=True), True, CREDIT),
        (IsFlag(wanted=True), False, 0),
        (Rating(5), 3, CREDIT // 2),
        (Rating(5), 5, CREDIT),
        (Rating(5), 6, (0, CREDIT)),
        (Rating(5), 0, (0, CREDIT)),
    ],
)
def test_predicates_give_the_credit_they_promise(
    predicate: Predicate, value: Value, credit: object
) -> None:
    """Bounds are inclusive except below and above; what an interval leaves open stays open."""
    assert predicate.at(TODAY)(value) == credit


def test_near_misses_never_reach_full_credit() -> None:
    """Just outside the sweet spot is still a gap."""
    credit = InRange(200_000, 300_000, 0, 400_000).at(TODAY)(number(199_999))

    assert credit == CREDIT - 1


def test_decay_halves_at_the_half_life_and_ends() -> None:
    """Worth halves every half-life, never rises with age, and ends."""
    table = decay_credits(90)

    assert table[0] == CREDIT
    assert table[90] == CREDIT // 2
    assert table[180] == CREDIT // 4
    assert list(table) == sorted(table, reverse=True)
    assert table[-1] >= 1
