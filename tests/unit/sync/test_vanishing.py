"""Last known values: which stand in, for how long, and which never do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import INPUTS, TYPES, parsers
from worker.sync.vanishing import LastKnown, last_known, mirrored_order

TODAY = date(2026, 11, 24)
SOURCES = parsers(TYPES, INPUTS)({})
FULL: dict[str, str | None] = {
    "industry": "software", "employees": "500", "funded_on": "2026-08-10",
}  # fmt: skip


def find(
    fields: dict[str, str | None],
    was: dict[str, str | None] = FULL,
    carried: LastKnown | None = None,
    today: date = TODAY,
) -> LastKnown:
    """What stands in, with the thirty days of the default."""
    stored = (carried or LastKnown({})).stored()
    return last_known(stored, was, fields, SOURCES, today=today, days=30)


def test_only_what_was_known_and_is_empty_is_carried() -> None:
    """What is still there, what never was, and what could not be read are left alone."""
    found = find({**FULL, "employees": None})
    assert found.kept == {"size": ("500", "2026-11-24")}
    assert found.stale == ("size",)
    assert find(FULL).kept == {}
    assert find({}, {}).kept == {}
    assert find({**FULL, "employees": ""}, {**FULL, "employees": "a few"}).kept == {}


@pytest.mark.parametrize(
    ("text", "carried"), [(None, True), ("", True), (" ", True), ("0", True), ("many", False),
                          ("20", False)]
)  # fmt: skip
def test_a_field_is_empty_when_it_says_nothing(text: str | None, *, carried: bool) -> None:
    """Blanks and an integration's zero say nothing; text that cannot be read says something."""
    assert bool(find({**FULL, "employees": text}).kept) is carried


@given(days=st.integers(0, 60))
def test_it_stands_for_thirty_days_from_the_first(days: int) -> None:
    """However often it is looked at on the way."""
    found = find({**FULL, "employees": None})
    for day in range(1, days + 1):
        found = find({**FULL, "employees": None}, {}, found, TODAY + timedelta(day))

    assert bool(found.kept) is (days < 30)


def test_filling_puts_it_where_it_is_read_from() -> None:
    """And touches nothing else; with nothing to fill, the fields are the same object."""
    emptied: dict[str, str | None] = {**FULL, "employees": None, "note": "x"}

    assert find(emptied).fill(emptied, SOURCES) == {**FULL, "note": "x"}
    assert find(FULL).fill(FULL, SOURCES) is FULL


def test_the_mirror_keeps_inputs_in_one_order() -> None:
    """Whatever order the ICP names them in, and each field once."""
    assert mirrored_order({"b": "y", "a": "x", "c": "y"}) == ("x", "y")
    assert mirrored_order(dict(reversed(INPUTS.items()))) == mirrored_order(INPUTS)
