"""Which days date literals cover."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.salesforce.soql.periods import days_of
from sandbox.salesforce.soql.statement import Period

SATURDAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("name", "count", "first", "end"),
    [
        ("TODAY", None, "2026-11-28", "2026-11-29"),
        ("YESTERDAY", None, "2026-11-27", "2026-11-28"),
        ("TOMORROW", None, "2026-11-29", "2026-11-30"),
        ("THIS_WEEK", None, "2026-11-22", "2026-11-29"),
        ("LAST_WEEK", None, "2026-11-15", "2026-11-22"),
        ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
        ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
        ("THIS_FISCAL_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("LAST_90_DAYS", None, "2026-08-30", "2026-11-29"),
        ("NEXT_90_DAYS", None, "2026-11-29", "2027-02-27"),
        ("LAST_N_DAYS", 30, "2026-10-29", "2026-11-29"),
        ("NEXT_N_DAYS", 3, "2026-11-29", "2026-12-02"),
        ("N_DAYS_AGO", 2, "2026-11-26", "2026-11-27"),
        ("LAST_N_WEEKS", 2, "2026-11-08", "2026-11-22"),
        ("NEXT_N_MONTHS", 2, "2026-12-01", "2027-02-01"),
        ("N_QUARTERS_AGO", 1, "2026-07-01", "2026-10-01"),
        ("LAST_N_FISCAL_YEARS", 3, "2023-01-01", "2026-01-01"),
    ],
)
def test_days(name: str, count: int | None, first: str, end: str) -> None:
    """The first day belongs to the period, the second no longer does."""
    found = days_of(Period(name, count), SATURDAY)

    assert found == (date.fromisoformat(first), date.fromisoformat(end))


def test_beyond_the_calendar() -> None:
    """Periods that no calendar knows end at its edge."""
    assert days_of(Period("LAST_N_DAYS", 10_000_000), SATURDAY)[0] == date.min
    assert days_of(Period("NEXT_N_YEARS", 100_000), SATURDAY)[1] == date.max
