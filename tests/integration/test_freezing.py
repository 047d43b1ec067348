"""In a freeze window a connection judges and shows, writes nothing, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.freezing import Freeze
from config.schedule import schedule
from tests.support.runs import NO_CHANGE, START, Desk, OneByOne, synced
from worker.standing import Verdict, standing, verdict
from worker.state.errors import StateError
from worker.state.pauses import Pause
from worker.sync.report import RunOutcome

HOUR = timedelta(hours=1)
BEGINS, ENDS = START + 2 * HOUR, START + 50 * HOUR
WORDS = "frozen until 2026-11-26 11:00 UTC: year end"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced, two hours before its window."""
    found = synced(tmp_path)
    found.freezes = [Freeze(begins=BEGINS, ends=ENDS, reason="year end")]
    yield found
    found.state.close()


def said(shop: Desk) -> Verdict:
    """What `icp status` says, with a run every hour."""
    now = shop.clock()
    found = standing(shop.state, "main", schedule("1h"), now, shop.freezes)
    return verdict(found, now, review_overdue=False)


def test_before_and_after_the_window_runs_write_and_in_it_they_hold(shop: Desk) -> None:
    """Nobody need do anything when it is over: the next run takes the place of the held one."""
    shop.edit("3")
    assert shop.run().report.counters.written == 1

    shop.clock.now = BEGINS
    shop.edit("5", "7")
    before = shop.tiers()
    report = shop.run().report
    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert (report.hold.reason, report.counters.held) == (WORDS, 2)
    assert "writes by itself" in report.hold.remedy
    assert report.as_json()["hold"]["ends_at"] == "2026-11-26T11:00:00.000Z"
    assert sum(it.accounts for it in report.transitions) == 2
    assert shop.tiers() == before

    shop.clock.now = ENDS
    assert shop.run().report.counters.written == 2
    earlier = shop.state.runs.get("run-3")
    assert earlier is not None
    assert earlier.outcome == "superseded"


@pytest.mark.parametrize("selected", [True, False])
def test_named_accounts_are_held_too(shop: Desk, *, selected: bool) -> None:
    """Whether a person names them to `icp run --account` or a resync chooses them."""
    shop.edit("3")
    shop.clock.now = BEGINS
    report = shop.run(accounts=["3"], selected=selected).report
    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert report.hold.reason == WORDS


def test_with_nothing_to_write_a_run_ends_well(shop: Desk) -> None:
    """A freeze is no alarm by itself."""
    shop.clock.now = BEGINS
    assert shop.run().report.outcome is RunOutcome.SUCCEEDED
    assert said(shop) == Verdict("all right", WORDS)


def test_a_dry_run_says_so_and_shows_the_rest(shop: Desk) -> None:
    """As of any other reason to hold."""
    shop.edit("3")
    shop.clock.now = BEGINS
    report = shop.run(dry_run=True).report
    assert report.hold is not None
    assert report.hold.reason == WORDS
    assert report.counters.written == 1


def test_what_the_guard_has_against_it_is_told_already_in_the_window(shop: Desk) -> None:
    """That needs a person even when the freeze is over."""
    shop.guard = NO_CHANGE
    shop.edit("3", "5")
    shop.clock.now = BEGINS
    report = shop.run().report
    assert report.hold is not None
    assert report.hold.reason == f"{WORDS}; also 2 accounts of 60 would change tier, 0 are allowed"
    assert "icp approve" in report.hold.remedy
    assert report.hold.ends_at is None
    found = said(shop)
    assert (found.word, found.why) == ("look", report.hold.reason)
    assert [it.split()[1] for it in found.remedies] == ["reject"]

    shop.clock.now = ENDS
    assert shop.run().report.outcome is RunOutcome.HELD
    assert [it.split()[1] for it in said(shop).remedies] == ["approve", "reject"]


def test_a_held_run_cannot_be_approved_before_the_end(shop: Desk) -> None:
    """The message says when it can; then it can."""
    shop.guard = NO_CHANGE
    shop.edit("3", "5")
    assert shop.run().report.outcome is RunOutcome.HELD
    shop.clock.now = BEGINS
    with pytest.raises(StateError, match=f"run run-2: the connection is {WORDS}"):
        shop.approve("run-2")
    assert said(shop).why.startswith(f"{WORDS}; also 2 accounts")

    shop.clock.now = ENDS
    assert shop.approve("run-2").counters.written == 2


def test_nobody_is_called_because_of_the_window(shop: Desk) -> None:
    """Neither in it, nor at its end before the next run was due."""
    shop.edit("3")
    shop.clock.now = BEGINS
    shop.run()
    for moment in (ENDS - HOUR / 60, ENDS + 2 * HOUR):
        shop.clock.now = moment
        assert said(shop).word == "all right"
    shop.clock.now = ENDS + 4 * HOUR
    found = said(shop)
    assert found.word == "stopped"
    assert "no run has succeeded" in found.why


def test_a_pause_and_a_freeze_are_told_apart_and_both_told(shop: Desk) -> None:
    """Ending the one does not end the other."""
    shop.edit("3")
    shop.clock.now = BEGINS
    end = "2026-11-25T00:00:00.000Z"
    shop.state.pauses.begin("main", Pause("2026-11-24T10:00:00.000Z", end, "Ada", "migration"))
    report = shop.run().report
    assert report.hold is not None
    assert report.hold.reason == (
        "paused by Ada since 2026-11-24 10:00 UTC, until 2026-11-25 00:00 UTC: migration;"
        f" also {WORDS}"
    )
    assert report.hold.ends_at == "2026-11-26T11:00:00.000Z"
    assert said(shop).why == "paused by Ada until 2026-11-25 00:00 UTC: migration"


def slow(shop: Desk) -> OneByOne:
    """A CRM that takes an hour for each account."""
    return OneByOne(shop, lambda: shop.clock.advance(hours=1))


def test_a_run_under_way_finishes_its_batch_and_holds_the_rest(shop: Desk) -> None:
    """The window begins with the third batch."""
    shop.edit("3", "5", "7", "9")
    shop.connector = slow(shop)
    report = shop.run(full=True).report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert (report.hold.reason, report.hold.remedy.split(".")[0]) == (
        WORDS,
        "The first run after that writes by itself",
    )
    assert (report.counters.written, report.counters.held) == (2, 2)
    assert report.counters.reconcile() == []


def test_an_approval_under_way_is_held_again(shop: Desk) -> None:
    """And goes on when the window is over."""
    shop.guard = NO_CHANGE
    shop.edit("3", "5", "7", "9")
    shop.run()
    shop.connector = slow(shop)
    some = shop.approval()
    report = some.carry_out("run-2")
    assert (report.outcome, report.counters.written) == (RunOutcome.HELD, 2)
    assert report.problems == [
        f"{WORDS}; the rest is not written. Approve it again once that is over."
    ]
    assert report.hold is not None  # a person is still needed: the next run would be held again
    assert "would change tier" in report.hold.reason
    shop.clock.now = ENDS
    assert some.carry_out("run-2").counters.written == 4
