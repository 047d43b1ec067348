"""What ``icp explain`` says of accounts that stay as a person left them, or had them restored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
import typer
from rich.markup import escape

from worker.cli.showing import console, printable
from worker.state.rows import HistoryRow, MirrorRow
from worker.sync.connection import Connection
from worker.sync.recalling import Restored, Written
from worker.sync.vanishing import mirrored_order


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


def is_pinned(
    row: MirrorRow | None, fields: Mapping[str, str | None], connection: Connection
) -> bool:
    """Whether the next run will leave an account as it is, because a run was rejected or undone."""
    if row is None or row.pinned != connection.fingerprint():
        return False
    names = mirrored_order(connection.fields.inputs)
    return row.inputs == orjson.dumps([fields.get(name) or None for name in names])


def show_pin(connection: str) -> None:
    """Say so, before the judgement that is not written."""
    console().print(
        "[yellow]Pinned[/]: a run was rejected or undone, so the record stays as it is until its"
        f" inputs or the ICP change, or `icp resume {escape(connection)}`. It would be judged:",
        soft_wrap=True,
    )
