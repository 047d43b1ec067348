"""``icp alerts``: what was raised and whether it arrived, and a try of the webhook."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from config.environment import environment_problem
from config.problems import ConfigError
from config.settings import load_settings
from worker import composition
from worker.alerting.webhook import DeliveryError, Webhook
from worker.cli.failing import FAILED, failures
from worker.cli.naming import one_or_all
from worker.cli.showing import console, printable
from worker.state.alerts import Alert
from worker.state.instants import instant_text
from worker.telemetry import set_up_logging


def send_test(name: str | None, *, as_json: bool) -> None:
    """Send a test message now, once; leave with 1 when it did not arrive."""
    with failures():
        settings = load_settings(need_connection=False)
        if settings.alerts.webhook_url is None:
            remedy = "Set it, or ICP_ALERTS__WEBHOOK_URL_FILE, to where alerts should go."
            problem = environment_problem("ICP_ALERTS__WEBHOOK_URL", "it is not set.", remedy)
            raise ConfigError([problem])
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        connection = settings.connection(name).name
        at = instant_text(datetime.now(UTC))
        told: dict[str, object] = {
            "event": "test", "connection": connection, "run": None, "at": at,
            "cause": "icp alerts --test: if you read this, alerts arrive", "counts": {},
            "remedy": None,
        }  # fmt: skip
        payload = orjson.dumps(told)
        alert = Alert(0, connection, "test", "", at, at, payload, None, 1, "")
        problem_words = ""
        try:
            Webhook(settings.alerts).send(alert)
        except DeliveryError as error:
            problem_words = str(error)
        if as_json:
            typer.echo(json.dumps({"delivered": not problem_words, "problem": problem_words}))
        else:
            shape = "Slack" if settings.alerts.as_slack else "JSON"
            typer.echo(
                f"Not delivered: {problem_words}." if problem_words else f"Delivered, as {shape}."
            )
        if problem_words:
            raise typer.Exit(FAILED)


def list_alerts(name: str | None, *, limit: int, as_json: bool) -> None:
    """Print what was raised, newest first."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            found = state.alerts.latest(one_or_all(settings, state, name), limit)
        if as_json:
            typer.echo(json.dumps([_as_json(alert) for alert in found]))
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("Raised (UTC)", "Connection", "Event", "Over (UTC)", "Delivery", "Cause"):
            table.add_column(heading, overflow="fold")
        for alert in found:
            table.add_row(
                _minute(alert.raised_at),
                alert.connection,
                alert.event,
                _minute(alert.ended_at or ""),
                _delivery(alert),
                escape(printable(str(orjson.loads(alert.payload)["cause"]))),
            )
        console().print(table if found else "No alert yet.")


def _delivery(alert: Alert) -> str:
    tried = {0: "waiting", 1: "waiting, tried once"}
    waiting = tried.get(alert.attempts, f"waiting, tried {alert.attempts} times")
    problem = f": {alert.problem}" if alert.problem else ""
    return f"{alert.outcome or waiting}{problem}"


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")


def _as_json(alert: Alert) -> dict[str, object]:
    return {
        "number": alert.number,
        "raised_at": alert.raised_at,
        "ended_at": alert.ended_at,
        "delivery": alert.outcome or "waiting",
        "attempts": alert.attempts,
        "problem": alert.problem,
        **orjson.loads(alert.payload),
    }
