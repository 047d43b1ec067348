"""Whole runs against Salesforce: calls, memory and processor time, and the simulator's own speed.

Bulk jobs take as long as the simulator is told. Longer jobs mean more polls, and polls are calls;
so the full passes are run with jobs that are done at once, and with jobs as slow as an org's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.crms import SALESFORCE
from benchmarks.figures import Figure
from benchmarks.org_speed import Yardstick, speed
from benchmarks.portal import Portal, Run, portal
from benchmarks.worker_figures import (
    Say,
    frugality,
    incremental,
    memory,
    run_as_planned,
    starting,
    state,
)

MILLION = 1_000_000
MOST_ALL, MOST_NOTHING, MOST_INCREMENTAL = 60, 25, 5
"""Calls that a run may make; those of full passes over 100,000 accounts."""

_SLOW = {"bulk_queue_ms": 5_000, "bulk_ms_per_1000": 600}  # a minute per 100,000 rows, and a queue


def org_runs(
    accounts: int,
    fewer: int,
    folder: Path,
    say: Say,
    *,
    rounds: int = 2,
    million: bool = False,
    slow: bool = False,
) -> Iterator[Figure]:
    """Measure runs over ten, *fewer* and so many accounts.

    Args:
        accounts: of the large org.
        fewer: of the small one.
        folder: for state databases.
        say: told what is going on.
        rounds: of runs that change nothing; the best counts.
        million: also measure a million accounts.
        slow: also count calls with Bulk jobs as slow as an org's.

    Raises:
        RuntimeError: a run failed, or its report and the simulator's counts differ.
    """
    start = starting(SALESFORCE, folder / "few", say, rounds)
    say(f"runs over {fewer:,} accounts in Salesforce")
    with portal(fewer, folder / "small", ["--limits", "off"], crm=SALESFORCE) as small:
        small_runs = list(_full_passes(small, fewer, rounds))
        yield from _incremental(small, fewer, say)
    say(f"runs over {accounts:,} accounts in Salesforce")
    with portal(accounts, folder / "large", ["--limits", "real"], crm=SALESFORCE) as large:
        yardstick = Yardstick(large)
        before = yardstick.seconds()
        large_runs = list(_full_passes(large, accounts, rounds))
        row = (before + yardstick.seconds()) / 2
        yield from _calls(large_runs, accounts, "jobs done at once")
        yield from speed(large, accounts)
        size = large.state_bytes()
        if slow:
            say("the same with Bulk jobs as slow as an org's")
            large.begin_again()
            large.control("behaviour", _SLOW)
            yield from _calls(list(_full_passes(large, accounts, 1)), accounts, "jobs of a minute")
    everything, *nothing = large_runs
    usual = min(nothing, key=lambda it: it.cpu_seconds)
    yield from frugality(SALESFORCE, accounts, usual, everything, start, row)
    yield from memory(SALESFORCE, small_runs, large_runs, fewer, accounts)
    yield state(SALESFORCE, size, accounts)
    if million:
        yield from _million(folder, small_runs, start, fewer, say)


def _full_passes(where: Portal, accounts: int, rounds: int) -> Iterator[Run]:
    """All changed, then so often nothing changed."""
    yield run_as_planned(where, accounts, written=accounts)
    for _ in range(rounds):
        yield run_as_planned(where, accounts, "--full")


def _million(
    folder: Path, small: list[Run], start: tuple[Run, Run], fewer: int, say: Say
) -> Iterator[Figure]:
    say(f"runs over {MILLION:,} accounts in Salesforce")
    with portal(MILLION, folder / "million", ["--limits", "real"], crm=SALESFORCE) as vast:
        yardstick = Yardstick(vast)
        before = yardstick.seconds()
        everything, *nothing = _full_passes(vast, MILLION, 1)
        row = (before + yardstick.seconds()) / 2
        yield from speed(vast, MILLION)
    usual = min(nothing, key=lambda it: it.cpu_seconds)
    yield from frugality(SALESFORCE, MILLION, usual, everything, start, row)
    yield from memory(SALESFORCE, small, [everything, *nothing], fewer, MILLION)
    for what, run in (("all changed", everything), ("nothing changed", usual)):
        yield Figure(
            group="Salesforce calls",
            what=f"full pass over {MILLION:,}, {what}",
            value=run.calls,
            unit="calls",
            note=f"{run.taken.wall_seconds:.0f} s",
        )


def _calls(runs: list[Run], accounts: int, jobs: str) -> Iterator[Figure]:
    for what, found, bar in (
        ("all changed", runs[0], MOST_ALL),
        ("nothing changed", runs[1], MOST_NOTHING),
    ):
        polls = sum(number for route, number in found.seen.items() if _is_poll(route))
        yield Figure(
            group="Salesforce calls",
            what=f"full pass over {accounts:,}, {what}, {jobs}",
            value=found.calls,
            unit="calls",
            bar=bar,
            note=f"{polls} of them polls; counted by the simulator",
        )
        if found.refused:
            raise RuntimeError(f"{found.refused} calls were refused")


def _is_poll(route: str) -> bool:
    return route.startswith("GET ") and route.endswith(("/jobs/query/{job}", "/jobs/ingest/{job}"))


def _incremental(where: Portal, accounts: int, say: Say) -> Iterator[Figure]:
    say("incremental runs, an hour apart")
    where.let_an_hour_pass()
    echo = where.run()
    where.let_an_hour_pass()
    found = where.run()
    for name, run in (("echo", echo), ("quiet", found)):
        if run.report["kind"] != "incremental" or not run.agrees or run.report["written"]:
            raise RuntimeError(f"the {name} run is not the incremental run it should be")
    yield Figure(
        group="Salesforce calls",
        what="incremental, nothing changed, preflight included",
        value=found.calls,
        unit="calls",
        bar=MOST_INCREMENTAL,
        note="and one for a token, which Salesforce does not count",
    )
    yield Figure(
        group="Salesforce calls",
        what=f"incremental that meets {accounts:,} of our own writes again",
        value=echo.calls,
        unit="calls",
        note="once after a backfill; nothing is judged or written",
    )
    yield incremental(SALESFORCE, found)
