"""What ``icp explain --at`` says of values that a rollback brought back."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.markup import escape

from worker.cli.showing import console, printable
from worker.state.rows import HistoryRow
from worker.sync.recalling import Restored, Written


def show_restored(row: HistoryRow, found: Restored, *, as_json: bool) -> None:
    """Say what a rollback brought back that no run of ours had written."""
    written = found.written
    if as_json:
        data = {
            "account": row.account_id,
            "run": row.run_id,
            "written_at": found.written_at,
            "written": written_json(written),
            "rolls_back": found.of,
            "shown_tier": written.tier,
            "same": None,
        }
        typer.echo(json.dumps(data))
        return
    held = (
        f"It showed {printable(written.tier)} then, which no run that is kept had written."
        if written.tier
        else "It had not been assessed before, and its fields are blank again."
    )
    console().print(
        escape(
            f"Account {row.account_id}: as restored on {found.written_at} by run {row.run_id}, a"
            f" rollback of run {found.of}. {held}"
        ),
        soft_wrap=True,
    )


def written_json(written: Written) -> dict[str, Any]:
    """What was written, as data; scores in points."""
    return {
        "tier": written.tier,
        "computed_tier": written.computed_tier,
        "score": None if written.score is None else written.score / 100,
        "reason": written.reason,
    }
