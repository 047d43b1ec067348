"""``icp resync``: ask the worker for accounts, or run them here, and see how it ends."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import orjson
import typer
from rich.markup import escape

from config.schedule import interval
from config.settings import Settings, load_settings
from worker import composition
from worker.alerting import alerting
from worker.cli.deciding import this_person
from worker.cli.failing import CONFIGURATION, FAILED, STOPPED, fail, failures
from worker.cli.running import execute
from worker.cli.serving import LEFT_BEHIND, is_being_run, run_request, tier_named
from worker.cli.showing import (
    TerminalProgress,
    console,
    pinned_words,
    progress_bar,
    show_report,
)
from worker.cli.stopping import stopping
from worker.recording import attempt
from worker.state.instants import instant_text
from worker.state.requests import Request, RequestKind
from worker.state.store import State
from worker.sync.interludes import MOST_ACCOUNTS, waits_for_the_end
from worker.sync.report import RunOutcome
from worker.telemetry import set_up_logging
from worker.tracing import tracing

PATIENCE: Final = 5.0
"""Seconds without any sign of a worker after which there seems to be none."""

LOOK: Final = 0.25

NOTHING = "No account is selected; nothing was run."


def resync(
    accounts: Sequence[str],
    name: str | None,
    *,
    everything: bool,
    tier: str | None,
    since: str | None,
    rejected: bool,
    here: bool,
    as_json: bool,
) -> None:
    """Run the chosen accounts again, and leave with the outcome's exit code."""
    with failures():
        kind, selector = _chosen(
            accounts, everything=everything, tier=tier, since=since, rejected=rejected
        )
        settings = load_settings()
        set_up_logging(
            settings.log_level if here and not sys.stderr.isatty() else "warning",
            secrets=composition.secrets_of(settings),
        )
        connection = settings.connection(name)
        if tier is not None:
            compiled = composition.compile_icps(connection.profiles)
            selector = {"tier": tier_named(tier, compiled)}
        if here:
            _run_here(settings, connection.name, kind, selector, as_json=as_json)
        with composition.open_database(settings) as state:
            request = state.requests.ask(
                connection.name, kind, selector, this_person(), state.now()
            )
            typer.echo(_queued(state, request), err=True)
            with stopping() as stop, progress_bar() as progress:
                ended = _follow(state, request, stop, progress)
            _show(state, ended, as_json=as_json)


def _chosen(
    accounts: Sequence[str],
    *,
    everything: bool,
    tier: str | None,
    since: str | None,
    rejected: bool,
) -> tuple[RequestKind, Mapping[str, Any]]:
    """The one way in which accounts were chosen."""
    ways: list[tuple[RequestKind, Mapping[str, Any]]] = []
    if accounts:
        ways.append((RequestKind.ACCOUNTS, {"accounts": sorted({*accounts})}))
    if everything:
        ways.append((RequestKind.ALL, {}))
    if tier is not None:
        ways.append((RequestKind.TIER, {"tier": tier}))
    if since is not None:
        try:
            interval(since)
        except ValueError as error:
            fail([f"--since: {error} Write 30m, 6h or 7d."], CONFIGURATION)
        ways.append((RequestKind.SINCE, {"since": since.strip()}))
    if rejected:
        ways.append((RequestKind.REJECTED, {}))
    if len(ways) != 1:
        words = "Say which accounts in one way: their ids, --all, --tier, --since or --rejected."
        fail([words], CONFIGURATION)
    return ways[0]


def _run_here(
    settings: Settings,
    name: str,
    kind: RequestKind,
    selector: Mapping[str, Any],
    *,
    as_json: bool,
) -> NoReturn:
    connection = settings.connection(name)
    with (
        stopping(settings.shutdown_grace) as stop,
        tracing(),
        composition.open_database(settings) as state,
        alerting(settings, [connection], state),
        attempt(state, connection) as it,
    ):
        compiled = composition.compile_icps(connection.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        with progress_bar() as progress:
            now = state.now()
            wanted = run_request(kind, dict(selector), now, connection, compiled, state, stop)
            result = wanted and execute(
                connection, compiled, state, wanted, stop, progress, it.run_id
            )
    outcome = result.report.outcome if result else RunOutcome.SUCCEEDED
    if as_json:
        report = result.report.as_json() if result else None
        typer.echo(_json(None, name, outcome.value, report))
    elif result:
        labels = composition.tier_labels(compiled.profiles)
        show_report(console(), result.report, labels, result.examples)
    else:
        typer.echo(NOTHING)
    raise typer.Exit(outcome.exit_code)


def _queued(state: State, request: Request) -> str:
    """What was done, and when it can be expected to be served."""
    words = f"Request {request.number} is queued for {request.connection}."
    accounts = orjson.loads(request.selector).get("accounts", [])
    if waits_for_the_end(request.kind, accounts) and is_being_run(state, request.connection):
        words += (
            " A run of that connection is under way; this request is served when it is over"
            f" (up to {MOST_ACCOUNTS} accounts, named by id, would be served meanwhile)."
        )
    return words


def _follow(
    state: State, request: Request, stop: threading.Event, progress: TerminalProgress
) -> Request:
    """Wait until the request is finished."""
    sign = time.monotonic()
    shown: tuple[int | None, int] | None = None
    progress.stage("waiting for the worker", None)
    while True:
        if stop.wait(LOOK):
            words = f"No longer followed. Request {request.number} stays queued or goes on."
            fail([words], STOPPED)
        found = state.requests.get(request.number)
        if found is None:
            fail([f"Request {request.number} is no longer known."], FAILED)
        if found.finished_at is not None:
            return found
        if found.taken_at is not None:
            before = shown
            shown = (found.total, found.done)
            if before is None or before[0] != found.total or before[1] > found.done:
                progress.stage("resync", found.total)
                progress.advance(found.done)
            else:
                progress.advance(found.done - before[1])
        if _is_at_work(state, request.connection):
            sign = time.monotonic()
        elif time.monotonic() - sign > PATIENCE:
            fail([_nobody(request)], FAILED)


def _is_at_work(state: State, connection: str) -> bool:
    """Whether anything shows that a worker serves the connection.

    An idle one holds no lease; one that serves a request may not have begun its run yet.
    """
    if is_being_run(state, connection):
        return True
    recent = instant_text(state.now() - LEFT_BEHIND)
    return any(
        it.taken_at is not None and it.taken_at > recent
        for it in state.requests.unfinished(connection)
    )


def _nobody(request: Request) -> str:
    return (
        f"No worker seems to be running for connection {request.connection}. Request"
        f" {request.number} stays queued until one does: start `icp worker`, or give the same"
        " command with --here to run it in this process now."
    )


def _show(state: State, request: Request, *, as_json: bool) -> None:
    outcome = RunOutcome(request.outcome or RunOutcome.FAILED)
    run = state.runs.get(request.run_id) if request.run_id else None
    report = orjson.loads(run.report) if run and run.report else None
    if as_json:
        typer.echo(_json(request.number, request.connection, outcome.value, report))
    elif report is not None:
        out = console()
        counts = ", ".join(f"{report[it]:,} {it}" for it in _COUNTS if report[it] or it in _ALWAYS)
        out.print(f"{outcome.value}, run {request.run_id}\n{counts}")
        if report["pinned"]:
            words = pinned_words(report["pinned"], request.connection)
            out.print(escape(words), soft_wrap=True)
        for problem in report["problems"]:
            out.print(f"[red]problem[/] {escape(problem)}")
        if report["hold"]:
            hold = report["hold"]
            out.print(f"[yellow]held[/]: {escape(hold['reason'])}. {escape(hold['remedy'])}")
    elif outcome is RunOutcome.SUCCEEDED:
        typer.echo(NOTHING)
    else:
        typer.echo(
            "failed before anything was read; the worker's log (run_failed) says why, and so does"
            " the same command with --here."
        )
    raise typer.Exit(outcome.exit_code)


_ALWAYS = ("read", "unchanged", "written")
_COUNTS = (*_ALWAYS, "rejected", "invalid", "held")


def _json(number: int | None, connection: str, outcome: str, report: Any) -> str:
    told = {"request": number, "connection": connection, "outcome": outcome, "report": report}
    return json.dumps(told, ensure_ascii=False)
