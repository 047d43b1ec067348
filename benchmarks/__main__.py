"""``python -m benchmarks``: measure everything, or one part, and print the table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.commands import commands
from benchmarks.figures import Figure, as_json, machine, show
from benchmarks.judging import judging
from benchmarks.org_runs import org_runs
from benchmarks.running import running

PARTS = ("judge", "runs", "salesforce", "cli")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write JSON when asked; a missed bar is shown and is no failure."""
    options = _options(arguments)
    figures = list(_measure(options))
    facts = machine()
    console = Console(width=150)
    console.print(
        f"{facts['python']}, {facts['system']} {facts['architecture']}, {facts['cores']} cores"
    )
    show(console, figures)
    barred = [figure.met for figure in figures if figure.met is not None]
    console.print(f"{sum(barred)} of {len(barred)} bars met")
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(figures), indent=1, ensure_ascii=False) + "\n")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: about a minute")
    parser.add_argument("--accounts", type=int, help="companies in the large portal or org")
    parser.add_argument("--million", action="store_true", help="Salesforce with a million accounts")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace) -> Iterator[Figure]:
    quick: bool = options.quick
    parts = [options.only] if options.only else PARTS
    if "judge" in parts:
        yield from judging(5_000 if quick else 20_000, 3 if quick else 7, _say)
    accounts = options.accounts or (20_000 if quick else 100_000)
    if "runs" in parts:
        fewer = min(2_000 if quick else 10_000, accounts)
        with tempfile.TemporaryDirectory(prefix="icp-bench-") as folder:
            yield from running(accounts, fewer, Path(folder), _say)
    if "salesforce" in parts:
        fewer = min(5_000 if quick else 10_000, accounts)  # enough for Bulk
        with tempfile.TemporaryDirectory(prefix="icp-bench-") as folder:
            yield from org_runs(
                accounts, fewer, Path(folder), _say, million=options.million, slow=not quick
            )
    if "cli" in parts:
        yield from commands(5 if quick else 11)


def _say(words: str) -> None:
    sys.stderr.write(f"... {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
