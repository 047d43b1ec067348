"""What a person reads before deciding about a held run."""

from __future__ import annotations

from typing import Any

from worker.held import causes, moves, tier_lines, why
from worker.sync.plan import Cause

LABELS = {"tier_1": "Tier 1", "tier_2": "Tier 2", "needs_data": "Needs data"}


def transition(before: str, after: str, accounts: int, cause: str = Cause.ICP_CHANGED) -> Any:
    """One transition of a report."""
    return {"from": before, "to": after, "cause": cause, "accounts": accounts, "examples": ["7"]}


def report(*transitions: Any, **hold: Any) -> dict[str, Any]:
    """A report of a held run."""
    return {"transitions": list(transitions), "hold": hold}


def test_accounts_whose_tier_stays_are_one_line_per_cause_and_come_last() -> None:
    """What matters is who moves."""
    found = moves(
        report(
            transition("tier_1", "tier_1", 3, Cause.DRIFT),
            transition("tier_2", "tier_2", 5, Cause.DRIFT),
            transition("tier_2", "tier_1", 2),
            transition("", "tier_2", 1, Cause.FIRST),
        ),
        LABELS,
    )
    assert [(it.before, it.after, it.accounts) for it in found] == [
        ("Tier 2", "Tier 1", 2),
        ("not assessed", "Tier 2", 1),
        ("(tier stays)", "", 8),
    ]
    assert found[2].key == ("tier_2", "tier_2", "drift repaired")


def test_tiers_are_counted_now_and_then() -> None:
    """Those that move, that are new and that are gone."""
    told = report(
        transition("tier_2", "tier_1", 2),
        transition("", "tier_2", 1, Cause.FIRST),
        transition("tier_1", "tier_1", 9),
        tiers={"tier_1": 18, "tier_2": 5, "needs_data": 3},
        missing_by_tier={"needs_data": 3},
        missing=3,
    )
    assert [(it.tier, it.now, it.then) for it in tier_lines(told, LABELS)] == [
        ("Tier 1", 18, 20),
        ("Tier 2", 5, 4),
        ("Needs data", 3, 0),
    ]


def test_causes_are_told_the_largest_first_with_what_may_be_behind_them() -> None:
    """First assessments and accounts whose tier stays hold nothing."""
    told = report(
        transition("tier_1", "tier_2", 2, Cause.INPUT_CHANGED),
        transition("tier_2", "tier_1", 30),
        transition("tier_1", "needs_data", 40, Cause.INPUT_VANISHED),
        transition("", "tier_1", 99, Cause.FIRST),
        transition("tier_1", "tier_1", 99, Cause.DRIFT),
        vanished={"employees": 40},
        missing=1,
    )
    assert why(told, {"employees": "numberofemployees"}) == [
        "ICP changed, 30 accounts: someone edited the ICP",
        "input changed, 2 accounts: a bulk edit or import in the CRM",
        (
            "employees (numberofemployees) emptied, 40 accounts: a field was emptied, or an"
            " integration stopped filling it"
        ),
        "1 account gone: deleted or merged in the CRM, or hidden from the credential",
    ]
    assert why(report()) == []


def test_runs_that_are_held_for_the_same_have_the_same_causes() -> None:
    """However many accounts; another ICP is another cause."""
    one = report(transition("tier_1", "tier_2", 2), missing=3) | {"icp": "a"}
    same = report(transition("tier_2", "tier_1", 90), missing=4) | {"icp": "a"}
    others = [
        report(transition("tier_1", "tier_2", 2), missing=3) | {"icp": "b"},
        report(transition("tier_1", "tier_2", 2)) | {"icp": "a"},
        report(transition("tier_1", "tier_2", 2, Cause.DRIFT), missing=3) | {"icp": "a"},
        report(transition("tier_1", "tier_2", 2), missing=3, vanished={"size": 1}) | {"icp": "a"},
    ]
    assert causes(one) == causes(same)
    assert causes(one) not in [causes(it) for it in others]
