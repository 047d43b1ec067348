"""When a record that the CRM refused is sent again: on news at once, otherwise ever more rarely."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.schedule import schedule
from connectors.memory import InMemoryCrm
from tests.support.runs import Desk, companies, desk, portal_fields
from worker.standing import standing, verdict
from worker.sync.deciding import pause, release
from worker.sync.report import Counters, RunOutcome


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that refuses account 4, after its first run."""
    found = desk(tmp_path, 12)
    found.crm.refuse("4", "INVALID_OPTION", "icp_tier")
    assert found.run().report.counters.rejected == 1
    yield found
    found.state.close()


def rejections(shop: Desk) -> int:
    """How often the CRM has refused account 4."""
    [letter] = shop.state.dead_letters.all("main")
    return letter.rejections


def full(shop: Desk) -> Counters:
    """Read everything again."""
    return shop.run(full=True).report.counters


def said(shop: Desk) -> tuple[str, str]:
    """What `icp status` says, in a word and why."""
    now = shop.clock()
    found = verdict(
        standing(shop.state, "main", schedule("1h"), now, ()), now, review_overdue=False
    )
    return found.word, found.why


def test_without_news_it_is_left_alone_and_counted(shop: Desk) -> None:
    """It stays refused in the count, but costs no call."""
    shop.clock.advance(minutes=30)
    counters = full(shop)
    assert (counters.rejected, counters.deferred) == (1, 1)
    assert rejections(shop) == 1


def test_the_wait_doubles(shop: Desk) -> None:
    """After an hour it is tried, then not before two have passed since the last refusal."""
    for hours, refused in ((1.1, 2), (1.8, 2), (0.3, 3)):
        shop.clock.advance(hours=hours)
        full(shop)
        assert rejections(shop) == refused


@pytest.mark.parametrize("hours", [-2, 2])
def test_it_waits_by_one_clock(shop: Desk, hours: int) -> None:
    """That of the state: the clock of the CRM may be hours away from it."""
    crm = InMemoryCrm(
        portal_fields(), companies(12), clock=lambda: shop.clock() + timedelta(hours=hours)
    )
    crm.refuse("4", "INVALID_OPTION", "icp_tier")
    shop.crm = crm
    for minutes, refused in ((1, 2), (60, 2), (50, 2), (20, 3)):  # at first it is another revision
        shop.clock.advance(minutes=minutes)
        full(shop)
        assert rejections(shop) == refused


def test_other_inputs_are_news(shop: Desk) -> None:
    """An edit is tried at once."""
    shop.clock.advance(minutes=5)
    shop.crm.edit("4", {"employees": "640"})
    assert full(shop).deferred == 0
    assert rejections(shop) == 2


def test_an_edit_of_another_field_is_news_once(shop: Desk) -> None:
    """Somebody may have filled the field that the CRM's rule asks for, though we do not read it."""
    shop.clock.advance(minutes=5)
    shop.crm.edit("4", {"name": "Another"})
    assert shop.run().report.counters.deferred == 0
    assert rejections(shop) == 2

    shop.clock.advance(minutes=5)
    assert full(shop).deferred == 1
    assert rejections(shop) == 2


def test_judged_from_the_mirror_meanwhile_an_edit_is_still_news(shop: Desk) -> None:
    """What was refused then is the revision that was read before."""
    shop.clock.advance(days=1)
    report = shop.run().report
    assert (report.counters.rejected, rejections(shop)) == (1, 2)
    shop.clock.advance(minutes=5)
    shop.crm.edit("4", {"name": "Another"})
    assert shop.run().report.counters.deferred == 0
    assert rejections(shop) == 3


def test_another_icp_is_news(shop: Desk) -> None:
    """So is a new ICP."""
    shop.clock.advance(minutes=5)
    shop.change_icp()
    assert full(shop).deferred == 0
    assert rejections(shop) == 2


def test_a_person_who_names_it_has_it_tried(shop: Desk) -> None:
    """And a write that succeeds clears the dead letter."""
    shop.crm.accept("4")
    counters = shop.run(accounts=["4"]).report.counters
    assert (counters.written, counters.rejected) == (1, 0)
    assert shop.state.dead_letters.count("main") == 0


@pytest.mark.parametrize("named", [True, False])
def test_nothing_waits_that_need_not_be_written_any_more(shop: Desk, *, named: bool) -> None:
    """It holds what it should, by hand or since the cause went: it is refused no longer."""
    shop.clock.advance(minutes=5)
    shop.crm.accept("4")
    shop.crm.edit("4", {k: v for k, v in shop.crm.stored("8").items() if k != "name"})
    dry = shop.run(full=True, dry_run=True).report
    assert (dry.counters.rejected, shop.state.dead_letters.count("main")) == (0, 1)

    report = shop.run(accounts=["4"] if named else [], full=not named).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert (report.counters.written, report.counters.rejected) == (0, 0)
    assert shop.state.dead_letters.count("main") == 0


def test_an_approved_run_counts_those_that_wait(shop: Desk) -> None:
    """They are in the count of the run, and not in the plan that is approved."""
    pause(shop.state, "main", until=None, who="Ada", reason="year end")
    shop.crm.edit("5", {"employees": "640"})
    shop.crm.edit("5", {"icp_tier": "tier_3"})
    held = shop.run(full=True).report
    assert (held.outcome, held.counters.deferred) == (RunOutcome.HELD, 1)
    release(shop.state, "main", who="Ada", reason="", holder="Ada")

    report = shop.approve(held.run)

    assert (report.counters.rejected, report.counters.deferred) == (1, 1)
    assert (report.counters.written, report.problems) == (1, [])


def test_a_run_that_met_a_refusal_has_done_its_work(shop: Desk) -> None:
    """A connection with one bad record is not one where nothing has succeeded for days."""
    found = standing(shop.state, "main", schedule("1h"), shop.clock.now, ())

    assert found.last is not None
    assert found.last.outcome == RunOutcome.PARTIAL
    assert found.success is not None
    assert not found.overdue(shop.clock.now)


def test_what_a_person_settled_needs_nobody_any_more(shop: Desk) -> None:
    """The run was partial by a refusal alone; mended and resynced, nothing of that is left."""
    assert said(shop) == ("look", "the CRM refuses 1 account")
    shop.crm.accept("4")

    assert shop.run(accounts=["4"]).report.counters.written == 1

    assert said(shop) == ("all right", "")
