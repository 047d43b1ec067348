"""A CRM that answers "ok" and does not keep what it was sent: noticed, told, and not fought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.schedule import schedule
from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.errors import TransientError
from connectors.records import AccountUpdate, WriteOutcome
from tests.support.runs import ANY_CHANGE, Desk, desk, synced
from worker.standing import standing, verdict
from worker.sync.report import RunOutcome, RunReport
from worker.sync.unkept import NOT_KEPT

PAST_OVERLAP = 20
"""Minutes: an edit that long before a run is not in the window of the next."""


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """Twelve companies, written once."""
    made = desk(tmp_path, 12)
    assert made.run().report.outcome is RunOutcome.SUCCEEDED
    yield made
    made.state.close()


def later(it: Desk, minutes: int = 5, *, full: bool = False, dry_run: bool = False) -> RunReport:
    """Run some minutes later; whatever happens, every account is counted once."""
    it.clock.advance(minutes=minutes)
    it.crm.calls.by_route.clear()
    report = it.run(full=full, dry_run=dry_run).report
    assert report.counters.reconcile() == []
    return report


def writes(it: Desk) -> int:
    """Calls of the last run that wrote."""
    return it.crm.calls.by_route.get("write", 0)


def fought(it: Desk) -> Desk:
    """An automation sets the tier of account 1 after each write, as three runs have met."""
    it.crm.resets["1"] = {"icp_tier": "tier_3"}
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    for _ in range(3):
        assert later(it).counters.written == 1
    return it


class Unheard(DryRunConnector):
    """A connector whose writes arrive, and whose process dies before it hears so."""

    def __init__(self, it: Desk) -> None:
        super().__init__(it.crm)
        self._crm = it.crm

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write, and tell nobody."""
        self._crm.write(updates, jobs)
        raise TransientError("the answer was lost.", may_have_applied=True)


# -- writes that left no trace -------------------------------------------------------------------


def test_a_write_that_stored_nothing_is_noticed_by_the_next_run(it: Desk) -> None:
    """No window brings the account again, so it is read by its id, and written again."""
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    it.crm.swallowed.add("1")
    assert later(it, PAST_OVERLAP).counters.written == 1
    it.crm.swallowed.clear()

    report = later(it)

    assert (report.counters.unechoed, report.counters.written) == (1, 1)
    assert it.crm.stored("1")["icp_tier"] == "tier_1"


def test_nothing_more_is_read_where_all_is_well(it: Desk) -> None:
    """Echoes come with the window; then there is no further call."""
    for read in (12, 0):
        report = later(it)
        assert (report.counters.read, report.counters.unechoed) == (read, 0)
        assert "fetch" not in it.crm.calls.by_route


def test_a_search_that_lags_costs_one_read_and_no_write(it: Desk) -> None:
    """What has arrived and does not show yet is found equal, and not asked about again."""
    it.crm.search_lag = timedelta(minutes=10)

    report = later(it)

    assert (report.counters.unechoed, report.counters.unchanged) == (12, 12)
    assert (it.crm.calls.by_route["fetch"], writes(it)) == (1, 0)
    report = later(it)
    assert report.counters.read == 0
    assert "fetch" not in it.crm.calls.by_route


def test_a_write_of_a_moment_ago_is_left_its_time(it: Desk) -> None:
    """A run right after a write asks nothing: a search lags by some seconds."""
    it.crm.search_lag = timedelta(seconds=30)
    it.clock.advance(seconds=20)
    it.crm.calls.by_route.clear()

    assert it.run().report.counters.read == 0
    assert "fetch" not in it.crm.calls.by_route


def test_an_account_deleted_meanwhile_is_left_out(it: Desk) -> None:
    """Nothing is planned for what is no longer there."""
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    it.crm.swallowed.add("1")
    later(it)
    it.crm.delete("1")

    report = later(it)

    assert (report.outcome, report.counters.unechoed) == (RunOutcome.SUCCEEDED, 0)


def test_what_a_person_asked_for_is_looked_after_too(it: Desk) -> None:
    """A resync of named accounts reads nothing else; the next run misses its echo."""
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    it.crm.swallowed.add("1")
    assert later(it, PAST_OVERLAP).counters.written == 1
    it.clock.advance(minutes=PAST_OVERLAP)
    assert it.run(accounts=["1"]).report.counters.written == 1
    it.crm.swallowed.clear()

    report = later(it)

    assert (report.counters.unechoed, report.counters.written) == (1, 1)


def test_a_dry_run_looks_and_changes_nothing(it: Desk) -> None:
    """It says what a run would find, and leaves that to the run."""
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    it.crm.swallowed.add("1")
    later(it, PAST_OVERLAP)

    for dry_run in (True, True, False):
        assert later(it, dry_run=dry_run).counters.unechoed == 1


def test_many_are_sampled(tmp_path: Path) -> None:
    """An admin learns of it from some hundred accounts; the calls of a run stay few."""
    made = synced(tmp_path, 800, guard=ANY_CHANGE)
    made.crm.swallowed.update(made.ids())
    first, *others = made.icp.criteria
    made.change_icp(criteria=(replace(first, weight=30), *others))
    assert later(made, PAST_OVERLAP).counters.written > 500

    report = later(made)

    assert report.counters.unechoed == 500
    assert "`icp run --full` looks at all" in report.warnings[0]
    made.state.close()


# -- fields that somebody else sets --------------------------------------------------------------


def test_after_three_writes_a_run_gives_way(it: Desk) -> None:
    """The account is told of as refused, with the field, and no call is spent on it."""
    report = later(fought(it))

    counters = report.counters
    assert report.outcome is RunOutcome.PARTIAL
    assert (counters.rejected, counters.deferred, counters.not_kept) == (1, 1, 1)
    assert writes(it) == 0
    assert report.transitions == []
    [letter] = it.state.dead_letters.all("main")
    assert (letter.account_id, letter.code, letter.field) == ("1", NOT_KEPT, "icp_tier")
    assert "3 times since 2026-11-24 09:05 UTC" in letter.message
    assert "icp resync 1" in letter.message


def test_the_status_does_not_call_it_a_refusal(it: Desk) -> None:
    """The CRM accepted it: who sets our fields is what a person should look for."""
    later(fought(it))
    found = standing(it.state, "main", schedule("0 4 * * *"), it.clock(), ())

    said = verdict(found, it.clock(), review_overdue=False)

    assert said.why.startswith(
        "the CRM accepts what is written to 1 account and does not keep it: look for"
    )
    assert said.remedies == ("icp runs --rejected --connection main",)
    both = verdict(replace(found, dead_letters=3), it.clock(), review_overdue=False)
    assert both.why.startswith("the CRM refuses 2 accounts; the CRM accepts what is written to 1")
    none = verdict(replace(found, not_kept=0), it.clock(), review_overdue=False)
    assert none.why == "the CRM refuses 1 account"


def test_a_write_that_is_never_stored_ends_there_as_well(it: Desk) -> None:
    """Accepted three times and never stored: it is told, and not sent for ever."""
    it.crm.edit("1", {"employees": "700", "industry": "software"})
    it.crm.swallowed.add("1")
    for _ in range(3):
        assert later(it).counters.written == 1

    assert later(it).counters.not_kept == 1
    assert later(it).counters.written == 0


def test_it_is_tried_ever_more_rarely(it: Desk) -> None:
    """After an hour; then after two, though the write that was accepted had cleared the letter."""
    later(fought(it))
    found = []
    for minutes in (30, 35, 5, 60, 65, 5, 200, 45, 5):
        it.clock.advance(minutes=minutes - 5)
        report = later(it, full=True)
        found.append((report.counters.written, report.counters.not_kept))

    assert found == [(0, 1), (1, 0), (0, 1)] * 3
    [letter] = it.state.dead_letters.all("main")
    assert "6 times" in letter.message


def test_when_the_automation_is_gone_it_is_over(it: Desk) -> None:
    """The attempt that is kept clears the dead letter, and the next run finds nothing to do."""
    later(fought(it))
    it.crm.resets.clear()
    it.clock.advance(hours=2)

    report = later(it, full=True)

    assert report.counters.written == 1
    assert [move.cause for move in report.transitions] == ["drift repaired"]
    assert later(it).outcome is RunOutcome.SUCCEEDED
    assert it.state.dead_letters.count("main") == 0


def test_other_inputs_are_tried_at_once(it: Desk) -> None:
    """An edit that asks for another value is written like any other."""
    later(fought(it))
    it.crm.edit("1", {"employees": "5"})

    assert later(it).counters.written == 1
    assert it.state.dead_letters.count("main") == 0


def test_another_icp_is_tried_at_once(it: Desk) -> None:
    """So is an account that is judged by other rules."""
    later(fought(it))
    it.change_icp()

    assert later(it).counters.not_kept == 0
    assert it.state.dead_letters.count("main") == 0


def test_a_person_who_names_it_has_it_tried(it: Desk) -> None:
    """They have mended the cause, or want to see it happen."""
    later(fought(it))
    it.clock.advance(minutes=5)

    assert it.run(accounts=["1"]).report.counters.written == 1


def test_a_person_who_edits_twice_is_corrected_twice(it: Desk) -> None:
    """Edits of our fields are reverted by the next run, as their description says."""
    later(it)
    for _ in range(2):
        it.crm.edit("1", {"icp_tier": "tier_2"})
        assert later(it).counters.written == 1
        later(it)

    assert it.state.dead_letters.count("main") == 0


def test_edits_now_and_then_do_not_add_up(it: Desk) -> None:
    """Somebody who overwrites a field every fortnight is no automation."""
    for _ in range(5):
        it.clock.advance(days=14)
        it.crm.edit("1", {"icp_tier": "tier_2"})
        counters = later(it, full=True).counters
        assert (counters.written, counters.not_kept) == (1, 0)


def test_a_dry_run_says_so_and_keeps_nothing(it: Desk) -> None:
    """It counts what a run would, and leaves the dead letters alone."""
    assert later(fought(it), dry_run=True).counters.not_kept == 1
    assert it.state.dead_letters.count("main") == 0


def test_the_others_are_written(it: Desk) -> None:
    """One account that is fought over holds nobody up."""
    fought(it)
    it.crm.edit("2", {"employees": "5"})

    counters = later(it).counters
    assert (counters.written, counters.not_kept) == (1, 1)


def test_what_we_wrote_ourselves_and_never_heard_of_is_nobody_elses_doing(it: Desk) -> None:
    """An account that changes to and fro while each second run dies is written as ever."""
    for _ in range(5):
        it.crm.edit("1", {"employees": "700", "industry": "software"})
        assert later(it).counters.written == 1
        it.crm.edit("1", {"employees": "5", "industry": "retail"})
        it.connector = Unheard(it)
        assert later(it).outcome is RunOutcome.FAILED
        it.connector = None
    it.crm.edit("1", {"employees": "700", "industry": "software"})

    report = later(it)

    assert (report.outcome, report.counters.not_kept) == (RunOutcome.SUCCEEDED, 0)
    assert it.crm.stored("1")["icp_tier"] == "tier_1"
