"""What a run's report says to a person."""

from __future__ import annotations

import io
from collections import Counter

from rich.console import Console

from worker.cli.showing import show_report
from worker.sync.report import Counters, RunKind, RunOutcome, RunReport

LABELS = {"tier_1": "Tier 1", "needs_data": "Needs data"}


def shown(counters: Counters) -> str:
    """The report of a complete pass, as printed."""
    out = io.StringIO()
    report = RunReport(
        run="run-1",
        connection="main",
        kind=RunKind.FULL,
        dry_run=False,
        as_of="2026-11-24T12:00:00.000Z",
        inputs={"size": "NumberOfEmployees", "sector": "Industry"},
        outcome=RunOutcome.SUCCEEDED,
        counters=counters,
    )
    show_report(Console(file=out, width=160), report, LABELS, {})
    return out.getvalue()


def test_why_accounts_need_data_and_what_to_do() -> None:
    """The empty fields are named under the CRM's names, the commonest first, and the ways out."""
    lacking = Counter(sector=398, size=402, old=1)
    text = shown(Counters(tiers=Counter(tier_1=14, needs_data=409), lacking=lacking))

    assert "409 accounts need data before they can be judged." in text
    assert "size (NumberOfEmployees) 402, sector (Industry) 398, old 1." in text
    assert "worker.yaml" in text
    assert "min_coverage" in text


def test_nothing_is_said_where_nothing_is_lacking() -> None:
    """Nobody is told to fill fields that are filled."""
    assert "need data" not in shown(Counters(tiers=Counter(tier_1=14)))
