"""What is no longer there holds a run before anything is forgotten or written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.memory import InMemoryCrm
from tests.support.runs import Desk, companies, portal_fields, synced
from worker.sync.deciding import reject
from worker.sync.report import RunKind, RunOutcome

PORTAL = 200


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced."""
    found = synced(tmp_path, PORTAL)
    found.clock.advance(hours=1)
    yield found
    found.state.close()


def empty_a_column(shop: Desk) -> int:
    """An enrichment vendor's contract has ended; answers how many accounts lose a value."""
    held = 0
    for name in shop.ids():
        held += bool(shop.crm.stored(name).get("employees"))
        shop.crm.edit(name, {"employees": ""})
    return held


def delete_half(shop: Desk) -> None:
    """Someone's clean-up went further than meant."""
    for place in range(1, PORTAL + 1, 2):
        shop.crm.delete(str(place))


def test_a_column_that_was_emptied_holds_every_run_and_says_which(shop: Desk) -> None:
    """Not only the first: what the mirror has seen of it since is no new normal."""
    lost = empty_a_column(shop)
    before = shop.tiers()
    for _ in range(2):
        report = shop.run().report
        assert report.outcome is RunOutcome.HELD
        assert report.hold is not None
        assert f"input size became empty in {lost} accounts of {PORTAL}" in report.hold.reason
        assert report.as_json()["hold"]["vanished"] == {"size": lost}
    assert shop.tiers() == before


def test_a_column_that_a_person_lets_go_holds_nothing_more(shop: Desk) -> None:
    """The accounts keep their last known values, and full passes go on."""
    empty_a_column(shop)
    shop.run()
    assert shop.approve().outcome is RunOutcome.SUCCEEDED
    for _ in range(2):
        shop.clock.advance(days=1)
        assert shop.run(full=True).report.outcome is RunOutcome.SUCCEEDED


@pytest.mark.parametrize("full", [True, False])
def test_half_the_portal_deleted_is_not_forgotten_unasked(shop: Desk, *, full: bool) -> None:
    """Whether a complete pass misses the accounts or the CRM tells of them."""
    delete_half(shop)
    report = shop.run(full=full).report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert f"{PORTAL // 2} accounts of {PORTAL} are no longer in the CRM" in report.hold.reason
    assert report.counters.erased == 0
    assert shop.state.mirror.count("main") == PORTAL


def test_half_the_portal_gone_holds_every_run_until_someone_decides(shop: Desk) -> None:
    """Where only a full read shows it, the next hour's run must not end well in its place."""
    shop.crm.tells_of_deletions = False
    delete_half(shop)
    assert shop.run(full=True).report.outcome is RunOutcome.HELD
    for _ in range(2):
        shop.clock.advance(hours=1)
        report = shop.run().report
        assert (report.kind, report.outcome) == (RunKind.FULL, RunOutcome.HELD)
    assert shop.approve().agreed is not None
    shop.clock.advance(hours=1)

    assert shop.run().report.counters.erased == PORTAL // 2
    shop.clock.advance(hours=1)
    assert shop.run().report.kind is RunKind.INCREMENTAL


def test_a_count_that_has_fallen_has_everything_read(shop: Desk) -> None:
    """Where a CRM does not say what was deleted, nobody need wait a week for the next full read."""
    shop.crm.tells_of_deletions = False
    shop.clock.advance(hours=1)
    delete_half(shop)

    report = shop.run().report

    assert (report.kind, report.outcome) == (RunKind.FULL, RunOutcome.HELD)
    assert report.hold is not None
    assert report.hold.losses.missing == PORTAL // 2


def test_a_few_that_are_gone_wait_for_the_next_full_read(shop: Desk) -> None:
    """A complete pass would not be held for them."""
    shop.crm.tells_of_deletions = False
    shop.clock.advance(hours=1)
    for name in shop.ids()[:40]:
        shop.crm.delete(name)
    assert shop.run().report.kind is RunKind.INCREMENTAL


@pytest.mark.parametrize("full", [True, False])
def test_once_a_person_agrees_the_next_run_forgets_them(shop: Desk, *, full: bool) -> None:
    """It reads everything, and the agreement ends with it."""
    delete_half(shop)
    shop.run(full=full)
    assert shop.approve().agreed is not None
    report = shop.run().report

    assert report.kind is RunKind.FULL
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.erased == PORTAL // 2
    assert shop.state.mirror.count("main") == PORTAL // 2
    shop.clock.advance(hours=1)
    for name in list(shop.ids())[: PORTAL // 3]:
        shop.crm.delete(name)
    assert shop.run(full=True).report.outcome is RunOutcome.HELD


def test_the_agreement_ends_with_that_run_by_any_clock(shop: Desk) -> None:
    """Of a CRM whose clock is behind the state's, too: no second half goes with the first."""
    behind = InMemoryCrm(
        portal_fields(), companies(PORTAL), clock=lambda: shop.clock() - timedelta(minutes=30)
    )
    shop.crm = behind
    shop.clock.advance(hours=1)
    shop.run(full=True)
    delete_half(shop)
    shop.clock.advance(minutes=5)
    shop.run(full=True)
    assert shop.approve().agreed is not None
    shop.clock.advance(minutes=5)
    assert shop.run().report.counters.erased == PORTAL // 2
    for name in list(shop.ids())[: PORTAL // 3]:
        shop.crm.delete(name)
    shop.clock.advance(minutes=5)

    assert shop.run(full=True).report.outcome is RunOutcome.HELD


def test_who_thinks_better_of_it_has_agreed_to_nothing(shop: Desk) -> None:
    """Approved, stopped in alarm, and rejected: the accounts are not forgotten by the next run."""
    delete_half(shop)
    shop.crm.edit("2", {"employees": "5"})
    shop.run(full=True)
    shop.stop.set()
    assert shop.approve().outcome is RunOutcome.HELD
    shop.stop.clear()
    reject(
        shop.state, "main", f"run-{shop.runs}", who="Ada", reason="a right is gone", holder="she"
    )

    report = shop.run(full=True).report

    assert report.outcome is RunOutcome.HELD
    assert shop.state.mirror.count("main") == PORTAL


def test_a_few_deletions_are_forgotten_as_ever(shop: Desk) -> None:
    """Fifty are an ordinary day in any portal."""
    for place in range(1, 51):
        shop.crm.delete(str(place))
    report = shop.run(full=True).report
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.erased == 50


def test_accounts_chosen_by_a_rule_are_guarded_and_named_ones_are_not(shop: Desk) -> None:
    """Whoever names an account knows which; a tier may hold half the portal."""
    for name in shop.ids():
        shop.crm.edit(name, {"employees": "4"})
    everyone = shop.ids()
    assert shop.run(accounts=everyone, selected=True).report.outcome is RunOutcome.HELD
    assert shop.run(accounts=everyone).report.outcome is RunOutcome.SUCCEEDED


def test_what_is_gone_here_and_there_is_asked_about_and_forgotten_at_once(tmp_path: Path) -> None:
    """A large portal loses a few everywhere: no call, and no look through all reports, for each."""
    it = synced(tmp_path, 2_100)
    for name in ("1", "1100", "2090"):
        it.crm.delete(name)
    it.clock.advance(hours=1)
    before = it.crm.calls.by_route.get("fetch", 0)

    report = it.run(full=True).report

    assert (report.outcome, report.counters.erased) == (RunOutcome.SUCCEEDED, 3)
    assert it.crm.calls.by_route["fetch"] - before == 1
    it.state.close()
