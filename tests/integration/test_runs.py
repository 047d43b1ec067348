"""Whole runs over a CRM in memory and a real SQLite file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.dry_run import DryRunConnector
from tests.support.profiles import TIERS
from tests.support.runs import Clock, Desk, desk
from worker.icp.profile import NEEDS_DATA, NOT_ICP, Tier
from worker.sync.holding import BusyError
from worker.sync.keeping import this_holder
from worker.sync.report import RunKind, RunOutcome


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def test_a_first_run_writes_every_account(it: Desk) -> None:
    """Every account read ends in exactly one tier, and the report adds up."""
    report = it.run().report
    counters = report.counters

    assert report.outcome is RunOutcome.SUCCEEDED
    assert (report.kind, counters.read, counters.written) == (RunKind.FULL, 60, 60)
    assert "" not in it.tiers().values()
    assert Counter(it.tiers().values()) == counters.tiers
    assert sum(row.accounts for row in report.transitions) == 60


def test_what_accounts_lack_is_counted(it: Desk) -> None:
    """The report says why accounts need data: which inputs are empty in how many of them."""
    report = it.run().report
    lacking = report.counters.lacking

    accounts = [it.crm.stored(name) for name in it.ids()]
    poor = [one for one in accounts if one.get("icp_tier") == NEEDS_DATA]
    assert poor
    assert lacking["size"] == sum(not one.get("employees") for one in poor)
    assert report.as_json()["lacking"] == dict(lacking.most_common())
    assert report.inputs["size"] == "employees"


def test_a_second_run_right_after_writes_nothing(it: Desk) -> None:
    """Our own writes come back as an echo, are found equal, and end there."""
    it.run()
    report = it.run().report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.kind is RunKind.INCREMENTAL
    assert (report.counters.read, report.counters.written) == (60, 0)
    assert "POST batch/update" not in str(report.calls.by_route) or report.counters.written == 0


def test_after_the_overlap_one_edit_costs_one_account(it: Desk) -> None:
    """What was judged at this revision is passed over; the edited account alone is judged."""
    it.run()
    it.run()
    it.clock.advance(minutes=20)
    it.crm.edit("7", {"employees": "400"})
    it.clock.advance(minutes=1)
    report = it.run().report

    assert report.counters.read == 1
    assert report.counters.written <= 1
    assert report.outcome is RunOutcome.SUCCEEDED


def test_a_first_backfill_is_announced_and_held(it: Desk) -> None:
    """Nothing is written until someone says yes, and the matrix says what would happen."""
    report = it.run(yes=False).report

    assert report.outcome is RunOutcome.HELD
    assert report.counters.held == 60
    assert report.hold is not None
    assert "first backfill" in report.hold.reason
    assert set(it.tiers().values()) == {""}
    assert it.state.checkpoints.load("main").until is None
    assert it.run(yes=True).report.counters.written == 60


def test_an_icp_that_moves_too_many_is_held_before_the_first_write(it: Desk) -> None:
    """A run that would flip more tiers than allowed waits, with the cause in the matrix."""
    it.run()
    before = it.tiers()
    it.guard = type(it.guard)(5, 2.0)
    it.change_icp(tiers=(Tier(id="tier_1", label="Tier 1", min_score=0), *TIERS[1:]), rules="r2")
    report = it.run().report

    assert report.outcome is RunOutcome.HELD
    assert report.hold is not None
    assert report.hold.tier_changes > report.hold.allowed == 5
    assert {row.cause for row in report.transitions} == {"ICP changed"}
    assert it.tiers() == before
    again = it.run().report
    assert again.outcome is RunOutcome.HELD
    assert {row.cause for row in again.transitions} == {"ICP changed"}


def test_yes_answers_for_the_first_backfill_only(it: Desk) -> None:
    """--yes does not carry a mass change of tiers through."""
    it.run()
    it.guard = type(it.guard)(5, 2.0)
    it.change_icp(tiers=(Tier(id="tier_1", label="Tier 1", min_score=0), *TIERS[1:]), rules="r2")

    assert it.run(yes=True).report.outcome is RunOutcome.HELD


def test_an_icp_change_is_judged_from_the_mirror(it: Desk) -> None:
    """A new ICP asks about every account, and the mirror answers without reading them again."""
    it.run()
    it.run()
    it.clock.advance(minutes=30)
    it.run()
    it.change_icp(
        tiers=(TIERS[0], Tier(id="tier_2", label="Tier 2", min_score=5500), TIERS[2]), rules="r2"
    )
    calls = sum(it.crm.calls.by_route.values())
    report = it.run().report

    assert report.kind is RunKind.INCREMENTAL
    assert report.counters.rejudged == 60
    assert report.counters.read == report.counters.written < 60
    assert report.outcome is RunOutcome.SUCCEEDED
    assert sum(it.crm.calls.by_route.values()) - calls < 12


def test_an_edit_of_our_own_field_is_reverted(it: Desk) -> None:
    """Drift is repaired, and named as what it is."""
    it.run()
    it.run()
    it.clock.advance(minutes=30)
    it.crm.edit("1", {"icp_tier": NOT_ICP})
    it.clock.advance(minutes=1)
    report = it.run().report

    assert it.tiers()["1"] != NOT_ICP
    assert [row.cause for row in report.transitions] == ["drift repaired"]


def test_an_emptied_input_keeps_its_last_known_value(it: Desk) -> None:
    """Emptying a field neither demotes nor promotes until it has been empty for long."""
    it.run()
    before = it.tiers()["12"]
    it.clock.advance(hours=1)
    it.crm.edit("12", {"employees": "", "industry": ""})
    it.clock.advance(minutes=1)
    report = it.run().report

    assert it.tiers()["12"] == before
    assert report.counters.stale == 1
    assert "Last known" in it.crm.stored("12")["icp_reason"]

    it.clock.advance(days=31)
    it.run(full=True)
    assert it.tiers()["12"] == NEEDS_DATA


def test_an_override_shows_until_it_ends(it: Desk) -> None:
    """A person's tier stands with a reason and an end, the computed one stays visible."""
    it.run()
    it.clock.advance(hours=1)
    it.crm.edit(
        "1",
        {
            "icp_tier_override": "tier_1",
            "icp_override_reason": "Board contact",
            "icp_override_expires": "2026-12-31",
        },
    )
    it.crm.edit("5", {"icp_tier_override": "tier_1"})
    it.clock.advance(minutes=1)
    report = it.run().report
    stored = it.crm.stored("1")

    assert stored["icp_tier"] == "tier_1"
    assert stored["icp_computed_tier"] != "tier_1"
    assert stored["icp_reason"].startswith("Override until 2026-12-31: Board contact. ")
    assert stored["icp_tier_override"] == "tier_1"
    assert report.counters.overrides_ignored == 1
    it.clock.advance(days=60)
    it.run(full=True)
    assert it.crm.stored("1")["icp_tier"] == it.crm.stored("1")["icp_computed_tier"]


def test_a_dry_run_leaves_no_trace(it: Desk) -> None:
    """It counts what would be written, and neither CRM nor state changes."""
    report = it.run(dry_run=True, yes=False).report

    assert report.dry_run
    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 60
    assert report.hold is not None
    assert set(it.tiers().values()) == {""}
    assert it.state.mirror.count("main") == 0
    assert it.state.checkpoints.load("main").until is None


def test_a_refused_record_leaves_its_neighbours_alone(it: Desk) -> None:
    """One refusal is an outcome: the run is partial, the rest is written, the words are kept."""
    it.crm.refuse("4", "INVALID_OPTION", "icp_tier")
    report = it.run().report

    assert report.outcome is RunOutcome.PARTIAL
    assert (report.counters.written, report.counters.rejected) == (59, 1)
    [letter] = it.state.dead_letters.all("main")
    assert (letter.account_id, letter.code) == ("4", "INVALID_OPTION")


def test_named_accounts_never_move_the_checkpoint(it: Desk) -> None:
    """--account judges just those, and says which do not exist."""
    it.run()
    checkpoint = it.state.checkpoints.load("main")
    it.crm.edit("7", {"employees": "400", "industry": "software"})
    report = it.run(accounts=["7", "999"]).report

    assert report.counters.read == 1
    assert it.tiers()["7"] == "tier_1"
    assert report.outcome is RunOutcome.PARTIAL
    assert "account 999: no such account" in report.problems[0]
    assert it.state.checkpoints.load("main") == checkpoint


class SpeltTwice(DryRunConnector):
    """A connector to a CRM whose ids people write in two ways."""

    def account_id(self, text: str) -> str:
        """Drop leading zeros."""
        return text.lstrip("0")


def test_named_accounts_are_known_however_their_ids_are_spelt(it: Desk) -> None:
    """A short id is no missing account, and two spellings are one account."""
    it.connector = SpeltTwice(it.crm)

    report = it.run(accounts=["007", "7"]).report

    assert report.counters.read == 1
    assert (report.problems, report.outcome) == ([], RunOutcome.SUCCEEDED)


def test_a_limit_reads_no_more_and_moves_no_checkpoint(it: Desk) -> None:
    """--limit is for trying out."""
    report = it.run(limit=10).report

    assert report.counters.read == report.counters.written == 10
    assert it.state.checkpoints.load("main").until is None


def test_deleted_accounts_are_forgotten_by_a_full_pass(it: Desk) -> None:
    """What the CRM no longer has leaves the state too."""
    it.run()
    it.crm.delete("9")
    report = it.run(full=True).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.erased == 1
    assert it.state.mirror.page("main", ["9"]) == {}


def test_a_lost_state_adopts_what_the_crm_holds(it: Desk, tmp_path: Path) -> None:
    """Without its database the worker is not doing a first backfill, and changes nothing."""
    it.run()
    fresh = desk(tmp_path / "second", 0, clock=it.clock)
    fresh.crm = it.crm
    try:
        report = fresh.run(yes=False).report
    finally:
        fresh.state.close()

    assert report.outcome is RunOutcome.SUCCEEDED
    assert (report.counters.read, report.counters.written) == (60, 0)


def test_an_empty_portal_is_a_success(tmp_path: Path) -> None:
    """No account is nothing to do."""
    empty = desk(tmp_path, 0)
    report = empty.run().report
    empty.state.close()

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.read == 0


def test_time_alone_is_written_quietly(tmp_path: Path) -> None:
    """A decaying trigger is re-judged daily and written weekly while the tier stays."""
    made = desk(tmp_path, 12, clock=Clock())
    for name in made.ids():
        made.crm.edit(name, {"funded_on": "2026-11-01"})
    made.run()
    written = []
    for _ in range(8):
        made.clock.advance(days=1)
        report = made.run().report
        assert report.outcome is RunOutcome.SUCCEEDED
        written.append(report.counters.written)
    made.state.close()

    assert written[:6] == [0] * 6
    assert sum(written) <= 12
    assert max(written) > 0


def test_a_dead_holder_is_not_waited_for(it: Desk) -> None:
    """After a crash the next run begins at once; a holder that may live is waited for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    place = this_holder().rsplit(":", 2)[0]
    span = timedelta(minutes=10)
    assert it.state.leases.acquire("main", f"{place}:{ended.pid}:dead", span, it.clock())
    assert it.run().report.outcome is RunOutcome.SUCCEEDED
    assert it.state.leases.acquire("main", f"{place}:{os.getppid()}:alive", span, it.clock())
    with pytest.raises(BusyError, match="another process"):
        it.run()


def test_a_new_day_judges_everyone_and_reads_only_what_changed(it: Desk) -> None:
    """The mirror answers for the new day; the report counts what the CRM was asked for."""
    it.run()
    it.run()
    it.clock.advance(days=1)
    it.crm.edit("7", {"employees": "400"})
    it.clock.advance(minutes=1)
    report = it.run().report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert (report.counters.read, report.counters.rejudged) == (1, 59)


def test_a_lost_state_under_a_new_icp_says_that_the_icp_changed(it: Desk, tmp_path: Path) -> None:
    """The version in the CRM tells whose values they are when the mirror no longer can."""
    it.run()
    fresh = desk(tmp_path / "second", 0, clock=it.clock)
    fresh.crm = it.crm
    fresh.guard = type(it.guard)(1000, 100.0)
    fresh.change_icp(tiers=(TIERS[0], TIERS[1], Tier(id="tier_3", label="T", min_score=0)))
    try:
        report = fresh.run().report
    finally:
        fresh.state.close()

    assert report.transitions
    assert {row.cause for row in report.transitions} == {"ICP changed"}
