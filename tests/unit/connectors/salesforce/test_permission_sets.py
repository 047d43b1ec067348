"""Access: two permission sets, granted field by field, given to whom they are for."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import MisconfiguredError
from connectors.records import AdminStep, FieldKind, FieldSpec
from connectors.salesforce import grants
from connectors.salesforce.permission_sets import PermissionSets
from tests.unit.connectors.salesforce.scripted import Script, record_id
from tests.unit.connectors.salesforce.wire import Reply, Wire, error

TIER = FieldSpec(name="ICP_Tier__c", label="Tier", kind=FieldKind.CHOICE, description="")
OVERRIDE = FieldSpec(name="ICP_Tier_Override__c", label="O", kind=FieldKind.CHOICE, description="")
FIELDS = (TIER, OVERRIDE)
WRITTEN = (TIER.name,)
SYNC, READER = record_id("0PS", 1), record_id("0PS", 2)
WORKER, ADMIN = record_id("005", 1), record_id("005", 2)
BYPASS = record_id("0CP", 1)
DEPLOYMENT = record_id("0Af", 1)
OBJECTS = (
    "PermissionSet", "CustomPermission", "ObjectPermissions", "FieldPermissions",
    "PermissionSetAssignment", "SetupEntityAccess",
)  # fmt: skip


def test_the_worker_writes_what_people_read_and_the_reverse() -> None:
    """Two sets over the same fields, without a licence, and only one with rights beyond fields."""
    sync, reader = grants.permission_sets(FIELDS, WRITTEN)

    assert sync.editable == {TIER.name: True, OVERRIDE.name: False}
    assert reader.editable == {TIER.name: False, OVERRIDE.name: True}
    assert (sync.name, sync.label, sync.works) == ("ICP_Sync", "ICP Sync", True)
    assert (reader.name, reader.label, reader.works) == ("ICP_Reader", "ICP Reader", False)


def user(user_id: str, name: str, *, active: bool = True) -> dict[str, Any]:
    """A row of User."""
    return {"Id": user_id, "Username": name, "IsActive": active}


@pytest.fixture
def script(wire: Wire) -> Script:
    """An org without anything of ours, set up by an administrator."""
    script = Script(wire)
    for name in OBJECTS:
        script.rows(f"GET query {name}")
        script.on(f"POST sobjects/{name}", Reply(201, {"id": record_id("0XX", 1)}))
    identity = f"https://login.salesforce.com/id/00DA00000000001AAA/{ADMIN}"
    script.on("GET ", Reply(200, {"identity": identity}))
    script.on("GET query User", *users(user(WORKER, "worker@x"), user(ADMIN, "admin@x")))
    return script


def users(*rows: dict[str, Any]) -> list[Reply]:
    """One answer for each user, in the order in which they are asked for."""
    return [Reply(200, {"done": True, "records": [row]}) for row in rows]


def granted_rows() -> list[dict[str, Any]]:
    """Rows of FieldPermissions that give all there is to give, and a little more."""
    return [
        {
            "Id": record_id("01k", number),
            "ParentId": parent,
            "Field": f"Account.{field}",
            "PermissionsRead": True,
            "PermissionsEdit": edit,
        }
        for number, (parent, field, edit) in enumerate(
            [
                (SYNC, TIER.name, True),
                (SYNC, OVERRIDE.name, False),
                (READER, TIER.name, True),
                (READER, OVERRIDE.name, True),
            ]
        )
    ]


def complete(script: Script) -> Script:
    """Make the org one in which everything is there."""
    script.rows(
        "GET query PermissionSet",
        {"Id": SYNC, "Name": "ICP_Sync", "NamespacePrefix": None},
        {"Id": READER, "Name": "ICP_Reader", "NamespacePrefix": None},
    )
    script.rows("GET query CustomPermission", {"Id": BYPASS, "NamespacePrefix": None})
    script.rows(
        "GET query ObjectPermissions",
        {"Id": "110", "ParentId": SYNC, "PermissionsRead": True, "PermissionsEdit": True,
         "PermissionsViewAllRecords": True},
    )  # fmt: skip
    script.rows("GET query FieldPermissions", *granted_rows())
    script.rows(
        "GET query PermissionSetAssignment",
        {"PermissionSetId": SYNC, "AssigneeId": WORKER[:15]},
        {"PermissionSetId": READER, "AssigneeId": ADMIN},
    )
    return script.rows("GET query SetupEntityAccess", {"ParentId": SYNC})


def planned(script: Script, run_as: str = "worker@x") -> tuple[PermissionSets, list[AdminStep]]:
    """Plan the access of the worker and of the readers."""
    access = PermissionSets(script.session(), run_as)
    return access, access.steps(FIELDS, WRITTEN)


def named(steps: list[AdminStep]) -> list[tuple[str, str]]:
    """What and name of each step."""
    return [(it.what, it.name) for it in steps]


def test_an_org_without_anything_needs_every_step(script: Script) -> None:
    """Sets before what they hold, and the custom permission last, because it is an extra."""
    _, steps = planned(script)

    assert named(steps) == [
        ("permission set", "ICP Sync"),
        ("permission set", "ICP Reader"),
        ("object access", "ICP Sync"),
        ("field access", "ICP Sync"),
        ("field access", "ICP Reader"),
        ("assignment", "ICP Sync to worker@x"),
        ("assignment", "ICP Reader to admin@x"),
        ("custom permission", "ICP_Sync_Bypass"),
        ("bypass", "ICP Sync"),
    ]
    assert not any(it.done for it in steps)
    assert "grant ICP_Tier__c, ICP_Tier_Override__c" in {it.detail for it in steps}


def test_an_org_that_has_everything_needs_nothing(script: Script) -> None:
    """A right that somebody widened counts as given: readers may edit the tier here."""
    _, steps = planned(complete(script))

    assert all(it.done for it in steps)
    assert script.changes() == []


def test_steps_make_what_they_say(script: Script) -> None:
    """Rows of the administration's own objects, each with the id of its set."""
    script.on("POST sobjects/PermissionSet", Reply(201, {"id": SYNC}), Reply(201, {"id": READER}))
    access, steps = planned(script)
    for step in steps[:-2]:
        access.take(step)

    first, _ = script.sent("POST sobjects/PermissionSet")
    assert (first["Name"], first["Label"]) == ("ICP_Sync", "ICP Sync")
    assert "LicenseId" not in first
    assert script.sent("POST sobjects/ObjectPermissions") == [
        {
            "ParentId": SYNC,
            "SobjectType": "Account",
            "PermissionsRead": True,
            "PermissionsEdit": True,
            "PermissionsViewAllRecords": True,
        }
    ]
    granted = [
        (it["ParentId"], it["Field"], it["PermissionsRead"], it["PermissionsEdit"])
        for it in script.sent("POST sobjects/FieldPermissions")
    ]
    assert granted == [
        (SYNC, "Account.ICP_Tier__c", True, True),
        (SYNC, "Account.ICP_Tier_Override__c", True, False),
        (READER, "Account.ICP_Tier__c", True, False),
        (READER, "Account.ICP_Tier_Override__c", True, True),
    ]
    assert script.sent("POST sobjects/PermissionSetAssignment") == [
        {"PermissionSetId": SYNC, "AssigneeId": WORKER},
        {"PermissionSetId": READER, "AssigneeId": ADMIN},
    ]


def test_a_hidden_field_is_granted_and_the_others_left_alone(script: Script) -> None:
    """Only what is missing is given: one field to one set."""
    complete(script)
    rows = granted_rows()
    script.rows("GET query FieldPermissions", *rows[1:])
    access, steps = planned(script)
    [step] = [it for it in steps if not it.done]

    assert (step.what, step.name, step.detail) == ("field access", "ICP Sync", "grant ICP_Tier__c")
    access.take(step)
    [grant] = script.sent("POST sobjects/FieldPermissions")
    assert (grant["Field"], grant["PermissionsEdit"]) == ("Account.ICP_Tier__c", True)


def test_a_narrow_right_is_widened_where_it_is(script: Script) -> None:
    """Read becomes edit by changing the row; a second row would be refused."""
    complete(script)
    rows = granted_rows()
    narrow = rows[0] | {"PermissionsEdit": False}
    script.rows("GET query FieldPermissions", narrow, *rows[1:])
    script.on("PATCH sobjects/FieldPermissions/{id}", Reply(204))
    access, steps = planned(script)
    access.take(next(it for it in steps if not it.done))

    assert script.sent("PATCH sobjects/FieldPermissions/{id}") == [
        {"PermissionsRead": True, "PermissionsEdit": True}
    ]


def test_what_somebody_made_meanwhile_is_fine(script: Script) -> None:
    """A duplicate is an answer: the set is looked up and used."""
    access, steps = planned(script)
    complete(script)
    script.on("POST sobjects/PermissionSet", error("DUPLICATE_DEVELOPER_NAME"))
    script.on("POST sobjects/ObjectPermissions", error("DUPLICATE_VALUE"))
    access.take(steps[0])
    access.take(steps[2])

    assert len(script.sent("POST sobjects/PermissionSet")) == 1


def test_sets_of_a_package_are_not_ours(script: Script) -> None:
    """A managed package may have brought a set of the same name, which nobody may change."""
    script.rows(
        "GET query PermissionSet", {"Id": SYNC, "Name": "ICP_Sync", "NamespacePrefix": "abc"}
    )
    _, steps = planned(script)

    assert not steps[0].done


def test_a_worker_that_sets_up_itself_needs_no_second_set(script: Script) -> None:
    """With one credential for both, its user has the fields by the worker's set."""
    script.on("GET query User", *users(user(ADMIN, "admin@x")))
    _, steps = planned(script, run_as=ADMIN)

    assert [it.name for it in steps if it.what == "assignment"] == ["ICP Sync to admin@x"]


def test_without_a_known_worker_nobody_is_given_its_rights(script: Script) -> None:
    """Only the user that makes the views is assigned anything."""
    script.on("GET query User", *users(user(ADMIN, "admin@x")))
    _, steps = planned(script, run_as="")

    assert [it.name for it in steps if it.what == "assignment"] == ["ICP Reader to admin@x"]


def test_a_worker_that_is_no_active_user_is_named_as_a_mistake(script: Script) -> None:
    """Its credential runs as somebody who has left."""
    script.on("GET query User", *users(user(WORKER, "worker@x", active=False)))

    with pytest.raises(MisconfiguredError, match="no active user"):
        planned(script)


def test_user_names_are_quoted(script: Script) -> None:
    """A name with an apostrophe is a name and not the end of a query."""
    planned(script, run_as="o'neil@x")

    first = script.asked("GET query User")[0].query["q"]
    assert r"Username = 'o\'neil@x'" in first


@pytest.mark.parametrize(
    ("route", "right"),
    [
        ("GET query PermissionSet", "View Setup and Configuration"),
        ("POST sobjects/PermissionSet", "Manage Profiles and Permission Sets"),
        ("POST sobjects/FieldPermissions", "Manage Profiles and Permission Sets"),
        ("POST sobjects/PermissionSetAssignment", "Assign Permission Sets"),
    ],
)
def test_the_missing_permission_is_named(script: Script, route: str, right: str) -> None:
    """For each kind of row the permission that it takes."""
    script.refuse(route, 400, "INSUFFICIENT_ACCESS_OR_READONLY")

    with pytest.raises(MisconfiguredError, match=right):
        take_all(script)


def take_all(script: Script) -> None:
    """Plan and take every step."""
    access, steps = planned(script)
    for step in steps:
        access.take(step)


DEPLOYED = {"id": DEPLOYMENT, "deployResult": {"done": True, "status": "Succeeded"}}


def test_the_custom_permission_is_deployed_because_it_cannot_be_made_otherwise(
    script: Script,
) -> None:
    """A package with one component goes up; when it is in, the worker's set includes it."""
    complete(script)
    script.rows("GET query SetupEntityAccess")
    none = {"done": True, "records": []}
    there = {"done": True, "records": [{"Id": BYPASS, "NamespacePrefix": None}]}
    script.on("GET query CustomPermission", Reply(200, none), Reply(200, there))
    script.on("POST metadata/deployRequest", Reply(201, {"id": DEPLOYMENT}))
    waiting = {"deployResult": {"status": "InProgress"}}
    script.on("GET metadata/deployRequest/{id}", Reply(200, waiting), Reply(200, DEPLOYED))
    access, steps = planned(script)
    for step in steps:
        if not step.done:
            access.take(step)

    [upload] = script.asked("POST metadata/deployRequest")
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'"rollbackOnError":true' in upload.raw
    assert b"customPermissions/ICP_Sync_Bypass.customPermission" in upload.raw
    assert script.sent("POST sobjects/SetupEntityAccess") == [
        {"ParentId": SYNC, "SetupEntityId": BYPASS}
    ]


@pytest.mark.parametrize("status", ["Failed", "Canceled", "SucceededPartial"])
def test_a_deployment_that_fails_says_how_to_do_without(script: Script, status: str) -> None:
    """By hand in Setup, or by the whole package."""
    failed = {"deployResult": {"status": status, "errorStatusCode": "UNKNOWN_EXCEPTION"}}
    script.on("POST metadata/deployRequest", Reply(201, {"id": DEPLOYMENT}))
    script.on("GET metadata/deployRequest/{id}", Reply(200, failed))

    with pytest.raises(MisconfiguredError, match="Setup > Custom Permissions"):
        take_all(script)


def test_the_right_to_deploy_is_named(script: Script) -> None:
    """It is another one than that to make fields."""
    script.refuse("POST metadata/deployRequest", 403, "INSUFFICIENT_ACCESS")

    with pytest.raises(MisconfiguredError, match="Modify Metadata Through Metadata API Functions"):
        take_all(script)
