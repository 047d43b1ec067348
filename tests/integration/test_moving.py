"""State moved on purpose: to another portal, or an account out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import QuotaExhaustedError
from connectors.memory import InMemoryCrm
from connectors.records import Portal
from tests.support.runs import Clock, Desk, OneByOne, companies, desk, portal_fields, synced
from worker.state.errors import StateError
from worker.sync.holding import BusyError
from worker.sync.moving import adopt, forget
from worker.sync.report import RunOutcome


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced."""
    found = synced(tmp_path, 20)
    yield found
    found.state.close()


def copied(shop: Desk) -> InMemoryCrm:
    """A full copy of the portal under an identity of its own."""
    copy = InMemoryCrm(
        portal_fields(),
        companies(20),
        clock=shop.clock,
        portal=Portal(crm="memory", portal_id="copy", kind="sandbox"),
    )
    shop.crm = copy
    return copy


def test_a_copy_of_the_portal_is_stopped_before_it_is_read(shop: Desk) -> None:
    """The message names both and the way to move on purpose."""
    copied(shop)
    with pytest.raises(StateError, match="icp adopt"):
        shop.run(full=True)
    assert set(shop.tiers().values()) == {""}


def test_a_yes_to_the_first_portal_lets_nothing_be_written_to_the_second(tmp_path: Path) -> None:
    """A first backfill that the day's calls ended goes on there, and nowhere else."""
    shop = desk(tmp_path, 20, clock=Clock(datetime.now(UTC)))

    def cut_short() -> None:
        shop.connector = OneByOne(shop, lambda: shop.crm.fail_next(QuotaExhaustedError("used up")))
        assert shop.run(yes=True).report.outcome is RunOutcome.PARTIAL
        shop.connector = None
        shop.clock.advance(hours=1)

    cut_short()
    adopt(shop.state, copied(shop), "main", who="Ada", holder="a person")

    report = shop.run(yes=False).report

    assert (report.outcome, report.counters.written) == (RunOutcome.HELD, 0)
    assert set(shop.tiers().values()) == {""}
    cut_short()
    assert shop.run(yes=False).report.outcome is RunOutcome.SUCCEEDED
    shop.state.close()


def test_adopting_forgets_accounts_and_begins_anew(shop: Desk) -> None:
    """Journal and mirror do not cross portals; runs keep their reports."""
    copy = copied(shop)
    binding, forgotten = adopt(shop.state, copy, "main", who="Ada", holder="a person")

    assert (binding.portal_id, forgotten) == ("copy", 20)
    assert shop.state.mirror.count("main") == 0
    assert shop.state.plan.counts("run-1") == {}
    assert shop.state.runs.get("run-1") is not None
    assert shop.state.checkpoints.load("main").until is None
    report = shop.run().report
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 20


def test_adopting_the_same_portal_forgets_nothing(shop: Desk) -> None:
    """Saying it twice is harmless."""
    assert adopt(shop.state, shop.crm, "main", who="Ada", holder="a person")[1] == 0
    assert shop.state.mirror.count("main") == 20


def test_neither_goes_on_beside_a_run(shop: Desk) -> None:
    """A run that is under way is never pulled from under its feet."""
    shop.state.leases.acquire("main", "other:1:aa", timedelta(days=3650), shop.clock())
    with pytest.raises(BusyError):
        forget(shop.state, "main", ["1"], who="Ada", holder="a person")
    with pytest.raises(BusyError):
        adopt(shop.state, copied(shop), "main", who="Ada", holder="a person")


def test_a_forgotten_account_is_nowhere_in_the_state(shop: Desk) -> None:
    """Not in mirror, plan or dead letters; unknown ids are told apart."""
    assert forget(shop.state, "main", ["7", "nobody"], who="Ada", holder="a person") == ["7"]
    assert "7" not in shop.state.mirror.page("main", ["7"])
    written = shop.state.plan.entries("run-1", ["written"])
    assert "7" not in {change.account_id for change in written}
    [action] = shop.state.actions.all("main")
    assert (action.what, action.who, action.accounts) == ("forget", "Ada", 1)
