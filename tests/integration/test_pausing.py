"""A connection that a person paused judges and shows, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.records import AccountUpdate, Page, Window, WriteOutcome
from tests.support.runs import NO_CHANGE, Clock, Desk, OneByOne, synced
from worker.state.errors import StateError
from worker.sync.deciding import pause, release
from worker.sync.holding import BusyError
from worker.sync.report import RunOutcome


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced; its clock is the database's."""
    found = synced(tmp_path, clock=Clock(datetime.now(UTC)))
    yield found
    found.state.close()


def stop_writing(shop: Desk, *, until: datetime | None = None) -> None:
    """Pause the connection."""
    pause(shop.state, "main", until=until, who="Ada", reason="year end")


@pytest.mark.parametrize("named", [["3"], []])
def test_what_would_be_written_is_shown_and_held(shop: Desk, named: list[str]) -> None:
    """Named accounts too: whoever paused it meant all of it."""
    shop.edit("3")
    before = shop.tiers()
    stop_writing(shop)
    report = shop.run(full=not named, accounts=named).report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert report.hold.reason.startswith("paused by Ada since ")
    assert report.hold.reason.endswith("until someone resumes it: year end")
    assert "icp resume main" in report.hold.remedy
    assert report.counters.held == 1
    assert shop.tiers() == before


def test_with_nothing_to_write_a_run_ends_well(shop: Desk) -> None:
    """A pause is no alarm by itself."""
    stop_writing(shop)
    assert shop.run(full=True).report.outcome is RunOutcome.SUCCEEDED


def test_it_writes_again_once_it_is_resumed(shop: Desk) -> None:
    """And the decisions are on record."""
    shop.edit("3")
    stop_writing(shop)
    shop.run(full=True)
    assert release(shop.state, "main", who="Eve", reason="", holder="a person") == (True, 0)
    assert shop.run(full=True).report.counters.written == 1
    told = [(it.what, it.who) for it in shop.state.actions.all("main")]
    assert told == [("pause", "Ada"), ("resume", "Eve")]


def test_a_pause_whose_end_has_come_is_over_by_itself(shop: Desk) -> None:
    """Nobody need remember it."""
    shop.edit("3")
    stop_writing(shop, until=shop.clock() + timedelta(hours=1))
    assert shop.run(full=True).report.outcome is RunOutcome.HELD
    shop.clock.advance(hours=1)
    assert shop.run(full=True).report.counters.written == 1


def test_a_held_run_cannot_be_approved_meanwhile(shop: Desk) -> None:
    """The message says who paused it and how to go on."""
    shop.guard = NO_CHANGE
    shop.edit("3", "5", "7")
    assert shop.run(full=True).report.outcome is RunOutcome.HELD
    stop_writing(shop)
    with pytest.raises(StateError, match="paused by Ada"):
        shop.approve("run-2")


def test_what_a_run_found_gone_is_forgotten_after_it_was_approved(shop: Desk) -> None:
    """It was no reason to hold it: the next run reads everything, and not only in a week."""
    shop.crm.delete("9")
    shop.clock.advance(hours=2)  # no later window reaches back so far
    shop.edit("3")
    stop_writing(shop)
    assert shop.run(full=True).report.outcome is RunOutcome.HELD
    release(shop.state, "main", who="Eve", reason="", holder="a person")
    shop.approve()
    shop.clock.advance(hours=1)

    assert shop.run().report.counters.erased == 1
    assert not shop.state.mirror.page("main", ["9"])


def test_a_run_under_way_finishes_its_batch_and_holds_the_rest(shop: Desk) -> None:
    """Whoever pauses in a hurry need not wait for the end of it."""
    shop.edit("3", "5", "7")
    shop.connector = OneByOne(shop, lambda: stop_writing(shop))
    report = shop.run(full=True).report

    assert report.outcome is RunOutcome.HELD
    assert (report.counters.written, report.counters.held) == (1, 2)
    assert report.counters.reconcile() == []


class ResumedUnderWay(DryRunConnector):
    """A CRM whose connection is resumed while a run reads it; keeps what the person heard."""

    def __init__(self, shop: Desk) -> None:
        super().__init__(shop.crm)
        self._shop = shop
        self.heard: list[tuple[bool, int | None] | BusyError] = []

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Read, then hear of it twice."""
        yield from self._shop.crm.pages(window, fields)
        for _ in range(2):
            try:
                ended = release(self._shop.state, "main", who="Eve", reason="", holder="a person")
                self.heard.append(ended)
            except BusyError as error:
                self.heard.append(error)

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write."""
        return self._shop.crm.write(updates, jobs)


def test_a_run_that_reads_for_hours_does_not_keep_a_pause_from_ending(shop: Desk) -> None:
    """It writes what it plans, and the decision is on record once."""
    shop.edit("3", "5")
    stop_writing(shop)
    shop.connector = reading = ResumedUnderWay(shop)

    report = shop.run(full=True).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 2
    first, second = reading.heard
    assert first == (True, 0)
    assert isinstance(second, BusyError)  # nothing was left that could be done
    assert [it.what for it in shop.state.actions.all("main")] == ["pause", "resume"]


def test_accounts_that_are_pinned_stay_so_until_the_run_has_ended(shop: Desk) -> None:
    """Whoever resumes hears that only the pause has ended."""
    lease = shop.state.leases.acquire("main", "test", timedelta(minutes=1), shop.state.now())
    assert lease is not None
    shop.state.mirror.pin(lease, ["3", "5"], shop.connection().fingerprint())
    stop_writing(shop)

    assert release(shop.state, "main", who="Eve", reason="", holder="a person") == (True, None)

    assert shop.state.pauses.of("main", shop.state.now()) is None
    assert shop.state.mirror.pinned("main") == 2
    shop.state.leases.release(lease)
    assert release(shop.state, "main", who="Eve", reason="", holder="a person") == (False, 2)
    assert shop.state.mirror.pinned("main") == 0


def test_deletions_seen_by_a_paused_run_are_forgotten_with_its_approval(shop: Desk) -> None:
    """No later run reads its window again."""
    shop.clock.advance(hours=1)
    shop.crm.delete("1")
    shop.edit("3")
    stop_writing(shop)
    assert shop.run().report.outcome is RunOutcome.HELD
    assert shop.state.mirror.count("main") == 60
    release(shop.state, "main", who="Eve", reason="", holder="a person")
    shop.clock.advance(hours=1)

    report = shop.approve("run-2")

    assert (report.outcome, report.counters.erased) == (RunOutcome.SUCCEEDED, 1)
    assert shop.state.mirror.count("main") == 59
