"""``icp runs``: past runs, and the accounts that the CRM refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from config.settings import Settings, load_settings
from worker import composition
from worker.cli.failing import failures
from worker.cli.naming import one_or_all, remembered
from worker.cli.showing import console, printable
from worker.state.rows import DeadLetter, Run
from worker.state.store import State


def list_runs(name: str | None, *, limit: int, rejected: bool, as_json: bool) -> None:
    """Print past runs, newest first, or the accounts the CRM refuses."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            if rejected:
                _rejected(settings, state, name, as_json=as_json)
                return
            found = state.runs.latest(one_or_all(settings, state, name), limit)
        if as_json:
            typer.echo(json.dumps([_run_json(run) for run in found]))
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("Run", "Connection", "Started (UTC)", "Kind", "Outcome"):
            table.add_column(heading)
        for heading in ("Read", "Written", "Rejected", "Held", "Calls"):
            table.add_column(heading, justify="right")
        for run in found:
            report = orjson.loads(run.report) if run.report else {}
            table.add_row(
                run.run_id,
                run.connection,
                run.started_at[:19].replace("T", " "),
                _kind(run, report),
                run.outcome or "running",
                *(
                    f"{report[key]:,}" if key in report else ""
                    for key in ("read", "written", "rejected", "held")
                ),
                f"{report['calls']['total']:,}" if report else "",
            )
        console().print(table if found else "No run yet.")


def _kind(run: Run, report: Mapping[str, Any]) -> str:
    undone = report.get("rolls_back")
    return f"{run.kind}{f' of {undone}' if undone else ''}{' (dry)' if run.dry_run else ''}"


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "run": run.run_id,
        "connection": run.connection,
        "kind": run.kind,
        "dry_run": run.dry_run,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "outcome": run.outcome,
        "report": orjson.loads(run.report) if run.report else None,
    }


def _rejected(settings: Settings, state: State, name: str | None, *, as_json: bool) -> None:
    """The one place that shows the CRM's own words about a refused record."""
    connection = remembered(settings, state, name)
    letters: list[DeadLetter] = []
    while page := state.dead_letters.all(connection, letters[-1].account_id if letters else ""):
        letters += page
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {"account": it.account_id, "code": it.code, "field": it.field,
                     "rejections": it.rejections, "first_seen": it.first_seen,
                     "last_seen": it.last_seen, "message": it.message}
                    for it in letters
                ]
            )
        )  # fmt: skip
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Account", "Code", "Field", "Times", "Last seen (UTC)", "Why"):
        table.add_column(heading, overflow="fold")
    for it in letters:
        table.add_row(
            it.account_id,
            it.code,
            it.field,
            str(it.rejections),
            it.last_seen[:19].replace("T", " "),
            escape(printable(" ".join(it.message.split()))),
        )
    console().print(table if letters else "The CRM refuses no account.")
