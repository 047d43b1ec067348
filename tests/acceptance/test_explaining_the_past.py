"""``icp explain --at`` answers for the past, as it was and without the CRM."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.desk import EVERYONE, Desk

PAST_THE_OVERLAP = 3600.0


def clock(desk: Desk) -> str:
    """The CRM's present moment."""
    text: str = desk.crm.control("GET", "clock")["now"]
    return text


def tamper(desk: Desk, statement: str, *parameters: Any) -> None:
    """Change the state database behind the program's back."""
    with closing(sqlite3.connect(desk.database)) as connection, connection:
        connection.execute(statement, parameters)


def test_each_moment_gets_the_answer_of_then(settled: Desk) -> None:
    """After an edit and another ICP, every earlier answer can still be had, to the hundredth."""
    was = settled.export()
    chosen = next(k for k, v in was.items() if v["icp_tier"] == "tier_1")
    first = clock(settled)
    settled.advance(PAST_THE_OVERLAP)
    settled.edit(companies={chosen: {"industry": "MILITARY"}})
    assert settled.run().data["written"] == 1
    edited, second = settled.export()[chosen], clock(settled)
    settled.advance(PAST_THE_OVERLAP)
    settled.edit(companies={chosen: {"industry": "COMPUTER_SOFTWARE", "numberofemployees": "40"}})
    settled.edit_icp(*EVERYONE)
    held_back = settled.run("--full")
    assert held_back.code == 4
    assert settled.icp("approve", held_back.data["run"]).code == 0
    settled.advance(2)
    latest = settled.export()[chosen]
    since = settled.mark()

    for moment, held in ((first, was[chosen]), (second, edited), (clock(settled), latest)):
        ended = settled.icp("explain", chosen, "--at", moment, "--json")
        found = ended.data
        assert (ended.code, found["same"]) == (0, True), found
        assert found["shown_tier"] == found["written"]["tier"] == held["icp_tier"]
        assert found["written"]["reason"] == held["icp_reason"]
        assert found["version"] == held["icp_version"]
        assert found["reason"] == held["icp_reason"]
        score = held.get("icp_fit_score")
        assert (found["score"] is None) == (score is None)
        assert score is None or int(found["score"]) == int(float(score))
    assert [it["icp_tier"] for it in (was[chosen], edited)] == ["tier_1", "disqualified"]
    assert latest["icp_version"] != edited["icp_version"] == was[chosen]["icp_version"]
    assert settled.routes(since).keys() <= {"GET _sandbox/clock"}


def test_a_day_means_its_end(settled: Desk) -> None:
    """What was written on a day counts for that day, and is told to people in full."""
    chosen = min(settled.export(), key=int)

    ended = settled.icp("explain", chosen, "--at", "2026-11-24")

    assert ended.code == 0
    [(run,)] = settled.query("SELECT run_id FROM runs")
    said = " ".join(ended.out.split())
    assert "As written on " in said
    assert f"by run {run}, which judged as of 2026-11-24T12:" in said
    assert f"Account {chosen}: " in said


def test_every_account_has_its_history(settled: Desk) -> None:
    """As many rows as were written; a run without changes adds none."""
    count = "SELECT count(*), count(DISTINCT account_id) FROM history"
    before = settled.query(count)
    written = settled.query("SELECT count(*) FROM changes WHERE state = 'written'")[0][0]
    settled.advance(PAST_THE_OVERLAP)
    settled.run()

    assert before == settled.query(count) == [(written, written)]


def test_before_the_first_run_there_is_nothing(settled: Desk) -> None:
    """A moment without an answer names the first that has one."""
    chosen = min(settled.export(), key=int)

    early = settled.icp("explain", chosen, "--at", "2026-11-23")
    unknown = settled.icp("explain", "99", "--at", "2026-11-24")

    assert (early.code, unknown.code) == (1, 1)
    assert "made at 2026-11-24T12:" in early.words
    assert "None is kept at all" in unknown.words
    assert early.out == unknown.out == ""


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "24.11.2026", ""])
def test_a_date_that_is_none_is_refused(settled: Desk, text: str) -> None:
    """With the forms that are understood."""
    ended = settled.icp("explain", "1", "--at", text)

    assert ended.code == 2
    assert "YYYY-MM-DD" in ended.words


def test_an_answer_that_cannot_be_had_again_is_said_to_differ(settled: Desk) -> None:
    """What was written is told beside what is derived, and the exit code says so, too."""
    chosen = next(k for k, v in settled.export().items() if v["icp_tier"] == "tier_1")
    [(summary,)] = settled.query("SELECT summary FROM history WHERE account_id = ?", chosen)
    tamper(
        settled,
        "UPDATE history SET summary = ? WHERE account_id = ?",
        summary.replace(b'"tier":"tier_1"', b'"tier":"tier_2"'),
        chosen,
    )

    ended = settled.icp("explain", chosen, "--at", "2026-11-24")

    assert ended.code == 3
    said = " ".join(ended.out.split())
    assert "This version judges differently." in said
    assert "Written: Tier 2" in said
    assert "Derived again: Tier 1" in said


def test_a_document_that_is_gone_is_named(settled: Desk) -> None:
    """Without the ICP of then there is no answer, and no made-up one."""
    chosen = min(settled.export(), key=int)
    tamper(settled, "DELETE FROM documents")

    ended = settled.icp("explain", chosen, "--at", "2026-11-24")

    assert ended.code == 1
    assert "is not in the database" in ended.words
