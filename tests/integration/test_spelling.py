"""A CRM may spell a value in its own way: an approved plan is not put off by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.runs import Desk, Quiet, desk
from worker.state.instants import instant
from worker.sync.approving import Approval
from worker.sync.guard import GuardLimits
from worker.sync.report import RunOutcome


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Desk]:
    """A portal of which a bulk edit would change many tiers; the run is held."""
    found = desk(tmp_path, 60)
    found.run()
    found.guard = GuardLimits(max_tier_changes_count=5, max_tier_changes_percent=0)
    found.clock.advance(hours=1)
    for name in found.ids():
        found.crm.edit(name, {"employees": "5"})
    assert found.run().report.outcome is RunOutcome.HELD
    yield found
    found.state.close()


def test_another_spelling_is_no_change(held: Desk) -> None:
    """A number with decimals and a moment in another zone are written over as planned."""
    planned = [it.account_id for it in held.state.plan.entries("run-2")]
    for name in planned:
        values = held.crm.stored(name)
        moment = instant(values["icp_tier_changed_at"])
        spelt = {"icp_tier_changed_at": (moment + timedelta(0)).isoformat()}
        if "icp_fit_score" in values:
            spelt["icp_fit_score"] = f"{values['icp_fit_score']}.0"
        held.crm.edit(name, spelt)

    report = Approval(
        held.connection(), held.crm, held.state, holder="a person", stop=held.stop, progress=Quiet()
    ).carry_out("run-2")

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, len(planned))


def test_another_value_is(held: Desk) -> None:
    """What a person changed meanwhile is passed over."""
    chosen = held.state.plan.entries("run-2")[0].account_id
    held.crm.edit(chosen, {"icp_tier": "needs_data", "icp_fit_score": "1"})

    report = Approval(
        held.connection(), held.crm, held.state, holder="a person", stop=held.stop, progress=Quiet()
    ).carry_out("run-2")

    assert report.counters.invalid == 1
    assert held.crm.stored(chosen)["icp_tier"] == "needs_data"
