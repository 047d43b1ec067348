"""``icp resync`` on a connection whose worker is in the middle of a long run."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import CrmDesk, Desk, until
from tests.acceptance.org_desk import QUERY_JOBS
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import Command, WarmShell
from tests.support.salesforce import RunningOrg, running_org
from tests.support.sandbox import RunningSandbox, running_sandbox

ACCOUNTS = 2_000
WRITTEN = "SELECT count(*) FROM changes WHERE state = 'written'"
LAST = "SELECT account_id FROM changes WHERE state = 'planned' ORDER BY seq DESC LIMIT 1"
ORDER = "SELECT kind, outcome, run_id FROM runs WHERE finished_at IS NOT NULL ORDER BY finished_at"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """A portal of some thousand companies."""
    options = ("--accounts", str(ACCOUNTS), "--seed", "1", "--limits", "off", "--now", NOON)
    with running_sandbox(*options) as running:
        yield running


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of some hundred accounts."""
    with running_org("--accounts", "800", "--seed", "5", "--now", NOON) as running:
        yield running


def journal(desk: CrmDesk) -> Counter[str]:
    """How often each account was written, by the journal of all runs."""
    rows = desk.query("SELECT account_id, count(*) FROM changes WHERE state='written' GROUP BY 1")
    return Counter(dict(rows))


def reports(desk: CrmDesk) -> dict[str, dict[str, Any]]:
    """The report of each run that has one, by run."""
    rows = desk.query("SELECT run_id, report FROM runs WHERE report IS NOT NULL")
    return {run: json.loads(report) for run, report in rows}


def with_work_to_do(desk: Desk) -> int:
    """A week later somebody has emptied a field of ours everywhere; answers the latest request."""
    assert desk.run().code == 0
    desk.edit(companies={it: {"icp_reason": ""} for it in desk.export()})
    desk.advance(8 * 86_400)
    return desk.mark()


def ended(command: Command, desk: CrmDesk) -> None:
    """Stop a worker, which must leave well."""
    command.signal(signal.SIGTERM)
    assert desk.ended(command).code == 0


@pytest.mark.parametrize("holder", ["worker", "run"])
def test_a_named_account_is_served_within_a_long_run(desk: Desk, holder: str) -> None:
    """It is done before the run is, which then ends right, and nothing older is written over it."""
    since = with_work_to_do(desk)
    desk.sandbox.fail(kind="slow", route="batch/update$", seconds=0.25)
    command = desk.start(holder, *(["--yes"] if holder == "run" else []), ICP_SCHEDULE="6h")
    until(lambda: desk.query(WRITTEN)[0][0] > ACCOUNTS + 200)
    [(chosen,)] = desk.query(LAST)  # not one of the canary's, which was drawn by lot
    desk.edit(companies={chosen: {"industry": "MILITARY"}})

    asked = desk.icp("resync", chosen, "--json")

    assert (asked.code, asked.data["outcome"]) == (0, "succeeded"), asked
    assert len(desk.writes(since)) < ACCOUNTS
    desk.sandbox.control("DELETE", "faults")
    until(lambda: len(desk.query(ORDER)) == 3)
    if holder == "worker":
        ended(command, desk)
    else:
        assert desk.ended(command).code == 0
    kinds = [(kind, outcome) for kind, outcome, _ in desk.query(ORDER)]
    assert kinds == [("full", "succeeded"), ("accounts", "succeeded"), ("full", "succeeded")]
    outer = reports(desk)[desk.query(ORDER)[-1][2]]
    assert (outer["read"], outer["served"]) == (ACCOUNTS, 1)
    assert outer["written"] == len(desk.writes(since)) - 1
    assert desk.values("icp_tier")[chosen] in {"disqualified", "out_of_scope"}
    assert journal(desk) == Counter(desk.writes())
    assert set(desk.writes(since).values()) == {1}
    assert desk.run("--full").data["written"] == 0


def test_what_a_rule_selects_waits_and_says_so(desk: Desk) -> None:
    """The requester is told that a run is under way, and gets the outcome after it."""
    with_work_to_do(desk)
    desk.sandbox.fail(kind="slow", route="batch/update$", seconds=0.1)
    worker = desk.start("worker", ICP_SCHEDULE="6h")
    until(lambda: desk.query(WRITTEN)[0][0] > ACCOUNTS + 200)

    asked = desk.icp("resync", "--rejected", "--json")

    assert (asked.code, asked.data["report"]) == (0, None)
    assert "served when it is over" in asked.words
    ended(worker, desk)
    assert "request_waits" in worker.err.read_text("utf-8")


def test_served_while_a_bulk_job_is_polled(
    org: RunningOrg, shell: WarmShell, tmp_path: Path
) -> None:
    """An account outside the job is done before the job is; journal and org agree."""
    desk = fresh(org, shell, tmp_path)
    desk.configure(bulk_threshold=100)
    assert desk.run().code == 0
    [name] = org.api("GET", "query?q=SELECT+Id+FROM+Account+ORDER+BY+Id+DESC+LIMIT+1")["records"]
    chosen = name["Id"]
    others = [it for it in desk.export() if it != chosen]
    before = journal(desk)
    desk.edit({it: {"Industry": "Banking"} for it in others[:400]})
    queries = desk.calls(QUERY_JOBS)
    worker = desk.start("worker", ICP_SCHEDULE="6h")
    until(lambda: desk.calls(QUERY_JOBS) > queries)
    org.behave(bulk_queue_ms=6_500)  # of the jobs made from now on
    until(lambda: desk.query("SELECT count(*) FROM jobs") == [(1,)])
    desk.edit({chosen: {"Industry": "Government"}})

    asked = desk.icp("resync", chosen[:15], "--json")

    assert (asked.code, asked.data["outcome"]) == (0, "succeeded"), asked
    org.behave(bulk_queue_ms=0)  # of the jobs after it
    until(lambda: desk.query("SELECT count(*) FROM runs WHERE finished_at IS NULL") == [(0,)])
    of_the_job = "run IN (SELECT number FROM runs WHERE kind = 'incremental')"
    [(answered,)] = desk.query(f"SELECT min(answered_at) FROM changes WHERE {of_the_job}")  # noqa: S608 - ours
    [(served,)] = desk.query("SELECT finished_at FROM runs WHERE kind = 'accounts'")
    assert served < answered
    ended(worker, desk)
    kinds = [kind for kind, _, _ in desk.query(ORDER)]
    assert kinds == ["full", "accounts", "incremental"]
    wrote = Counter(it["id"] for it in desk.lines("Writes"))
    assert journal(desk) == wrote
    assert sum(journal(desk).values()) > sum(before.values())
    assert desk.run("--full").data["written"] == 0
