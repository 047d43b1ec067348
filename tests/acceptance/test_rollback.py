"""``icp rollback`` undoes a run on both CRMs, and nobody writes it back."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import EVERYONE, Desk, Ended, until
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

EDITED = 15
MANY = 100  # accounts whose values such an ICP changes
LATER = 3600.0
SENT = "SELECT 1 FROM changes JOIN runs ON number = run WHERE kind = 'rollback' AND state = 'sent'"


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of three hundred accounts."""
    with running_org("--accounts", "300", "--seed", "5", "--now", NOON) as running:
        yield running


@pytest.fixture
def org_desk(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org whose first backfill is done; 100 accounts make a bulk job."""
    desk = fresh(org, shell, tmp_path)
    desk.configure(bulk_threshold=100)
    assert desk.run().code == 0
    return desk


class Portal:
    """What the two desks do differently."""

    tier = "icp_tier"
    reason = "icp_reason"
    size = "numberofemployees"

    def __init__(self, desk: Desk | OrgDesk) -> None:
        self.desk = desk

    def held(self) -> dict[str, dict[str, str]]:
        """Everything of ours, moments included."""
        assert isinstance(self.desk, Desk)
        return self.desk.export(without="nothing")

    def edit(self, accounts: Mapping[str, Mapping[str, Any]]) -> None:
        """Edit accounts as a person would."""
        assert isinstance(self.desk, Desk)
        self.desk.edit(companies=accounts)

    def gone_wrong(self) -> str:
        """Let nearly everyone into Tier 1; answers the run."""
        self.desk.advance(LATER)
        self.desk.edit_icp(*EVERYONE)
        ended = self.desk.run()
        if ended.code == 4:
            ended = self.desk.icp("approve", ended.data["run"], "--json")
        assert ended.code == 0, ended
        assert ended.data["written"] > MANY
        self.desk.advance(2)
        return str(ended.data["run"])


class Org(Portal):
    """An org, whose writes of some accounts are bulk jobs."""

    tier = "ICP_Tier__c"
    reason = "ICP_Reason__c"
    size = "NumberOfEmployees"

    def held(self) -> dict[str, dict[str, str]]:
        """Everything of ours, moments included."""
        assert isinstance(self.desk, OrgDesk)
        return {
            line["id"]: {k: v for k, v in line["fields"].items() if k.startswith("ICP_")}
            for line in self.desk.lines("Account")
        }

    def edit(self, accounts: Mapping[str, Mapping[str, Any]]) -> None:
        """Edit accounts as a person would."""
        assert isinstance(self.desk, OrgDesk)
        self.desk.edit(accounts)


@pytest.fixture(params=["hubspot", "salesforce"])
def portal(request: pytest.FixtureRequest) -> Portal:
    """A portal or org whose first backfill is done."""
    if request.param == "hubspot":
        return Portal(request.getfixturevalue("settled"))
    return Org(request.getfixturevalue("org_desk"))


def changed(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> set[str]:
    """The accounts that hold something else."""
    return {it for it in before.keys() | after.keys() if before.get(it) != after.get(it)}


def undo(portal: Portal, run: str, *options: str) -> Ended:
    """Undo a run, with the report as JSON."""
    return portal.desk.icp("rollback", run, "--json", *options)


def test_all_comes_back_but_what_was_edited_since(portal: Portal) -> None:
    """The rest is listed with its reason; shown before exactly as it is done; nobody undoes it."""
    desk, was = portal.desk, portal.held()
    run = portal.gone_wrong()
    wrong = portal.held()
    moved = [it for it in sorted(changed(was, wrong)) if was[it] != wrong[it]]
    edited = [it for it in moved if was[it][portal.tier] != wrong[it][portal.tier]][:EDITED]
    portal.edit({it: {portal.tier: "needs_data"} for it in edited})
    typed = portal.held()
    calls = desk.mark()

    shown = undo(portal, run, "--dry-run")
    assert shown.code == 3
    assert portal.held() == typed
    assert shown.data["rolls_back"] == run
    assert desk.icp("audit", "--json").data == [
        it for it in desk.icp("audit", "--json").data if it["what"] != "rollback"
    ]
    assert desk.mark() > calls
    real = undo(portal, run, "--by", "ada", "--reason", "too easy")

    assert real.code == 3
    report = real.data
    assert report["written"] == len(moved) - EDITED
    assert report["left"] == {"edited_since": EDITED}
    assert report["invalid"] == EDITED
    listed = {it["account"]: it for it in report["left_accounts"]}
    assert set(listed) == set(edited)
    assert {it["reason"] for it in listed.values()} == {"edited_since"}
    assert {it["field"] for it in listed.values()} == {portal.tier}
    for key in ("written", "left", "transitions", "left_accounts", "pinned", "invalid"):
        assert shown.data[key] == report[key], key
    now = portal.held()
    assert {it: now[it] for it in now if it not in edited} == {
        it: was[it] for it in was if it not in edited
    }
    assert {it: now[it] for it in edited} == {it: typed[it] for it in edited}
    [action] = [it for it in desk.icp("audit", "--json").data if it["what"] == "rollback"]
    assert (action["who"], action["reason"], action["run_id"]) == ("ada", "too easy", run)

    desk.advance(LATER)
    for options in ((), ("--full",)):
        again = desk.run(*options).data
        assert (again["outcome"], again["written"]) == ("succeeded", 0)
        assert not options or again["pinned"] == len(moved)
    assert portal.held() == now


def test_pins_end_with_news_or_by_a_person(portal: Portal) -> None:
    """An input of one account, a resume, another ICP: each asks again, about what it concerns."""
    desk = portal.desk
    run = portal.gone_wrong()
    wrong = portal.held()
    assert undo(portal, run).code == 0
    was = portal.held()
    chosen = next(it for it in sorted(was) if was[it][portal.tier] == "tier_3")
    desk.advance(LATER)
    portal.edit({chosen: {portal.size: 5}})
    report = desk.run().data
    assert (report["written"], report["outcome"]) == (1, "succeeded")
    assert changed(was, portal.held()) == {chosen}

    assert desk.icp("rollback", report["run"], "--json").data["written"] == 1
    [name] = {it["connection"] for it in desk.icp("status", "--json").data}
    assert desk.icp("resume", name, "--json").data["freed"] > MANY
    desk.advance(LATER)
    held = desk.run("--full")
    assert held.data["written"] + held.data["held"] > MANY
    if held.code == 4:
        assert desk.icp("approve", held.data["run"]).code == 0
    assert {it: v[portal.tier] for it, v in portal.held().items() if it != chosen} == {
        it: v[portal.tier] for it, v in wrong.items() if it != chosen
    }


@pytest.mark.parametrize(
    ("portal", "killed"),
    [("hubspot", signal.SIGKILL), ("salesforce", signal.SIGTERM), ("salesforce", signal.SIGKILL)],
    indirect=["portal"],
)
def test_ended_half_way_the_rest_is_restored_later(portal: Portal, killed: signal.Signals) -> None:
    """Nothing writes it back meanwhile; status says what to do; undoing again finishes it."""
    desk, was = portal.desk, portal.held()
    run = portal.gone_wrong()
    if isinstance(portal, Org):
        assert isinstance(desk, OrgDesk)
        desk.org.behave(bulk_queue_ms=1_500)
    else:
        assert isinstance(desk, Desk)
        desk.sandbox.fail(kind="slow", route="batch/update$", nth=1, seconds=0.6)
    command = desk.start("rollback", run, "--json")
    until(lambda: desk.query(SENT) != [])
    command.signal(killed)
    code = command.wait(60)
    assert code == (-killed if killed is signal.SIGKILL else 5)
    [status] = desk.icp("status", "--json").data
    assert status["verdict"] == "look"
    assert f"icp rollback {run}" in status["remedies"][0]
    desk.advance(LATER)
    assert desk.run("--full").data["written"] == 0

    assert undo(portal, run).code == 0
    assert portal.held() == was
    assert undo(portal, run).data["written"] == 0
    [status] = desk.icp("status", "--json").data
    assert status["verdict"] == "all right", status
    desk.advance(LATER)
    assert desk.run("--full").data["written"] == 0
    assert portal.held() == was


def test_people_read_what_was_done(settled: Desk) -> None:
    """On the terminal: outcome, table, what is left, what stays; and later in the list of runs."""
    portal = Portal(settled)
    was = portal.held()
    run = portal.gone_wrong()
    edited = next(it for it in sorted(was) if was[it]["icp_tier"] == "tier_3")
    portal.edit({edited: {"icp_tier": "not_icp"}})

    shown = settled.icp("rollback", run, "--dry-run")
    real = settled.icp("rollback", run)

    assert (shown.code, real.code) == (3, 3)
    said = " ".join(real.out.split())
    assert f"rollback of run {run}" in said
    assert f"1 edited since: {edited}" in said
    assert "rolled back" in said
    assert "stay as they are until their inputs or the ICP change, or `icp resume" in said
    assert "A real rollback needs about" in shown.out
    assert f"rollback of {run}" in " ".join(settled.icp("runs").out.split())
    settled.advance(2)
    chosen = next(it for it in sorted(was) if was[it]["icp_tier"] == "tier_2")
    past = settled.icp("explain", chosen, "--at", "2026-11-24", "--json")
    assert (past.code, past.data["rolls_back"]) == (0, run)
    assert past.data["shown_tier"] == was[chosen]["icp_tier"]
    assert settled.icp("explain", chosen, "--json").data["pinned"]
    assert "Pinned: a run was rejected or undone" in settled.icp("explain", chosen).out
    told = " ".join(settled.icp("explain", chosen, "--at", "2026-11-24").out.split())
    assert f"a rollback of run {run}" in told


def test_a_first_backfill_is_undone_to_blank(portal: Portal) -> None:
    """Of 300 accounts with 15 edited since, 285 hold nothing of ours; explaining it says so."""
    desk = portal.desk
    [run] = [it["run"] for it in desk.icp("runs", "--json").data]
    edited = sorted(portal.held())[:EDITED]
    portal.edit({it: {portal.reason: "typed by hand"} for it in edited})
    desk.advance(LATER)
    ended = undo(portal, run)

    assert ended.code == 3
    assert ended.data["written"] == 300 - EDITED
    assert {it["account"] for it in ended.data["left_accounts"]} == set(edited)
    held = portal.held()
    assert {it for it, values in held.items() if values} == set(edited)
    chosen = next(it for it in held if it not in edited)
    desk.advance(2)
    past = desk.icp("explain", chosen, "--at", "2026-11-24")
    assert past.code == 0
    assert "its fields are blank again" in " ".join(past.out.split())


def test_what_cannot_be_undone_is_refused_in_words(settled: Desk) -> None:
    """A run that does not exist; a run of which nothing was written."""
    unknown = settled.icp("rollback", "20260101-000000-abcd")
    assert (unknown.code, unknown.out) == (2, "")
    assert "`icp runs` lists them" in unknown.words
    settled.advance(LATER)
    empty = settled.run().data["run"]
    refused = settled.icp("rollback", empty, "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "has written nothing" in refused.words
