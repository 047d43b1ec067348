"""A run that is undone: what it overwrote comes back where the CRM still holds what it wrote."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.integration.rollback.undone import EASY, ours, timeless, undo, written
from tests.support.runs import FIELDS, ICP, Desk, desk
from worker.sync.recalling import recall
from worker.sync.report import RunOutcome


def test_every_field_comes_back(either: Desk, before: dict[str, dict[str, str]]) -> None:
    """Tier, score, reason, version and the moment of the last change, blank ones too."""
    shop = either
    journal = {
        it.account_id: orjson.loads(it.before)
        for it in shop.state.plan.entries("run-2", ["written"])
    }
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == report.counters.pinned == len(journal)
    assert report.counters.reconcile() == []
    assert timeless(ours(shop)) == before
    for account, values in journal.items():
        held = shop.crm.stored(account)
        assert {name: held.get(name, "") for name in values} == values
    assert {it.cause for it in report.transitions} == {"rolled back"}
    assert sum(it.accounts for it in report.transitions) == len(journal)


def test_undone_after_the_icp_was_mended(shop: Desk, before: dict[str, dict[str, str]]) -> None:
    """The pins hold under the ICP that is in force when the run is undone."""
    shop.icp = ICP
    report = undo(shop).report
    shop.clock.advance(hours=1)

    assert report.outcome is RunOutcome.SUCCEEDED
    assert timeless(ours(shop)) == before
    assert shop.run().report.counters.written == 0
    assert shop.run(full=True).report.counters.written == 0


def test_undoing_can_be_undone(either: Desk) -> None:
    """It is a run like others: journalled, listed, and undone the same way."""
    shop = either
    was = ours(shop)
    first = undo(shop).report
    second = undo(shop, first.run).report
    shop.clock.advance(hours=1)

    assert second.outcome is RunOutcome.SUCCEEDED
    assert ours(shop) == was
    assert shop.run(full=True).report.counters.written == 0


def test_undone_twice_there_is_nothing_to_do(shop: Desk) -> None:
    """And that is no failure."""
    undo(shop)
    was, writes = ours(shop), shop.crm.calls.by_route["write"]
    again = undo(shop).report

    assert again.outcome is RunOutcome.SUCCEEDED
    assert (again.counters.written, again.counters.unchanged) == (0, len(written(shop)))
    assert ours(shop) == was
    assert shop.crm.calls.by_route["write"] == writes


def test_a_dry_run_tells_what_a_real_one_does(either: Desk) -> None:
    """To the account, and keeps and writes nothing."""
    shop = either
    some = written(shop)[:4]
    shop.crm.edit(some[0], {"icp_tier": "tier_1", "icp_reason": "mine"})
    shop.crm.delete(some[1])
    was, runs = ours(shop), len(shop.state.runs.latest())
    rows = shop.state.mirror.page("main", shop.ids())
    shown = undo(shop, dry_run=True).report
    assert ours(shop) == was
    assert shop.state.mirror.page("main", shop.ids()) == rows
    assert len(shop.state.runs.latest()) == runs
    assert shop.state.actions.all() == []
    assert shop.state.checkpoints.load("main").backfilled
    real = undo(shop).report

    same = ("outcome", "left", "transitions")
    told = [{name: getattr(it, name) for name in same} for it in (shown, real)]
    assert told[0] == told[1]
    assert shown.counters == real.counters
    assert shown.dry_run
    assert shown.forecast is not None


def test_a_first_backfill_is_undone_to_blank(tmp_path: Path) -> None:
    """The fields are empty again, and the next first backfill is announced again."""
    shop = desk(tmp_path, 60)
    shop.run()
    report = undo(shop, "run-1").report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 60
    assert all(values == {} for values in ours(shop).values())
    assert shop.state.mirror.tier_counts("main") == {"": 60}
    shop.clock.advance(days=1)
    for _ in range(3):  # those that come later read none of them any more
        assert shop.run(yes=False).report.counters.written == 0
        shop.clock.advance(hours=1)
    shop.change_icp(**EASY)
    held = shop.run(yes=False).report
    assert held.outcome is RunOutcome.HELD
    assert held.hold is not None
    assert held.hold.reason.startswith("first backfill")
    assert shop.run(yes=True).report.counters.written == 60
    assert shop.state.checkpoints.load("main").backfilled
    shop.state.close()


def test_the_mirror_holds_what_was_restored(either: Desk) -> None:
    """Standing, score, tier and outputs are those of before, to the hundredth."""
    shop = either
    folder_free = {it: shop.state.history.around("main", "run-2", [it])[it] for it in written(shop)}
    undo(shop)
    rows = shop.state.mirror.page("main", list(folder_free))
    outputs = [target.name for target in FIELDS.outputs.values()]
    for account, past in folder_free.items():
        row, held = rows[account], shop.crm.stored(account)
        assert past.earlier is not None
        told = orjson.loads(past.earlier.summary)
        assert (row.computed_tier, row.score) == (told["computed_tier"], told["score"])
        assert row.rules_fingerprint == ICP.rules
        mirrored = dict(zip(outputs, orjson.loads(row.outputs), strict=False))
        assert {k: v for k, v in mirrored.items() if v} == {
            k: v for k, v in held.items() if k in mirrored and v
        }
        assert row.pinned == shop.connection().fingerprint()


def test_the_history_tells_of_it(either: Desk) -> None:
    """The evidence of what was restored, and that it was restored, by which run, of which."""
    shop = either
    report = undo(shop).report
    account = written(shop)[0]
    row = shop.state.history.at("main", account, shop.clock.now)
    assert row is not None
    assert row.run_id == report.run
    found = recall(row, ICP)
    assert found is not None
    assert found.same
    assert found.rolled_back == "run-2"
    assert found.written.tier == shop.crm.stored(account)["icp_tier"]


def test_who_undid_it_is_on_record(shop: Desk) -> None:
    """With why, how many, and the ICP in force."""
    undo(shop)
    [action] = shop.state.actions.all("main")
    assert (action.what, action.who, action.reason) == ("rollback", "Ada", "too easy")
    assert (action.run_id, action.accounts) == ("run-2", len(written(shop)))
    assert action.icp == shop.connection().fingerprint()


def test_it_leaves_checkpoint_and_held_runs_alone(shop: Desk) -> None:
    """Reading goes on where it was; what waits for approval still does."""
    checkpoint = shop.state.checkpoints.load("main")
    undo(shop)

    assert shop.state.checkpoints.load("main") == checkpoint
