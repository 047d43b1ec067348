"""Hours of a portal that people edit and that throttles; ``make chaos`` lives through a day."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos.day import Plan, live

HOURS = 3  # from ten in the evening: midnight is among them
EDITS = 40  # an hour


def test_no_change_of_a_portal_is_missed_over_hours(tmp_path: Path) -> None:
    """Every tier is in the end what a judge without a past says, and no edit waits two ticks."""
    plan = Plan(companies=300, hours=HOURS, edits=EDITS, limits="off", retry_after=1)

    found = live(plan, tmp_path / "portal")

    assert list(found.missed) == []
    assert (found.ticks, found.succeeded) == (HOURS * 4 + 2, HOURS * 4 + 2)
    assert len(found.fresh) > HOURS * EDITS / 2  # most edits call for another tier
    assert max(found.fresh) < 2 * 15 * 60  # of the portal's clock
    assert found.throttled  # or this would have proved less


def test_a_change_that_is_missed_would_be_seen(tmp_path: Path) -> None:
    """Where the portal keeps nothing of what it is sent for some companies, the judge says so."""
    plan = Plan(companies=40, hours=1, edits=EDITS, limits="off", unkept=10)

    found = live(plan, tmp_path / "portal")

    missed = {it.partition(":")[0] for it in found.missed}
    assert 0 < len(missed) <= plan.unkept
