"""``icp explain``: why an account has its tier, judged as the next run would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import orjson
import typer

from config.settings import load_settings
from connectors.records import AccountRecord
from worker import composition
from worker.cli.explanations import (
    explanation_json,
    name_tiers,
    override_json,
    show_explanation,
    show_override,
)
from worker.cli.failing import FAILED, fail, failures
from worker.cli.restored import is_pinned, show_pin
from worker.cli.showing import console, portal_name, printable
from worker.cli.stopping import stopping
from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.icp.profile import Standing
from worker.icp.reading import Parser
from worker.state.rows import MirrorRow
from worker.sync.connection import Connection
from worker.sync.examples import LONGEST_NAME
from worker.sync.overriding import applies, standing_override
from worker.sync.panel import Panel
from worker.sync.vanishing import Fields, last_known, mirrored_order
from worker.telemetry import set_up_logging


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
                else {"ignored": False, **override_json(override)}
            )
            data["shown_tier"] = explanation.assessment.tier if override is None else override.tier
            data["pinned"] = pinned
            name_tiers(data, profile)
            typer.echo(json.dumps(data))
        else:
            out = console()
            if pinned:
                show_pin(chosen.name)
            if override is not None:
                show_override(out, override, profile, "The record shows", "it would be")
            elif ignored:
                out.print(
                    "[yellow]An override is ignored[/]: it needs a tier, a reason and an end within"
                    " 180 days, and a true disqualifier wins."
                )
            show_explanation(out, explanation, _title(record, connection.fields.name_field))
            if portal.record_url:
                out.print(portal.record_url.format(id=record.account_id))


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
