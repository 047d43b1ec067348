"""A held run that a person says no to: nothing is written, and its accounts stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.runs import Desk, desk, held
from worker.cli.showing import show_report
from worker.state.errors import StateError
from worker.sync.deciding import reject, release
from worker.sync.report import RunOutcome


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal of which a bulk edit would change many tiers; the run is held."""
    found = held(tmp_path)
    yield found
    found.state.close()


def say_no(shop: Desk, run_id: str = "run-2") -> int:
    """Reject a run."""
    return reject(
        shop.state, "main", run_id, who="Ada", reason="import gone wrong", holder="a person"
    )


def test_its_accounts_are_left_alone(shop: Desk) -> None:
    """The next run is not held again for the same, and writes none of them."""
    before = shop.tiers()
    pinned = say_no(shop)
    assert pinned > 5
    report = shop.run(full=True).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.pinned == pinned
    assert report.counters.written == 0
    assert report.counters.reconcile() == []
    assert shop.tiers() == before


def test_whoever_names_one_is_told(shop: Desk) -> None:
    """Not that it is unchanged and nothing more, but why, and how to have it written."""
    say_no(shop)
    chosen = shop.state.plan.entries("run-2")[0].account_id
    report = shop.run(accounts=[chosen]).report
    assert (report.counters.unchanged, report.counters.pinned) == (1, 1)
    words = StringIO()
    show_report(Console(file=words, width=200), report, {}, {})
    assert "1 account pinned, and left as it is: a run was rejected or undone." in words.getvalue()
    assert "`icp resume main` frees" in words.getvalue()


def test_new_inputs_free_an_account(shop: Desk) -> None:
    """What is new about an account was not what the person said no to."""
    say_no(shop)
    shop.clock.advance(hours=1)
    shop.crm.edit("1", {"employees": "600", "industry": "software"})
    shop.crm.edit("2", {"employees": "4"})
    report = shop.run().report
    assert report.counters.written >= 1
    assert {change.account_id for change in shop.state.plan.entries("run-3", ["written"])} <= {
        "1",
        "2",
    }


def test_another_icp_frees_them_all(shop: Desk) -> None:
    """A new ICP asks anew."""
    say_no(shop)
    shop.change_icp()
    assert shop.run(full=True).report.counters.pinned == 0


def test_a_person_may_free_them(shop: Desk) -> None:
    """The next full pass plans them again, and is held again."""
    pinned = say_no(shop)
    assert release(shop.state, "main", who="Ada", reason="", holder="a person") == (False, pinned)
    assert shop.run(full=True).report.outcome is RunOutcome.HELD


def test_a_rejected_run_can_be_neither_rejected_nor_approved_again(shop: Desk) -> None:
    """And the decision is on record, with who, why and how many."""
    pinned = say_no(shop)
    with pytest.raises(StateError, match="is rejected, not held"):
        say_no(shop)
    [action] = shop.state.actions.all("main")
    assert (action.what, action.who, action.reason) == ("reject", "Ada", "import gone wrong")
    assert (action.run_id, action.accounts) == ("run-2", pinned)
    assert action.icp == shop.connection().fingerprint()
    assert action.at


def test_a_superseded_run_names_the_one_to_reject_instead(shop: Desk) -> None:
    """Each tick plans anew, so that a person often comes with the id of the run before."""
    assert shop.run().report.outcome is RunOutcome.HELD
    with pytest.raises(StateError, match=r"is superseded, .* reject\. Held now is run-3\.$"):
        say_no(shop)


def test_a_rejected_first_backfill_is_asked_about_again(tmp_path: Path) -> None:
    """The run after it writes nothing, so that freeing its accounts does not let it through."""
    shop = desk(tmp_path, 60)
    assert shop.run(yes=False).report.outcome is RunOutcome.HELD
    pinned = say_no(shop, "run-1")
    assert shop.run(yes=False).report.counters.pinned == pinned
    release(shop.state, "main", who="Ada", reason="", holder="a person")
    report = shop.run(full=True, yes=False).report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert report.hold.reason.startswith("first backfill")
    assert set(shop.tiers().values()) == {""}
    assert shop.run(full=True, yes=True).report.outcome is RunOutcome.SUCCEEDED
    shop.state.close()


@pytest.mark.parametrize("then", ["another ICP", "freed", "one approved"])
def test_however_many_runs_come_between(tmp_path: Path, then: str) -> None:
    """Runs that read nothing, or write the one account that is new, do not make it written."""
    shop = desk(tmp_path, 60)
    shop.run(yes=False)
    say_no(shop, "run-1")
    for _ in range(3):
        assert shop.run(yes=False).report.outcome is RunOutcome.SUCCEEDED
        shop.clock.advance(minutes=20)
    if then == "one approved":
        shop.crm.edit("1", {"employees": "600", "industry": "software"})
        assert shop.run(yes=False).report.outcome is RunOutcome.HELD
        assert shop.approve().counters.written == 1
    if then == "freed":
        release(shop.state, "main", who="Ada", reason="", holder="a person")
        shop.run(yes=False)
        shop.clock.advance(days=1)
    else:
        shop.change_icp()
    report = shop.run(yes=False).report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert report.hold.reason.startswith("first backfill")
    assert shop.run(yes=True).report.outcome is RunOutcome.SUCCEEDED
    assert shop.state.checkpoints.load("main").backfilled
    shop.state.close()
