"""``icp setup``: shows what it would make, makes it when told to, or writes it to files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from config.problems import ConfigError, ConfigProblem
from config.settings import load_settings
from connectors.zipping import zipped
from worker import composition
from worker.cli.failing import CONFIGURATION, failures
from worker.cli.showing import console
from worker.cli.stopping import stopping
from worker.setting_up import Need, SetupPlan, Wishes, apply_setup, plan_setup
from worker.telemetry import set_up_logging

_COLOURS = {
    Need.PRESENT: "dim",
    Need.CREATE: "green",
    Need.UPDATE: "yellow",
    Need.CONFLICT: "red",
}


def set_up(name: str | None, *, apply: bool, export: Path | None, as_json: bool) -> None:
    """Show what set-up would make, and make it when told to; or write it to files."""
    with failures():
        settings = load_settings(need_connection=apply or export is None)
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        wishes = composition.setup_wishes(chosen, compiled)
        with stopping() as stop:
            if export is not None:
                exported = composition.export_setup(chosen, wishes, stop)
                write_files(export, exported.files)
                _tell_exported(wishes, export, exported.words)
                if not apply:
                    return
            admin = composition.open_admin(chosen, stop)
            plan = plan_setup(admin, wishes)
            blocked = bool(plan.conflicts or plan.over_cap)
            made = apply_setup(admin, plan) if apply and not blocked else 0
            notes = [*admin.notes(), *wishes.left_out]
        if as_json:
            typer.echo(json.dumps(_as_data(plan, made, notes)))
        else:
            _show(plan, made, notes, applied=apply and not blocked)
        if blocked:
            raise typer.Exit(CONFIGURATION)


def write_files(path: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* below *path*: a zip file, one file where there is one, or a folder.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        if path.suffix == ".zip":
            path.write_bytes(zipped(files))
        elif len(files) == 1 and not path.is_dir():
            path.write_bytes(next(iter(files.values())))
        else:
            for name, content in files.items():
                target = path / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
    except OSError as error:
        problem = ConfigProblem(
            file=str(path),
            line=None,
            where="--export",
            message=f"it cannot be written ({error.strerror or type(error).__name__}).",
            remedy="Name a folder or a file ending in .zip, where you may write.",
        )
        raise ConfigError([problem]) from None


def _tell_exported(wishes: Wishes, path: Path, words: Sequence[str]) -> None:
    typer.echo(f"{len(wishes.fields)} fields and their views written to {path}", err=True)
    for sentence in words:
        typer.echo(sentence, err=True)


def _as_data(plan: SetupPlan, made: int, notes: Sequence[str]) -> dict[str, object]:
    return {
        "items": [
            {"what": it.what, "name": it.name, "need": it.need.value, "detail": it.detail}
            for it in plan.items
        ],
        "pending": plan.pending,
        "applied": made,
        "conflicts": len(plan.conflicts),
        "notes": list(notes),
    }


def _show(plan: SetupPlan, made: int, notes: Sequence[str], *, applied: bool) -> None:
    out = console()
    out.print(_table(plan))
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
    for note in notes:
        out.print(f"[cyan]by hand[/] {escape(note)}")
    if plan.conflicts:
        out.print(f"[red]{len(plan.conflicts)} conflicts[/] to settle first; nothing was changed")
    elif applied:
        out.print(f"[green]{made} changes made[/]" if made else "nothing to do")
    elif plan.pending:
        out.print(f"{plan.pending} changes to make: run again with --apply")
    else:
        out.print("nothing to do")


def _table(plan: SetupPlan) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "What", "Name", "Detail"):
        table.add_column(heading)
    for item in plan.items:
        need = f"[{_COLOURS[item.need]}]{item.need.value}[/]"
        table.add_row(need, item.what, escape(item.name), escape(item.detail))
    return table
