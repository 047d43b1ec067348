"""Signals, crashes and restarts: nothing is lost, nothing is done twice, the end is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.desk import EVERYONE, Desk, parts, until
from tests.acceptance.set_up import SetUp

GRACE = 8.0  # seconds; container runtimes give ten


def whole(desk: Desk) -> bool:
    """Whether SQLite finds the database in order."""
    with closing(sqlite3.connect(desk.database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def slow_writes(desk: Desk, seconds: float = 0.3) -> None:
    """Make every batch take its time, so that a signal finds one on its way."""
    desk.sandbox.fail(kind="slow", route="batch/update$", seconds=seconds)


def writing(desk: Desk) -> bool:
    """Whether a batch has left."""
    return desk.query_if_there("SELECT 1 FROM changes WHERE state != 'planned'") != []


def test_the_program_starts_cold(desk: Desk) -> None:
    """``icp`` and ``python -m worker`` are the same program."""
    script = str(Path(sys.executable).with_name("icp"))
    for start in ([script], [sys.executable, "-m", "worker"]):
        ended = subprocess.run(  # noqa: S603 - our own program
            [*start, "check", "--json"],
            env=desk.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(ended.stdout)["problems"] == []


def test_ctrl_c_ends_a_run_as_stopped(desk: Desk) -> None:
    """The batch in hand is finished, the rest is held, exit 5; the next run does the rest."""
    slow_writes(desk)
    since = desk.mark()
    command = desk.start("run", "--yes", "--json")
    until(lambda: writing(desk))
    started = time.monotonic()
    command.signal(signal.SIGINT)

    ended = desk.ended(command)

    report = ended.data
    assert time.monotonic() - started < GRACE
    assert (ended.code, report["outcome"]) == (5, "stopped")
    assert report["read"] == parts(report)
    assert 0 < report["written"] == len(desk.writes(since)) < report["read"]
    assert whole(desk)
    desk.sandbox.control("DELETE", "faults")
    rest = desk.run().data
    assert (rest["outcome"], rest["written"]) == ("succeeded", report["held"])
    assert set(desk.writes(since).values()) == {1}


def test_a_stop_during_a_long_wait_ends_at_once(desk: Desk) -> None:
    """Nobody sits out a minute's backoff after SIGTERM."""
    desk.sandbox.fail(kind="rate_limit_burst", route="/companies$", retry_after=50)
    command = desk.start("run", "--yes", "--json")
    until(lambda: desk.sandbox.control("GET", "stats")["statuses"].get("429", 0) > 0)
    started = time.monotonic()
    command.signal(signal.SIGTERM)

    ended = desk.ended(command)

    assert time.monotonic() - started < GRACE
    assert ended.code == 5, ended


def test_a_worker_runs_on_schedule_and_leaves_on_sigterm(desk: Desk) -> None:
    """SIGTERM in the middle of a run: exit 0, database whole, the next start completes."""
    assert desk.run("--limit", "1").code == 0  # somebody has said yes
    assert desk.run().code == 0
    expected = desk.export()
    chosen = {it: {"industry": "MILITARY"} for it in list(expected)[:40]}
    desk.edit(companies=chosen)
    slow_writes(desk)
    command = desk.start("worker", ICP_SCHEDULE="1s")
    until(lambda: desk.sandbox.control("GET", "faults")["faults"][0]["injected"] > 0)
    started = time.monotonic()
    command.signal(signal.SIGTERM)

    ended = desk.ended(command)

    assert time.monotonic() - started < GRACE
    assert ended.code == 0, ended
    assert whole(desk)
    assert desk.query("SELECT count(*) FROM leases WHERE holder IS NOT NULL") == [(0,)]
    desk.sandbox.control("DELETE", "faults")
    again = desk.start("worker", ICP_SCHEDULE="1s")
    runs = "SELECT count(*) FROM runs WHERE outcome = 'succeeded'"
    before = desk.query(runs)[0][0]
    until(lambda: desk.query(runs)[0][0] >= before + 2)
    again.signal(signal.SIGTERM)
    assert desk.ended(again).code == 0
    tiers = desk.values("icp_tier")
    assert {tiers[it] for it in chosen} == {"disqualified", "out_of_scope"}
    assert desk.run().data["written"] == 0


def test_a_worker_survives_a_crm_that_is_down(settled: Desk) -> None:
    """A failed tick is logged, and the next one tries again."""
    settled.sandbox.fail(kind="error", status=400, times=3)
    before = settled.query("SELECT count(*) FROM runs WHERE outcome = 'succeeded'")[0][0]
    command = settled.start("worker", ICP_SCHEDULE="1s")
    until(
        lambda: (
            settled.query("SELECT count(*) FROM runs WHERE outcome = 'succeeded'")[0][0] > before
        )
    )
    command.signal(signal.SIGTERM)

    ended = settled.ended(command)

    assert ended.code == 0
    assert "run_failed" in ended.err


def test_a_second_runner_is_turned_away(desk: Desk) -> None:
    """Two commands, one connection: one runs, the other says so and leaves."""
    slow_writes(desk)
    command = desk.start("run", "--yes", "--json")
    until(lambda: writing(desk))

    refused = desk.run()

    assert refused.code == 1
    assert "another process" in refused.words
    assert desk.ended(command).data["outcome"] == "succeeded"


@pytest.mark.parametrize("seed", [1, 2] if os.environ.get("CHAOS") == "long" else [1])
def test_killed_at_random_moments(desk: Desk, set_up: SetUp, seed: int) -> None:
    """Ten times ``kill -9``: the next run ends where a run without kills ends."""
    chooser = random.Random(seed)  # noqa: S311 - the same moments each time
    slow_writes(desk, 0.01)
    desk.database.unlink()  # killed while it is made, too
    since = desk.mark()
    ends: list[int] = []
    for _ in range(10):
        calls = desk.mark() + chooser.randint(1, 9)
        command = desk.start("run", "--yes", "--json")
        until(lambda to=calls, it=command: desk.mark() >= to or it.poll() is not None)  # type: ignore[misc]  # a lambda with defaults
        time.sleep(chooser.uniform(0, 0.02))
        command.signal(signal.SIGKILL)
        ends.append(command.wait(10))
        assert not desk.database.exists() or whole(desk)

    last = desk.run()

    assert last.data["outcome"] == "succeeded", last
    killed, writes = desk.export(), set(desk.writes(since))
    states: dict[str, set[str]] = {}
    for state, name in desk.query("SELECT state, account_id FROM changes"):
        states.setdefault(state, set()).add(name)
    assert set(states) <= {"written", "sent", "planned"}
    answered, unanswered = states.get("written", set()), states.get("sent", set())
    assert answered <= writes <= answered | unanswered
    assert writes == set(killed)
    assert ends.count(-signal.SIGKILL) >= 2
    full = desk.run("--full").data
    assert (full["outcome"], full["written"], full["read"]) == ("succeeded", 0, len(killed))

    desk.sandbox.reset()
    set_up.at(desk)
    fresh = f"sqlite:///{desk.folder / 'fresh.db'}"
    assert desk.run(ICP_DATABASE_URL=fresh).code == 0
    assert desk.export() == killed


def test_killed_while_setting_up(bare: Desk) -> None:
    """A set-up that was killed half-way is finished by the next one."""
    command = bare.start("setup", "--apply")
    until(lambda: bare.mark() >= 14)
    command.signal(signal.SIGKILL)
    command.wait(10)

    ended = bare.icp("setup", "--apply", "--json")

    assert ended.code == 0
    assert 0 < ended.data["applied"] < 24
    assert bare.icp("setup", "--json").data["pending"] == 0


def test_killed_while_an_approval_writes(settled: Desk) -> None:
    """Approving again writes the rest; what had landed is not taken for somebody's edit."""
    settled.edit_icp(*EVERYONE)
    held = settled.run().data
    assert held["outcome"] == "held"
    slow_writes(settled)
    mark = settled.mark()
    command = settled.start("approve", held["run"], "--json")
    until(lambda: settled.sandbox.control("GET", "faults")["faults"][0]["injected"] > 0)
    command.signal(signal.SIGKILL)
    command.wait(10)
    settled.sandbox.control("DELETE", "faults")

    ended = settled.icp("approve", held["run"], "--json")

    assert (ended.code, ended.data["outcome"]) == (0, "succeeded"), ended
    assert ended.data["written"] == held["held"] == len(settled.writes(mark))
    assert settled.run("--full").data["written"] == 0


def test_an_icp_broken_under_a_worker(settled: Desk) -> None:
    """The worker says what is wrong and goes on when it is mended; it does not end."""
    good = settled.icp_file.read_text(encoding="utf-8")
    runs = "SELECT count(*) FROM runs WHERE outcome = 'succeeded'"
    before = settled.query(runs)[0][0]
    command = settled.start("worker", ICP_SCHEDULE="1s")
    until(lambda: settled.query(runs)[0][0] > before)
    settled.icp_file.write_text("icp: [", encoding="utf-8")
    until(lambda: "run_failed" in command.err.read_text("utf-8"))
    settled.icp_file.write_text(good, encoding="utf-8")
    before = settled.query(runs)[0][0]
    until(lambda: settled.query(runs)[0][0] > before)
    command.signal(signal.SIGTERM)

    ended = settled.ended(command)

    assert ended.code == 0
    assert "icp.yaml" in ended.err


def test_a_worker_says_why_a_run_did_not_end_well(desk: Desk) -> None:
    """The reason of a held run, and of a failed one, stands in the log with the run's id."""
    command = desk.start("worker", ICP_SCHEDULE="1s")
    until(lambda: "run_held" in command.err.read_text("utf-8"))
    desk.sandbox.fail(kind="error", status=400, route="/objects/companies$", every=2)
    until(lambda: "run_problem" in command.err.read_text("utf-8"))
    command.signal(signal.SIGTERM)

    ended = desk.ended(command)

    told = [json.loads(line) for line in ended.err.splitlines()]
    held = next(it for it in told if it["event"] == "run_held")
    failed = next(it for it in told if it["event"] == "run_problem")
    assert "first backfill" in held["reason"]
    assert "HubSpot answered 400" in failed["problem"]
    runs = dict(desk.query("SELECT run_id, outcome FROM runs"))
    assert (runs[held["run_id"]], runs[failed["run_id"]]) == ("held", "failed")


def test_two_workers_take_turns(settled: Desk) -> None:
    """Two replicas on one database: neither fails, and no account is written twice."""
    chosen = list(settled.export())[:30]
    settled.edit(companies={it: {"industry": "MILITARY"} for it in chosen})
    since = settled.mark()
    runs = "SELECT count(*) FROM runs WHERE outcome = 'succeeded'"
    before = settled.query(runs)[0][0]
    both = [settled.start("worker", ICP_SCHEDULE="1s") for _ in range(2)]
    until(lambda: settled.query(runs)[0][0] >= before + 3)
    for command in both:
        command.signal(signal.SIGTERM)

    ended = [settled.ended(command) for command in both]

    assert [it.code for it in ended] == [0, 0]
    assert not any("run_failed" in it.err for it in ended)
    assert set(settled.writes(since).values()) == {1}
    outcomes = {name for (name,) in settled.query("SELECT DISTINCT outcome FROM runs")}
    assert outcomes <= {"succeeded", "stopped"}
