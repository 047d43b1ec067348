"""The record clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.clock import Clock, iso_ms, parse_ms
from tests.sandbox.conftest import OBJECTS, Caller


@given(st.integers(0, 4_102_444_800_000))
def test_times_survive_being_spelled(milliseconds: int) -> None:
    """What is written as ISO text reads back as the same millisecond."""
    assert parse_ms(iso_ms(milliseconds)) == milliseconds


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "1795305600000"])
def test_text_that_is_no_time_is_refused(text: str) -> None:
    """ValueError, never a guess."""
    with pytest.raises(ValueError, match=r".*"):
        parse_ms(text)


def test_a_frozen_clock_stands_and_a_thawed_one_goes_on() -> None:
    """Freezing, moving while frozen, and thawing never jump."""
    clock = Clock()
    clock.freeze(frozen=True)
    start = clock.now_ms()
    assert clock.now_ms() == start
    clock.advance(1.5)
    assert clock.now_ms() == start + 1500
    clock.freeze(frozen=False)
    assert 0 <= clock.now_ms() - (start + 1500) < 1000


def test_writes_and_the_date_header_show_the_record_clock(call: Caller) -> None:
    """Clients take their windows from ``Date``, so it must be the time of the records."""
    call.control("POST", "clock", {"now": "2031-05-06T07:08:09.010Z", "freeze": True})

    answer = call("POST", OBJECTS, {"properties": {"name": "Later"}})

    assert answer.headers.get_list("date") == ["Tue, 06 May 2031 07:08:09 GMT"]
    assert answer.json()["createdAt"] == "2031-05-06T07:08:09.010Z"


def test_advancing_moves_later_writes(call: Caller) -> None:
    """An hour on, records are stamped an hour later; control answers say so too."""
    before = call.control("GET", "clock")["now"]
    after = call.control("POST", "clock", {"advance_seconds": 3600})["now"]

    shown = parsedate_to_datetime(call("GET", OBJECTS).headers["date"])

    assert 3_600_000 <= parse_ms(after) - parse_ms(before) < 3_660_000
    assert abs(shown.timestamp() * 1000 - parse_ms(after)) < 60_000


@pytest.mark.parametrize("body", [{"now": "soon"}, {"advance_seconds": "1"}, {"rewind": 1}])
def test_moves_that_mean_nothing_are_refused(call: Caller, body: dict[str, object]) -> None:
    """400 and the clock stays."""
    assert call.http.post("/_sandbox/clock", json=body).status_code == 400
