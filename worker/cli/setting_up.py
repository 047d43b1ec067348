"""``icp check`` and ``icp setup``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from config.settings import load_settings
from connectors.errors import MisconfiguredError
from connectors.records import FieldDescription, FieldKind
from worker import composition
from worker.cli.failing import CONFIGURATION, failures
from worker.cli.running import stopping
from worker.cli.showing import console
from worker.icp.predicates import OneOf
from worker.icp.profile import Profile
from worker.setting_up import Need, SetupPlan, apply_setup, plan_setup
from worker.sync.fields import FieldMap
from worker.sync.preflight import check_fields
from worker.telemetry import set_up_logging


def check_connection(name: str | None, *, as_json: bool) -> None:
    """Check everything a run depends on; reads definitions, never an account's values."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        warnings = [str(it) for it in composition.refuse_lint_errors(compiled, datetime.now(UTC))]
        with stopping() as stop:
            connector = composition.open_connector(chosen, stop)
            portal = connector.portal()
            described = connector.fields()
            visible = connector.count()
            rights: list[str] = []
            try:
                connector.check_writing()
            except MisconfiguredError as error:
                rights = [str(problem) for problem in error.problems]
        connection = composition.connection_of(chosen, compiled)
        findings = check_fields(
            described, connection.fields, connection.types, compiled.profiles, dry_run=False
        )
        warnings += option_warnings(compiled.profiles, connection.fields, described)
        problems = rights + [str(problem) for problem in findings.problems]
        if as_json:
            typer.echo(
                json.dumps(
                    {
                        "crm": portal.crm,
                        "portal_id": portal.portal_id,
                        "kind": portal.kind,
                        "accounts": visible,
                        "inputs": dict(connection.fields.inputs),
                        "problems": problems,
                        "warnings": warnings,
                        "calls": connector.calls.total,
                    }
                )
            )
        else:
            out = console()
            out.print(
                f"{portal.crm} portal {portal.portal_id} ({portal.kind}), {visible:,} accounts"
                f" visible, {len(described):,} fields"
            )
            out.print(_inputs(connection.fields, connection.types, described))
            for warning in warnings:
                out.print(f"[yellow]warning[/] {escape(warning.removeprefix('warning: '))}")
            for problem in problems:
                out.print(f"[red]problem[/] {escape(problem)}")
            if not problems:
                out.print("[green]ready[/] to run")
        if problems:
            raise typer.Exit(CONFIGURATION)


def _inputs(
    fields: FieldMap, types: dict[str, str] | Any, described: dict[str, FieldDescription] | Any
) -> Table:
    table = Table(title="Inputs", title_justify="left", box=None, pad_edge=False)
    for heading in ("Attribute", "Type", "CRM field", "Kind"):
        table.add_column(heading)
    for attribute, name in fields.inputs.items():
        found = described.get(name)
        table.add_row(attribute, types[attribute], name, found.kind.value if found else "missing")
    return table


def option_warnings(profiles: tuple[Profile, ...], fields: FieldMap, described: Any) -> list[str]:
    """Values an ICP wants that the CRM's choice field does not offer, by criterion."""
    from worker.icp.values import fold  # noqa: PLC0415 - pure, but only needed here

    warnings = []
    for profile in profiles:
        for criterion in profile.criteria:
            field = described.get(fields.inputs.get(criterion.attribute, ""))
            if field is None or field.kind is not FieldKind.CHOICE:
                continue
            if not isinstance(criterion.predicate, OneOf):
                continue
            offered = {fold(it) for option in field.options for it in (option.value, option.label)}
            lacking = [it for it in criterion.predicate.wanted if fold(it) not in offered]
            if lacking:
                warnings.append(
                    f"criterion {criterion.id}: field {field.name} offers no"
                    f" {', '.join(lacking)}, so no account can match by"
                    f" {'it' if len(lacking) == 1 else 'them'}."
                    " Use a value of the field, or add the option in the CRM."
                )
    return warnings


def set_up(name: str | None, *, apply: bool, export: Path | None, as_json: bool) -> None:
    """Show what set-up would make, and make it when told to."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        fields, views = composition.setup_wishes(chosen, compiled)
        if export is not None:
            wanted = {
                "fields": [asdict(it) for it in fields],
                "views": [asdict(it) for it in views],
            }
            export.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
            typer.echo(f"{len(fields)} fields and {len(views)} views written to {export}", err=True)
        with stopping() as stop:
            admin = composition.open_admin(chosen, stop)
            people_choose = frozenset(it.name for it in fields if it.name.endswith("tier_override"))
            plan = plan_setup(admin, fields, views, grown=people_choose)
            blocked = bool(plan.conflicts or plan.over_cap)
            made = apply_setup(admin, plan) if apply and not blocked else 0
        if as_json:
            typer.echo(
                json.dumps(
                    {
                        "items": [
                            {"what": it.what, "name": it.name, "need": it.need.value,
                             "detail": it.detail}
                            for it in plan.items
                        ],
                        "pending": plan.pending,
                        "applied": made,
                        "conflicts": len(plan.conflicts),
                    }
                )
            )  # fmt: skip
        else:
            _show(plan, made, applied=apply and not blocked)
        if blocked:
            raise typer.Exit(CONFIGURATION)


_COLOURS = {
    Need.PRESENT: "dim",
    Need.CREATE: "green",
    Need.UPDATE: "yellow",
    Need.CONFLICT: "red",
}


def _show(plan: SetupPlan, made: int, *, applied: bool) -> None:
    out = console()
    table = Table(box=None, pad_edge=False)
    for heading in ("", "What", "Name", "Detail"):
        table.add_column(heading)
    for item in plan.items:
        need = f"[{_COLOURS[item.need]}]{item.need.value}[/]"
        table.add_row(need, item.what, escape(item.name), escape(item.detail))
    out.print(table)
    if plan.cap is not None:
        out.print(
            f"Custom fields: {plan.cap.used:,} of {plan.cap.limit:,} used,"
            f" {len(plan.create)} more needed"
        )
    if plan.over_cap:
        out.print(
            f"[red]problem[/] {plan.over_cap} fields do not fit."
            " Leave outputs out with `outputs: {exclude: [...]}`, or free some in the CRM."
        )
    if plan.conflicts:
        out.print(f"[red]{len(plan.conflicts)} conflicts[/] to settle first; nothing was changed")
    elif applied:
        out.print(f"[green]{made} changes made[/]" if made else "nothing to do")
    elif plan.pending:
        out.print(f"{plan.pending} changes to make: run again with --apply")
        if not sys.stdout.isatty():
            return
    else:
        out.print("nothing to do")
