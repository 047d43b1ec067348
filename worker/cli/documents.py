"""``icp lint``: what is wrong or unwise in ICP documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from config.settings import load_settings
from worker import composition
from worker.cli.failing import CONFIGURATION, failures
from worker.icp.linting import Finding, Level


def lint_documents(files: Sequence[Path], *, as_json: bool) -> None:
    """Print every finding; errors leave with the code of a configuration problem."""
    with failures():
        paths = list(files)
        if not paths:
            settings = load_settings()
            paths = [path for it in settings.connections for path in it.profiles]
        compiled = composition.compile_icps(paths)
        findings = compiled.findings(datetime.now(UTC))
        if as_json:
            typer.echo(json.dumps([_as_json(compiled, finding) for finding in findings]))
        else:
            for finding in findings:
                typer.echo(composition.told(compiled, finding))
            for profile in compiled.profiles:
                typer.echo(
                    f"{profile.label} ({profile.id}, version {profile.version}):"
                    f" {len(profile.criteria)} criteria, {len(profile.triggers)} triggers,"
                    f" {len(profile.disqualifiers)} disqualifiers, {len(profile.tiers)} tiers"
                )
            errors = sum(finding.level is Level.ERROR for finding in findings)
            typer.echo(f"{errors} errors, {len(findings) - errors} warnings")
        if any(finding.level is Level.ERROR for finding in findings):
            raise typer.Exit(CONFIGURATION)


def _as_json(compiled: composition.Compiled, finding: Finding) -> dict[str, str | int | None]:
    place = compiled.problem(finding)
    return {
        "file": place.file,
        "line": place.line,
        "level": finding.level.value,
        "code": finding.code,
        "where": finding.where,
        "message": finding.message,
        "remedy": finding.remedy,
    }
