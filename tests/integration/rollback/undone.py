"""A run that went wrong, undone; what the CRM holds, and what was left."""

from __future__ import annotations

from dataclasses import replace

from connectors.dry_run import DryRunConnector
from connectors.memory import InMemoryCrm
from tests.support.runs import ICP, Desk, Quiet, companies, portal_fields
from worker.sync.connection import Parts, RunResult
from worker.sync.report import RunReport
from worker.sync.rollback import Rollback
from worker.sync.undoing import Left, left_by

EASY = {"tiers": tuple(replace(it, min_score=it.min_score // 2) for it in ICP.tiers)}


def gone_wrong(found: Desk) -> Desk:
    """Run once, and once more by an ICP that is too easy."""
    found.crm = InMemoryCrm(portal_fields(), companies(60), clock=found.clock, batch_size=5)
    found.run()
    found.clock.advance(hours=1)
    found.change_icp(**EASY)
    assert found.run().report.counters.written > 10
    found.clock.advance(hours=1)
    return found


def undo(shop: Desk, run: str = "run-2", *, dry_run: bool = False) -> RunResult:
    """Undo a run."""
    shop.runs += 1
    state = shop.state.scratch() if dry_run else shop.state
    connector = shop.connector or shop.crm
    try:
        parts = Parts(
            shop.connection(),
            DryRunConnector(connector) if dry_run else connector,
            state,
            f"run-{shop.runs}",
            shop.stop,
            Quiet(),
            shop.clock,
        )
        return Rollback(parts, holder="test", stored=shop.state if dry_run else None).carry_out(
            run, who="Ada", reason="too easy"
        )
    finally:
        if dry_run:
            state.close()


def ours(shop: Desk) -> dict[str, dict[str, str]]:
    """All that the CRM holds of ours, by account."""
    return {
        name: {k: v for k, v in shop.crm.stored(name).items() if k.startswith("icp_")}
        for name in shop.ids()
    }


def written(shop: Desk, run: str = "run-2") -> list[str]:
    """The accounts that a run wrote."""
    return [it.account_id for it in shop.state.plan.entries(run, ["written"])]


def left(shop: Desk, report: RunReport) -> list[Left]:
    """What a rollback left."""
    return list(left_by(shop.state, report.run))


def timeless(held: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Without the moments."""
    return {
        name: {k: v for k, v in values.items() if k != "icp_tier_changed_at"}
        for name, values in held.items()
    }
