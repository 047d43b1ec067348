"""``icp rollback``: undo a run, and say what could not be undone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from config.settings import load_settings
from connectors.dry_run import DryRunConnector
from worker import composition
from worker.cli.deciding import this_person
from worker.cli.failing import failures
from worker.cli.showing import COLOURS, console, printable, progress_bar, transition_table
from worker.cli.stopping import stopping
from worker.state.store import State
from worker.sync.connection import Parts, RunResult
from worker.sync.keeping import this_holder
from worker.sync.report import RunReport
from worker.sync.restoring import Why
from worker.sync.rollback import Rollback
from worker.sync.undoing import Left, left_by
from worker.telemetry import set_up_logging
from worker.tracing import run_trace, tracing

MOST_LISTED = 500
"""Accounts that are named for each reason; data names all of them."""

_WORDS: Mapping[Why, str] = {
    Why.EDITED: "edited since",
    Why.LATER: "written by a later run; undo that one first",
    Why.GONE: "deleted or merged in the CRM",
    Why.FIELDS: "none of the fields written is an output any more",
    Why.REFUSED: "refused by the CRM; `icp runs --rejected` shows its words",
}


def rollback_run(
    undone: str, name: str | None, *, dry_run: bool, by: str, reason: str, as_json: bool
) -> None:
    """Undo a run and leave with the outcome's exit code."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        connection = settings.connection(name)
        # not held to what lint thinks: an ICP gone wrong is what one undoes a run for
        compiled = composition.compile_icps(connection.profiles)
        wired = composition.connection_of(connection, compiled)
        run_id = composition.new_run_id()
        structlog.contextvars.bind_contextvars(run_id=run_id, connection=connection.name)
        with (
            stopping(settings.shutdown_grace) as stop,
            tracing(),
            composition.open_database(settings) as stored,
            run_trace(run_id, connection.name, dry_run=dry_run, doing="rollback") as trace,
        ):
            connector = composition.open_connector(connection, stop, wired.fields)
            trace.follow(connector.calls)
            state = stored.scratch() if dry_run else stored
            try:
                with progress_bar() as progress:
                    parts = Parts(
                        wired,
                        DryRunConnector(connector) if dry_run else connector,
                        state,
                        run_id,
                        stop,
                        trace.watched(progress),
                        stored.now,
                    )
                    result = Rollback(
                        parts, holder=this_holder(), stored=stored if dry_run else None
                    ).carry_out(undone, who=by or this_person(), reason=reason, foretell=_foretell)
                trace.ended(result.report)
                if as_json:
                    _print_json(state, result.report)
                else:
                    labels = composition.tier_labels(compiled.profiles)
                    _show(console(), state, result, labels)
            finally:
                if dry_run:
                    state.close()
        raise typer.Exit(result.report.outcome.exit_code)


def _foretell(planned: int, report: RunReport) -> None:
    """Say, before the first write, what is about to be done."""
    if not report.dry_run:
        of = f"Restores {planned:,} of {report.counters.read:,} accounts"
        typer.echo(f"{of}; {report.forecast}", err=True)


def _print_json(state: State, report: RunReport) -> None:
    """The report as one line, and every account that is left, which may be many."""
    data = json.dumps(report.as_json(), ensure_ascii=False)
    typer.echo(f'{data[:-1]}, "left_accounts": [', nl=False)
    for place, left in enumerate(left_by(state, report.run)):
        typer.echo(f"{', ' if place else ''}{json.dumps(_as_json(left))}", nl=False)
    typer.echo("]}")


def _as_json(left: Left) -> dict[str, str | None]:
    detail = left.detail or None
    return {
        "account": left.account_id,
        "reason": left.why.value,
        "field": detail if left.why is Why.EDITED else None,
        "run": detail if left.why is Why.LATER else None,
        "code": detail if left.why is Why.REFUSED else None,
    }


def _show(out: Console, state: State, result: RunResult, labels: Mapping[str, str]) -> None:
    """Print what was undone and what was not, the way an admin reads it."""
    report = result.report
    counters, name = report.counters, report.connection
    out.print(
        f"[{COLOURS[report.outcome]}]{report.outcome.value}[/]"
        f" {'dry run, ' if report.dry_run else ''}rollback of run {report.rolls_back},"
        f" run {report.run}"
    )
    verb = "would be restored" if report.dry_run else "restored"
    parts = [f"{counters.written:,} accounts {verb}"]
    if counters.unchanged:
        parts.append(f"{counters.unchanged:,} already as before the run")
    if report.left:
        parts.append(f"{report.left.total():,} left as they are")
    if counters.held:
        parts.append(f"{counters.held:,} not yet")
    out.print(f"{', '.join(parts)}; {report.calls.total:,} calls")
    if report.dry_run and report.forecast is not None:
        out.print(f"A real rollback {report.forecast}")
    if report.transitions:
        out.print()
        out.print(transition_table(report, labels, result.examples))
    for line in _left_lines(state, report):
        out.print(escape(line), soft_wrap=True)
    for warning in report.warnings:
        out.print(f"[yellow]warning[/] {escape(warning)}")
    for problem in report.problems:
        out.print(f"[red]problem[/] {escape(problem)}")
    if counters.pinned:
        stay = "would stay" if report.dry_run else "stay"
        out.print(
            f"\n{counters.pinned:,} accounts {stay} as they are until their inputs or the ICP"
            f" change, or `icp resume {escape(name)}`."
        )


def _left_lines(state: State, report: RunReport) -> Iterator[str]:
    """Who is left, by reason; as many as one can read."""
    named: dict[Why, list[str]] = {}
    runs: Counter[str] = Counter()
    for left in left_by(state, report.run):
        ids = named.setdefault(left.why, [])
        if len(ids) < MOST_LISTED:
            ids.append(left.account_id)
        if left.why is Why.LATER:
            runs[left.detail] += 1
    for why, ids in named.items():
        count = report.left[why.value]
        of = (
            f" ({', '.join(f'{run}: {n:,}' for run, n in runs.items())})"
            if why is Why.LATER
            else ""
        )
        more = f" and {count - len(ids):,} more, which --json lists" if count > len(ids) else ""
        yield f"\n{count:,} {_WORDS[why]}{of}:\n{printable(', '.join(ids))}{more}"
