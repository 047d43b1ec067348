"""What set-up of an org may do, and what it says where a right or a person is missing."""

from __future__ import annotations

import threading

import pytest

from connectors.errors import MisconfiguredError
from tests.conformance.org_set_up import (
    TIER,
    by_worker,
    changes_asked,
    connection,
    described,
    opened,
    set_up,
)
from tests.support.salesforce import RunningOrg
from worker import composition
from worker.setting_up import apply_setup, plan_setup


@pytest.fixture
def org(org: RunningOrg) -> RunningOrg:
    """An org with nothing of ours."""
    org.reset()
    return org


def test_the_workers_own_credential_is_told_what_it_lacks(org: RunningOrg) -> None:
    """Least privilege: it cannot even look, and the message says what to grant and how without."""
    with pytest.raises(MisconfiguredError) as caught:
        plan_setup(*opened(by_worker(org)))

    assert "View Setup and Configuration" in str(caught.value)
    assert "icp setup --export" in str(caught.value)
    assert changes_asked(org) == []


def test_a_user_that_may_look_is_told_what_it_may_not_make(org: RunningOrg) -> None:
    """The plan can be shown; applying it names the permission and changes nothing."""
    org.behave(view_setup=True)
    admin, wishes = opened(by_worker(org))
    plan = plan_setup(admin, wishes)
    assert plan.pending > 30

    with pytest.raises(MisconfiguredError, match="Customize Application"):
        apply_setup(admin, plan)

    assert TIER not in described(org, admin=True)


def test_missing_rights_to_give_access_and_to_make_views_are_named_together(
    org: RunningOrg,
) -> None:
    """One message for everything that an administrator has to grant."""
    set_rights(org, PermissionsManageProfilesPermissionsets=False,
               PermissionsManagePublicListviews=False)  # fmt: skip
    admin, wishes = opened(connection(org))

    with pytest.raises(MisconfiguredError) as caught:
        apply_setup(admin, plan_setup(admin, wishes))

    assert "Manage Profiles and Permission Sets" in str(caught.value)
    assert "list view" in str(caught.value)


def set_rights(org: RunningOrg, **rights: bool) -> None:
    """Change what the set-up user's profile may do."""
    where = "IsOwnedByProfile = true AND PermissionsCustomizeApplication = true"
    [profile] = org.query(f"SELECT Id FROM PermissionSet WHERE {where}", admin=True)  # noqa: S608
    org.api("PATCH", f"sobjects/PermissionSet/{profile['Id']}", rights, admin=True)


def test_record_types_without_our_values_are_named(org: RunningOrg) -> None:
    """By record type and field, with what to do; the package then assigns the values."""
    set_up(connection(org))
    types = org.query("SELECT DeveloperName, Name FROM RecordType WHERE SobjectType = 'Account'")
    chosen = types[0]
    org.behave(record_type_values={"Account": {chosen["DeveloperName"]: {TIER: ["tier_1"]}}})
    admin, wishes = opened(connection(org))
    plan_setup(admin, wishes)

    notes = [note for note in admin.notes() if note.startswith("Record type")]
    assert len(notes) == 1
    assert chosen["Name"] in notes[0]
    assert TIER in notes[0]
    exported = composition.export_setup(connection(org), wishes, threading.Event())
    account = exported.files["objects/Account.object"].decode()
    assert f"<fullName>{chosen['DeveloperName']}</fullName>" in account
    assert "RecordType" in exported.files["package.xml"].decode()


def test_record_types_are_found_where_people_are_accounts_too(org: RunningOrg) -> None:
    """An org with person accounts has record types for them, which are told apart."""
    org.behave(person_accounts=True)
    set_up(connection(org))
    name = org.query("SELECT DeveloperName FROM RecordType")[0]["DeveloperName"]
    org.behave(record_type_values={"Account": {name: {TIER: []}}})
    admin, wishes = opened(connection(org))
    plan_setup(admin, wishes)

    assert any(note.startswith("Record type") for note in admin.notes())


def test_notes_say_what_only_a_person_can_do(org: RunningOrg) -> None:
    """The page layout, who sees the fields, and the formula that spares the worker."""
    set_up(connection(org))
    admin, wishes = opened(connection(org))
    plan_setup(admin, wishes)
    notes = "\n".join(admin.notes())

    assert "Page Layouts" in notes
    assert "ICP Reader" in notes
    assert "NOT($Permission.ICP_Sync_Bypass)" in notes


def test_the_worker_holds_the_permission_that_spares_it(org: RunningOrg) -> None:
    """The custom permission is there and the worker's set includes it."""
    set_up(connection(org))
    included = org.query(
        "SELECT Parent.Name FROM SetupEntityAccess WHERE SetupEntityType = 'CustomPermission'",
        admin=True,
    )

    assert [it["Parent"]["Name"] for it in included] == ["ICP_Sync"]
