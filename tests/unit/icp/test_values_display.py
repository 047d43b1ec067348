"""Values are shown to people in words that never change with the machine's locale."""

from __future__ import annotations

from datetime import date

import pytest

from worker.icp.values import Interval, Value, display


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (Interval(250, 250), "interval", "250"),
        (Interval(200, 500), "interval", "200-500"),
        (Interval(1_000, None), "interval", "1,000+"),
        (1_000, "interval", "1,000"),
        (2014, "number", "2014"),
        (12_000, "number", "12,000"),
        (12.5, "number", "12.5"),
        (33.33333333333333, "number", "33.33"),
        (99.999, "number", "99.99"),  # 100 would contradict "want at least 100"
        (-1232.4509, "number", "-1232.45"),
        (0.00125, "number", "0.00125"),
        (2.0001, "number", "2"),
        (True, "flag", "yes"),
        (False, "flag", "no"),
        (date(2026, 8, 10), "date", "2026-08-10"),
        ("US", "country", "US"),
        ("COMPUTER_SOFTWARE", "category", "Computer Software"),
        ("some_niche", "category", "some niche"),
        ("a_b", "text", "a_b"),
        (frozenset({"zoom", "COMPUTER_SOFTWARE"}), "list", "Computer Software, zoom"),
    ],
)
def test_a_value_is_shown_as_people_write_it(value: Value, kind: str, shown: str) -> None:
    """Years are not grouped, counts are; canonical values show their labels."""
    assert display(value, kind, labels={"COMPUTER_SOFTWARE": "Computer Software"}) == shown


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (Interval(36_900_000, 36_900_000), "USD", "$36.9M"),
        (Interval(10**7, 25 * 10**6), "EUR", "\u20ac10M-\u20ac25M"),
        (Interval(10**10, None), "CHF", "CHF 10B+"),
        (4_999_999, "USD", "$4,999,999"),
        (5_000_000, None, "5M"),
        (1.5, None, "1.5"),
    ],
)
def test_an_amount_is_shortened_only_where_nothing_is_lost(
    value: Value, currency: str | None, shown: str
) -> None:
    """4,999,999 is not shown as 5M: a reason must not contradict the rule it explains."""
    assert display(value, "money", currency=currency) == shown


def test_a_percentage_shows_its_sign() -> None:
    """A growth of 12.5 is shown as 12.5%."""
    assert display(12.5, "number", unit="%") == "12.5%"
