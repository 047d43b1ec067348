"""Told to end while the CRM hangs: the process leaves in time, and the next run repairs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import CrmDesk, Desk, until
from tests.acceptance.org_desk import QUERY_JOBS
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

HANGS = 40.0  # seconds: longer than any grace here, and a call to HubSpot may take
SENT = "SELECT count(*) FROM changes WHERE state = 'sent'"
HOLDER = "SELECT count(*) FROM leases WHERE holder IS NOT NULL"


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of some hundred accounts."""
    with running_org("--accounts", "300", "--seed", "5", "--now", NOON) as running:
        yield running


def hang(desk: CrmDesk, route: str) -> None:
    """Let writes go unanswered from now on."""
    desk.crm.control("POST", "faults", {"kind": "slow", "route": route, "seconds": HANGS})


def hangs(desk: CrmDesk) -> bool:
    """Whether one was met."""
    found: int = desk.crm.control("GET", "faults")["faults"][0]["injected"]
    return found > 0


def repaired(desk: CrmDesk) -> None:
    """The next run writes what is missing, whatever became of what was on its way."""
    desk.crm.control("DELETE", "faults")
    rest = desk.run()
    assert rest.code == 0, rest
    full = desk.run("--full").data
    assert (full["outcome"], full["written"]) == ("succeeded", 0)


@pytest.mark.parametrize(("command", "code"), [("run", 5), ("worker", 0)])
def test_hubspot_hangs(settled: Desk, command: str, code: int) -> None:
    """A batch that is not answered stays sent, the lease stays, the exit code is the right one."""
    settled.edit(companies={it: {"icp_tier": ""} for it in list(settled.export())[:30]})
    hang(settled, "batch/update$")
    started = settled.start(command, ICP_SCHEDULE="6h", ICP_SHUTDOWN_GRACE="1s")
    until(lambda: hangs(settled))
    started.signal(signal.SIGTERM)

    ended = settled.ended(started, patience=HANGS - 10)

    assert ended.code == code, ended
    assert "left_unfinished" in ended.err
    assert settled.query(SENT) == [(30,)]
    assert settled.query(HOLDER) == [(1,)]
    repaired(settled)


def test_salesforce_hangs(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> None:
    """The same in an org, whose calls may take minutes."""
    desk = fresh(org, shell, tmp_path)
    hang(desk, "composite/sobjects$")
    started = desk.start("run", "--yes", ICP_SHUTDOWN_GRACE="1s")
    until(lambda: hangs(desk))
    started.signal(signal.SIGINT)

    ended = desk.ended(started, patience=HANGS - 10)

    assert ended.code == 5, ended
    assert desk.query(SENT)[0][0] > 0
    assert desk.query(HOLDER) == [(1,)]
    repaired(desk)


def test_a_bulk_job_is_left_at_work(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> None:
    """Nobody waits for it: the job is remembered, the lease is free, the next run follows it."""
    desk = fresh(org, shell, tmp_path)
    desk.configure(bulk_threshold=100)
    started = desk.start("run", "--yes", "--json")
    until(lambda: desk.calls(QUERY_JOBS) == 1)
    org.behave(bulk_queue_ms=8_000)  # of the jobs made from now on
    begun = "PATCH /services/data/vXX.X/jobs/ingest/{job}"
    until(lambda: desk.query_if_there("SELECT count(*) FROM jobs") == [(1,)])
    until(lambda: desk.calls(begun) == 1)
    started.signal(signal.SIGTERM)

    ended = desk.ended(started)

    assert (ended.code, ended.data["outcome"]) == (5, "stopped")
    assert "left_unfinished" not in ended.err
    assert desk.query("SELECT count(*) FROM jobs") == [(1,)]
    assert desk.query(HOLDER) == [(0,)]
    org.behave(bulk_queue_ms=0)  # of the jobs after it
    assert "job_resumed" in desk.run().err
    assert desk.run("--full").data["written"] == 0


def test_a_second_signal_leaves_at_once(settled: Desk) -> None:
    """Also where the worker's threads wait for a CRM that hangs, and the grace is long."""
    settled.edit(companies={it: {"icp_tier": ""} for it in list(settled.export())[:30]})
    hang(settled, "batch/update$")
    started = settled.start("worker", ICP_SCHEDULE="6h", ICP_SHUTDOWN_GRACE="10m")
    until(lambda: hangs(settled))
    both = (signal.SIGTERM, signal.SIGINT)  # the system may make one of two alike
    for number in both:
        started.signal(number)

    ended = settled.ended(started, patience=HANGS - 10)

    assert ended.code in {128 + number for number in both}
    assert settled.query(SENT) == [(30,)]
    repaired(settled)
