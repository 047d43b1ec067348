"""``icp explain --at``: what was written by some moment, derived again; asks no CRM."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from config.loading import LoadedIcp, read_document
from config.problems import ConfigError
from config.settings import load_settings
from config.yaml_source import parse_yaml
from worker import composition
from worker.cli.explanations import (
    explanation_json,
    name_tiers,
    override_json,
    show_explanation,
    show_override,
    verdict,
)
from worker.cli.failing import CONFIGURATION, FAILED, fail, failures
from worker.cli.naming import remembered
from worker.cli.restored import show_restored, written_json
from worker.cli.showing import console, printable
from worker.icp.explaining import points
from worker.icp.profile import Profile
from worker.profiles import compile_profile
from worker.state.instants import instant_text
from worker.state.rows import HistoryRow
from worker.state.store import State
from worker.sync.recalling import Recalled, document_of, recall, restored

DOES_NOT_ADD_UP = 3
"""Exit code when the past cannot be derived again as it was written."""


def explain_past(account: str, name: str | None, at: str, *, as_json: bool) -> None:
    """Derive again what was written by some moment, from what the state keeps, and print why."""
    with failures():
        moment = _moment(at)
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            connection = remembered(settings, state, name)
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
    data["override"] = None if found.override is None else override_json(found.override)
    data["shown_tier"] = found.derived.tier
    name_tiers(data, found.profile)
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
            f"[red]This version judges differently.[/] Written: {verdict(written.tier, profile)},"
            f" {_score(written.score)}. Derived again: {verdict(derived.tier, profile)},"
            f" {_score(derived.score)}, as follows. The version of then explains what was written."
        )
        out.print(escape(f"The reason written was: {written.reason}"))
    if found.override is not None:
        show_override(out, found.override, profile, "The record showed", "it would have been")
    show_explanation(out, found.explanation, f"Account {row.account_id}")


def _score(hundredths: int | None) -> str:
    return "no score" if hundredths is None else f"score {points(hundredths)}"
