"""``icp reject``, ``pause``, ``resume`` and ``audit``: what people decide, and have decided."""

from __future__ import annotations

import csv
import getpass
import io
import json
import socket
from datetime import UTC, datetime

import typer
from rich.markup import escape
from rich.table import Table

from config.settings import load_settings
from worker import composition
from worker.cli.failing import CONFIGURATION, fail, failures
from worker.cli.naming import one_or_all, remembered
from worker.cli.showing import console
from worker.state.actions import Action
from worker.state.instants import instant_text
from worker.state.rows import ChangeState
from worker.sync.deciding import pause, reject, release
from worker.sync.keeping import this_holder
from worker.sync.report import RunOutcome

_STILL_PINNED = (
    "A run is going on: accounts that were pinned are left alone as before. When it has ended,"
    " `icp resume {name}` frees them."
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def reject_run(run_id: str, name: str | None, *, by: str, reason: str, as_json: bool) -> None:
    """Drop a held run's plan and leave its accounts as they are."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            connection = remembered(settings, state, name)
            who = by or this_person()
            pinned = reject(state, connection, run_id, who=who, reason=reason, holder=this_holder())
            counts = state.plan.counts(run_id)
        written = counts.get(ChangeState.WRITTEN, 0) + counts.get(ChangeState.SENT, 0)
        if as_json:
            told = {"run": run_id, "connection": connection, "pinned": pinned, "written": written}
            typer.echo(json.dumps(told))
            return
        typer.echo(
            f"Rejected. {pinned:,} accounts stay as they are until their inputs or the ICP"
            f" change, or `icp resume {connection}`."
        )
        if written:
            typer.echo(
                f"{written:,} accounts were written before: by the canary, or by an approval that"
                f" ended half-way. `icp rollback {run_id} --connection {connection}` undoes that."
            )


def pause_connection(
    connection: str, *, until: datetime | None, by: str, reason: str, as_json: bool
) -> None:
    """Let a connection judge and show, and write nothing."""
    with failures():
        settings = load_settings(need_connection=False)
        name = settings.connection(connection).name
        end = until.replace(tzinfo=UTC) if until is not None else None
        with composition.open_database(settings) as state:
            if end is not None and end <= state.now():
                fail([f"--until: {until} (UTC) is over. Name a time to come."], CONFIGURATION)
            pause(state, name, until=end, who=by or this_person(), reason=reason)
        if as_json:
            shown = instant_text(end) if end is not None else None
            typer.echo(json.dumps({"connection": name, "until": shown}))
        else:
            typer.echo(
                f"{name} writes nothing more until `icp resume {name}`"
                + (f" or {end:%Y-%m-%d %H:%M} UTC." if end else ".")
            )


def resume_connection(connection: str, *, by: str, reason: str, as_json: bool) -> None:
    """Let pinned accounts be judged again."""
    with failures():
        settings = load_settings(need_connection=False)
        name = settings.connection(connection).name
        with composition.open_database(settings) as state:
            who = by or this_person()
            paused, freed = release(state, name, who=who, reason=reason, holder=this_holder())
        if as_json:
            typer.echo(json.dumps({"connection": name, "was_paused": paused, "freed": freed}))
        elif paused:
            typer.echo(f"{name} writes again, from now on.")
        if freed is None:
            fail([_STILL_PINNED.format(name=name)], RunOutcome.PARTIAL.exit_code)
        if not as_json:
            typer.echo(f"{freed:,} accounts are judged again, at the next full pass or new day.")


def list_actions(name: str | None, *, as_csv: bool, as_json: bool) -> None:
    """Print what people decided, oldest first."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            found = state.actions.all(one_or_all(settings, state, name))
        if as_json:
            typer.echo(json.dumps([action._asdict() for action in found]))
        elif as_csv:
            typer.echo(_csv(found), nl=False)
        else:
            table = Table(box=None, pad_edge=False)
            for heading in ("When (UTC)", "Connection", "Who", "What", "Run", "Accounts", "Why"):
                table.add_column(heading, overflow="fold")
            for it in found:
                when = it.at[:19].replace("T", " ")
                told = (
                    when,
                    it.connection,
                    it.who,
                    it.what,
                    it.run_id,
                    str(it.accounts),
                    it.reason,
                )
                table.add_row(*map(escape, told))
            console().print(table if found else "Nobody has decided anything yet.")


def _csv(found: list[Action]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(Action._fields)
    for action in found:
        cells = map(str, action)
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue()


def this_person() -> str:
    """Who is at the keyboard, as far as the system knows."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"unknown@{socket.gethostname()}"
