"""A held run that a person says yes to: that plan is written, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.runs import NO_CHANGE, Desk, desk
from worker.state.errors import StateError
from worker.sync.moving import forget
from worker.sync.report import RunKind, RunOutcome


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def test_approving_writes_exactly_the_held_plan(it: Desk) -> None:
    """The plan a person saw is what is written, and the checkpoint moves with it."""
    held = it.run(yes=False).report
    report = it.approve(held.run)

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 60
    assert Counter(it.tiers().values()) == held.counters.tiers
    assert it.run().report.counters.written == 0


def test_approving_passes_over_what_changed_since(it: Desk) -> None:
    """An account edited after it was planned is left for the next run."""
    held = it.run(yes=False).report
    it.crm.edit("1", {"icp_tier": "tier_3"})
    report = it.approve(held.run)

    assert (report.counters.written, report.counters.invalid) == (59, 1)
    assert report.warnings[0].startswith("passed over: 1 of the accounts planned.")
    assert it.tiers()["1"] == "tier_3"
    assert it.run().report.counters.written == 1


def test_who_was_forgotten_meanwhile_is_counted_no_more(it: Desk) -> None:
    """Nor looked for: nothing is wrong with a run because a person had its account erased."""
    held = it.run(yes=False).report
    it.stop.set()
    assert it.approve(held.run).outcome is RunOutcome.HELD
    it.stop.clear()
    forget(it.state, "main", ["1"], who="Ada", holder="she")
    report = it.approve(held.run)

    assert (report.outcome, report.problems) == (RunOutcome.SUCCEEDED, [])
    assert (report.counters.read, report.counters.written) == (59, 59)
    assert it.tiers()["1"] == ""


def test_only_a_held_run_of_the_present_icp_can_be_approved(it: Desk) -> None:
    """A plan made under another ICP, or already written, is refused with the reason."""
    held = it.run(yes=False).report
    it.change_icp()
    with pytest.raises(StateError, match="the ICP has changed since"):
        it.approve(held.run)
    done = it.run().report
    with pytest.raises(StateError, match="not held"):
        it.approve(done.run)
    with pytest.raises(StateError, match="no such run"):
        it.approve("nonsense")


def test_a_plan_made_for_other_fields_cannot_be_approved(it: Desk) -> None:
    """The mirror holds values of the fields of then: they must not be taken for those of now."""
    held = it.run(yes=False).report
    it.fields = replace(it.fields, inputs={**it.fields.inputs, "size": "headcount"})

    with pytest.raises(StateError, match="other fields are mapped now"):
        it.approve(held.run)


def test_a_newer_hold_takes_the_place_of_an_older_one(it: Desk) -> None:
    """Only the latest plan can be approved, and the older one does not pile up in the database."""
    first = it.run(yes=False).report
    second = it.run(yes=False).report

    assert second.outcome is RunOutcome.HELD
    assert it.state.plan.counts(first.run) == {}
    assert it.state.plan.counts(second.run) == {"planned": 60}
    with pytest.raises(StateError, match=rf"superseded.*Held now is {second.run}\.$"):
        it.approve(first.run)
    assert it.approve(second.run).counters.written == 60
    with pytest.raises(StateError, match=r"superseded, not held; there is nothing to approve\.$"):
        it.approve(first.run)


def test_what_a_held_run_saw_alone_is_planned_again_by_the_one_that_takes_its_place(
    it: Desk,
) -> None:
    """Someone's `--full` found what no window shows; the next hour's run must not drop that."""
    it.run()
    it.clock.advance(hours=1)
    it.crm.search_lag = timedelta(hours=3)
    for name in it.ids():
        it.crm.edit(name, {"employees": "5"})
    it.guard = NO_CHANGE
    held = it.run(full=True).report
    assert held.outcome is RunOutcome.HELD
    it.clock.advance(minutes=20)

    report = it.run().report

    assert (report.kind, report.outcome) == (RunKind.INCREMENTAL, RunOutcome.HELD)
    planned = it.state.plan.counts(report.run)
    assert planned == {"planned": held.counters.held}
    assert it.approve(report.run).counters.written == held.counters.held
    it.clock.advance(minutes=20)
    assert it.run().report.counters.rejudged == 0


def test_a_run_held_for_something_else_is_not_named_in_place_of_an_older_one(it: Desk) -> None:
    """Who meant to approve the one must not be led to approve the other."""
    first = it.run(yes=False).report
    it.change_icp()
    assert it.run(yes=False).report.outcome is RunOutcome.HELD
    with pytest.raises(StateError, match=r"superseded, not held; there is nothing to approve\.$"):
        it.approve(first.run)
