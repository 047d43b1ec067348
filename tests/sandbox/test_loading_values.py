"""Single values of a file are read exactly or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.files.values import host, number


@given(st.decimals(0, 10**12, places=2))
def test_numbers_survive_every_usual_spelling(value: Decimal) -> None:
    """Thousands separators, a currency and blanks change nothing about a number."""
    assert number(f"{value:,}") == number(str(value)) == number(f" ${value:,} ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("36.9 Million", "36900000"), ("1.2 Billion", "1200000000"), ("$599M", "599000000"),
        ("12k", "12000"), ("0", "0"), ("-3.50", "-3.5"), ("1,556,000", "1556000"),
        ("51-200", None), ("10000+", None), ("1,2", None), ("Unknown", None), ("NaN", None),
    ],
)  # fmt: skip
def test_a_number_is_read_or_not_at_all(text: str, expected: str | None) -> None:
    """Ranges and words are no numbers."""
    assert number(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://WWW.Acme.Example/x?y", "acme.example"), ("acme.example", "acme.example"),
        ("htttp://acme.example:80", "acme.example"), ("americanbldr", None), ("", None),
    ],
)  # fmt: skip
def test_the_domain_of_an_address(url: str, expected: str | None) -> None:
    """Scheme, www, path and port are dropped; a bare word is no domain."""
    assert host(url) == expected
