"""A run that is approved after its accounts have changed: what no longer holds is not written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.errors import TransientError
from connectors.memory import InMemoryCrm
from tests.support.runs import Desk, OneByOne, companies, desk, portal_fields
from worker.sync.deciding import reject
from worker.sync.guard import GuardLimits
from worker.sync.report import RunOutcome

OVERRIDE = {
    "icp_tier_override": "tier_1",
    "icp_override_reason": "Pilot",
    "icp_override_expires": "2026-12-20",
}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Desk]:
    """A portal of which a bulk edit would change many tiers; the run is held."""
    found = desk(tmp_path, 60)
    found.icp = replace(found.icp, override_beats_disqualifier=True)
    found.run()
    yield hold(found)
    found.state.close()


def hold(shop: Desk) -> Desk:
    """Let the next run be held for what somebody edited in bulk; an hour goes by."""
    shop.guard = GuardLimits(max_tier_changes_count=5, max_tier_changes_percent=0)
    shop.clock.advance(hours=1)
    for name in shop.ids():
        shop.crm.edit(name, {"employees": "5"})
    assert shop.run().report.outcome is RunOutcome.HELD
    shop.clock.advance(hours=1)
    return shop


def planned(shop: Desk) -> list[str]:
    """The accounts that the held run would write."""
    return [it.account_id for it in shop.state.plan.entries("run-2")]


@pytest.mark.parametrize("edit", [{"employees": "600"}, OVERRIDE])
def test_news_of_an_account_is_judged_by_the_next_run(held: Desk, edit: dict[str, str]) -> None:
    """The plan saw other inputs, or no override: what it came to is not written over them."""
    plan = planned(held)
    chosen = next(it for it in plan if held.tiers()[it] == "tier_1")
    held.crm.edit(chosen, edit)

    report = held.approve("run-2")

    assert (report.counters.written, report.counters.invalid) == (len(plan) - 1, 1)
    assert report.counters.reconcile() == []
    assert held.tiers()[chosen] == "tier_1"
    held.clock.advance(minutes=15)
    assert held.run().report.outcome is RunOutcome.SUCCEEDED
    assert held.tiers()[chosen] == "tier_1"


def test_a_formula_that_moves_by_itself_is_no_news(tmp_path: Path) -> None:
    """It may give another number each day: nothing could be approved on the next."""
    shop = desk(tmp_path, 60)
    fields = [replace(it, volatile=it.name == "funded_on") for it in portal_fields()]
    shop.crm = InMemoryCrm(fields, companies(60), clock=shop.clock)
    shop.run()
    hold(shop)
    plan = planned(shop)
    for name in plan:
        shop.crm.edit(name, {"funded_on": "2020-01-01"})

    report = shop.approve("run-2")

    assert (report.counters.written, report.counters.invalid) == (len(plan), 0)
    shop.state.close()


def test_what_was_pinned_since_stays(held: Desk) -> None:
    """No was said to one account after it was planned; yes to the others does not take it back."""
    plan = planned(held)
    before = held.tiers()[plan[0]]
    held.guard = GuardLimits(max_tier_changes_count=0, max_tier_changes_percent=0)
    assert held.run(accounts=plan[:1], selected=True).report.outcome is RunOutcome.HELD
    reject(held.state, "main", "run-3", who="Eve", reason="ours", holder="she")

    report = held.approve("run-2")

    assert (report.counters.written, report.counters.invalid) == (len(plan) - 1, 1)
    assert held.tiers()[plan[0]] == before
    assert held.run(full=True).report.counters.pinned == 1
    assert held.tiers()[plan[0]] == before


def test_what_arrived_unanswered_is_not_sent_again(held: Desk) -> None:
    """Nothing is written twice, also where the first attempt never learned that it had come in."""
    sent: list[str] = []

    def line_goes_dead() -> None:
        sent.append("")
        if len(sent) == 3:
            raise TransientError("the line went dead")

    held.connector = OneByOne(held, line_goes_dead)
    plan = planned(held)
    assert held.approve("run-2").counters.written == 2
    held.connector = None
    held.clock.advance(minutes=5)
    before = {it.account_id: it.modified_at for it in held.crm.fetch(plan[:3], [])}

    report = held.approve("run-2")

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, len(plan))
    assert {it.account_id: it.modified_at for it in held.crm.fetch(plan[:3], [])} == before
    assert held.state.plan.counts("run-2") == {"written": len(plan)}
