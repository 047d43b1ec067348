"""Other fields are mapped, then the old ones again: nobody is judged by values of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.runs import ANY_CHANGE, INPUTS, NO_CHANGE, Desk, synced
from worker.sync.report import RunKind, RunOutcome

OTHERS = {**INPUTS, "size": "name"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal that has been synced."""
    found = synced(tmp_path, guard=ANY_CHANGE)
    found.clock.advance(hours=1)
    yield found
    found.state.close()


def map_fields(shop: Desk, inputs: dict[str, str]) -> None:
    """Edit the field map."""
    shop.fields = replace(shop.fields, inputs=inputs)


@pytest.mark.parametrize("how", ["held", "named", "limited"])
def test_a_field_map_that_was_tried_and_taken_back_changes_no_tier(shop: Desk, how: str) -> None:
    """What the run read of the other fields is in the mirror: the next one reads everything."""
    before = shop.tiers()
    map_fields(shop, OTHERS)
    shop.guard = NO_CHANGE
    report = shop.run(
        accounts=shop.ids() if how == "named" else (),
        selected=True,
        limit=60 if how == "limited" else None,
    ).report
    assert report.outcome is RunOutcome.HELD
    assert shop.tiers() == before
    map_fields(shop, dict(INPUTS))
    shop.guard = ANY_CHANGE
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
    shop.guard = NO_CHANGE
    held = shop.run().report
    assert (held.kind, held.outcome) == (RunKind.FULL, RunOutcome.HELD)
    assert shop.approve(held.run).outcome is RunOutcome.SUCCEEDED
    shop.clock.advance(hours=1)
    assert shop.run().report.kind is RunKind.INCREMENTAL


def test_a_plan_is_approved_after_other_fields_were_read_in_part(shop: Desk) -> None:
    """The run in between took no plan's place, yet the mirror holds what it read."""
    before = shop.tiers()
    shop.crm.edit("3", {"employees": "600", "industry": "software"})
    shop.guard = NO_CHANGE
    held = shop.run().report
    assert held.outcome is RunOutcome.HELD
    map_fields(shop, OTHERS)
    shop.run(accounts=shop.ids(), selected=True)
    map_fields(shop, dict(INPUTS))
    shop.guard = ANY_CHANGE

    assert shop.approve(held.run).counters.written == 1
    shop.clock.advance(days=1)
    report = shop.run().report

    assert report.kind is RunKind.FULL
    after = shop.tiers()
    assert {name for name in before if after[name] != before[name]} == {"3"}
