"""What days passing and settings changing do to accounts that nobody has touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.records import FieldKind
from tests.support.profiles import SECTOR, SIZE, TIERS, disqualifier, profile
from tests.support.runs import ANY_CHANGE, FIELDS, ICP, NO_CHANGE, Desk, desk
from worker.icp.predicates import InRange
from worker.icp.profile import DISQUALIFIED, Comparison
from worker.state.store import open_state
from worker.sync.fields import OutputTarget
from worker.sync.report import RunKind, RunOutcome

TIMELESS = profile(
    SECTOR,
    SIZE,
    disqualifiers=[disqualifier("too_small", Comparison("size", InRange(high=19)))],
)


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over twelve companies that never holds a run."""
    made = desk(tmp_path, 12, guard=ANY_CHANGE)
    yield made
    made.state.close()


def small(it: Desk) -> str:
    """A company that is too small, with its first assessment written."""
    it.run()
    return next(name for name, tier in it.tiers().items() if tier == DISQUALIFIED)


def test_emptying_a_field_does_not_lift_a_disqualifier(it: Desk) -> None:
    """The last known head count keeps the account disqualified, run after run, and is named."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": ""})

    for _ in range(3):
        it.run()
        assert it.tiers()[name] == DISQUALIFIED
        assert "Last known: Size" in it.crm.stored(name)["icp_reason"]
        it.clock.advance(days=8)


def test_a_last_known_value_runs_out_without_anything_else_happening(it: Desk) -> None:
    """After thirty days the field is simply unknown, even where no rule of the ICP names a date."""
    it.icp = TIMELESS
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": ""})
    it.run()
    it.clock.advance(days=6)  # short of the weekly full pass
    for _ in range(4):
        it.run(full=True)
        it.clock.advance(days=6)
    assert it.tiers()[name] == DISQUALIFIED

    report = it.run().report
    assert report.kind is RunKind.INCREMENTAL
    assert it.tiers()[name] != DISQUALIFIED
    assert "Last known" not in it.crm.stored(name)["icp_reason"]


def test_the_clock_of_a_vanished_input_starts_once(it: Desk) -> None:
    """Reading an account again does not give its last known value another thirty days."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": ""})
    for _ in range(10):
        it.run()
        it.clock.advance(days=4)
        it.crm.edit(name, {"name": f"Renamed {it.runs}"})

    it.run()
    assert it.tiers()[name] != DISQUALIFIED


def test_a_field_filled_again_is_no_longer_stale(it: Desk) -> None:
    """The new value counts at once, and emptying it later starts the thirty days afresh."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": ""})
    it.run()
    it.clock.advance(days=20)
    it.crm.edit(name, {"employees": "500", "industry": "software"})
    it.run()
    assert it.tiers()[name] == "tier_1"
    assert "Last known" not in it.crm.stored(name)["icp_reason"]
    it.clock.advance(days=20)
    it.crm.edit(name, {"employees": ""})
    it.run()
    it.clock.advance(days=20)
    it.run()

    assert it.tiers()[name] == "tier_1"


@pytest.mark.parametrize("nothing", ["0", "  "])
def test_text_that_says_nothing_empties_a_field_too(it: Desk, nothing: str) -> None:
    """Blanks, or an integration's 0 people, are the same as deleting what was there."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": nothing})
    it.run()

    assert it.tiers()[name] == DISQUALIFIED


def test_text_that_cannot_be_read_is_not_an_empty_field(it: Desk) -> None:
    """It says something, so the old value no longer stands: unknown, counted and listed."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": "a few good people"})
    report = it.run().report

    assert it.tiers()[name] != DISQUALIFIED
    assert report.counters.unreadable["size"] == 1


def test_a_held_run_does_not_forget_a_last_known_value(it: Desk) -> None:
    """What vanished before a hold is still remembered in the run after it."""
    name = small(it)
    it.clock.advance(hours=1)
    it.crm.edit(name, {"employees": ""})
    for other in ("1", "6", "7", "12"):
        it.crm.edit(other, {"employees": "15"})
    it.guard = NO_CHANGE
    assert it.run().report.outcome is RunOutcome.HELD
    it.guard = ANY_CHANGE
    it.clock.advance(hours=1)
    it.run()

    assert it.tiers()[name] == DISQUALIFIED


def test_another_order_of_the_criteria_changes_no_answer(it: Desk) -> None:
    """The mirror holds inputs by field: an ICP written in another order reads them unmixed."""
    it.run()
    it.clock.advance(hours=1)
    it.run()  # reads our own writes back
    before = {name: dict(it.crm.stored(name)) for name in it.ids()}
    it.clock.advance(hours=1)
    it.change_icp(criteria=tuple(reversed(ICP.criteria)))
    it.fields = replace(FIELDS, inputs=dict(reversed(list(FIELDS.inputs.items()))))
    report = it.run().report

    assert report.kind is RunKind.INCREMENTAL
    assert report.counters.rejudged == 12
    assert not report.counters.unreadable
    for name, held in before.items():
        assert {k: v for k, v in it.crm.stored(name).items() if k != "icp_version"} == {
            k: v for k, v in held.items() if k != "icp_version"
        }


def test_a_remapped_field_is_not_taken_for_a_vanished_one(it: Desk) -> None:
    """What the mirror holds of the field an input was read from before is no last known value."""
    it.run()
    it.clock.advance(hours=1)
    it.fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "name"})
    for name in it.ids():
        it.crm.edit(name, {"name": ""})
    report = it.run().report

    assert report.kind is RunKind.FULL
    assert report.counters.stale == 0


def test_another_choice_of_accounts_is_followed_by_a_complete_pass(it: Desk) -> None:
    """Accounts that are no longer wanted would be judged and written from the mirror."""
    it.scope = "person accounts"
    it.run()
    it.clock.advance(hours=1)
    assert it.run().report.kind is RunKind.INCREMENTAL
    it.clock.advance(hours=1)
    it.scope = ""

    assert it.run().report.kind is RunKind.FULL


def test_an_override_ends_by_itself(it: Desk) -> None:
    """The day after its last day the computed tier is shown again, whatever the ICP looks at."""
    it.icp = TIMELESS
    it.run()
    name = next(name for name, tier in it.tiers().items() if tier == "tier_1")
    it.crm.edit(
        name,
        {
            "icp_tier_override": "tier_3",
            "icp_override_reason": "Pilot",
            "icp_override_expires": "2026-11-26",
        },
    )
    it.clock.advance(hours=1)
    it.run()
    assert it.tiers()[name] == "tier_3"
    it.clock.advance(days=2)
    it.run()
    assert it.tiers()[name] == "tier_3"
    it.clock.advance(days=1)
    report = it.run().report

    assert report.kind is RunKind.INCREMENTAL
    assert it.tiers()[name] == "tier_1"
    assert it.crm.stored(name)["icp_computed_tier"] == "tier_1"


def test_approving_a_limited_run_leaves_the_checkpoint(it: Desk) -> None:
    """--limit never moves the checkpoint, not even when what it planned is approved."""
    it.runs = 0
    report = it.run(limit=5, yes=False).report
    assert report.outcome is RunOutcome.HELD
    approved = it.approve(report.run)

    assert approved.outcome is RunOutcome.SUCCEEDED
    assert it.state.checkpoints.load("main").until is None
    it.clock.advance(hours=1)
    assert it.run().report.kind is RunKind.FULL
    assert all(it.tiers().values())


def test_hysteresis_survives_a_lost_state(it: Desk, tmp_path: Path) -> None:
    """With no database the CRM's computed tier is the standing an account is judged from."""
    it.icp = replace(TIMELESS, hysteresis=300, tiers=TIERS[1:])
    it.run()
    name = next(name for name, tier in it.tiers().items() if tier == "tier_2")
    it.clock.advance(hours=1)
    # 40 points of 100 for the sector, 60 for the size: 1 670 people earn 33 % of the latter
    it.crm.edit(name, {"industry": "software", "employees": "1670"})
    it.run()
    assert it.crm.stored(name)["icp_fit_score"] == "59"
    assert it.tiers()[name] == "tier_2"
    state = open_state(f"sqlite:///{tmp_path / 'new.db'}")
    lost = Desk(state=state, crm=it.crm, clock=it.clock, icp=it.icp)
    lost.clock.advance(hours=1)
    lost.run()

    assert lost.tiers()[name] == "tier_2"
    state.close()


def test_the_written_explanation_is_that_of_the_written_tier(it: Desk) -> None:
    """It knows where the account stood: with hysteresis at work the two do not disagree."""
    explanation = OutputTarget("explanation", "icp_explanation", FieldKind.TEXT)
    it.crm.define(replace(it.crm.fields()["icp_reason"], name="icp_explanation"))
    it.fields = replace(FIELDS, outputs={**FIELDS.outputs, "explanation": explanation})
    it.icp = replace(TIMELESS, hysteresis=300, tiers=TIERS[1:])
    it.run()
    name = next(name for name, tier in it.tiers().items() if tier == "tier_2")
    it.clock.advance(hours=1)
    it.crm.edit(name, {"industry": "software", "employees": "1670"})
    it.run()

    assert it.tiers()[name] == "tier_2"
    assert it.crm.stored(name)["icp_explanation"].startswith("Tier 2 by Test")
