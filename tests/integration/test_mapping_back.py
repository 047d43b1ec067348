"""Other fields are mapped, then the old ones again: nobody is judged by values of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.records import AccountRecord, AccountUpdate, Window, WriteOutcome
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


class Overlooking(DryRunConnector):
    """A connector whose full list lacks three accounts that exist."""

    def pages(
        self, window: Window | None, fields: Sequence[str]
    ) -> Iterator[Sequence[AccountRecord]]:
        """Leave three out."""
        for page in self._inner.pages(window, fields):
            yield [record for record in page if record.account_id not in {"1", "2", "3"}]

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write."""
        return self._inner.write(updates, jobs)


def test_accounts_that_a_pass_over_other_fields_overlooked_are_not_judged_by_those(
    shop: Desk,
) -> None:
    """What the mirror holds of them are values of the fields of before."""
    before = shop.tiers()
    map_fields(shop, OTHERS)
    shop.connector = Overlooking(shop.crm)
    report = shop.run().report
    assert (report.kind, report.outcome) == (RunKind.FULL, RunOutcome.PARTIAL)
    assert "3 accounts exist but were not in the full list" in report.problems[0]
    shop.clock.advance(days=1)

    counters = shop.run().report.counters
    assert counters.read + counters.rejudged == 57
    assert {name: shop.tiers()[name] for name in "123"} == {name: before[name] for name in "123"}
    shop.connector = None
    assert shop.run(full=True).report.outcome is RunOutcome.SUCCEEDED


def test_a_column_that_is_emptied_while_other_fields_wait_for_approval_is_told(shop: Desk) -> None:
    """The held run has read these fields: what was known then stands in for what is gone now."""
    map_fields(shop, OTHERS)
    shop.guard = NO_CHANGE
    assert shop.run().report.outcome is RunOutcome.HELD
    shop.clock.advance(hours=1)
    lost = 0
    for name in shop.ids():
        lost += bool(shop.crm.stored(name).get("industry"))
        shop.crm.edit(name, {"industry": ""})

    for _ in range(2):
        report = shop.run().report

        assert report.kind is RunKind.FULL
        assert report.hold is not None
        assert report.hold.losses.vanished == {"sector": lost}
        assert f"input sector became empty in {lost} accounts" in report.hold.reason
