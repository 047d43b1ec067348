"""How fresh tiers are and whether memory grows, by hand-made edits, writes and readings."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.chaos.day_figures import Ledger, quantile, slope

NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)


def minutes(count: float) -> datetime:
    """So many minutes past nine."""
    return NINE + timedelta(minutes=count)


def test_a_line_through_points_that_lie_on_it_is_certain() -> None:
    """Growth by 2 an hour is found, and nothing else is possible."""
    assert slope([0, 1, 2, 3], [10, 12, 14, 16]) == pytest.approx((2, 2, 2))


def test_readings_that_waver_leave_room_for_no_growth() -> None:
    """Where the middle is flat, the range holds zero."""
    value, low, high = slope([0, 1, 2, 3, 4, 5], [10, 11, 10, 11, 10, 11])

    assert low < 0 < value < high


def test_two_readings_say_nothing() -> None:
    """Any growth would go with them."""
    assert slope([0, 1], [10, 90]) == (0, -math.inf, math.inf)


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.99, 99), (1, 100)])
def test_quantiles_are_values_that_occurred(share: float, found: float) -> None:
    """Of 1 to 100, the 99th is not passed by 99 in 100."""
    assert quantile([float(it) for it in range(100, 0, -1)], share) == found


def test_a_write_answers_every_edit_before_it() -> None:
    """Each is as old as it is; what comes after the write is due anew."""
    ledger = Ledger()
    ledger.know({"1": "400"})
    ledger.edit("1", "5", minutes(0))
    ledger.edit("1", "6", minutes(10))
    ledger.write("1", minutes(15))
    ledger.edit("1", "400", minutes(20))

    assert ledger.seconds == [15 * 60, 5 * 60]
    assert ledger.waiting == ["1"]


def test_an_edit_that_is_taken_back_calls_for_nothing() -> None:
    """There and back before anything was written: no write is due, and none is missed."""
    ledger = Ledger()
    ledger.know({"1": "400"})
    ledger.edit("1", "5", minutes(0))
    ledger.edit("1", "400", minutes(5))
    ledger.write("1", minutes(15))  # for a reason of its own

    assert not ledger.waiting
    assert not ledger.seconds


def test_nothing_is_due_to_what_is_gone() -> None:
    """A deleted company is not waited for."""
    ledger = Ledger()
    ledger.edit("1", "400", minutes(0))
    ledger.remove("1")

    assert not ledger.is_waiting("1")
