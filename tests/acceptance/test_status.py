"""`icp status` answers one question: must a person do something, and what."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from tests.acceptance.desk import EVERYONE, Desk


def test_a_connection_that_never_ran_says_how_to_begin(desk: Desk) -> None:
    """The first words are a verdict, and the next line is a command."""
    ended = desk.icp("status")

    assert ended.code == 3
    first, second, *_ = ended.out.splitlines()
    assert first == "hubspot: look: no run yet"
    assert second.split() == ["→", "icp", "check", "--connection", "hubspot"]


def test_after_a_run_all_is_right(settled: Desk) -> None:
    """Nothing to do, with the ages of what was done."""
    settled.edit_icp(*reviewed_today(settled))
    settled.run()
    ended = settled.icp("status", "--json")

    (said,) = ended.data
    assert (said["verdict"], said["why"], ended.code) == ("all right", "", 0)
    assert said["last_success_age_seconds"] < 60
    assert said["last_run"]["outcome"] == "succeeded"
    assert said["next_due_at"] > said["last_run"]["started_at"]
    assert said["quota"]["remaining"] > 0
    assert settled.icp("status").out.startswith("hubspot: all right\n")


def test_a_held_run_is_shown_with_both_ways_out(settled: Desk) -> None:
    """Its reason, and the commands there are, with its id."""
    settled.edit_icp(*EVERYONE)
    held = settled.run().data

    ended = settled.icp("status", "--json")

    (said,) = ended.data
    assert (said["verdict"], ended.code) == ("look", 3)
    assert said["held"] == {"run": held["run"], "reason": held["hold"]["reason"]}
    named = [it.split()[1:3] for it in said["remedies"]]
    assert named[0] == ["approve", held["run"]]
    assert all(run == held["run"] for _, run in named)


def test_a_connection_nobody_runs_any_more_counts_as_stopped(settled: Desk) -> None:
    """Three intervals without a success: the worker is gone."""
    with closing(sqlite3.connect(settled.database)) as connection, connection:
        connection.execute(
            "UPDATE runs SET started_at = '2026-01-01T00:00:00.000Z',"
            " finished_at = '2026-01-01T00:01:00.000Z'"
        )

    ended = settled.icp("status")

    assert ended.code == 3
    assert ended.out.startswith("hubspot: stopped: no run has succeeded for ")
    assert "icp worker" in ended.out


def reviewed_today(desk: Desk) -> list[tuple[str, str]]:
    """An edit that makes the review of the ICP recent."""
    line = re.search(r"^reviewed: .*$", desk.icp_file.read_text("utf-8"), re.MULTILINE)
    assert line is not None
    return [(line[0], f"reviewed: {datetime.now(UTC):%Y-%m-%d}")]
