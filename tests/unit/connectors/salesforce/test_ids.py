"""Two spellings of one record id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.ids import to18

# Recorded from the real service.
REAL = ["0014S000007dTS6QAM", "0014S000007dTHQQA2", "0054S000000JQeqQAG"]


@pytest.mark.parametrize("long", REAL)
def test_the_suffix_is_salesforces_own(long: str) -> None:
    """Recorded ids come out of their own first 15 characters."""
    assert to18(long[:15]) == long
    assert to18(long) == long


@given(text=st.from_regex(r"[A-Za-z0-9]{15}", fullmatch=True))
def test_the_long_form_survives_the_loss_of_case(text: str) -> None:
    """That is what it is for; and only one long form belongs to a short one."""
    long = to18(text)

    assert long is not None
    assert long[:15] == text
    assert to18(long.lower()) == to18(long.upper()) == long


@pytest.mark.parametrize(
    "text",
    ["", "999999999", "0014S000007dTS6QA9", "0014S000007dTS6555", "0014S00000 dTS6", "é" * 15],
)
def test_what_cannot_be_an_id_is_none(text: str) -> None:
    """Length, characters and suffix decide."""
    assert to18(text) is None
