"""``icp check``: what a run depends on, what it will meet, and what it is going to cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from config.connection import ConnectionSettings
from config.settings import Settings, load_settings
from connectors.base import CrmConnector
from connectors.errors import MisconfiguredError, Problem
from connectors.records import (
    Automation,
    CallCounts,
    FieldDescription,
    FieldKind,
    Forecast,
    Inspection,
    Portal,
)
from worker import composition
from worker.cli.failing import CONFIGURATION, failures
from worker.cli.showing import console, portal_name
from worker.cli.stopping import stopping
from worker.icp.predicates import OneOf
from worker.icp.reading import Parser
from worker.parsers import vocabulary_of
from worker.state.connections import require_same
from worker.state.errors import StateError
from worker.state.rows import Binding
from worker.sync.connection import Connection
from worker.sync.fields import FieldMap
from worker.sync.preflight import check_fields, written_options
from worker.sync.run import PARTIAL
from worker.telemetry import set_up_logging


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at the CRM found."""

    portal: Portal
    described: Mapping[str, FieldDescription]
    accounts: int
    rights: Sequence[Problem]  # that the credential lacks
    inspection: Inspection
    forecast: Forecast  # of a full pass in which every account changes
    calls: CallCounts


def check_connection(name: str | None, *, as_json: bool) -> None:
    """Check everything a run depends on; reads definitions, never an account's values."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        warnings = [str(it) for it in composition.refuse_lint_errors(compiled, datetime.now(UTC))]
        connection = composition.connection_of(chosen, compiled)
        with stopping() as stop:
            connector = composition.open_connector(chosen, stop, connection.fields)
            seen = look(connector, connection)
        findings = check_fields(
            seen.described, connection.fields, connection.types, compiled.profiles, dry_run=False
        )
        parsers = connection.parsers(seen.described)
        warnings += option_warnings(compiled, parsers, seen.described)
        found = [
            *_elsewhere(settings, chosen.name, seen.portal),
            *seen.rights,
            *findings.problems,
            *seen.inspection.problems,
        ]
        noted = [*findings.warnings, *seen.inspection.warnings]
        (noted if chosen.allow_partial_visibility else found).extend(_visibility(chosen, seen))
        problems = [str(problem) for problem in found]
        warnings += [str(problem) for problem in noted]
        if as_json:
            told = as_data(seen, connection.fields)
            typer.echo(json.dumps(told | {"problems": problems, "warnings": warnings}))
        else:
            _show(seen, connection)
            _show_findings(problems, warnings)
        if problems:
            raise typer.Exit(CONFIGURATION)


def look(connector: CrmConnector, connection: Connection) -> Seen:
    """Ask the CRM for all that can be known before a run."""
    portal = connector.portal()
    described = connector.fields()
    accounts = connector.count()
    rights: Sequence[Problem] = ()
    try:
        connector.check_writing()
    except MisconfiguredError as error:
        rights = error.problems
    options = written_options(described, connection.fields, connection.profiles)
    return Seen(
        portal=portal,
        described=described,
        accounts=accounts,
        rights=rights,
        inspection=connector.inspect(options),
        forecast=connector.forecast(accounts, accounts),
        calls=connector.calls,
    )


def _elsewhere(settings: Settings, connection: str, portal: Portal) -> list[Problem]:
    """Say that what is remembered belongs to another portal: a run would not begin."""
    with composition.open_database(settings) as state:
        bound = state.bindings.of(connection)
    try:
        if bound is not None:
            require_same(connection, bound, Binding(portal.crm, portal.portal_id, portal.kind))
    except StateError as error:
        return [Problem("state", str(error))]
    return []


def _visibility(chosen: ConnectionSettings, seen: Seen) -> list[Problem]:
    visibility = seen.inspection.visibility
    if visibility.complete:
        return []
    remedy = "" if chosen.allow_partial_visibility else PARTIAL
    return [Problem("visibility", visibility.detail, remedy)]


def as_data(seen: Seen, fields: FieldMap) -> dict[str, Any]:
    """Everything that was seen, for a script."""
    inspection = seen.inspection
    return {
        "crm": seen.portal.crm,
        "portal_id": seen.portal.portal_id,
        "kind": seen.portal.kind,
        "accounts": seen.accounts,
        "inputs": dict(fields.inputs),
        "visibility": asdict(inspection.visibility),
        "automations": [asdict(it) for it in inspection.automations],
        "unseen": list(inspection.unseen),
        "quota": asdict(seen.forecast),
        "calls": seen.calls.total,
    }


def _show(seen: Seen, connection: Connection) -> None:
    out = console()
    portal, inspection = seen.portal, seen.inspection
    out.print(
        f"{portal_name(portal)} ({portal.kind}), {seen.accounts:,} accounts"
        f" visible, {len(seen.described):,} fields"
    )
    if inspection.visibility.complete and inspection.visibility.detail:
        out.print(f"Sees every account: {escape(inspection.visibility.detail)}")
    out.print(f"A full pass in which every account changes {seen.forecast}")
    out.print(_inputs(connection.fields, connection.types, seen.described))
    for line in automation_lines(inspection.automations):
        out.print(escape(line))
    for sentence in inspection.unseen:
        out.print(f"[dim]not seen[/] {escape(sentence)}")


def _show_findings(problems: Sequence[str], warnings: Sequence[str]) -> None:
    out = console()
    for warning in warnings:
        out.print(f"[yellow]warning[/] {escape(warning.removeprefix('warning: '))}")
    for problem in problems:
        out.print(f"[red]problem[/] {escape(problem)}")
    if not problems:
        out.print("[green]ready[/] to run")


def automation_lines(automations: Sequence[Automation]) -> list[str]:
    """What a write to an account sets off, a line for each kind."""
    lines = []
    for kind, group in groupby(automations, key=lambda it: it.kind):
        names = [it.name for it in group]
        what = kind if len(names) == 1 else f"{kind}s"
        lines.append(f"Each write runs {len(names)} {what}: {', '.join(names)}")
    return lines


def _inputs(
    fields: FieldMap, types: Mapping[str, str], described: Mapping[str, FieldDescription]
) -> Table:
    table = Table(title="Inputs", title_justify="left", box=None, pad_edge=False)
    for heading in ("Attribute", "Type", "CRM field", "Kind"):
        table.add_column(heading)
    for attribute, name in fields.inputs.items():
        found = described.get(name)
        table.add_row(attribute, types[attribute], name, found.kind.value if found else "missing")
    return table


def option_warnings(
    compiled: composition.Compiled,
    sources: Mapping[str, tuple[str, Parser]],
    described: Mapping[str, FieldDescription],
) -> list[str]:
    """Values an ICP wants that the CRM's choice field does not offer, by criterion.

    Options are read as an account's value would be: *Finance* offers FINANCIAL_SERVICES. A value
    that is wanted beside one of its family that is offered needs no warning: an ICP for two CRMs
    names the words of both.
    """
    warnings = []
    for profile in compiled.profiles:
        for criterion in profile.criteria:
            name, read = sources.get(criterion.attribute, ("", None))
            field = described.get(name)
            if read is None or field is None or field.kind is not FieldKind.CHOICE:
                continue
            if not isinstance(criterion.predicate, OneOf):
                continue
            texts = [text for option in field.options for text in (option.value, option.label)]
            offered = {read(text) for text in texts}
            wanted = criterion.predicate.wanted
            families = vocabulary_of(compiled.specs[criterion.attribute]).families
            served = {families[it] for it in wanted if it in offered and it in families}
            lacking = [it for it in wanted if it not in offered and families.get(it) not in served]
            if lacking:
                warnings.append(
                    f"criterion {criterion.id}: field {field.name} offers no"
                    f" {', '.join(lacking)}, so no account can match by"
                    f" {'it' if len(lacking) == 1 else 'them'}."
                    " Use a value of the field, or add the option in the CRM."
                )
    return warnings
