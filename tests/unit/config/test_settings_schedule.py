"""Schedules are read strictly, and cron lines mean the same to every scheduler."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schedule import schedule


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), (" 7d ", 604_800)]
)
def test_intervals(text: str, seconds: int) -> None:
    """An interval is a number and a unit."""
    assert schedule(text).every == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("0 5 * * *", "0 5 * * *"),
        ("*/15 8-18 * * *", "*/15 8-18 * * *"),
        ("0 5 * * 1-5", "0 5 * * mon,tue,wed,thu,fri"),
        ("0 5 * * 0,6", "0 5 * * sun,sat"),
        ("0 5 * * 7", "0 5 * * sun"),
        ("0  5 * * MON-wed", "0 5 * * mon,tue,wed"),
        ("0 5 1 jan-mar *", "0 5 1 1,2,3 *"),
    ],
)
def test_cron_lines(text: str, cron: str) -> None:
    """Days of the week become names, as 0 is Sunday here and Monday elsewhere."""
    assert schedule(text).cron == cron


@pytest.mark.parametrize(
    "text",
    ["", "0m", "999999d", "soon", "0 5 * *", "0 5 * * * *", "60 * * * *", "* 24 * * *",
     "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *",
     "0 5 1 * 1", 5, None, True],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: object) -> None:
    """Anything else is refused before a clock is started."""
    with pytest.raises(ValueError, match=r"\."):
        schedule(text)


@given(st.text(max_size=30))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    """No text makes the reader fail in another way, and what it accepts has one meaning."""
    try:
        found = schedule(text)
    except ValueError:
        return
    assert (found.cron is None) != (found.every is None)
