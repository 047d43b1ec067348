"""``python -m benchmarks.chaos``: break the worker in every way; exit 1 if it stays broken."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from benchmarks.chaos.rows import Options, Row, say, show
from benchmarks.chaos.scenarios import SCENARIOS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios one after the other; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="one; may be repeated")
    parser.add_argument("--times", type=int, help="how often each, instead of as often as is meant")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot")
    given = parser.parse_args(arguments)
    options = Options(given.times, given.seed)
    found: list[Row] = []
    try:
        for name in given.only or SCENARIOS:
            for row in SCENARIOS[name](options):
                broken = "" if row.whole else f", BROKEN: {row.note}"
                say(
                    f"{row.scenario}, {row.database}, {row.crm}:"
                    f" {row.survived} of {row.times}{broken}"
                )
                found.append(row)
    finally:  # also after Ctrl-C: what was found out is shown
        show(Console(width=170), found)
    return 0 if found and all(row.whole for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
