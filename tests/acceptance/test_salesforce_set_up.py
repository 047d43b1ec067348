"""``icp check`` and ``icp setup`` at an org: what an administrator reads, does, and hands over."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

ACCOUNTS = 60


@pytest.fixture(scope="module")
def running() -> Iterator[RunningOrg]:
    """An org of a few accounts."""
    with running_org("--accounts", str(ACCOUNTS), "--seed", "1", "--limits", "off") as started:
        yield started


@pytest.fixture
def desk(running: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org that knows nothing of us."""
    running.reset()
    return OrgDesk(shell, tmp_path, running)


@pytest.fixture
def equipped(desk: OrgDesk) -> OrgDesk:
    """A desk at an org that was set up."""
    ended = desk.icp("setup", "--apply", "--json")
    assert ended.code == 0, ended
    return desk


def changes_asked(desk: OrgDesk) -> list[str]:
    """Calls that could have changed something in the org."""
    calls = [f"{it['method']} {it['route']}" for it in desk.org.calls()]
    return [
        call for call in calls if not call.startswith("GET") and "token" not in call
        and "composite" not in call
    ]  # fmt: skip


def test_showing_applying_and_applying_again(desk: OrgDesk) -> None:
    """The plan changes nothing, applying does exactly the plan, again there is nothing to do."""
    plan = desk.icp("setup", "--json")
    assert changes_asked(desk) == []
    made = desk.icp("setup", "--apply", "--json")
    again = desk.icp("setup", "--apply", "--json")

    assert (plan.code, made.code, again.code) == (0, 0, 0)
    assert plan.data["pending"] == made.data["applied"] == made.data["pending"] > 30
    assert (again.data["pending"], again.data["applied"]) == (0, 0)
    assert any("$Permission.ICP_Sync_Bypass" in it for it in again.data["notes"])


def test_what_is_left_for_a_person_is_shown(desk: OrgDesk) -> None:
    """Beside the table: the page layout, the readers, the formula, and the allowance."""
    shown = desk.icp("setup", "--apply")

    assert shown.code == 0
    for words in ("permission set", "ICP_Tier__c", "Custom fields:", "by hand", "Page Layouts"):
        assert words in shown.out


def test_an_org_that_was_set_up_is_ready(equipped: OrgDesk) -> None:
    """Check finds every field, says how it knows that all accounts are seen, and what it costs."""
    equipped.org.behave(view_setup=True)
    checked = equipped.icp("check", "--json")

    assert checked.code == 0, checked.data["problems"]
    assert checked.data["problems"] == []
    assert checked.data["visibility"]["complete"]
    assert checked.data["accounts"] == ACCOUNTS
    assert checked.data["quota"]["calls"] > 0
    assert checked.data["quota"]["remaining"] > 0
    assert equipped.run().code == 0


def test_what_writes_will_start_is_named(equipped: OrgDesk) -> None:
    """Triggers, flows, rules: by name, in words and as data."""
    equipped.org.behave(
        view_setup=True,
        apex_triggers=["StampAccount"],
        flows=["Territory"],
        validation_rules=[{"object": "Account", "name": "Needs_Phone", "message": "no"}],
    )
    checked, shown = equipped.icp("check", "--json"), equipped.icp("check")

    assert [(it["kind"], it["name"]) for it in checked.data["automations"]] == [
        ("trigger", "StampAccount"),
        ("flow", "Territory"),
        ("validation rule", "Needs_Phone"),
    ]
    assert checked.data["unseen"] == []
    assert "Each write runs 1 trigger: StampAccount" in shown.out
    assert "Sees every account" in shown.out
    assert "A full pass in which every account changes needs about" in shown.out


def test_what_a_user_of_least_privilege_cannot_see_is_said(equipped: OrgDesk) -> None:
    """Not seeing is told as not seeing; that all accounts are seen must be proved or waived."""
    checked = equipped.icp("check", "--json")

    assert checked.code == 2
    assert any("View All on Account" in it for it in checked.data["problems"])
    assert len(checked.data["unseen"]) >= 2
    assert "not seen" in equipped.icp("check").out


def test_record_types_that_refuse_our_values_are_problems(equipped: OrgDesk) -> None:
    """Before a run is refused account by account: which record type lacks what."""
    equipped.org.behave(
        view_setup=True,
        record_type_values={"Account": {record_type(equipped): {"ICP_Tier__c": ["tier_1"]}}},
    )
    checked = equipped.icp("check", "--json")
    stopped = equipped.run()

    assert checked.code == stopped.code == 2
    [problem] = checked.data["problems"]
    assert "ICP_Tier__c" in problem
    assert "tier_2" in problem
    assert "Record Types" in problem
    assert "tier_2" in stopped.words


def record_type(desk: OrgDesk) -> str:
    """The developer name of a record type of Account."""
    soql = "SELECT DeveloperName FROM RecordType WHERE SobjectType = 'Account'"
    name: str = desk.org.query(soql)[0]["DeveloperName"]
    return name


def test_a_package_can_be_handed_over_without_any_credential(desk: OrgDesk) -> None:
    """A zip file that names its components; nothing is asked of the org."""
    for name in [it for it in desk.variables if it.startswith("ICP_SALESFORCE")]:
        del desk.variables[name]
    target = desk.folder / "package.zip"

    ended = desk.icp("setup", "--export", str(target))

    assert ended.code == 0, ended
    assert "ICP: My Tier 1" in ended.err
    with zipfile.ZipFile(target) as archive:
        assert b"Account.ICP_Tier__c" in archive.read("package.xml")
    assert desk.org.calls() == []


def test_a_folder_is_written_for_any_other_name(desk: OrgDesk) -> None:
    """For review, and for tools that deploy folders."""
    ended = desk.icp("setup", "--export", str(desk.folder / "package"))

    assert ended.code == 0
    assert (desk.folder / "package" / "package.xml").is_file()
    assert (desk.folder / "package" / "objects" / "Account.object").is_file()
    assert changes_asked(desk) == []


def test_set_up_by_the_workers_own_user_says_what_to_grant(desk: OrgDesk) -> None:
    """Without the stronger credential: the permission, and the package as the other way."""
    for name in [it for it in desk.variables if "__SETUP_" in it]:
        del desk.variables[name]

    ended = desk.icp("setup", "--apply", "--json")

    assert ended.code == 2
    assert "View Setup and Configuration" in ended.words
    assert "icp setup --export" in ended.words
    assert json.dumps(changes_asked(desk)) == "[]"
