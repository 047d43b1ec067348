"""How a connection stands, whatever else went on beside its schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from config.alerts import AlertSettings
from config.connection import ConnectionSettings
from config.schedule import schedule
from config.settings import Settings
from connectors.dry_run import DryRunConnector
from connectors.errors import QuotaExhaustedError, TransientError
from connectors.records import AccountRecord, Window
from tests.support.runs import Desk, desk
from worker.alerting.desk import AlertDesk
from worker.alerting.situations import changes
from worker.standing import BROKEN_OFF, Standing, standing, verdict
from worker.state.actions import Action
from worker.state.alerts import Raised
from worker.state.instants import instant_text
from worker.state.pauses import Pause
from worker.state.rows import Lease
from worker.state.runs import ABANDONED
from worker.sync.keeping import LEASE_TTL, place
from worker.sync.report import RunKind, RunOutcome, RunReport

DAILY = schedule("0 4 * * *")


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """Sixty companies that are synced once a day; the last run succeeded."""
    made = desk(tmp_path)
    made.run()
    made.clock.advance(hours=1)
    yield made
    made.state.close()


def stands(it: Desk) -> Standing:
    """How it stands now."""
    return standing(it.state, "main", DAILY, it.clock(), ())


def look(it: Desk) -> Sequence[Raised]:
    """What somebody who has looked for days finds new, if nothing was raised before."""
    since = it.clock() - timedelta(days=30)
    return changes(
        stands(it), (), it.clock(), watched_since=since, overdue_reviews=None, wanted=("failed",)
    ).raised


def told(it: Desk) -> list[str]:
    """The names of that."""
    return [raised.event for raised in look(it)]


def fail(it: Desk) -> None:
    """A scheduled run fails."""
    it.crm.before_call = _no_pages
    assert it.run(full=True).report.outcome is RunOutcome.FAILED
    it.crm.before_call = lambda _route: None
    it.clock.advance(minutes=5)


def _no_pages(route: str) -> None:
    if route == "pages":
        raise TransientError("the portal answered 502.")


def test_a_resync_does_not_hide_a_run_that_failed(it: Desk) -> None:
    """One account that can be written says nothing about the others."""
    success = stands(it).success
    fail(it)
    assert it.run(accounts=["1"]).report.outcome is RunOutcome.SUCCEEDED

    found = stands(it)

    assert found.last is not None
    assert (found.last.outcome, found.success) == ("failed", success)
    assert verdict(found, it.clock(), review_overdue=False).needs_someone
    assert told(it) == ["failed"]


def test_a_run_of_the_first_few_does_not_hide_one_that_failed(it: Desk) -> None:
    """Whoever tries `--limit` on the morning after has mended nothing yet."""
    success = stands(it).success
    fail(it)
    for _ in range(2):
        assert it.run(limit=5).report.outcome is RunOutcome.SUCCEEDED
        it.clock.advance(minutes=5)

    found = stands(it)

    assert found.last is not None
    assert (found.last.outcome, found.success) == ("failed", success)
    assert verdict(found, it.clock(), review_overdue=False).needs_someone
    assert told(it) == ["failed"]


def test_a_run_of_the_first_few_that_dies_is_no_failure_of_the_schedule(it: Desk) -> None:
    """That it was one of a few is known from its start."""
    it.crm.before_call = _gone
    with pytest.raises(Gone):
        it.run(limit=5)

    found = stands(it)

    assert found.last is not None
    assert (found.last.run_id, found.last.outcome) == ("run-1", "succeeded")
    assert told(it) == []


def test_a_run_of_the_first_few_tells_how_it_stands_where_there_is_no_other(tmp_path: Path) -> None:
    """Of a connection that is being set up."""
    made = desk(tmp_path / "new", 8)
    made.run(limit=5)
    found = stands(made)
    made.state.close()
    assert found.last is not None
    assert found.last.outcome == "succeeded"


def test_a_night_with_a_problem_does_not_undo_the_nights_before(it: Desk) -> None:
    """Where the CRM refuses some accounts each night, the last one that did all it could counts."""
    it.crm.refuse("1", "INVALID")
    for _ in range(5):
        it.clock.advance(days=1)
        it.crm.edit("1", {"employees": str(it.runs)})
        it.clock.advance(minutes=1)
        assert it.run().report.outcome is RunOutcome.PARTIAL
    success = it.clock()
    it.clock.advance(days=1)
    it.crm.before_call = _no_calls
    assert it.run().report.problems

    found = stands(it)

    assert found.success == success
    assert not found.overdue(it.clock())


def test_a_run_whose_process_died_is_told(it: Desk) -> None:
    """As soon as its lease has run out: nothing else would be heard of it until the next tick."""
    lease = it.state.leases.acquire("main", "elsewhere", timedelta(seconds=90), it.clock())
    assert lease is not None
    now = it.clock()
    it.state.runs.start(lease, "run-x", kind="incremental", as_of=now, started_at=now)
    assert stands(it).last is not None
    assert stands(it).last.outcome is None  # type: ignore[union-attr]  # it is under way
    assert told(it) == []

    it.clock.advance(minutes=2)

    found = stands(it)
    assert found.last is not None
    assert found.last.outcome == ABANDONED
    said = verdict(found, it.clock(), review_overdue=False)
    assert "its process died or hangs" in said.why
    assert said.remedies == ("icp run --connection main",)
    assert told(it) == ["failed"]
    it.clock.advance(days=4)
    assert set(told(it)) == {"failed", "missed"}


@pytest.mark.parametrize("kind", ["incremental", "rollback"])
def test_a_run_that_ends_while_one_looks_did_not_break_off(
    it: Desk, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It was read without an end, and its lease looked for when that was recorded: no alarm."""
    lease = it.state.leases.acquire("main", "elsewhere", timedelta(seconds=90), it.clock())
    assert lease is not None
    now = it.clock()
    it.state.runs.start(lease, "run-x", kind=kind, as_of=now, started_at=now)
    look_up = it.state.leases.holder

    def ends_first(connection: str) -> Lease | None:
        if it.state.runs.get("run-x").outcome is None:  # type: ignore[union-attr]  # it is there
            ended = {"outcome": "succeeded", "report": b"{}", "finished_at": now}
            it.state.runs.finish(lease, "run-x", **ended)  # type: ignore[arg-type]  # as named
            it.state.leases.release(lease)
        return look_up(connection)

    monkeypatch.setattr(it.state.leases, "holder", ends_first)

    found = stands(it)

    assert (found.last.outcome, found.unfinished) == ("succeeded", None)  # type: ignore[union-attr]
    assert verdict(found, it.clock(), review_overdue=False).why == ""


class Gone(BaseException):
    """The process is no more."""


def _gone(route: str) -> None:
    if route == "pages":
        raise Gone


def _no_calls(route: str) -> None:
    if route == "pages":
        raise QuotaExhaustedError("the day's calls are used up.")


class CutShort(DryRunConnector):
    """A connector whose full list lacks three accounts, and that fails when it is to count."""

    def __init__(self, it: Desk) -> None:
        super().__init__(it.crm)
        self._counts = 0

    def pages(
        self, window: Window | None, fields: Sequence[str]
    ) -> Iterator[Sequence[AccountRecord]]:
        """Leave three out."""
        for page in super().pages(window, fields):
            yield [record for record in page if record.account_id not in {"1", "2", "3"}]

    def count(self) -> int:
        """Count before the run, and not after it."""
        self._counts += 1
        if self._counts > 1:
            raise TransientError("the portal answered 502.")
        return super().count()


def test_an_alert_says_what_ended_the_run_and_names_no_account(it: Desk) -> None:
    """What the run found before may name some, and is shown where a person looks at the run."""
    it.connector = CutShort(it)
    report = it.run(full=True).report
    assert report.outcome is RunOutcome.FAILED
    assert any("among them 1, 2, 3" in problem for problem in report.problems)

    [alert] = [orjson.loads(one.payload) for one in look(it)]

    assert alert["cause"] == "the portal answered 502. (1 more)"
    said = verdict(stands(it), it.clock(), review_overdue=False)
    assert said.why == "the portal answered 502. (1 more problem)"


def test_secrets_are_taken_out_of_an_alert_s_words_alone(it: Desk, tmp_path: Path) -> None:
    """One that JSON writes otherwise is found, and one that is a word of ours breaks nothing."""

    def quotes(route: str) -> None:
        if route == "pages":
            raise TransientError('the portal said k"eeper-of-run.')

    it.crm.before_call = quotes
    assert it.run(full=True).report.outcome is RunOutcome.FAILED
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "icp.yaml",))
    settings = Settings(
        database_url=SecretStr("postgresql://icp:k%22eeper@db/icp?password=run"),
        alerts=AlertSettings(webhook_url=SecretStr("https://hooks.example.com/x")),
    )

    AlertDesk(settings, [connection], it.state).look(connection)

    [alert] = it.state.alerts.open("main")
    told = orjson.loads(alert.payload)
    assert told["cause"] == "the portal said [redacted]-of-[redacted]."
    assert told["run"] == "run-2"


def cut_off(it: Desk, resumes_at: datetime) -> RunReport:
    """A scheduled run that does what it can, and ends partial with a problem."""

    def used_up(route: str) -> None:
        if route == "pages":
            raise QuotaExhaustedError("the calls of today are used up.", resumes_at=resumes_at)

    it.crm.before_call = used_up
    report = it.run(full=True).report
    it.crm.before_call = lambda _route: None
    assert (report.outcome, bool(report.problems)) == (RunOutcome.PARTIAL, True)
    return report


def test_one_problem_hides_no_success_before_it(it: Desk) -> None:
    """Where each run is partial by a refused record, the last without a problem still counts."""
    it.clock.advance(days=30)
    it.crm.refuse("4", "INVALID")
    it.crm.edit("4", {"employees": "700", "industry": "software"})
    assert it.run().report.outcome is RunOutcome.PARTIAL
    success = stands(it).success
    assert success == it.clock()
    it.clock.advance(minutes=20)
    cut_off(it, it.clock())

    found = stands(it)

    assert found.success == success
    assert not found.overdue(it.clock())


def test_a_connection_that_never_succeeded_is_overdue_too(tmp_path: Path) -> None:
    """From its first run on; while its first backfill waits for a person, that is what is told."""
    it = desk(tmp_path)
    first = it.clock()
    cut_off(it, first)
    assert not stands(it).overdue(it.clock())
    it.clock.advance(days=4)
    found = stands(it)
    assert (found.success, found.began, found.overdue(it.clock())) == (None, first, True)
    said = verdict(found, it.clock(), review_overdue=False)
    assert said.why == "no run has succeeded yet, for 4 d"
    assert said.remedies[0] == "icp worker"
    cut_off(it, it.clock())
    said = verdict(stands(it), it.clock(), review_overdue=False)
    assert said.why == "no run has succeeded yet, for 4 d: the calls of today are used up."
    assert said.remedies[0] == "icp check --connection main"
    assert it.run(yes=False).report.outcome is RunOutcome.HELD
    assert not stands(it).overdue(it.clock())
    it.state.close()


def test_a_first_backfill_may_take_its_time(tmp_path: Path) -> None:
    """While it goes on nobody is called; once its process is gone, somebody is."""
    it = desk(tmp_path)
    seen: list[bool] = []

    def look_while_it_writes(route: str) -> None:
        if route == "write":
            in_four_days = it.clock() + timedelta(days=4)
            seen.append(stands(it).overdue(in_four_days))
            gone = it.clock() + LEASE_TTL
            late = standing(it.state, "main", DAILY, gone, ())
            seen.append(late.overdue(in_four_days))

    it.crm.before_call = look_while_it_writes
    it.run()
    assert seen == [False, True]
    it.state.close()


def test_nobody_is_called_in_the_hours_that_a_schedule_leaves_out(it: Desk) -> None:
    """In office hours alone: the night and the weekend are no missed runs, three ticks are."""
    office = schedule("0 8-18 * * 1-5")

    def wrong(now: datetime) -> tuple[bool, list[str]]:
        found = standing(it.state, "main", office, now, ())
        since = now - timedelta(days=30)
        told = changes(
            found, (), now, watched_since=since, overdue_reviews=None, wanted=("missed",)
        )
        return found.overdue(now), [raised.event for raised in told.raised]

    friday = it.clock().replace(day=27, hour=18)
    it.clock.advance(seconds=(friday - it.clock()).total_seconds())
    assert it.run().report.outcome is RunOutcome.SUCCEEDED

    for hours in (4, 24, 48, 62, 64):
        assert wrong(friday + timedelta(hours=hours)) == (False, [])
    assert wrong(friday + timedelta(hours=64, minutes=16)) == (True, ["missed"])


@pytest.mark.parametrize("by", ["itself", "a person"])
def test_a_pause_that_is_over_leaves_time_for_a_run(it: Desk, by: str) -> None:
    """Nobody is called at its end because nothing was written in it; three ticks later, yes."""
    ends = it.clock() + timedelta(days=10)
    it.state.pauses.begin(
        "main", Pause("", instant_text(ends) if by == "itself" else None, "Ada", "migration")
    )
    it.clock.advance(days=10)
    if by == "a person":
        assert not stands(it).overdue(ends)
        it.state.pauses.end("main")
        it.state.actions.add(Action("main", "resume", "Ada"), ends)

    assert stands(it).pause is None
    assert not stands(it).overdue(ends + timedelta(days=2))
    assert stands(it).overdue(ends + timedelta(days=4))


def test_who_waits_for_calls_is_not_told_to_run(it: Desk) -> None:
    """A run before they are back would end alike, and a worker goes on by itself."""
    back = it.clock() + timedelta(hours=2)
    cut_off(it, back)
    partial = stands(it)
    assert partial.last is not None
    failed = replace(partial, last=replace(partial.last, outcome=RunOutcome.FAILED.value))

    for found, then in ((partial, "look"), (failed, "stopped")):
        said = verdict(found, it.clock(), review_overdue=False)
        assert (said.word, said.why) == ("look", "the calls of today are used up.")
        assert said.remedies == ()
        beside = replace(found, lease=Lease("main", "elsewhere:1:2", 1, "2999"))  # a resync
        assert verdict(beside, it.clock(), review_overdue=False) == said
        later = verdict(found, back, review_overdue=False)
        assert later.word == then
        assert later.remedies[-1] == "icp run --connection main"


@pytest.mark.parametrize("gone", [True, False])
def test_a_process_that_was_killed_is_at_work_no_more(it: Desk, *, gone: bool) -> None:
    """On its own host that is certain at once; elsewhere once its lease has run out."""
    where = place() if gone else "elsewhere/0a1b2c3d"
    holder = f"{where}:4194304:00000000"  # there is never a process of that number
    lease = it.state.leases.acquire("main", holder, LEASE_TTL, it.clock())
    assert lease is not None
    now = it.clock()
    it.state.runs.start(lease, "run-9", kind=RunKind.FULL.value, as_of=now, started_at=now)

    found = stands(it)
    said = verdict(found, it.clock(), review_overdue=False)

    assert (found.lease is None) is gone
    assert (said.word, said.why) == (("look", BROKEN_OFF) if gone else ("all right", ""))
    it.clock.advance(seconds=LEASE_TTL.total_seconds() + 1)
    assert verdict(stands(it), it.clock(), review_overdue=False).why == BROKEN_OFF
