"""``icp lint``: what is wrong or unwise in ICP documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from config.problems import ConfigError, ConfigProblem, in_file_order
from config.settings import load_settings
from worker import composition
from worker.cli.failing import CONFIGURATION, fail, failures
from worker.icp.linting import Finding, Level


def lint_documents(files: Sequence[Path], *, as_json: bool) -> None:
    """Print every finding; errors leave with the code of a configuration problem."""
    with failures():
        compiled = _compiled([tuple(files)] if files else _configured())
        now = datetime.now(UTC)
        # connections may share a document: what is said of it is said once
        found = {
            composition.told(icps, finding): (icps, finding)
            for icps in compiled
            for finding in icps.findings(now)
        }
        if as_json:
            typer.echo(json.dumps([_as_json(*each) for each in found.values()]))
        else:
            profiles = {it.fingerprint: it for icps in compiled for it in icps.profiles}
            for line in found:
                typer.echo(line)
            for profile in profiles.values():
                typer.echo(
                    f"{profile.label} ({profile.id}, version {profile.version}):"
                    f" {len(profile.criteria)} criteria, {len(profile.triggers)} triggers,"
                    f" {len(profile.disqualifiers)} disqualifiers, {len(profile.tiers)} tiers"
                )
            errors = sum(finding.level is Level.ERROR for _, finding in found.values())
            typer.echo(f"{errors} errors, {len(found) - errors} warnings")
        if any(finding.level is Level.ERROR for _, finding in found.values()):
            raise typer.Exit(CONFIGURATION)


def _configured() -> list[tuple[Path, ...]]:
    """The ICPs of each connection, which belong together; needs no credential."""
    settings = load_settings(need_connection=False)
    if not settings.connections:
        fail(["No ICP is given. Name the files, or set ICP_CRM and ICP_PROFILE."], CONFIGURATION)
    return list(dict.fromkeys(it.profiles for it in settings.connections))


def _compiled(groups: Sequence[Sequence[Path]]) -> list[composition.Compiled]:
    """Read each group on its own, and tell what is wrong in any of them at once."""
    compiled: list[composition.Compiled] = []
    problems: list[ConfigProblem] = []
    for group in groups:
        try:
            compiled.append(composition.compile_icps(group))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(in_file_order(problems))
    return compiled


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
