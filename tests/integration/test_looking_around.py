"""What a run learns beyond accounts' values: who is gone, what is seen, what it will cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.errors import MisconfiguredError, Problem
from connectors.records import Automation, Inspection, Visibility
from tests.support.runs import Desk, desk
from worker.sync.report import RunKind, RunOutcome

BLIND = Inspection(visibility=Visibility(complete=False, detail="sees 60 of an unknown total."))


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def test_deleted_and_merged_accounts_are_erased_by_the_next_incremental_run(it: Desk) -> None:
    """Nobody waits for a complete pass to forget what the CRM no longer has."""
    it.run()
    it.clock.advance(hours=1)
    it.crm.delete("7")
    it.crm.merge("8", "9")

    report = it.run().report

    assert (report.kind, report.counters.erased) == (RunKind.INCREMENTAL, 2)
    assert it.state.mirror.page("main", ["7", "8", "9"]).keys() == {"8"}


def test_an_account_deleted_twice_over_is_erased_once(it: Desk) -> None:
    """The overlap brings a deletion again; it is no news."""
    it.run()
    it.clock.advance(hours=1)
    it.crm.delete("7")
    it.run()
    it.clock.advance(minutes=5)

    assert it.run().report.counters.erased == 0


def test_a_dry_run_counts_the_gone_and_erases_nothing(it: Desk) -> None:
    """It says what it would forget."""
    it.run()
    it.clock.advance(hours=1)
    it.crm.delete("7")

    assert it.run(dry_run=True).report.counters.erased == 1
    assert "7" in it.state.mirror.page("main", ["7"])


def test_a_credential_that_may_not_see_all_stops_the_run(it: Desk) -> None:
    """Counts would be silently short, so a person must say that this is meant."""
    it.crm.inspection = BLIND

    with pytest.raises(MisconfiguredError, match="allow_partial_visibility"):
        it.run()

    assert set(it.tiers().values()) == {""}


def test_partial_visibility_can_be_allowed(it: Desk) -> None:
    """Then the run says what it sees, and goes on."""
    it.crm.inspection = BLIND
    it.partial = True

    report = it.run().report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert any("unknown total" in warning for warning in report.warnings)


def test_what_writes_would_meet_stops_a_run_and_is_shown_by_a_dry_run(it: Desk) -> None:
    """A picklist value that a record type does not offer would be refused account by account."""
    lacking = Problem("field icp_tier", "record type Partner lacks tier_1.", "Add it there.")
    it.crm.inspection = Inspection(visibility=Visibility(complete=True), problems=(lacking,))

    dry = it.run(dry_run=True).report
    with pytest.raises(MisconfiguredError, match="record type Partner"):
        it.run()

    assert str(lacking) in dry.warnings


def test_automations_are_named_by_a_complete_pass_only(it: Desk) -> None:
    """An incremental run asks nothing beyond its changes."""
    fired = (Automation("flow", "Route_New_Tier"),)
    it.crm.inspection = Inspection(visibility=Visibility(complete=True), automations=fired)
    first = it.run().report
    it.clock.advance(hours=1)
    asked = it.crm.calls.by_route["inspect"]

    second = it.run().report

    assert first.automations == list(fired)
    assert second.automations == []
    assert it.crm.calls.by_route["inspect"] == asked


def test_inputs_that_change_unannounced_are_read_in_full_every_day(it: Desk) -> None:
    """A formula moves no modification time, so waiting for changes would miss it."""
    field = it.crm.describe("employees")
    assert field is not None
    it.crm.define(replace(field, volatile=True))
    it.run()

    it.clock.advance(hours=23)
    before = it.run().report.kind
    it.clock.advance(hours=2)

    assert (before, it.run().report.kind) == (RunKind.INCREMENTAL, RunKind.FULL)


def test_the_cost_in_calls_is_foretold(it: Desk) -> None:
    """Before the run, and again when it is known what it is going to write."""
    with capture_logs() as logs:
        report = it.run(dry_run=True).report

    assert report.forecast is not None
    assert report.forecast.calls == report.calls.total + 1
    # said before anything was read: a page of accounts and a batch of writes
    assert [it["forecast"] for it in logs if it["event"] == "run_started"] == [
        "needs about 2 calls"
    ]
