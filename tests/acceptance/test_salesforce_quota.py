"""Somebody else uses the day's calls up: the run leaves in time, and goes on when they are back."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import parts, until
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

ACCOUNTS = 100_000 if os.environ.get("SOAK") == "long" else 600
DAY = 300  # calls
SHARE = 0.7


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org whose day is short."""
    options = ("--accounts", str(ACCOUNTS), "--seed", "4", "--limits", "real", "--now", NOON)
    with running_org(*options) as running:
        yield running


@pytest.fixture
def desk(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org that was set up, and leaves some calls to others."""
    desk = fresh(org, shell, tmp_path)
    desk.configure(bulk_threshold=100, share=SHARE)
    return desk


def test_a_rival_uses_the_day_up(org: RunningOrg, desk: OrgDesk) -> None:
    """The run stops above its floor and says when it goes on; after the reset it finishes."""
    org.control("POST", "limits", {"daily": DAY, "daily_used": 0})
    org.behave(bulk_queue_ms=5_000)  # longer than the rival takes
    floor = round(DAY * (1 - SHARE))
    command = desk.start("run", "--yes", "--json")
    until(lambda: desk.query_if_there("SELECT 1 FROM jobs") != [])
    while left(org) > floor:
        org.query("SELECT Id FROM Account LIMIT 1", admin=True)

    ended = desk.ended(command)

    report = ended.data
    assert (ended.code, report["outcome"]) == (3, "partial"), ended
    assert report["read"] == parts(report)
    [problem] = report["problems"]
    assert "other applications" in problem
    moment = re.search(r"2026-\d\d-\d\dT[\d:+]+", problem)
    assert moment, problem
    resumes = datetime.fromisoformat(moment[0])
    assert resumes > datetime.fromisoformat(NOON)
    assert left(org) >= floor - 5  # a call may be under way when the answer that tells comes
    desk.advance(86_400 + 900)
    org.behave(bulk_queue_ms=20)
    again = desk.run()
    assert (again.code, again.data["outcome"]) == (0, "succeeded"), again
    assert desk.run("--full").data["written"] == 0


def test_a_worker_goes_on_by_itself(org: RunningOrg, desk: OrgDesk) -> None:
    """Whether the day ends a run or keeps it from beginning: it says when it takes it up again."""
    org.control("POST", "limits", {"daily": DAY, "daily_used": DAY - 1})
    command = desk.start("worker")
    until(lambda: "run_resumes" in command.err.read_text("utf-8"))
    command.signal(signal.SIGTERM)

    ended = desk.ended(command)

    told = [json.loads(line) for line in ended.err.splitlines()]
    [problem] = [it for it in told if it["event"] == "run_problem"]
    [resumes] = [it for it in told if it["event"] == "run_resumes"]
    assert ended.code == 0
    assert resumes["at"] in problem["problem"]
    assert "run_failed" not in {it["event"] for it in told}


def left(org: RunningOrg) -> int:
    """Calls left of the day."""
    found = org.control("GET", "limits")
    return int(found["daily"] - found["daily_used"])
