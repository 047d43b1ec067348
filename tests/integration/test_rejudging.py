"""Judging again from the mirror alone, between runs that read: days pass all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.runs import ANY_CHANGE, NO_CHANGE, Desk, desk, synced
from worker.icp.profile import DISQUALIFIED
from worker.sync.rejudging import NotNowError
from worker.sync.report import RunKind, RunOutcome


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """Twelve companies, read and written once; the next run that reads comes in a week."""
    made = synced(tmp_path, 12, guard=ANY_CHANGE)
    made.clock.advance(minutes=5)
    yield made
    made.state.close()


def overridden(it: Desk, expires: str) -> str:
    """A disqualified company that somebody has put into Tier 1 until a day."""
    name = next(name for name, tier in it.tiers().items() if tier == DISQUALIFIED)
    it.icp = replace(it.icp, override_beats_disqualifier=True)
    it.crm.edit(
        name,
        {
            "icp_tier_override": "tier_1",
            "icp_override_reason": "strategic",
            "icp_override_expires": expires,
        },
    )
    it.clock.advance(minutes=5)
    it.run()
    assert it.tiers()[name] == "tier_1"
    return name


def test_an_override_runs_out_between_two_runs(it: Desk) -> None:
    """Its account falls back on the day; nothing was read, and the checkpoint stays."""
    name = overridden(it, "2026-11-25")
    until = it.state.checkpoints.load("main").until
    it.clock.advance(days=2)
    calls = dict(it.crm.calls.by_route)

    report = it.run(rejudge=True).report

    assert (report.kind, report.outcome) == (RunKind.REJUDGE, RunOutcome.SUCCEEDED)
    assert (report.counters.written, report.counters.rejudged) == (1, 12)
    made = {route: n - calls.get(route, 0) for route, n in it.crm.calls.by_route.items()}
    assert {route for route, n in made.items() if n} == {"portal", "fields", "write"}
    assert it.tiers()[name] == DISQUALIFIED
    assert it.state.checkpoints.load("main").until == until


def test_once_a_day_is_enough(it: Desk) -> None:
    """Not on a day on which a run has judged everything, nor twice; again on the next day."""
    with pytest.raises(NotNowError, match="read, too"):
        it.run(rejudge=True)
    it.clock.advance(days=1)
    it.run(rejudge=True)
    with pytest.raises(NotNowError, match="has judged"):
        it.run(rejudge=True)
    it.clock.advance(days=1)
    assert it.run(rejudge=True).report.outcome is RunOutcome.SUCCEEDED


def test_an_edited_icp_is_applied(it: Desk) -> None:
    """The same day, and then not again."""
    it.change_icp(hysteresis=0)
    assert it.run(rejudge=True).report.counters.rejudged == 12
    with pytest.raises(NotNowError):
        it.run(rejudge=True)


def test_what_changed_in_the_crm_is_left_to_the_run_that_reads(it: Desk) -> None:
    """It is not missed: the window still begins where the last such run ended."""
    name = next(name for name, tier in it.tiers().items() if tier != DISQUALIFIED)
    it.crm.edit(name, {"employees": "5"})
    it.clock.advance(days=1)
    assert it.run(rejudge=True).report.counters.written == 0
    it.clock.advance(hours=1)
    assert it.run().report.counters.written == 1
    assert it.tiers()[name] == DISQUALIFIED


def test_what_the_guard_holds_is_not_written_by_the_back_door(it: Desk) -> None:
    """A held run has left what it read in the mirror: it comes first."""
    it.guard = NO_CHANGE
    name = next(name for name, tier in it.tiers().items() if tier != DISQUALIFIED)
    it.crm.edit(name, {"employees": "5"})
    it.clock.advance(hours=1)
    held = it.run().report
    assert held.outcome is RunOutcome.HELD
    it.clock.advance(days=1)

    with pytest.raises(NotNowError, match=held.run):
        it.run(rejudge=True)


def test_the_guard_looks_at_it_too(it: Desk) -> None:
    """Held once, not anew at every attempt of the day."""
    overridden(it, "2026-11-25")
    it.guard = NO_CHANGE
    it.clock.advance(days=2)

    assert it.run(rejudge=True).report.outcome is RunOutcome.HELD
    with pytest.raises(NotNowError):
        it.run(rejudge=True)


def test_nothing_before_the_first_backfill(tmp_path: Path) -> None:
    """There is nothing to judge again."""
    made = desk(tmp_path, 3)
    with pytest.raises(NotNowError, match="in full yet"):
        made.run(rejudge=True)
    made.state.close()


def test_time_alone_stays_quiet(it: Desk) -> None:
    """A trigger that loses strength is judged daily and written weekly, here as in other runs."""
    name = next(name for name, tier in it.tiers().items() if tier != DISQUALIFIED)
    it.crm.edit(name, {"funded_on": "2026-11-01"})
    it.clock.advance(minutes=5)
    it.run()
    written = []
    for _ in range(8):
        it.clock.advance(days=1)
        written.append(it.run(rejudge=True).report.counters.written)

    assert written[:6] == [0] * 6
    assert sum(written) == 1
