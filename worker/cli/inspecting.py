"""``icp runs`` and ``icp explain``, of now and of the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.loading import LoadedIcp, read_document
from config.problems import ConfigError
from config.settings import Settings, load_settings
from config.yaml_source import parse_yaml
from connectors.records import AccountRecord
from worker import composition
from worker.cli.failing import CONFIGURATION, FAILED, fail, failures
from worker.cli.restored import is_pinned, show_pin, show_restored, written_json
from worker.cli.showing import console, portal_name, printable
from worker.cli.stopping import stopping
from worker.icp.conditions import Truth
from worker.icp.explaining import Explanation, explain, points
from worker.icp.judging import Judge
from worker.icp.profile import Profile, Standing
from worker.icp.reading import Parser
from worker.profiles import compile_profile
from worker.state.instants import instant_text
from worker.state.rows import DeadLetter, HistoryRow, MirrorRow, Run
from worker.state.store import State
from worker.sync.connection import Connection
from worker.sync.examples import LONGEST_NAME
from worker.sync.overriding import Override, applies, standing_override
from worker.sync.panel import Panel
from worker.sync.recalling import Recalled, document_of, recall, restored
from worker.sync.vanishing import Fields, last_known, mirrored_order
from worker.telemetry import set_up_logging

DOES_NOT_ADD_UP = 3
"""Exit code when the past cannot be derived again as it was written."""


def list_runs(name: str | None, *, limit: int, rejected: bool, as_json: bool) -> None:
    """Print past runs, newest first, or the accounts the CRM refuses."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            if rejected:
                _rejected(settings, state, name, as_json=as_json)
                return
            found = state.runs.latest(name, limit)
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
    connection = name or settings.connection(None).name
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
    for heading in ("Account", "Code", "Field", "Times", "Last seen (UTC)", "The CRM's words"):
        table.add_column(heading, overflow="fold")
    for it in letters:
        table.add_row(
            it.account_id,
            it.code,
            it.field,
            str(it.rejections),
            it.last_seen[:19].replace("T", " "),
            escape(it.message),
        )
    console().print(table if letters else "The CRM refuses no account.")


def explain_account(account: str, name: str | None, *, as_json: bool) -> None:
    """Fetch one account, judge it as the next run would, and print why."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        connection = composition.connection_of(chosen, compiled)
        with stopping() as stop, composition.open_database(settings) as state:
            connector = composition.open_connector(chosen, stop, connection.fields)
            portal = connector.portal()
            described = connector.fields()
            wanted = [it for it in connection.fields.read_fields() if it in described]
            found = connector.fetch([account], wanted)
            if not found:
                words = (
                    f"account {account}: no such account in {portal_name(portal)}."
                    " It was deleted or merged, or the id is wrong."
                )
                fail([words], FAILED)
            record = found[0]
            row = state.mirror.page(chosen.name, [record.account_id]).get(record.account_id)
        today = connector.now().date()
        sources = connection.parsers(described)
        standing = (
            Standing(row.computed_tier, row.rules_fingerprint)
            if row is not None and row.computed_tier
            else None
        )
        pinned = is_pinned(row, record.fields, connection)
        fields, stale = _as_a_run_sees_it(record.fields, row, connection, sources, today)
        panel = Panel(compiled.profiles, sources, today, connection.choose)
        profile, _ = panel.judge(fields, standing, stale)
        judge = Judge(profile, today)
        explanation = explain(judge, judge.bind(sources).values(fields), standing, stale)
        override, ignored = standing_override(
            record.fields, connection.fields.overrides, tiers=profile.tier_labels, as_of=today
        )
        beats = profile.override_beats_disqualifier
        if override is not None and not applies(
            override, explanation.assessment.tier, beats_disqualifier=beats
        ):
            override, ignored = None, True
        if as_json:
            data = explanation_json(record.account_id, explanation)
            data["profile"] = profile.id
            data["override"] = (
                {"ignored": ignored}
                if override is None
                else {"ignored": False, **_override_json(override)}
            )
            data["shown_tier"] = explanation.assessment.tier if override is None else override.tier
            data["pinned"] = pinned
            _name_tiers(data, profile)
            typer.echo(json.dumps(data))
        else:
            out = console()
            if pinned:
                show_pin(chosen.name)
            if override is not None:
                _show_override(out, override, profile, "The record shows", "it would be")
            elif ignored:
                out.print(
                    "[yellow]An override is ignored[/]: it needs a tier, a reason and an end within"
                    " 180 days, and a true disqualifier wins."
                )
            show_explanation(out, explanation, _title(record, connection.fields.name_field))
            if portal.record_url:
                out.print(portal.record_url.format(id=record.account_id))


def explain_past(account: str, name: str | None, at: str, *, as_json: bool) -> None:
    """Derive again what was written by some moment, from what the state keeps, and print why."""
    with failures():
        moment = _moment(at)
        settings = load_settings(need_connection=False)
        connection = name or settings.connection(None).name
        with composition.open_database(settings) as state:
            bound = state.bindings.of(connection)
            [account] = composition.full_ids(bound.crm if bound else "", [account])
            row = state.history.at(connection, account, moment)
            if row is None:
                fail([_nothing_by(state, connection, account, moment)], FAILED)
            blank = restored(row)
            if blank is not None:
                show_restored(row, blank, as_json=as_json)
                return
            found = recall(row, _profile_of_then(state, row))
        if as_json:
            typer.echo(json.dumps(_past_json(row, found)))
        else:
            _show_past(console(), row, found)
        if not found.same:
            raise typer.Exit(DOES_NOT_ADD_UP)


def _moment(text: str) -> datetime:
    """The moment that a person named; a day means its end."""
    try:
        try:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return datetime.combine(day, time.max, UTC)
    except (ValueError, OverflowError):
        words = (
            f"--at {printable(text)}: neither a day nor an instant. Write YYYY-MM-DD, or an"
            " instant such as 2026-11-24T09:00Z."
        )
        fail([words], CONFIGURATION)


def _nothing_by(state: State, connection: str, account: str, moment: datetime) -> str:
    """Say that nothing is known of that moment, and what to do."""
    first = state.history.first(connection, account)
    known = (
        f"The oldest assessment that is kept was made at {first}: ask for a later moment."
        if first
        else "None is kept at all: the id is wrong, it was forgotten, or no run wrote it."
        f" `icp explain {printable(account)}` explains it as of now."
    )
    return (
        f"account {printable(account)}: connection {connection} keeps no assessment of it that was"
        f" written by {instant_text(moment)}. {known}"
    )


def _profile_of_then(state: State, row: HistoryRow) -> Profile:
    """The ICP that was in force, compiled from its text as it was then."""
    fingerprint = document_of(row)
    document = state.documents.get(fingerprint)
    if document is None:
        words = (
            f"account {row.account_id}: the ICP document {fingerprint} that run {row.run_id} judged"
            " it by is not in the database. Restore a backup of the database that holds it."
        )
        fail([words], FAILED)
    try:
        source = parse_yaml(document.text, document.name)
        return compile_profile(LoadedIcp(read_document(source), source, Path(document.name)))
    except ConfigError as error:
        words = (
            f"account {row.account_id}: this version no longer understands the ICP document"
            f" {fingerprint} that run {row.run_id} judged it by. Install the version of then."
        )
        fail([words, *str(error).splitlines()], FAILED)


def _past_json(row: HistoryRow, found: Recalled) -> dict[str, Any]:
    """An assessment of the past as data: as ``icp explain`` gives it, and what was written."""
    data = explanation_json(row.account_id, found.explanation)
    written = found.written
    data["profile"] = found.profile.id
    data["override"] = None if found.override is None else _override_json(found.override)
    data["shown_tier"] = found.derived.tier
    _name_tiers(data, found.profile)
    return data | {
        "run": row.run_id,
        "judged_as_of": row.as_of,
        "written_at": found.written_at,
        "written": written_json(written),
        "rolls_back": found.rolled_back,
        "same": found.same,
        "stale": list(found.stale),
        "fields": dict(found.fields),
    }


def _show_past(out: Console, row: HistoryRow, found: Recalled) -> None:
    """Print an assessment of the past as a person reads it."""
    written, derived, profile = found.written, found.derived, found.profile
    if found.rolled_back is None:
        out.print(
            f"As written on {found.written_at} by run {escape(row.run_id)}, which judged as of"
            f" {row.as_of}."
        )
    else:
        out.print(
            f"As restored on {found.written_at} by run {escape(row.run_id)}, a rollback of run"
            f" {escape(found.rolled_back)}. It had been judged as of {found.day}."
        )
    if not found.same:
        out.print(
            f"[red]This version judges differently.[/] Written: {_verdict(written.tier, profile)},"
            f" {_score(written.score)}. Derived again: {_verdict(derived.tier, profile)},"
            f" {_score(derived.score)}, as follows. The version of then explains what was written."
        )
        out.print(escape(f"The reason written was: {written.reason}"))
    if found.override is not None:
        _show_override(out, found.override, profile, "The record showed", "it would have been")
    show_explanation(out, found.explanation, f"Account {row.account_id}")


def _verdict(tier: str, profile: Profile) -> str:
    return escape(profile.tier_labels.get(tier, tier))


def _score(hundredths: int | None) -> str:
    return "no score" if hundredths is None else f"score {points(hundredths)}"


def _show_override(
    out: Console, override: Override, profile: Profile, shows: str, would_be: str
) -> None:
    label = _verdict(override.tier, profile)
    out.print(f"[yellow]{escape(override.prefix())}[/]{shows} {label}.")
    out.print(f"Without the override {would_be} as follows.")


def _override_json(override: Override) -> dict[str, Any]:
    return {
        "tier": override.tier,
        "reason": override.reason,
        "expires": override.expires.isoformat(),
    }


def _name_tiers(data: dict[str, Any], profile: Profile) -> None:
    """Data names tiers by id, where people see labels."""
    ids = {label: name for name, label in profile.tier_labels.items()}
    for row in data["what_if"]:
        row["best"], row["worst"] = ids[row["best"]], ids[row["worst"]]


def _title(record: AccountRecord, name_field: str | None) -> str:
    """The account's name, where it has one, and its id."""
    name = record.fields.get(name_field or "") or ""
    return f"{printable(name[:LONGEST_NAME])} ({record.account_id})".strip()


def _as_a_run_sees_it(
    fields: Fields,
    row: MirrorRow | None,
    connection: Connection,
    sources: Mapping[str, tuple[str, Parser]],
    today: date,
) -> tuple[Fields, tuple[str, ...]]:
    """The fields with last known values for inputs that became empty, and which those are."""
    if row is None or not row.fingerprint:
        return fields, ()
    inputs, before = mirrored_order(connection.fields.inputs), orjson.loads(row.inputs)
    was = dict(zip(inputs, before, strict=True)) if len(inputs) == len(before) else {}
    days = min(profile.stale_after for profile in connection.profiles)
    found = last_known(row.carried, was, fields, sources, today=today, days=days)
    return found.fill(fields, sources), found.stale


def show_explanation(out: Console, explanation: Explanation, title: str) -> None:
    """Print an explanation as a person reads it: verdict, evidence, what would change it."""
    assessment = explanation.assessment
    score = "no score" if assessment.score is None else f"score {points(assessment.score)}"
    out.print(f"[bold]{escape(title)}[/]: {escape(explanation.tier_label)}, {score}")
    out.print(escape(assessment.reason))
    table = Table(box=None, pad_edge=False)
    table.add_column("Points", justify="right")
    for heading in ("", "Criterion", "Value", "Wanted"):
        table.add_column(heading, overflow="fold")
    table.add_column("Weight", justify="right")
    for item in explanation.contributions:
        table.add_row(
            "" if item.points is None else points(item.points),
            f"{item.match.value}{', gap' if item.gap else ''}{', stale' if item.stale else ''}",
            escape(item.label),
            escape(item.value) or "[dim]unknown[/]",
            escape(item.want),
            str(item.weight),
        )
    out.print(table)
    for trigger in explanation.triggers:
        if trigger.strength:
            out.print(
                f"Trigger {escape(trigger.label)} {escape(trigger.value)}:"
                f" strength {points(trigger.strength)}"
            )
    for settled in explanation.disqualifiers:
        why = escape(settled.reason)
        if settled.truth is Truth.TRUE:
            out.print(f"[red]Disqualified[/] {why}: {escape(', '.join(settled.evidence))}")
        elif settled.truth is Truth.UNDECIDED:
            out.print(f"Undecided: {why} (unknown: {', '.join(settled.missing)})")
    for check in explanation.tiers:
        if check.failed:
            out.print(f"Not {escape(check.label)}: {escape('; '.join(check.failed))}")
    for row in explanation.what_if:
        if row.best != row.worst or row.best != explanation.tier_label:
            out.print(f"If {escape(row.label)} were known: {escape(row.best)} at best,"
                      f" {escape(row.worst)} at worst")  # fmt: skip
    out.print(
        f"[dim]{escape(explanation.profile)}, version {explanation.version}, as of"
        f" {explanation.as_of}[/]"
    )


def explanation_json(account: str, explanation: Explanation) -> dict[str, Any]:
    """An explanation as data."""
    assessment = explanation.assessment
    return {
        "account": account,
        "profile": explanation.profile,
        "version": explanation.version,
        "as_of": explanation.as_of,
        "tier": assessment.tier,
        "score": None if assessment.score is None else assessment.score / 100,
        "coverage": assessment.coverage,
        "priority": None if assessment.priority is None else assessment.priority / 100,
        "trigger_strength": assessment.trigger / 100,
        "score_range": [assessment.range_low / 100, assessment.range_high / 100],
        "reason": assessment.reason,
        "missing": list(assessment.missing),
        "gaps": list(assessment.gaps),
        "disqualifiers": list(assessment.disqualifiers),
        "contributions": [
            {"criterion": it.criterion, "match": it.match.value, "value": it.value,
             "want": it.want, "weight": it.weight,
             "points": None if it.points is None else it.points / 100}
            for it in explanation.contributions
        ],
        "triggers": [
            {"trigger": it.trigger, "value": it.value, "strength": it.strength / 100}
            for it in explanation.triggers
        ],
        "not_tiers": {it.tier: list(it.failed) for it in explanation.tiers if it.failed},
        "what_if": [
            {"attribute": it.attribute, "best": it.best, "worst": it.worst}
            for it in explanation.what_if
        ],
    }  # fmt: skip
