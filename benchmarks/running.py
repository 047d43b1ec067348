"""Whole runs over HTTP: calls, pace under the limits, memory and processor time of the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean

from benchmarks.figures import Figure
from benchmarks.portal import LIMIT_CALLS, LIMIT_SECONDS, PREFLIGHT, Portal, Run, portal

FEW = 10  # companies of the run that shows what starting up takes
PACED_FROM = 9_500  # companies whose calls fill a window of the limit
FIXED = 20  # calls a run may make beyond those that grow with the portal
_MEGA = 1e6
_THOUSAND = 1000

Say = Callable[[str], None]


def running(accounts: int, fewer: int, folder: Path, say: Say) -> Iterator[Figure]:
    """Measure runs over ten, *fewer* and so many companies.

    Raises:
        RuntimeError: a run failed, or its report and the simulator's counts differ.
    """
    say(f"starting up: a portal of {FEW} companies")
    with portal(FEW, folder / "few") as few:
        few.hold_nothing_back()
        started_all = _run(few, FEW, written=FEW)
        started = min((_run(few, FEW, "--full") for _ in range(3)), key=lambda it: it.cpu_seconds)
    say(f"runs over {fewer:,} companies, limits off")
    with portal(fewer, folder / "small", ["--limits", "off"]) as small:
        small.hold_nothing_back()
        small_all = _run(small, fewer, written=fewer)
        yield from _calls(small_all, _run(small, fewer, "--full"), fewer, "limits off")
        small_none = _run(small, fewer, "--full")
        yield from _incremental(small, fewer, say)
    say(f"runs over {accounts:,} companies, limits as HubSpot has them")
    with portal(accounts, folder / "large", ["--limits", "real"]) as large:
        if accounts >= PACED_FROM:
            large.let_the_window_pass()
        all_changed = _run(large, accounts, written=accounts)
        yield from _pace(large.arrivals(all_changed), all_changed)
        large.hold_nothing_back()
        nothing = [_run(large, accounts, "--full") for _ in range(2)]
        yield from _calls(all_changed, nothing[0], accounts, "limits on")
        size = large.state_bytes()
    usual = min(nothing, key=lambda it: it.cpu_seconds)
    yield from _frugality(accounts, usual, all_changed, started, started_all)
    yield from _memory([small_all, small_none], [all_changed, *nothing], fewer, accounts)
    yield Figure(
        group="The worker process",
        what="state database",
        value=size / accounts,
        unit="bytes/company",
        note="mirror and journal after all were written once",
    )


def _run(where: Portal, companies: int, *options: str, written: int = 0) -> Run:
    found = where.run(*options)
    report = found.report
    if not found.agrees:
        raise RuntimeError(
            f"the report counts {report['calls']['total']} calls, the simulator {found.calls}"
        )
    if (report["read"], report["written"]) != (companies, written):
        raise RuntimeError(f"{report['read']} read and {report['written']} written: not as planned")
    return found


def _calls(everything: Run, nothing: Run, companies: int, limits: str) -> Iterator[Figure]:
    for what, found, each in (("all changed", everything, 20), ("nothing changed", nothing, 10)):
        bar = each * companies / _THOUSAND + FIXED
        beyond = found.calls - each * companies / _THOUSAND
        yield Figure(
            group="HubSpot calls",
            what=f"full pass over {companies:,}, {what}, {limits}",
            value=found.calls,
            unit="calls",
            bar=bar,
            note=f"{each} per 1,000 and {beyond:.0f} beyond; counted by the simulator",
        )


def _incremental(where: Portal, companies: int, say: Say) -> Iterator[Figure]:
    say("incremental runs, an hour apart")
    where.let_an_hour_pass()
    echo = where.run()
    where.let_an_hour_pass()
    found = where.run()
    for name, run in (("echo", echo), ("quiet", found)):
        if run.report["kind"] != "incremental" or not run.agrees or run.report["written"]:
            raise RuntimeError(f"the {name} run is not the incremental run it should be")
    yield Figure(
        group="HubSpot calls",
        what="incremental, nothing changed, beyond preflight",
        value=found.calls - PREFLIGHT,
        unit="calls",
        bar=5,
        note=f"and {PREFLIGHT} of preflight",
    )
    yield Figure(
        group="HubSpot calls",
        what=f"incremental that meets {companies:,} of our own writes again",
        value=echo.calls,
        unit="calls",
        note="once after a backfill; nothing is judged or written",
    )
    yield Figure(
        group="The worker process",
        what="incremental, nothing changed",
        value=found.cpu_seconds,
        unit="CPU s",
        bar=1,
        note="start-up included",
    )


def _pace(arrivals: list[float], run: Run) -> Iterator[Figure]:
    most, seconds = LIMIT_CALLS, LIMIT_SECONDS
    spans = [after - before for before, after in zip(arrivals, arrivals[most:], strict=False)]
    if spans:
        yield Figure(
            group="HubSpot calls",
            what="pace: share of the limit that is used",
            value=100 * seconds / fmean(spans),
            unit="%",
            bar=95,
            at_least=True,
            note=f"{most} calls take {fmean(spans):.2f} s of the {seconds:.0f} s allowed",
        )
    yield Figure(
        group="HubSpot calls",
        what="refused with 429",
        value=run.refused,
        unit="calls",
        bar=0,
        note=f"of {run.calls:,}",
    )


def _frugality(
    accounts: int, nothing: Run, everything: Run, started: Run, started_all: Run
) -> Iterator[Figure]:
    per_million = _MEGA / (accounts - FEW)
    yield Figure(
        group="The worker process",
        what="start-up, preflight and a run over ten companies",
        value=started.cpu_seconds,
        unit="CPU s",
        note="taken off the figures below",
    )
    yield Figure(
        group="The worker process",
        what="a million companies, nothing to write",
        value=(nothing.cpu_seconds - started.cpu_seconds) * per_million,
        unit="CPU s",
        bar=60,
        note=f"user and system; from {accounts:,} companies",
    )
    yield Figure(
        group="The worker process",
        what="a million companies, all written",
        value=(everything.cpu_seconds - started_all.cpu_seconds) * per_million,
        unit="CPU s",
        note="with plan, guard and journal",
    )


def _memory(small: list[Run], large: list[Run], fewer: int, accounts: int) -> Iterator[Figure]:
    few, many = (max(run.peak_bytes for run in runs) / _MEGA for runs in (small, large))
    for companies, peak in ((fewer, few), (accounts, many)):
        yield Figure(
            group="The worker process",
            what=f"peak memory, {companies:,} companies",
            value=peak,
            unit="MB",
            bar=300,
            note="the largest of all-changed and nothing-changed runs",
        )
    yield Figure(
        group="The worker process",
        what=f"peak memory, {accounts:,} against {fewer:,}",
        value=100 * (many / few - 1),
        unit="% more",
        bar=10,
    )
