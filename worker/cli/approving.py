"""``icp approve``: write the plan of a held run."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import typer

from config.connection import ConnectionSettings
from config.settings import load_settings
from worker import composition
from worker.alerting import alerting
from worker.cli.deciding import this_person
from worker.cli.failing import failures
from worker.cli.showing import console, progress_bar, show_report
from worker.cli.stopping import stopping
from worker.state.store import State
from worker.sync.approving import Approval
from worker.sync.connection import Progress
from worker.sync.keeping import this_holder
from worker.sync.report import RunReport
from worker.telemetry import set_up_logging
from worker.tracing import run_trace, tracing


def approve_run(run_id: str, name: str | None, *, by: str, reason: str, as_json: bool) -> None:
    """Carry out a held run's plan and leave with the outcome's exit code."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        connection = settings.connection(name)
        compiled = composition.compile_icps(connection.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        with (
            stopping(settings.shutdown_grace) as stop,
            tracing(),
            composition.open_database(settings) as state,
            alerting(settings, [connection], state),
            progress_bar() as progress,
        ):
            who = by or this_person()
            report = approve(
                run_id, who, reason, connection, compiled, state, stop=stop, progress=progress
            )
        if as_json:
            typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            show_report(console(), report, composition.tier_labels(compiled.profiles), {})
        raise typer.Exit(report.outcome.exit_code)


def approve(
    run_id: str,
    who: str,
    reason: str,
    connection: ConnectionSettings,
    compiled: composition.Compiled,
    state: State,
    *,
    stop: threading.Event,
    progress: Progress,
) -> RunReport:
    """Build what carries out a held run's plan, and carry it out."""
    known = state.runs.get(run_id) is not None  # whatever else was typed is told nobody
    with run_trace(
        run_id if known else "unknown", connection.name, dry_run=False, doing="approve"
    ) as trace:
        wired = composition.connection_of(connection, compiled)
        connector = composition.open_connector(connection, stop, wired.fields)
        trace.follow(connector.calls)
        report = Approval(
            wired,
            connector,
            state,
            holder=this_holder(),
            stop=stop,
            progress=trace.watched(progress),
        ).carry_out(run_id, who=who, reason=reason)
        trace.ended(report)
        return report
