"""Other fields are mapped, then the old ones again: nobody is judged by values of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.runs import INPUTS, Desk, Quiet, desk
from worker.sync.approving import Approval
from worker.sync.guard import GuardLimits
from worker.sync.report import RunKind, RunOutcome, RunReport

OTHERS = {**INPUTS, "size": "name"}
NOTHING = GuardLimits(max_tier_changes_count=0, max_tier_changes_percent=0)
ANYTHING = GuardLimits(max_tier_changes_count=1_000, max_tier_changes_percent=100)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced."""
    found = desk(tmp_path, 60)
    found.run()
    found.clock.advance(hours=1)
    found.guard = ANYTHING
    yield found
    found.state.close()


def map_fields(shop: Desk, inputs: dict[str, str]) -> None:
    """Edit the field map."""
    shop.fields = replace(shop.fields, inputs=inputs)


def approve(shop: Desk, run_id: str) -> RunReport:
    """Let a run have its way."""
    return Approval(
        shop.connection(), shop.crm, shop.state,
        holder="a person", stop=shop.stop, progress=Quiet(), clock=shop.clock,
    ).carry_out(run_id, who="Ada")  # fmt: skip


@pytest.mark.parametrize("how", ["held", "named", "limited"])
def test_a_field_map_that_was_tried_and_taken_back_changes_no_tier(shop: Desk, how: str) -> None:
    """What the run read of the other fields is in the mirror: the next one reads everything."""
    before = shop.tiers()
    map_fields(shop, OTHERS)
    shop.guard = NOTHING
    report = shop.run(
        accounts=shop.ids() if how == "named" else (),
        selected=True,
        limit=60 if how == "limited" else None,
    ).report
    assert report.outcome is RunOutcome.HELD
    assert shop.tiers() == before
    map_fields(shop, dict(INPUTS))
    shop.guard = ANYTHING
    shop.clock.advance(days=1)

    report = shop.run().report

    assert report.kind is RunKind.FULL
    assert shop.tiers() == before
    shop.clock.advance(hours=1)
    assert shop.run().report.kind is RunKind.INCREMENTAL


def test_a_dry_run_over_other_fields_costs_no_full_read(shop: Desk) -> None:
    """It leaves the mirror as it is."""
    map_fields(shop, OTHERS)
    shop.run(dry_run=True)
    map_fields(shop, dict(INPUTS))
    assert shop.run().report.kind is RunKind.INCREMENTAL


def test_an_approved_field_map_needs_no_second_full_read(shop: Desk) -> None:
    """The held run has read everything."""
    map_fields(shop, OTHERS)
    shop.guard = NOTHING
    held = shop.run().report
    assert (held.kind, held.outcome) == (RunKind.FULL, RunOutcome.HELD)
    assert approve(shop, held.run).outcome is RunOutcome.SUCCEEDED
    shop.clock.advance(hours=1)
    assert shop.run().report.kind is RunKind.INCREMENTAL


def test_a_plan_is_approved_after_other_fields_were_read_in_part(shop: Desk) -> None:
    """The run in between took no plan's place, yet the mirror holds what it read."""
    before = shop.tiers()
    shop.crm.edit("3", {"employees": "600", "industry": "software"})
    shop.guard = NOTHING
    held = shop.run().report
    assert held.outcome is RunOutcome.HELD
    map_fields(shop, OTHERS)
    shop.run(accounts=shop.ids(), selected=True)
    map_fields(shop, dict(INPUTS))
    shop.guard = ANYTHING

    assert approve(shop, held.run).counters.written == 1
    shop.clock.advance(days=1)
    report = shop.run().report

    assert report.kind is RunKind.FULL
    after = shop.tiers()
    assert {name for name in before if after[name] != before[name]} == {"3"}
