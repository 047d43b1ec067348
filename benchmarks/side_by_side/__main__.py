"""``python -m benchmarks.side_by_side``: the same org by different hands, as ratios."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.crms import SALESFORCE
from benchmarks.figures import machine
from benchmarks.portal import Portal, portal
from benchmarks.processes import Taken, measure

PULLER = Path(".venv-bench") / "bin" / "python"
"""Where dlt is installed; ``make compare`` makes it."""

OTHERS = {
    "dlt": "dlt rest_api into DuckDB",
    "bulk": "simple-salesforce, bulk2.query + bulk2.update",
    "collections": "simple-salesforce, query_all_iter + collections",
}
"""Who is held beside ``icp run``, by module."""

_PULLS_ONLY = frozenset({"dlt"})
_MEGA = 1e6


@dataclass(frozen=True, slots=True)
class Effort:
    """What one contestant did, and what it took."""

    who: str
    read: int
    written: int
    calls: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    pulls_only: bool = False


def main(arguments: list[str] | None = None) -> None:
    """Let everyone at the same org in turn, and print what each took beside ``icp run``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="in the org")
    parser.add_argument("--without-dlt", action="store_true", help="only what .venv can run")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="icp-compare-") as folder:
        others = [name for name in OTHERS if name != "dlt" or not options.without_dlt]
        efforts = list(compare(options.accounts, Path(folder), others))
    show(Console(width=150), efforts)
    if options.json is not None:
        found = {"machine": machine(), "efforts": [asdict(effort) for effort in efforts]}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def compare(accounts: int, folder: Path, others: Iterable[str]) -> Iterator[Effort]:
    """Measure ``icp run`` and the *others* on one org of so many accounts.

    Raises:
        RuntimeError: somebody failed, or did less than everything.
    """
    with portal(accounts, folder / "org", ["--limits", "real"], crm=SALESFORCE) as org:
        for who, written in (("icp run, all changed", accounts), ("icp run, nothing changed", 0)):
            _say(who)
            run = org.run("--full")
            effort = _effort(who, run.taken, run.report["read"], run.report["written"], run.calls)
            yield _complete(effort, accounts, written)
        for module in others:
            yield _complete(_other(org, module), accounts, 0 if module in _PULLS_ONLY else accounts)


def _other(org: Portal, module: str) -> Effort:
    who = OTHERS[module]
    _say(who)
    environment = {
        **org.environment,
        "SIDE_BY_SIDE_ORIGIN": org.ready["url"],
        "SIDE_BY_SIDE_TOKEN": org.ready["access_token"],
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    taken: list[Taken] = []

    def work() -> None:
        taken.append(
            measure(
                str(PULLER.absolute()) if module == "dlt" else sys.executable,
                f"benchmarks.side_by_side.by_{module}",
                (),
                environment=environment,
                folder=org.folder,
            )
        )

    calls = org.calls_of(work)
    done = json.loads(taken[0].out.splitlines()[-1])
    return _effort(
        who, taken[0], done["read"], done["written"], calls, pulls_only=module in _PULLS_ONLY
    )


def _effort(
    who: str, taken: Taken, read: int, written: int, calls: int, *, pulls_only: bool = False
) -> Effort:
    return Effort(
        who=who,
        read=read,
        written=written,
        calls=calls,
        wall_seconds=taken.wall_seconds,
        cpu_seconds=taken.cpu_seconds,
        peak_bytes=taken.peak_bytes,
        pulls_only=pulls_only,
    )


def _complete(effort: Effort, read: int, written: int) -> Effort:
    if (effort.read, effort.written) != (read, written):
        raise RuntimeError(f"{effort.who}: {effort.read} read and {effort.written} written")
    return effort


def show(console: Console, efforts: Sequence[Effort]) -> None:
    """Print who took what, each number also as a multiple of ``icp run``'s for the same work.

    Who writes is held against the run that writes, who only pulls against the one that does not.
    """
    table = Table(box=None, pad_edge=False)
    for heading in (
        "Who",
        "Read",
        "Written",
        "Calls",
        "",
        "Wall s",
        "",
        "CPU s",
        "",
        "Peak MB",
        "",
    ):
        table.add_column(heading, justify="left" if heading == "Who" else "right")
    everything, nothing, *_ = efforts
    for effort in efforts:
        base = nothing if effort.pulls_only or effort is nothing else everything
        table.add_row(
            effort.who,
            f"{effort.read:,}",
            f"{effort.written:,}",
            f"{effort.calls:,}",
            _times(effort.calls, base.calls),
            f"{effort.wall_seconds:.1f}",
            _times(effort.wall_seconds, base.wall_seconds),
            f"{effort.cpu_seconds:.1f}",
            _times(effort.cpu_seconds, base.cpu_seconds),
            f"{effort.peak_bytes / _MEGA:.0f}",
            _times(effort.peak_bytes, base.peak_bytes),
        )
    console.print(table)


def _times(value: float, base: float) -> str:
    return f"{value / base:.2g}x"


def _say(words: str) -> None:
    sys.stderr.write(f"... {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
