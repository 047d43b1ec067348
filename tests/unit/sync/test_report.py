"""The run report: what adds up, how it ends, and what scripts read."""

from __future__ import annotations

from collections import Counter

import orjson

from worker.sync.guard import Hold, Transition
from worker.sync.report import Counters, RunKind, RunOutcome, RunReport


def test_each_outcome_has_its_exit_code() -> None:
    """0 done, 1 failed, 3 partial, 4 held, 5 stopped."""
    assert {it.value: it.exit_code for it in RunOutcome} == {
        "succeeded": 0, "failed": 1, "partial": 3, "held": 4, "stopped": 5,
    }  # fmt: skip


def test_counters_that_add_up_have_nothing_to_say() -> None:
    """Every account ended in one of five ways; what is counted beside them does not matter."""
    counters = Counters(
        read=15, unchanged=1, written=2, rejected=3, invalid=4, held=5, gone=3, repeated=9, quiet=1
    )

    assert counters.reconcile() == []


def test_an_account_lost_or_counted_twice_is_told() -> None:
    """With every number, so that a person can see where it went."""
    [lost] = Counters(read=3, written=2).reconcile()
    [twice] = Counters(read=1, written=1, held=1).reconcile()

    assert lost.startswith("3 accounts were read but 2 are accounted for")
    assert "written 2" in lost
    assert twice.startswith("1 accounts were read but 2")


def test_scripts_find_what_they_were_promised() -> None:
    """The names of the contract, in plain JSON."""
    report = RunReport(
        run="r1", connection="main", kind=RunKind.FULL, dry_run=True,
        as_of="2026-11-24T09:00:00.000Z", outcome=RunOutcome.HELD,
        counters=Counters(read=2, held=2, tiers=Counter({"tier_2": 1, "disqualified": 1})),
        transitions=[Transition("tier_1", "tier_2", "input changed", 2, ("7",))],
        hold=Hold("too many", "approve", 2, 0),
    )  # fmt: skip
    found = orjson.loads(orjson.dumps(report.as_json()))

    assert {
        "run", "outcome", "read", "unchanged", "written", "rejected", "invalid", "held", "tiers",
        "transitions", "calls", "dry_run",
    } <= {*found}  # fmt: skip
    assert found["outcome"] == "held"
    assert found["dry_run"] is True
    assert found["tiers"] == {"disqualified": 1, "tier_2": 1}
    assert found["transitions"] == [
        {"from": "tier_1", "to": "tier_2", "cause": "input changed", "accounts": 2,
         "examples": ["7"]}
    ]  # fmt: skip
    assert found["hold"]["allowed"] == 0
