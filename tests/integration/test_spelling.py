"""A CRM may spell a value in its own way: an approved plan is not put off by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.runs import Desk, held
from worker.state.instants import instant
from worker.sync.report import RunOutcome


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal of which a bulk edit would change many tiers; the run is held."""
    found = held(tmp_path)
    yield found
    found.state.close()


def test_another_spelling_is_no_change(shop: Desk) -> None:
    """A number with decimals and a moment in another zone are written over as planned."""
    planned = [it.account_id for it in shop.state.plan.entries("run-2")]
    for name in planned:
        values = shop.crm.stored(name)
        moment = instant(values["icp_tier_changed_at"])
        spelt = {"icp_tier_changed_at": (moment + timedelta(0)).isoformat()}
        if "icp_fit_score" in values:
            spelt["icp_fit_score"] = f"{values['icp_fit_score']}.0"
        shop.crm.edit(name, spelt)

    report = shop.approve("run-2")

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, len(planned))


def test_another_value_is(shop: Desk) -> None:
    """What a person changed meanwhile is passed over."""
    chosen = shop.state.plan.entries("run-2")[0].account_id
    shop.crm.edit(chosen, {"icp_tier": "needs_data", "icp_fit_score": "1"})

    report = shop.approve("run-2")

    assert report.counters.invalid == 1
    assert shop.crm.stored(chosen)["icp_tier"] == "needs_data"
