"""Which situations are new, and which are over, from how a connection stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from config.alerts import EVENTS
from worker.alerting.situations import changes
from worker.standing import Standing
from worker.state.alerts import Alert, Waiting
from worker.state.instants import instant_text
from worker.state.rows import Run

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MATRIX = [{"from": "tier_1", "to": "tier_2", "cause": "ICP changed", "accounts": 60}]


def run(outcome: str | None, number: int = 1, /, **report: Any) -> Run:
    """One run as recorded, a minute ago."""
    at = instant_text(NOW - timedelta(minutes=1))
    ended = at if outcome else None
    return Run(
        run_id=f"run-{number}", connection="emea", kind="full", dry_run=False, as_of=at,
        started_at=at, finished_at=ended, outcome=outcome, report=orjson.dumps(report),
    )  # fmt: skip


def stands(last: Run | None, held: Run | None = None) -> Standing:
    """A connection that runs each hour."""
    return Standing(
        connection="emea", last=last, success=None, due=None, period=HOUR, checkpoint=None,
        held=held, held_runs=int(held is not None), dead_letters=0, pause=None, freeze=None,
        next_freeze=None, thawed=None, unfinished=None, lease=None, alerts=Waiting(0, ""),
    )  # fmt: skip


class Book:
    """What was raised so far, as the database keeps it."""

    def __init__(self) -> None:
        self.open: list[Alert] = []

    def look(
        self,
        it: Standing,
        now: datetime = NOW,
        reviews: Sequence[str] | None = None,
        since: datetime = NOW - HOUR,
        wanted: Sequence[str] = EVENTS,
    ) -> list[Mapping[str, Any]]:
        """Look once; answers what is told."""
        found = changes(
            it, self.open, now, watched_since=since, overdue_reviews=reviews, wanted=wanted
        )
        self.open = [alert for alert in self.open if alert.number not in found.ended]
        told = []
        for number, one in enumerate(found.raised, start=1 + len(self.open)):
            if one.wanted:
                told.append(orjson.loads(one.payload))
            if not one.over:
                at = instant_text(now)
                self.open.append(
                    Alert(number, "emea", one.event, one.cause, at, None, b"", None, 0, "")
                )
        return told


def events(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was told, by name."""
    return [it["event"] for it in told]


def hold(reason: str) -> dict[str, Any]:
    """The part of a report that says why it was held."""
    return {"reason": reason, "remedy": "", "tier_changes": 60, "allowed": 50}


def test_numbers_make_no_new_cause() -> None:
    """The same failure after 31 or 32 seconds is one; another one is told beside it."""
    book = Book()
    for seconds, expected in ((31, ["failed"]), (32, [])):
        told = book.look(stands(run("failed", problems=[f"no answer in {seconds} s"])))
        assert events(told) == expected
    assert events(book.look(stands(run("failed", problems=["the token is revoked"])))) == ["failed"]
    assert events(book.look(stands(run("failed", problems=["no answer in 9 s"])))) == []
    assert events(book.look(stands(run("succeeded")))) == ["recovered"]
    assert events(book.look(stands(run("succeeded")))) == []


def test_what_else_is_wrong_makes_no_new_cause() -> None:
    """Each run meets other accounts besides: what ended it is still the same."""
    book = Book()
    for others in ([], ["account 001Pn00000AbCdEAAV"], ["account 001Pn00000XyZwQAAV", "5 of 7"]):
        book.look(stands(run("failed", failure="crm", problems=["no answer", *others])))
    assert [it.event for it in book.open] == ["failed"]
    told = book.look(stands(run("failed", failure="setup", problems=["no answer"])))
    assert events(told) == ["failed"]


def test_ids_make_no_new_cause() -> None:
    """Of accounts, jobs and runs, however many are named and whatever letters stand in them."""
    book = Book()
    for name in ("750Pn000001AbCd", "750Pn000002XyZw, 750Pn000003QrSt", "20261127-150622-beef"):
        book.look(stands(run("failed", problems=[f"job {name} was lost"])))
    assert [it.event for it in book.open] == ["failed"]


def test_a_hold_is_told_again_when_its_cause_is_another() -> None:
    """Another ICP, or another main cause of the changes, is news."""
    book = Book()

    def held(icp: str, cause: str) -> list[str]:
        matrix = [MATRIX[0] | {"cause": cause}]
        one = run("held", icp=icp, transitions=matrix, hold=hold("60 accounts would change"))
        return events(book.look(stands(one, one)))

    assert held("a", "ICP changed") == ["held"]
    assert held("a", "ICP changed") == []
    assert held("b", "ICP changed") == ["held"]
    assert held("b", "input vanished") == ["held"]
    assert events(book.look(stands(run("succeeded", 2)))) == ["recovered"]


def test_named_accounts_that_went_well_end_no_hold() -> None:
    """The held plan still waits; but the CRM answers again."""
    book = Book()
    one = run("held", hold=hold("60 accounts"), transitions=MATRIX)
    assert events(book.look(stands(one, one))) == ["held"]
    assert events(book.look(stands(run("failed", 2, problems=["x"]), one))) == ["failed"]
    assert events(book.look(stands(run("succeeded", 3), one))) == []
    assert [it.event for it in book.open] == ["held"]
    assert events(book.look(stands(run("succeeded", 4)))) == ["recovered"]


def test_of_what_nobody_was_told_nobody_is_told_that_it_is_over() -> None:
    """Who asked for holds alone, and for their end, hears of no failure that went by."""
    book, chosen = Book(), ("held", "recovered")
    one = run("held", hold=hold("60 accounts"), transitions=MATRIX)
    failed = run("failed", problems=["x"])
    assert book.look(stands(failed), wanted=chosen) == []
    assert book.look(stands(run("succeeded", 2)), wanted=chosen) == []
    assert events(book.look(stands(one, one), wanted=chosen)) == ["held"]
    book.look(stands(failed, one), wanted=chosen)
    [told] = book.look(stands(run("succeeded", 3)), wanted=chosen)
    assert told["event"] == "recovered"
    assert "before: held, since" in told["cause"]


def test_a_pause_is_no_alarm() -> None:
    """Whoever paused the connection knows."""
    reason = {"reason": "paused by Ada", "remedy": "", "tier_changes": 0, "allowed": 0}
    one = run("held", hold=reason)

    assert Book().look(stands(one, one)) == []


def test_a_run_under_way_says_nothing_yet() -> None:
    """Nor does a connection that never ran."""
    assert Book().look(stands(run(None))) == []
    assert Book().look(stands(None)) == []


def test_missed_runs_are_told_by_who_watched() -> None:
    """A worker that has just started is not what missed them."""
    late = NOW + 4 * HOUR
    book = Book()
    assert book.look(stands(run("succeeded")), late, since=late) == []
    assert events(book.look(stands(run("succeeded")), late, since=NOW)) == ["missed"]
    fresh = replace(run("succeeded", 2), finished_at=instant_text(late))
    assert events(book.look(stands(fresh), late, since=NOW)) == ["recovered"]


def test_quota_is_told_once_until_there_is_more() -> None:
    """From few to none is the same situation made worse, and is told; back to few is not."""
    book = Book()

    def left(calls: int, **more: Any) -> list[str]:
        forecast = {"calls": 3, "remaining": calls, "limit": 1000}
        return events(book.look(stands(run("partial", forecast=forecast, **more))))

    assert left(500) == []
    assert left(90) == ["quota_low"]
    assert left(50) == []
    assert left(0, resumes_at="2026-11-25T00:00:00.000Z") == ["quota_low"]
    assert left(60) == []
    assert left(900) == []
    assert left(90) == ["quota_low"]


def test_used_up_calls_are_no_failure() -> None:
    """A start that met them goes on by itself."""
    told = Book().look(stands(run("failed", failure="quota", problems=["x"], resumes_at=None)))

    assert events(told) == ["quota_low"]
    assert told[0]["cause"] == "the day's calls are used up: no run could begin"


def test_a_review_ends_when_it_is_done() -> None:
    """While the ICP cannot be read, nothing is known of it."""
    book, fine = Book(), stands(run("succeeded"))
    assert events(book.look(fine, reviews=["midmarket"])) == ["review_overdue"]
    assert book.look(fine, reviews=["midmarket"]) == []
    assert book.look(fine, reviews=None) == []
    assert [it.event for it in book.open] == ["review_overdue"]
    assert book.look(fine, reviews=[]) == []
    assert book.open == []


def test_long_words_are_cut() -> None:
    """A list of fifty fields helps nobody in a chat."""
    [told] = Book().look(stands(run("failed", problems=["x" * 2_000, "y"])))

    assert len(told["cause"]) == 600
