"""Values cut and rounded to what a field can hold."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sync.fitting import clipped, rounded


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("a longer line", 9, "a longer…"),
        ("size;stack;geography", 12, "size;stack"),
        ("size;stack;geography", 10, "size;stack"),
        ("size;stack;geography", 9, "size"),
        ("one_very_long_code;next", 8, "one_very"),
        ("anything", None, "anything"),
    ],
)
def test_text_is_cut_where_it_still_reads(text: str, length: int | None, expected: str) -> None:
    """Codes are cut after a whole code, prose with an ellipsis."""
    assert clipped(text, length) == expected


@given(st.text(), st.integers(1, 50))
def test_cut_text_fits_and_cutting_again_changes_nothing(text: str, length: int) -> None:
    """Or the next run would see another value than it wants."""
    once = clipped(text, length)

    assert len(once) <= length
    assert clipped(once, length) == once


@pytest.mark.parametrize(
    ("number", "scale", "expected"),
    [
        ("82.35", 2, "82.35"),
        ("82.35", 1, "82.3"),
        ("82.99", 0, "82"),
        ("80", 2, "80"),
        ("0.04", 1, "0"),
        ("100", 0, "100"),
        ("", 1, ""),
    ],
)
def test_numbers_are_cut_downwards(number: str, scale: int, expected: str) -> None:
    """A view of at least 83 must not show an account that reached 82.99."""
    assert rounded(number, scale) == expected


@given(st.decimals(0, 100, places=2), st.integers(0, 2))
def test_a_rounded_number_is_never_more_and_stays(number: Decimal, scale: int) -> None:
    """Rounding again changes nothing."""
    once = rounded(str(number), scale)

    assert Decimal(once) <= number
    assert rounded(once, scale) == once
