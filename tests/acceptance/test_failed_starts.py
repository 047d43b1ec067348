"""A run that cannot even begin is on record: seen by whoever looks, with what to do."""

from __future__ import annotations

import signal

import pytest

from tests.acceptance.desk import Desk, until

NOBODYS = "pat-na1-nobody-issued-this"
BROKEN = ("criteria:", "criterai:")


def test_a_revoked_token_is_on_record(settled: Desk) -> None:
    """The list of runs has it, status names it with its remedy, and the token stays out."""
    ended = settled.run(ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS)

    [last, *_] = settled.icp("runs", "--json").data
    [said] = settled.icp("status", "--json").data
    assert ended.code == 2
    assert (last["outcome"], last["kind"]) == ("failed", "unstarted")
    assert last["report"]["failure"] == "setup"
    assert "ICP_HUBSPOT__ACCESS_TOKEN" in last["report"]["problems"][0]
    assert said["verdict"] == "stopped"
    assert said["why"] == last["report"]["problems"][0]
    assert said["remedies"][0] == "icp check --connection hubspot"
    assert said["remedies"][-1].startswith("restart the worker")  # it read the token at its start
    shown = settled.icp("status").out
    assert f"hubspot: stopped: {said['why']}" in shown.splitlines()
    assert NOBODYS.encode() not in settled.produced()


def test_a_broken_icp_is_on_record(settled: Desk) -> None:
    """No version of it can be named; file and line can, and the command that lists all mistakes."""
    settled.edit_icp(BROKEN)

    ended = settled.run()

    [last, *_] = settled.icp("runs", "--json").data
    [said] = settled.icp("status", "--json").data
    assert ended.code == 2
    assert (last["outcome"], last["report"]["failure"], last["report"]["icp"]) == (
        "failed", "icp", "",
    )  # fmt: skip
    assert 'Did you mean "criteria"?' in last["report"]["problems"][1]
    assert len(last["report"]["problems"]) == 4
    assert said["why"] == f"{last['report']['problems'][0]} (3 more problems)"
    assert said["remedies"] == ["icp lint"]


def test_the_same_failure_again_is_the_same_line(settled: Desk) -> None:
    """A worker that fails every minute fills no table; another failure has its own line."""
    for _ in range(3):
        settled.run(ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS)
    settled.edit_icp(BROKEN)
    settled.run()
    settled.edit_icp(BROKEN[::-1])
    settled.run()

    good, icp, token, first = settled.icp("runs", "--json").data
    assert [it["outcome"] for it in (good, icp, token, first)] == [
        "succeeded", "failed", "failed", "succeeded",
    ]  # fmt: skip
    assert (icp["report"]["attempts"], token["report"]["attempts"]) == (1, 3)
    assert token["finished_at"] > token["started_at"]


def test_a_dry_run_that_fails_leaves_no_trace(settled: Desk) -> None:
    """It is a look at what would be, not an event."""
    runs = settled.query("SELECT count(*) FROM runs")

    ended = settled.icp("run", "--dry-run", ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS)

    assert ended.code == 2
    assert settled.query("SELECT count(*) FROM runs") == runs


def test_a_resync_that_cannot_begin_says_why(settled: Desk) -> None:
    """Whoever asked reads the problem itself, not that the log has it."""
    settled.edit_icp(BROKEN)

    ended = settled.icp("resync", "--all", "--here", "--json")

    [last, *_] = settled.icp("runs", "--json").data
    assert (ended.code, last["outcome"], last["report"]["failure"]) == (2, "failed", "icp")


def test_a_request_that_the_worker_cannot_begin_says_why(settled: Desk) -> None:
    """The worker has another shell than the person: its problem is told all the same."""
    worker = settled.start("worker", ICP_SCHEDULE="1h")
    until(lambda: "run_finished" in worker.err.read_text("utf-8"))
    settled.edit_icp(BROKEN)

    ended = settled.icp("resync", "1", "--json")

    worker.signal(signal.SIGTERM)
    assert settled.ended(worker).code == 0
    assert ended.code == 1
    assert 'Did you mean "criteria"?' in ended.data["report"]["problems"][1]


@pytest.mark.parametrize("broken", [True, False])
def test_a_worker_records_what_keeps_it_from_starting(settled: Desk, *, broken: bool) -> None:
    """Of a container that is started again and again, status says why."""
    if broken:
        settled.edit_icp(BROKEN)
        assert settled.icp("worker").code == 2
    else:
        command = settled.start("worker", ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS)
        until(lambda: "run_failed" in command.err.read_text("utf-8"))
        command.signal(signal.SIGTERM)
        assert settled.ended(command).code == 0

    ended = settled.icp("status")

    assert ended.code == 3
    assert ended.out.startswith("hubspot: stopped: ")
    assert ("icp lint" in ended.out) is broken
