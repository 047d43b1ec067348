"""What a rollback does not restore, it lists, each account with the reason."""

from __future__ import annotations

from dataclasses import replace

from tests.integration.rollback.undone import left, ours, timeless, undo, written
from tests.support.runs import FIELDS, Desk
from worker.sync.report import RunOutcome
from worker.sync.restoring import Why
from worker.sync.undoing import Left


def test_what_was_edited_since_is_left_and_listed(shop: Desk) -> None:
    """And stays as the person left it."""
    some = written(shop)[:3]
    for name in some:
        shop.crm.edit(name, {"icp_tier": "needs_data", "icp_reason": "typed by hand"})
    kept = {name: shop.crm.stored(name) for name in some}
    report = undo(shop).report
    shop.clock.advance(hours=1)

    assert report.outcome is RunOutcome.PARTIAL
    assert report.left == {"edited_since": 3}
    assert left(shop, report) == [Left(it, Why.EDITED, "icp_tier") for it in some]
    assert report.counters.written == len(written(shop)) - 3
    assert report.counters.reconcile() == []
    assert sum(it.accounts for it in report.transitions) == report.counters.written
    assert shop.run(full=True).report.counters.written == 0
    assert {name: shop.crm.stored(name) for name in some} == kept


def test_an_equal_value_is_not_an_edit(shop: Desk) -> None:
    """The CRM may spell a number, a moment or a list in its own way."""
    [one, two, *_] = written(shop)
    score = shop.crm.stored(one).get("icp_fit_score")
    shop.crm.edit(one, {"icp_fit_score": f"{score}.0" if score else ""})
    moment = shop.crm.stored(two)["icp_tier_changed_at"]
    shop.crm.edit(two, {"icp_tier_changed_at": moment.replace("Z", "+00:00")})

    assert undo(shop).report.left == {}


def test_what_is_gone_is_listed(shop: Desk) -> None:
    """Deleted accounts and merged ones."""
    one, two, three = written(shop)[:3]
    shop.crm.delete(one)
    shop.crm.merge(two, three)
    report = undo(shop).report

    assert (report.outcome, report.left) == (RunOutcome.PARTIAL, {"gone": 2})
    assert {it.account_id for it in left(shop, report)} == {one, three}
    assert report.counters.gone == 2


def test_what_the_crm_refuses_is_listed_and_tried_again(either: Desk) -> None:
    """Undoing once more restores the rest only."""
    shop = either
    chosen = written(shop)[0]
    shop.crm.refuse(chosen, "INVALID_OPTION", "no such option")
    first = undo(shop).report
    assert left(shop, first) == [Left(chosen, Why.REFUSED, "INVALID_OPTION")]
    assert first.left == {"refused": 1}
    shop.crm.accept(chosen)
    again = undo(shop).report

    assert (again.outcome, again.counters.written) == (RunOutcome.SUCCEEDED, 1)
    assert again.counters.unchanged == len(written(shop)) - 1
    assert shop.state.dead_letters.count("main") == 0


def test_a_later_run_is_undone_first(either: Desk, before: dict[str, dict[str, str]]) -> None:
    """What it wrote is named; undone from the last to the first, all comes back."""
    shop = either
    names = written(shop)[:5]
    for name in names:
        shop.crm.edit(name, {"employees": "5"})
    shop.run()
    later = sorted(written(shop, "run-3"))
    assert later
    shop.clock.advance(hours=1)
    first = undo(shop).report
    assert sorted(left(shop, first)) == [Left(it, Why.LATER, "run-3") for it in later]
    assert shop.run().report.counters.written == 0
    for name in names:
        shop.crm.edit(name, {"employees": ""})
    assert undo(shop, "run-3").report.left == {}
    last = undo(shop).report

    assert (last.left, last.counters.written) == ({}, len(later))
    assert timeless(ours(shop)) == before


def test_what_a_later_run_only_added_to_is_not_torn_apart(shop: Desk) -> None:
    """An account is restored whole or not at all."""
    chosen = next(it for it in written(shop) if shop.crm.stored(it)["icp_tier"] != "disqualified")
    shop.crm.edit(chosen, {"icp_disqualifiers": "too_small"})
    shop.run()  # repairs that field alone
    assert written(shop, "run-3") == [chosen]
    report = undo(shop).report

    # the repair put back what the run had left: as if neither had happened
    assert report.left in ({}, {"later_run": 1})


def test_a_field_that_is_gone_is_named(shop: Desk) -> None:
    """The others are restored."""
    outputs = {k: v for k, v in FIELDS.outputs.items() if k != "computed_tier"}
    shop.fields = replace(FIELDS, outputs=outputs)
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    [warning] = [it for it in report.warnings if it.startswith("field icp_computed_tier:")]
    assert "is no output any more" in warning
