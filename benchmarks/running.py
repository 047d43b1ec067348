"""Whole runs against HubSpot: calls, pace under the limits, memory and processor time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from benchmarks.crms import HUBSPOT
from benchmarks.figures import Figure
from benchmarks.portal import LIMIT_CALLS, LIMIT_SECONDS, PREFLIGHT, Portal, Run, portal
from benchmarks.worker_figures import (
    Say,
    frugality,
    incremental,
    memory,
    run_as_planned,
    starting,
    state,
)

PACED_FROM = 9_500  # companies whose calls fill a window of the limit
FIXED = 20  # calls a run may make beyond those that grow with the portal
_THOUSAND = 1000


def running(
    accounts: int, fewer: int, folder: Path, say: Say, *, rounds: int = 2
) -> Iterator[Figure]:
    """Measure runs over ten, *fewer* and so many companies.

    Args:
        accounts: of the large portal.
        fewer: of the small one.
        folder: for state databases.
        say: told what is going on.
        rounds: of runs that change nothing; the best counts.

    Raises:
        RuntimeError: a run failed, or its report and the simulator's counts differ.
    """
    start = starting(HUBSPOT, folder / "few", say, rounds)
    say(f"runs over {fewer:,} companies, limits off")
    with portal(fewer, folder / "small", ["--limits", "off"]) as small:
        small.hold_nothing_back()
        small_all = run_as_planned(small, fewer, written=fewer)
        yield from _calls(small_all, run_as_planned(small, fewer, "--full"), fewer, "limits off")
        small_none = run_as_planned(small, fewer, "--full")
        yield from _incremental(small, fewer, say)
    say(f"runs over {accounts:,} companies, limits as HubSpot has them")
    with portal(accounts, folder / "large", ["--limits", "real"]) as large:
        if accounts >= PACED_FROM:
            large.let_the_window_pass()
        all_changed = run_as_planned(large, accounts, written=accounts)
        yield from _pace(large.arrivals(all_changed), all_changed)
        large.hold_nothing_back()
        nothing = [run_as_planned(large, accounts, "--full") for _ in range(rounds)]
        yield from _calls(all_changed, nothing[0], accounts, "limits on")
        size = large.state_bytes()
    usual = min(nothing, key=lambda it: it.cpu_seconds)
    yield from frugality(HUBSPOT, accounts, usual, all_changed, start)
    yield from memory(HUBSPOT, [small_all, small_none], [all_changed, *nothing], fewer, accounts)
    yield state(HUBSPOT, size, accounts)


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
    yield incremental(HUBSPOT, found)


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
