"""``icp status``: whether all is right, and if not, what a person should do."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeAlias

import typer
from rich.markup import escape

from config.connection import ConnectionSettings
from config.freezing import Freeze
from config.problems import ConfigError
from config.settings import load_settings
from worker import composition
from worker.cli.failing import failures
from worker.cli.showing import console
from worker.held import why
from worker.standing import Standing, Verdict, report_of, span, standing, verdict
from worker.state.instants import instant_text, minute_text
from worker.state.runs import HELD
from worker.sync.report import RunOutcome

Overdue: TypeAlias = bool | None
"""Of an ICP's review; ``None`` where the ICP cannot be read."""

_COLOURS = {"all right": "green", "look": "yellow", "stopped": "red"}


def show_status(name: str | None, *, as_json: bool) -> None:
    """Print how each connection stands; leave with 3 when something needs a person."""
    with failures():
        settings = load_settings(need_connection=False)
        if name is not None or not settings.connections:
            chosen: tuple[ConnectionSettings, ...] = (settings.connection(name),)
        else:
            chosen = settings.connections
        with composition.open_database(settings) as state:
            now = state.now()
            found = [
                (it, standing(state, it.name, it.schedule, now, it.freeze), _reviewing(it, now))
                for it in chosen
            ]
        judged = [
            (it, verdict(it, now, review_overdue=overdue), overdue) for _, it, overdue in found
        ]
        if as_json:
            typer.echo(json.dumps([_as_json(*each, now) for each in judged]))
        else:
            for each in judged:
                _show(*each, now, links=settings.approvals is not None)
        if any(each.needs_someone for _, each, _ in judged):
            raise typer.Exit(RunOutcome.PARTIAL.exit_code)


def _reviewing(connection: ConnectionSettings, now: datetime) -> Overdue:
    """Whether the review of an ICP is overdue; ``None`` where the ICP cannot be read."""
    try:
        compiled = composition.compile_icps(connection.profiles)
    except ConfigError:
        return None  # `icp lint` says why, and so does the next run
    return any(
        it.document.reviewed is not None and it.document.review_overdue(now.date())
        for it in compiled.loaded
    )


def _as_json(it: Standing, said: Verdict, overdue: Overdue, now: datetime) -> dict[str, Any]:
    def text(moment: datetime | None) -> str | None:
        return instant_text(moment) if moment else None

    def age(moment: datetime | None) -> int | None:
        return int((now - moment).total_seconds()) if moment else None

    report, hold = it.report, report_of(it.held).get("hold") or {}
    return {
        "connection": it.connection,
        "verdict": said.word,
        "why": said.why,
        "remedies": list(said.remedies),
        "last_run": None
        if it.last is None
        else {
            "run": it.last.run_id,
            "outcome": it.last.outcome,
            "started_at": it.last.started_at,
            "finished_at": it.last.finished_at,
        },
        "last_success_at": text(it.success),
        "last_success_age_seconds": age(it.success),
        "next_due_at": text(it.due),
        "checkpoint": text(it.checkpoint),
        "checkpoint_lag_seconds": age(it.checkpoint),
        "held": None
        if it.held is None
        else {"run": it.held.run_id, "reason": hold.get("reason", "")},
        "dead_letters": it.dead_letters,
        "not_kept": it.not_kept,
        "pause": None if it.pause is None else it.pause._asdict(),
        "freeze": _window(it.freeze),
        "next_freeze": _window(it.next_freeze),
        "alerts": {"waiting": it.alerts.number, "problem": it.alerts.problem},
        "lease": None
        if it.lease is None
        else {"holder": it.lease.holder, "expires_at": it.lease.expires_at},
        "quota": None
        if not report.get("forecast")
        else {name: report["forecast"][name] for name in ("remaining", "limit")},
        "review_overdue": overdue,
    }


def _window(freeze: Freeze | None) -> dict[str, str] | None:
    if freeze is None:
        return None
    begins, ends = instant_text(freeze.begins), instant_text(freeze.ends)
    return {"from": begins, "to": ends, "reason": freeze.reason}


def _show(it: Standing, said: Verdict, overdue: Overdue, now: datetime, *, links: bool) -> None:
    out = console()
    why = f": {escape(said.why)}" if said.why else ""
    word = f"[{_COLOURS[said.word]}]{said.word}[/]"
    out.print(f"[bold]{escape(it.connection)}[/]: {word}{why}", soft_wrap=True)
    for remedy in said.remedies:
        out.print(f"  → {escape(remedy)}", soft_wrap=True)
    if links and it.held is not None and it.freeze is None and it.pause is None:
        run = it.held.run_id
        out.print(f"  → icp approve {run}{it.of} --link   (for someone without a shell)")
    for title, words in _facts(it, overdue, now):
        out.print(f"  {title:<16}{escape(words)}", soft_wrap=True)


def _facts(it: Standing, overdue: Overdue, now: datetime) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if it.last is not None:
        ended = it.last.outcome or "running"
        found.append(("Last run", f"{it.last.run_id}, {ended}, {it.last.kind}"))
    if it.success is not None:
        when = f"{it.success:%Y-%m-%d %H:%M} UTC, {span(now - it.success)} ago"
        found.append(("Last success", when))
    if it.due is not None:
        late = " (late)" if it.due < now else ""
        found.append(("Next due", f"{it.due:%Y-%m-%d %H:%M} UTC, if a worker runs{late}"))
    if it.checkpoint is not None:
        when = f"{it.checkpoint:%Y-%m-%d %H:%M} UTC, {span(now - it.checkpoint)} ago"
        found.append(("Read up to", when))
    found += _kept_back(it)
    if it.dead_letters:
        found.append(("Dead letters", f"{it.dead_letters:,} (icp runs --rejected)"))
    if it.alerts.number:
        why = f": {it.alerts.problem}" if it.alerts.problem else ""
        found.append(("Alerts", f"{it.alerts.number:,} not delivered yet{why}"))
    if it.lease is not None:
        found.append(("At work", it.lease.holder))
    forecast = it.report.get("forecast") or {}
    if forecast.get("remaining") is not None:
        limit = f" of {forecast['limit']:,}" if forecast.get("limit") is not None else ""
        found.append(("Calls left", f"{forecast['remaining']:,}{limit}, at the last run"))
    if overdue:
        found.append(("ICP review", "overdue"))
    if overdue is None:
        found.append(("ICP", "cannot be read; icp lint says why"))
    return found


def _kept_back(it: Standing) -> list[tuple[str, str]]:
    """What is not written for now, and until when."""
    found: list[tuple[str, str]] = []
    if it.freeze is not None:
        found.append(("Frozen", f"until {minute_text(it.freeze.ends)}: {it.freeze.reason}"))
    if it.next_freeze is not None:
        begins, ends = minute_text(it.next_freeze.begins), minute_text(it.next_freeze.ends)
        found.append(("Next freeze", f"{begins} to {ends}: {it.next_freeze.reason}"))
    if it.held is not None:
        found.append(("Held", f"{it.held.run_id}, waiting for approval"))
        found += [("Why", line) for line in why(report_of(it.held))]
    elif it.last is not None and it.last.outcome == HELD:
        found.append(("Waiting", f"{report_of(it.last).get('held', 0):,} accounts to be written"))
    return found
