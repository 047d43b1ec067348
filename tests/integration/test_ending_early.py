"""A run that does not come to its end: what was done counts, and the next one goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.errors import MisconfiguredError, Problem, QuotaExhaustedError, TransientError
from connectors.records import AccountUpdate, WriteOutcome
from tests.integration.rollback.undone import undo
from tests.support.runs import INPUTS, START, Desk, OneByOne, desk
from worker.sync.report import RunOutcome


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def test_a_crm_that_fails_leaves_the_checkpoint(it: Desk) -> None:
    """What was not sent is counted, and the next run finishes it."""
    it.run()
    it.clock.advance(hours=1)
    for name in ("1", "2", "3"):
        it.crm.edit(name, {"employees": "600", "industry": "software"})
    checkpoint = it.state.checkpoints.load("main")
    it.connector = Failing(it.crm)
    report = it.run().report

    assert report.outcome is RunOutcome.FAILED
    assert report.counters.held == report.counters.read - report.counters.unchanged
    assert it.state.checkpoints.load("main") == checkpoint
    it.connector = None
    assert it.run().report.outcome is RunOutcome.SUCCEEDED
    assert {it.tiers()[name] for name in ("1", "2", "3")} == {"tier_1"}


class Failing(DryRunConnector):
    """A connector whose writes never arrive."""

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Never arrives."""
        del updates, jobs
        raise TransientError("HubSpot answered 502 to POST companies/batch/update six times.")


class HalfRefused(DryRunConnector):
    """A connector that finds out while writing that its fields were not set up."""

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write every second update."""
        outcomes = [*super().write(updates, jobs)]
        told = [it if place % 2 else None for place, it in enumerate(outcomes)]
        raise MisconfiguredError([Problem("icp_tier", "takes no value.")], told)


def test_what_was_written_before_a_run_stops_is_counted_and_recorded(it: Desk) -> None:
    """A fault of the set-up ends the run; the journal knows which accounts had been written."""
    it.connector = HalfRefused(it.crm)

    report = it.run().report

    assert report.outcome is RunOutcome.FAILED
    assert report.problems == ["icp_tier: takes no value."]
    assert (report.counters.written, report.counters.held) == (30, 30)
    assert it.state.plan.counts("run-1") == {"written": 30, "sent": 30}
    assert it.state.dead_letters.all("main") == []


class UsedUp(DryRunConnector):
    """A connector to a CRM whose calls of the day are used up by the time it writes."""

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Send nothing."""
        del updates, jobs
        raise QuotaExhaustedError("used up.", resumes_at=START + timedelta(hours=1))


def test_a_day_that_is_used_up_pauses_the_run(it: Desk) -> None:
    """The report says when it can go on, for the worker to go on by itself."""
    it.connector = UsedUp(it.crm)

    report = it.run().report

    assert (report.outcome, report.problems) == (RunOutcome.PARTIAL, ["used up."])
    assert report.as_json()["resumes_at"] == "2026-11-24T10:00:00.000Z"
    it.connector = None
    assert it.run().report.as_json()["resumes_at"] is None


@pytest.mark.parametrize(
    "then", ["nothing", "a day without calls", "undone", "another ICP", "other fields"]
)
def test_a_first_backfill_goes_on_where_the_day_ended_it(it: Desk, then: str) -> None:
    """Nobody need say yes each day; whoever took it back, or edited what counts, is asked again."""
    sent: list[str] = []

    def used_up(route: str) -> None:
        if route == "pages":
            raise QuotaExhaustedError("used up.")

    def used_up_soon() -> None:
        sent.append("")
        if len(sent) == 5:
            raise QuotaExhaustedError("used up.")

    it.connector = OneByOne(it, used_up_soon)
    assert it.run(yes=True).report.counters.written == 4
    it.connector = None
    it.clock.advance(hours=1)
    if then == "a day without calls":
        it.crm.before_call = used_up
        assert it.run(yes=False).report.outcome is RunOutcome.PARTIAL
        it.crm.before_call = lambda _route: None
    if then == "undone":
        undo(it, "run-1")
    if then == "another ICP":
        it.change_icp()
    if then == "other fields":
        it.fields = replace(it.fields, inputs={**INPUTS, "size": "name"})
    report = it.run(yes=False).report

    if then in {"undone", "another ICP", "other fields"}:
        assert report.outcome is RunOutcome.HELD
        assert report.hold is not None
        assert report.hold.reason.startswith("first backfill")
    else:
        assert report.outcome is RunOutcome.SUCCEEDED
        assert all(it.tiers().values())
        assert it.state.checkpoints.load("main").backfilled


def test_a_first_backfill_that_a_person_stopped_waits_for_one(it: Desk) -> None:
    """Whoever stops it in alarm has time to look."""
    it.connector = OneByOne(it, it.stop.set)
    assert it.run(yes=True).report.outcome is RunOutcome.STOPPED
    it.connector = None
    it.stop.clear()

    assert it.run(yes=False).report.outcome is RunOutcome.HELD


def test_a_stop_between_pages_leaves_everything_for_the_next_run(it: Desk) -> None:
    """SIGTERM ends the run as stopped; nothing was half done."""
    it.stop.set()
    report = it.run().report

    assert report.outcome is RunOutcome.STOPPED
    assert set(it.tiers().values()) == {""}
    it.stop.clear()
    assert it.run().report.counters.written == 60


def test_a_run_cut_short_while_it_reads_takes_no_plans_place(it: Desk) -> None:
    """It has planned nothing anew: what is held can still be approved."""

    def no_pages(route: str) -> None:
        if route == "pages":
            raise QuotaExhaustedError("used up.")

    held = it.run(yes=False).report
    it.crm.before_call = no_pages
    assert it.run(yes=False).report.outcome is RunOutcome.PARTIAL
    it.crm.before_call = lambda _route: None

    assert it.approve(held.run).counters.written == 60
