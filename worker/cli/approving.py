"""``icp approve``: write the plan of a held run."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import typer

from config.settings import load_settings
from worker import composition
from worker.alerting import alerting
from worker.cli.deciding import this_person
from worker.cli.failing import failures
from worker.cli.showing import console, progress_bar, show_report
from worker.cli.stopping import stopping
from worker.sync.approving import Approval
from worker.sync.keeping import this_holder
from worker.telemetry import set_up_logging


def approve_run(run_id: str, name: str | None, *, by: str, reason: str, as_json: bool) -> None:
    """Carry out a held run's plan and leave with the outcome's exit code."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        connection = settings.connection(name)
        compiled = composition.compile_icps(connection.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        wired = composition.connection_of(connection, compiled)
        with (
            stopping(settings.shutdown_grace) as stop,
            composition.open_database(settings) as state,
            alerting(settings, [connection], state),
            progress_bar() as progress,
        ):
            report = Approval(
                wired,
                composition.open_connector(connection, stop, wired.fields),
                state,
                holder=this_holder(),
                stop=stop,
                progress=progress,
            ).carry_out(run_id, who=by or this_person(), reason=reason)
        if as_json:
            typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            show_report(console(), report, composition.tier_labels(compiled.profiles), {})
        raise typer.Exit(report.outcome.exit_code)
