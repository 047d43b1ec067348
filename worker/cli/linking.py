"""``icp approve RUN --link``: a link for someone who has a browser and no shell."""

from __future__ import annotations

import json

import typer

from config.settings import load_settings
from worker import composition
from worker.approval_links import approval_link
from worker.cli.failing import CONFIGURATION, fail, failures
from worker.state.instants import instant_text, minute_text
from worker.state.runs import HELD

_HOW = (
    "Links are not set up. Set ICP_APPROVAL_URL to the address under which people reach the"
    " worker's HTTP port, and ICP_APPROVAL_SECRET to at least 32 characters."
)


def print_link(run_id: str, name: str | None, *, as_json: bool) -> None:
    """Print the link alone on standard output, and for how long it is good on the other."""
    with failures():
        settings = load_settings(need_connection=False)
        connection = settings.connection(name).name
        if settings.approvals is None:
            fail([_HOW], CONFIGURATION)
        with composition.open_database(settings) as state:
            run, now = state.runs.get(run_id), state.now()
            held = state.runs.latest(connection, 1, outcome=HELD)
        if run is None or run.connection != connection:
            fail([f"run {run_id}: connection {connection} has no such run."], CONFIGURATION)
        if run.outcome != HELD:
            now_held = f" Held is {held[0].run_id}." if held else " No run is held."
            words = f"run {run_id}: is {run.outcome or 'not finished'}, not held.{now_held}"
            fail([words], CONFIGURATION)
        link = approval_link(settings, connection, run_id, now)
        ends = now + settings.approvals.valid_for
        if as_json:
            told = {"run": run_id, "link": link, "expires_at": instant_text(ends)}
            typer.echo(json.dumps(told))
            return
        typer.echo(f"Whoever has this link may decide, until {minute_text(ends)}:", err=True)
        typer.echo(link)
