"""``kill -9`` while Salesforce works jobs off: what was begun is come back to, never sent twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import until
from tests.acceptance.org_desk import INGEST, OrgDesk, differences
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

KILLS = 50 if os.environ.get("SOAK") == "long" else 10
BEGIN = "PATCH /services/data/vXX.X/jobs/ingest/{job}"
BEGUN = "SELECT count(*) FROM jobs"


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of some hundred accounts."""
    with running_org("--accounts", "500", "--seed", "5", "--now", NOON) as running:
        yield running


@pytest.fixture
def desk(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org that was set up, where jobs take their time; nothing was run yet."""
    desk = fresh(org, shell, tmp_path)
    desk.configure(bulk_threshold=100)
    return desk


def whole(desk: OrgDesk) -> bool:
    """Whether SQLite finds the database in order."""
    with closing(sqlite3.connect(desk.database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def forgetful(desk: OrgDesk) -> OrgDesk:
    """Take the memory out of the ICP: how often it was changed on the way makes no difference."""
    desk.edit_icp(("hysteresis: 3", "hysteresis: 0"))
    return desk


def reweigh(desk: OrgDesk, old: int, new: int) -> None:
    """Change the ICP, so that there is something to write for most accounts."""
    desk.edit_icp((f"weight: {old}\n    any_of", f"weight: {new}\n    any_of"))


def test_killed_at_random_moments(org: RunningOrg, desk: OrgDesk, tmp_path: Path) -> None:
    """However often: the end is that of a run without kills, and no account is written twice."""
    chooser = random.Random(KILLS)  # noqa: S311 - the same moments each time
    org.behave(bulk_queue_ms=600, bulk_ms_per_1000=600)
    desk.database.unlink()  # killed while it is made, too
    forgetful(desk)
    weight, killed, in_a_job, jobs = 15, 0, 0, 0
    while killed < KILLS:
        if killed % 2 == 0:
            reweigh(desk, weight, weight + 1)
            weight += 1
        calls = desk.mark() + chooser.randint(1, 14)
        command = desk.start("run", "--yes", "--json")
        if chooser.random() < 0.5:  # while a job of ours is under way
            until(lambda it=command: desk.query_if_there(BEGUN) > [(0,)] or it.poll() is not None)  # type: ignore[misc]  # a lambda with defaults
        else:
            until(lambda to=calls, it=command: desk.mark() >= to or it.poll() is not None)  # type: ignore[misc]  # likewise
        time.sleep(chooser.uniform(0, 0.4))
        command.signal(signal.SIGKILL)
        if command.wait(10) == -signal.SIGKILL:
            killed += 1
        if desk.database.exists():
            assert whole(desk)
            open_jobs = desk.query_if_there(BEGUN)
            in_a_job += open_jobs > [(0,)]
    jobs = desk.calls(INGEST)

    last = desk.run().data
    full = desk.run("--full").data

    assert (last["outcome"], full["outcome"], full["written"]) == ("succeeded", "succeeded", 0)
    assert desk.query(BEGUN) == [(0,)]
    assert in_a_job >= KILLS // 5
    assert desk.calls(INGEST) <= jobs + 1
    written = Counter((it["id"], it["digest"]) for it in desk.lines("Writes"))
    assert [key for key, times in written.items() if times > 1] == []
    ended = desk.export()
    folder = tmp_path / "quiet"
    folder.mkdir()
    quiet = forgetful(fresh(org, desk.shell, folder))
    reweigh(quiet, 15, weight)
    assert quiet.run().code == 0
    # the version follows other fields and is no reason to write
    assert differences(ended, quiet.export(), without="ICP_Version__c") == {}


def test_a_job_under_way_is_finished_by_the_next_run(org: RunningOrg, desk: OrgDesk) -> None:
    """Killed while a job is polled: the next run waits for that job, and makes no other."""
    org.behave(bulk_queue_ms=1_500)
    command = desk.start("run", "--yes", "--json")
    until(lambda: desk.query_if_there(BEGUN) == [(1,)] and desk.calls(BEGIN) == 1)
    command.signal(signal.SIGKILL)
    command.wait(10)

    ended = desk.run()

    assert ended.data["outcome"] == "succeeded", ended
    assert "job_resumed" in ended.err
    assert desk.calls(INGEST) == 1
    assert set(Counter(it["id"] for it in desk.lines("Writes")).values()) == {1}
    assert desk.run("--full").data["written"] == 0
