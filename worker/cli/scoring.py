"""``icp score``: judge the companies in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import typer
from rich.markup import escape

from config.attributes import AttributeSpec
from config.outputs import OUTPUTS
from config.settings import load_settings
from connectors.errors import MisconfiguredError, Problem
from connectors.files import Batch, LineProblem, open_writer, read_rows
from connectors.files.rows import Format, format_of
from worker import composition
from worker.cli.failing import CONFIGURATION, fail, failures
from worker.cli.showing import console, printable, tier_table
from worker.icp.values import fold
from worker.parsers import parser_for
from worker.sync.panel import Panel
from worker.sync.rows import RowJudge

PARTIAL = 3
SHOWN = 20


def score_file(
    file: Path,
    out: Path,
    *,
    profiles: Sequence[Path],
    mapping: Sequence[str],
    as_of: date | None,
    as_json: bool,
) -> None:
    """Judge every row of *file* and write it, with all outputs added, to *out*.

    Rows that cannot be read are listed by line and left out; the exit code then says partial.
    """
    with failures():
        paths = list(profiles) or _configured()
        compiled = composition.compile_icps(paths)
        warnings = composition.refuse_lint_errors(compiled, datetime.now(UTC))
        if out.exists() and file.exists() and file.samefile(out):
            fail([f"{out}: is the input. Choose another file for --out."], CONFIGURATION)
        chosen = _mapping(mapping, compiled.specs)
        problems: list[LineProblem] = []
        judge: RowJudge | None = None
        sources: dict[str, str] = {}
        batches = read_rows(file)
        first = next(batches, None)
        columns = _columns(file, first)
        sources = match_columns(compiled.specs, columns, chosen, file)
        panel = Panel(
            compiled.profiles,
            {
                name: (column, parser_for(compiled.specs[name], compiled.words(name), None))
                for name, column in sources.items()
            },
            as_of or datetime.now(UTC).date(),
        )
        names = {
            key: it.hubspot_name
            for key, it in OUTPUTS.items()
            if not it.people_write and not it.native
        }
        # the same file judged by the same ICPs gives the same bytes, so no time and no chance in it
        versions = "-".join(it.version for it in compiled.profiles)
        judge = RowJudge(panel, names, f"score-{versions}")
        clash = [name for name in judge.columns if name in columns]
        kept = [name for name in columns if name not in clash]
        with open_writer(out, [*kept, *judge.columns]) as writer:
            batch = first
            while batch is not None:
                problems += batch.problems
                writer.write(judge.judge_all(batch.rows))
                batch = next(batches, None)
        _tell(
            judge, compiled, sources, problems, [str(it) for it in warnings], out, as_json=as_json
        )
        if problems:
            raise typer.Exit(PARTIAL)


def _columns(file: Path, first: Batch | None) -> tuple[str, ...]:
    """Every column of the file; any line of JSON Lines may bring another, so all are looked at."""
    if first is None:
        return ()
    if format_of(file)[0] is not Format.JSON_LINES:
        return first.columns
    columns = first.columns
    for batch in read_rows(file):
        columns = batch.columns
    return columns


def _configured() -> list[Path]:
    settings = load_settings(need_connection=False)
    groups = list(dict.fromkeys(it.profiles for it in settings.connections))
    if not groups:
        fail(["No ICP is given. Use --profile icp.yaml, or set ICP_PROFILE."], CONFIGURATION)
    if len(groups) > 1:
        words = "The connections have different ICPs. Name those to judge by with --profile."
        fail([words], CONFIGURATION)
    return list(groups[0])


def _mapping(pairs: Sequence[str], specs: Mapping[str, AttributeSpec]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    problems = []
    for pair in pairs:
        attribute, found, column = pair.partition("=")
        if not found or not column:
            problems.append(
                Problem(f"--map {pair}", "is not attribute=column.", "Write --map employees=Staff.")
            )
        elif attribute not in specs:
            problems.append(
                Problem(
                    f"--map {pair}",
                    f"the ICP looks at no attribute {attribute}.",
                    f"It looks at {', '.join(specs)}.",
                )
            )
        else:
            chosen[attribute] = column
    if problems:
        raise MisconfiguredError(problems)
    return chosen


def match_columns(
    specs: Mapping[str, AttributeSpec],
    columns: Sequence[str],
    chosen: Mapping[str, str],
    file: Path,
) -> dict[str, str]:
    """Find the column of each attribute: as told, else by a header it is known by.

    Raises:
        MisconfiguredError: a named column is not there, or no column is recognised at all.
    """
    absent = [
        Problem(
            f"--map {name}={column}",
            f"{file} has no such column.",
            f"Its columns are {', '.join(columns[:SHOWN])}.",
        )
        for name, column in chosen.items()
        if column not in columns
    ]
    if absent:
        raise MisconfiguredError(absent)
    by_header: dict[str, str] = {}
    for column in columns:
        by_header.setdefault(fold(column), column)
    found: dict[str, str] = {}
    for name, spec in specs.items():
        if name in chosen:
            found[name] = chosen[name]
            continue
        known = [name, spec.hubspot, spec.salesforce, spec.label, *spec.headers]
        for header in known:
            if header and fold(header) in by_header:
                found[name] = by_header[fold(header)]
                break
    if columns and not found:
        raise MisconfiguredError(
            [
                Problem(
                    str(file),
                    "no column is one of the ICP's attributes.",
                    f"Name them with --map, such as --map {next(iter(specs))}={columns[0]}.",
                )
            ]
        )
    return found


def _tell(
    judge: RowJudge,
    compiled: composition.Compiled,
    sources: Mapping[str, str],
    problems: Sequence[LineProblem],
    warnings: Sequence[str],
    out: Path,
    *,
    as_json: bool,
) -> None:
    tally = judge.tally
    unmapped = [name for name in compiled.specs if name not in sources]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "rows": tally.rows,
                    "tiers": dict(tally.tiers),
                    "unreadable": dict(tally.unreadable),
                    "columns": dict(sources),
                    "unmapped": unmapped,
                    "problems": [{"line": it.line, "message": it.message} for it in problems],
                    "warnings": list(warnings),
                    "out": str(out),
                }
            )
        )
        return
    screen = console()
    screen.print(f"{tally.rows:,} rows judged, written to {escape(str(out))}")
    screen.print(tier_table(tally.tiers, composition.tier_labels(compiled.profiles)))
    used = ", ".join(f"{name} from {it}" for name, it in sources.items())
    screen.print(f"Columns: {escape(printable(used))}")
    if unmapped:
        screen.print(f"No column for {', '.join(unmapped)}: unknown for every row (see --map)")
    for name, count in tally.unreadable.most_common():
        screen.print(f"{count:,} values of {name} could not be read and count as unknown")
    for warning in warnings:
        screen.print(f"[yellow]{escape(warning)}[/]")
    for problem in problems[:SHOWN]:
        typer.echo(f"{problem}", err=True)
    if problems:
        typer.echo(f"{len(problems):,} lines were left out", err=True)
