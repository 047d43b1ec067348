"""What a run takes of the machine, whatever the CRM: processor time and memory of the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.crms import Crm
from benchmarks.figures import Figure
from benchmarks.portal import Portal, Run, portal

FEW = 10  # accounts of the run that shows what starting up takes
_MEGA = 1e6

Say = Callable[[str], None]


def run_as_planned(where: Portal, accounts: int, *options: str, written: int = 0) -> Run:
    """Run once.

    Raises:
        RuntimeError: the report and the simulator's counts differ, or it did something else.
    """
    found = where.run(*options)
    report = found.report
    if not found.agrees:
        raise RuntimeError(
            f"the report counts {report['calls']['total']} calls, the simulator"
            f" {found.calls + found.unbilled}"
        )
    if (report["read"], report["written"]) != (accounts, written):
        raise RuntimeError(f"{report['read']} read and {report['written']} written: not as planned")
    return found


def starting(crm: Crm, folder: Path, say: Say, rounds: int = 3) -> tuple[Run, Run]:
    """Run over a handful of accounts: nothing changed, the best of some, and all changed."""
    say(f"starting up: {FEW} accounts in {crm.title}")
    with portal(FEW, folder, crm=crm) as few:
        few.hold_nothing_back()
        everything = run_as_planned(few, FEW, written=FEW)
        quiet = [run_as_planned(few, FEW, "--full") for _ in range(rounds)]
    return min(quiet, key=lambda it: it.cpu_seconds), everything


def frugality(
    crm: Crm,
    accounts: int,
    nothing: Run,
    everything: Run,
    start: tuple[Run, Run],
    row: float | None = None,
) -> Iterator[Figure]:
    """Processor time per million accounts, what starting takes left out.

    Args:
        crm: which.
        accounts: how many were read.
        nothing: the run that wrote none of them.
        everything: the run that wrote all.
        start: the same over a handful.
        row: what ``json.loads`` takes of a row at the same time, where that was measured.
    """
    started, started_all = start
    per_million = _MEGA / (accounts - FEW)
    yield Figure(
        group=_group(crm),
        what="start-up, preflight and a run over ten accounts",
        value=started.cpu_seconds,
        unit="CPU s",
        note="taken off the figures below",
    )
    yield Figure(
        group=_group(crm),
        what="a million accounts, nothing to write",
        value=(nothing.cpu_seconds - started.cpu_seconds) * per_million,
        unit="CPU s",
        bar=60,
        note=f"user and system; from {accounts:,} accounts",
    )
    if row is not None:
        yield Figure(
            group=_group(crm),
            what="the same, against json.loads of as many rows",
            value=(nothing.cpu_seconds - started.cpu_seconds) / (accounts - FEW) / row,
            unit="times",
            note=f"json.loads takes {row * _MEGA:.1f} µs per row here and now",
        )
    yield Figure(
        group=_group(crm),
        what="a million accounts, all written",
        value=(everything.cpu_seconds - started_all.cpu_seconds) * per_million,
        unit="CPU s",
        note="with plan, guard and journal",
    )


def incremental(crm: Crm, quiet: Run) -> Figure:
    """Processor time of a run that finds nothing new."""
    return Figure(
        group=_group(crm),
        what="incremental, nothing changed",
        value=quiet.cpu_seconds,
        unit="CPU s",
        bar=1,
        note="start-up included",
    )


def memory(
    crm: Crm, small: Sequence[Run], large: Sequence[Run], fewer: int, accounts: int
) -> Iterator[Figure]:
    """Peak memory over few and over many accounts, and how much more the many take."""
    few, many = (max(run.peak_bytes for run in runs) / _MEGA for runs in (small, large))
    for number, peak in ((fewer, few), (accounts, many)):
        yield Figure(
            group=_group(crm),
            what=f"peak memory, {number:,} accounts",
            value=peak,
            unit="MB",
            bar=300,
            note="the largest of all-changed and nothing-changed runs",
        )
    yield Figure(
        group=_group(crm),
        what=f"peak memory, {accounts:,} against {fewer:,}",
        value=100 * (many / few - 1),
        unit="% more",
        bar=10,
    )


def state(crm: Crm, size: int, accounts: int) -> Figure:
    """How much the state database takes of the disk."""
    return Figure(
        group=_group(crm),
        what="state database",
        value=size / accounts,
        unit="bytes/account",
        note="mirror and journal after all were written once",
    )


def _group(crm: Crm) -> str:
    return f"The worker process, {crm.title}"
