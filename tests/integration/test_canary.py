"""A large run shows on a few records what would be refused, before it writes the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.integration.rollback.undone import EASY, undo
from tests.support.runs import ANY_CHANGE, Clock, Desk, desk
from worker.cli.app import app
from worker.sync.canary import SIZE
from worker.sync.deciding import pause, reject
from worker.sync.report import RunOutcome, RunReport

PORTAL = 1_200


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal large enough for a canary."""
    found = desk(tmp_path, PORTAL, clock=Clock(datetime.now(UTC)))
    yield found
    found.state.close()


def refuse(shop: Desk, every: int) -> None:
    """Refuse each *every*-th account of the portal."""
    for place in range(1, PORTAL + 1, every):
        shop.crm.refuse(str(place), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "icp_reason")


def test_a_rule_that_refuses_many_is_met_on_few(shop: Desk) -> None:
    """The run is held with the rule and its count; 1,000 accounts were not touched."""
    refuse(shop, 3)
    report = shop.run().report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION on icp_reason" in report.hold.reason
    counters = report.counters
    assert counters.written + counters.rejected == SIZE
    assert counters.held == PORTAL - SIZE
    assert counters.reconcile() == []
    assert shop.state.checkpoints.load("main").until is None


def test_a_canary_comes_from_all_over_the_plan(shop: Desk) -> None:
    """Not the first two hundred: record types lie scattered."""
    refuse(shop, 3)
    shop.run()
    touched = [int(name) for name, tier in shop.tiers().items() if tier]
    assert min(touched) < PORTAL / 10
    assert max(touched) > PORTAL * 9 / 10


def test_few_refusals_hold_nothing(shop: Desk) -> None:
    """One in a hundred is an ordinary day."""
    refuse(shop, 101)
    report = shop.run().report
    assert report.outcome is RunOutcome.PARTIAL
    assert report.counters.written == PORTAL - report.counters.rejected


def tick(shop: Desk) -> RunReport:
    """A scheduled run, a quarter of an hour after the last."""
    shop.clock.advance(minutes=15)
    return shop.run(due=shop.clock()).report


def test_each_tick_is_held_again_and_sends_no_more(shop: Desk) -> None:
    """Two hundred at each tick would be all of them by noon, and nobody had said yes."""
    refuse(shop, 3)
    first = tick(shop)
    touched = shop.tiers()
    for _ in range(3):
        report = tick(shop)
        assert report.outcome is RunOutcome.HELD
        assert report.hold is not None
        assert first.hold is not None
        assert report.hold.reason == first.hold.reason
        assert report.hold.remedy.count(f"`icp rollback {first.run}`") == 1
        assert (report.counters.written, report.counters.held) == (0, PORTAL - SIZE)
        assert report.counters.reconcile() == []
    assert shop.tiers() == touched
    approved = shop.approve()
    assert approved.counters.written == PORTAL - PORTAL // 3 - first.counters.written
    assert approved.counters.reconcile() == []


def test_a_pause_ends_no_hold_of_a_canary(shop: Desk) -> None:
    """Nor does a nightly freeze: whoever decides has not been asked yet when it is over."""
    refuse(shop, 3)
    first = tick(shop)
    touched = shop.tiers()
    until = shop.clock() + timedelta(minutes=20)
    pause(shop.state, "main", until=until, who="Ada", reason="a release")

    reports = [tick(shop), tick(shop)]

    assert first.hold is not None
    for report in reports:
        assert report.hold is not None
        assert (report.outcome, report.hold.reason) == (RunOutcome.HELD, first.hold.reason)
        assert report.hold.waits_for_a_person
    assert shop.tiers() == touched


@pytest.mark.parametrize("rejudges", [True, False])
def test_a_canary_of_a_run_from_the_mirror_holds_what_comes_next(
    shop: Desk, monkeypatch: pytest.MonkeyPatch, *, rejudges: bool
) -> None:
    """Whatever comes first, the schedule's run or, a day later, another from the mirror."""
    monkeypatch.setattr("worker.sync.passing.LARGE", 100)
    monkeypatch.setattr("worker.sync.canary.SIZE", 50)
    shop.run()
    shop.guard = ANY_CHANGE
    refuse(shop, 3)
    shop.change_icp(**EASY)
    first = shop.run(rejudge=True, yes=False).report
    assert first.hold is not None
    shop.clock.advance(days=1)

    report = shop.run(rejudge=True, yes=False).report if rejudges else tick(shop)

    assert report.hold is not None
    assert (report.outcome, report.hold.reason) == (RunOutcome.HELD, first.hold.reason)
    assert report.counters.written == 0


@pytest.mark.parametrize("by_hand", [True, False])
def test_once_the_cause_is_mended_it_goes_on(shop: Desk, *, by_hand: bool) -> None:
    """Whoever runs it by hand has a few tried; so has who had those that were refused tried."""
    refuse(shop, 3)
    tick(shop)
    refused = [it.account_id for it in shop.state.dead_letters.all("main")]
    for place in range(1, PORTAL + 1, 3):
        shop.crm.accept(str(place))
    if by_hand:
        assert shop.run().report.counters.rejected == len(refused)  # these wait, for an hour
    else:
        assert shop.run(accounts=refused, selected=True).report.outcome is RunOutcome.SUCCEEDED
        assert tick(shop).outcome is RunOutcome.SUCCEEDED
    assert sum(map(bool, shop.tiers().values())) >= PORTAL - len(refused)


def test_not_mended_it_is_met_on_few_again(shop: Desk) -> None:
    """Also where no more than a thousand are left: a person who runs it by hand learns of it."""
    refuse(shop, 3)
    tick(shop)
    report = shop.run().report
    assert report.outcome is RunOutcome.HELD
    assert report.counters.held == PORTAL - 2 * SIZE


def test_a_run_held_by_its_canary_can_be_approved(shop: Desk) -> None:
    """The others are then written all the same, and each account is counted once."""
    refuse(shop, 3)
    shop.run()
    report = shop.approve(reason="known rule")
    assert report.outcome is RunOutcome.PARTIAL
    assert report.counters.written == PORTAL - PORTAL // 3
    assert report.counters.reconcile() == []
    [action] = shop.state.actions.all("main")
    assert action[1:5] == ("approve", "Ada", "known rule", "run-1")
    assert action.accounts == PORTAL - SIZE


def test_an_approved_plan_shows_on_a_few_records_too(shop: Desk) -> None:
    """Held by the guard, then by its canary; whoever approves it once more has been told."""
    assert shop.run(yes=False).report.outcome is RunOutcome.HELD
    refuse(shop, 3)

    first = shop.approve()

    assert first.outcome is RunOutcome.HELD
    assert first.hold is not None
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION on icp_reason" in first.hold.reason
    assert first.counters.written + first.counters.rejected == SIZE
    assert first.counters.reconcile() == []
    second = shop.approve()
    assert second.outcome is RunOutcome.PARTIAL
    assert second.counters.written == PORTAL - PORTAL // 3


def test_an_approval_that_is_stopped_half_way_asks_nothing_twice(shop: Desk) -> None:
    """Whoever approves it again sees what it was held for, and sends no other canary."""
    refuse(shop, 3)
    held = shop.run().report
    shop.stop.set()
    stopped = shop.approve()
    shop.stop.clear()

    assert (stopped.outcome, stopped.counters.written) == (RunOutcome.HELD, held.counters.written)
    assert (stopped.hold, stopped.transitions) == (held.hold, held.transitions)
    again = shop.approve()
    assert again.outcome is RunOutcome.PARTIAL
    assert again.counters.written == PORTAL - PORTAL // 3
    assert again.transitions == held.transitions


@pytest.mark.parametrize("later", [0, 1])
def test_what_the_canary_had_refused_is_rejected_too(shop: Desk, later: int) -> None:
    """It would be tried again after an hour, and written once the cause is mended."""
    refuse(shop, 3)
    held = tick(shop)
    for _ in range(later):
        held = tick(shop)
    written = {it for it, tier in shop.tiers().items() if tier}
    for place in range(1, PORTAL + 1, 3):
        shop.crm.accept(str(place))
    pinned = reject(shop.state, "main", held.run, who="Ada", reason="no", holder="she")

    assert pinned == PORTAL - len(written)
    shop.clock.advance(hours=2)
    report = shop.run(full=True).report
    assert (report.counters.pinned, report.counters.written) == (pinned, 0)
    assert {it for it, tier in shop.tiers().items() if tier} == written
    assert shop.state.dead_letters.count("main") == 0


def test_whoever_rejects_the_rest_is_told_of_the_canary(
    shop: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred accounts are not as they were, and the command that undoes that is named."""
    refuse(shop, 3)
    written = shop.run().report.counters.written
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ICP_DATABASE_URL", f"sqlite:///{tmp_path / 'state.db'}")

    found = CliRunner().invoke(app, ["reject", "run-1", "--connection", "main", "--reason", "no"])

    assert found.exit_code == 0, found.output
    assert f"{PORTAL - written:,} accounts stay as they are" in found.stdout
    assert f"{written} accounts were written before" in found.stdout
    assert "`icp rollback run-1 --connection main` undoes that" in found.stdout


def test_whoever_undoes_it_again_has_been_told(shop: Desk) -> None:
    """A rollback is stopped by its canary once: what cannot be mended must not keep the rest."""
    shop.run()
    refuse(shop, 3)

    first = undo(shop, "run-1").report

    assert first.outcome is RunOutcome.FAILED
    assert first.counters.written + first.counters.rejected == SIZE
    assert "`icp rollback run-1` then restores the rest" in first.problems[0]
    again = undo(shop, "run-1").report
    assert again.outcome is RunOutcome.PARTIAL
    assert again.counters.rejected == again.left.total() == PORTAL // 3
    assert {it for it, tier in shop.tiers().items() if tier} == {
        str(it) for it in range(1, PORTAL + 1, 3)
    }
