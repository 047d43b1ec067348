"""Ids of the simulated org: two spellings, one record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce.ids import PREFIXES, id18, number_of, suffix, to18

# As recorded from real orgs.
REAL = ("0014S000007dTS6QAM", "0014S000007dTHQQA2", "0054S000000JQeqQAG", "00B58000002ssinEAA")


@pytest.mark.parametrize("real", REAL)
def test_the_suffix_is_the_real_one(real: str) -> None:
    """Recorded ids carry the suffix that is worked out for them."""
    assert suffix(real[:15]) == real[15:]


@pytest.mark.parametrize("real", REAL)
def test_every_spelling_leads_to_18_characters(real: str) -> None:
    """Fifteen characters are completed, and case is restored where it was lost."""
    assert to18(real[:15]) == real
    assert to18(real) == real
    assert to18(real.lower()) == real
    assert to18(real.upper()) == real


@pytest.mark.parametrize(
    "text",
    ["", "001", "0014S000007dTS", "0014S000007dTS!", "0014S000007dTS6Q??", "ä" * 15, " " * 18],
)
def test_what_is_no_id_has_no_number(text: str) -> None:
    """Malformed text is told apart, not guessed at."""
    assert to18(text) is None
    assert number_of(text) is None


@given(number=st.integers(0, 62**12 - 1), prefix=st.sampled_from(sorted(PREFIXES.values())))
def test_a_number_survives_its_spelling(number: int, prefix: str) -> None:
    """An id says its number and its object, in 15 and in 18 characters."""
    full = id18(prefix, number)
    assert len(full) == 18
    assert full.startswith(prefix)
    assert number_of(full) == number == number_of(full[:15])


@given(numbers=st.lists(st.integers(0, 62**12 - 1), min_size=2, max_size=2))
def test_ids_sort_as_their_numbers_do(numbers: list[int]) -> None:
    """Keyset paging by Id goes through records in the order of the table."""
    one, other = (id18("001", number) for number in numbers)
    assert (one < other) == (numbers[0] < numbers[1])
