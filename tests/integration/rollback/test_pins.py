"""What was restored stays so, until something is new or a person frees it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.rollback.undone import EASY, undo, written
from tests.support.runs import FIELDS, ICP, Desk
from worker.sync.deciding import release
from worker.sync.report import RunKind, RunOutcome


def test_the_next_runs_write_nothing(shop: Desk) -> None:
    """Neither an incremental one, nor a full one, nor one of a new day; it is no drift."""
    count = undo(shop).report.counters.written
    for full, days in ((False, 0), (True, 0), (False, 1), (False, 8)):
        shop.clock.advance(days=days, hours=1)
        report = shop.run(full=full).report
        assert report.outcome is RunOutcome.SUCCEEDED
        assert (report.counters.written, report.counters.pinned) == (0, count)
        assert report.counters.reconcile() == []


def test_new_inputs_free_an_account(shop: Desk) -> None:
    """What is new about one account is judged, the others stay."""
    undo(shop)
    chosen = written(shop)[0]
    shop.clock.advance(hours=1)
    shop.crm.edit(chosen, {"employees": "600", "industry": "software"})
    report = shop.run().report

    assert written(shop, report.run) == [chosen]
    assert {it.cause for it in report.transitions} == {"input changed"}


def test_another_icp_frees_them_all(shop: Desk) -> None:
    """The ICP of before comes to what was restored, and writes nothing; a new one asks anew."""
    undo(shop)
    shop.icp = ICP
    shop.clock.advance(hours=1)
    report = shop.run(full=True).report
    assert (report.counters.pinned, report.counters.written) == (0, 0)
    shop.change_icp(**EASY, hysteresis=1)
    shop.clock.advance(hours=1)
    assert shop.run().report.counters.written > 10


def test_inputs_that_are_read_otherwise_keep_the_pins(shop: Desk) -> None:
    """A field that is no input any more does not count as news of the accounts."""
    undo(shop)
    shop.clock.advance(hours=1)
    shop.fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "name"})
    shop.icp = replace(ICP, fingerprint="other")
    shop.run(full=True)
    report = undo(shop, f"run-{shop.runs}").report
    shop.fields, shop.icp = FIELDS, replace(ICP, fingerprint="third", tiers=EASY["tiers"])
    count = undo(shop, "run-4").report.counters.pinned

    shop.clock.advance(hours=1)
    again = shop.run(full=True).report
    assert report.counters.pinned == count > 10
    assert again.counters.written == 0


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_it_reads_otherwise_is_read_again_once_mapped_back(
    shop: Desk, *, dry_run: bool
) -> None:
    """The mirror then holds values of several fields, unless it was only shown."""
    shop.fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "name"})
    undo(shop, dry_run=dry_run)
    shop.fields = FIELDS
    whole = RunKind.INCREMENTAL if dry_run else RunKind.FULL
    assert shop.run().report.kind is whole


def test_a_person_may_free_them(shop: Desk) -> None:
    """What was undone is then judged and written again, at once and not as quiet."""
    count = undo(shop).report.counters.written
    assert release(shop.state, "main", who="Ada", reason="", holder="p") == (False, count)
    assert shop.run(full=True).report.counters.written == count
