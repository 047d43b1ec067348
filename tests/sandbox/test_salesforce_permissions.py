"""Permission sets and their rows: who sees and writes what, as records like any other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import OrgCaller


def make(sf: OrgCaller, name: str, **values: Any) -> str:
    """Make a record of the set-up as the administrator; answers its id."""
    answer = sf.admin("POST", f"sobjects/{name}", values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def refused(answer: httpx.Response, status: int = 400) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()
    return str(error["errorCode"])


@pytest.fixture
def field(sf: OrgCaller) -> OrgCaller:
    """An org with a new custom field that nobody sees."""
    body = {
        "FullName": "Account.Probe__c",
        "Metadata": {"label": "Probe", "type": "Number", "precision": 5, "scale": 0},
    }
    assert sf.admin("POST", "tooling/sobjects/CustomField", body).status_code == 201
    return sf


def permission_set(sf: OrgCaller, name: str = "Probe") -> str:
    """A new permission set."""
    return make(sf, "PermissionSet", Name=name, Label=name)


def grant(sf: OrgCaller, parent: str, **changed: Any) -> httpx.Response:
    """Give field permissions on the new field."""
    body = {
        "ParentId": parent, "SobjectType": "Account", "Field": "Account.Probe__c",
        "PermissionsRead": True, "PermissionsEdit": True, **changed,
    }  # fmt: skip
    return sf.admin("POST", "sobjects/FieldPermissions", body)


def test_the_steps_that_make_a_field_usable(field: OrgCaller) -> None:
    """Set, field permission and assignment; only with all three the integration user sees it."""
    soql = "SELECT Probe__c FROM Account LIMIT 1"
    parent = permission_set(field)
    assert grant(field, parent).status_code == 201
    assert refused(field("GET", "query", q=soql)) == "INVALID_FIELD"
    user = field.org.integration_user
    make(field, "PermissionSetAssignment", PermissionSetId=parent, AssigneeId=user)

    assert field("GET", "query", q=soql).status_code == 200
    [account] = field.query("SELECT Id FROM Account LIMIT 1")
    path = f"sobjects/Account/{account['Id']}"
    assert field("PATCH", path, {"Probe__c": 87}).status_code == 204
    assert field("GET", path).json()["Probe__c"] == 87


def test_reading_does_not_allow_writing(field: OrgCaller) -> None:
    """Without edit the describe call says so and a write is refused by field."""
    parent = permission_set(field)
    grant(field, parent, PermissionsEdit=False)
    user = field.org.integration_user
    make(field, "PermissionSetAssignment", PermissionSetId=parent, AssigneeId=user)

    described = field("GET", "sobjects/Account/describe").json()["fields"]
    [probe] = [each for each in described if each["name"] == "Probe__c"]
    assert (probe["updateable"], probe["createable"]) == (False, False)
    [account] = field.query("SELECT Id FROM Account LIMIT 1")
    answer = field("PATCH", f"sobjects/Account/{account['Id']}", {"Probe__c": 87})
    assert refused(answer) == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_permissions_can_be_changed_and_taken_back(field: OrgCaller) -> None:
    """PATCH widens a row, DELETE hides the field again."""
    parent = permission_set(field)
    row = grant(field, parent, PermissionsEdit=False).json()["id"]
    user = field.org.integration_user
    make(field, "PermissionSetAssignment", PermissionSetId=parent, AssigneeId=user)
    path = f"sobjects/FieldPermissions/{row}"

    assert field.admin("PATCH", path, {"PermissionsEdit": True}).status_code == 204
    soql = f"SELECT PermissionsEdit FROM FieldPermissions WHERE ParentId = '{parent}'"  # noqa: S608 - an id
    assert field.query(soql, admin=True) == [{"PermissionsEdit": True}]
    assert field.admin("DELETE", path).status_code == 204
    gone = field("GET", "query", q="SELECT Probe__c FROM Account LIMIT 1")
    assert refused(gone) == "INVALID_FIELD"


def test_names_and_rows_are_taken_once(field: OrgCaller) -> None:
    """A second set of the name, a second row of the field, a second assignment."""
    parent = permission_set(field)
    again = field.admin("POST", "sobjects/PermissionSet", {"Name": "Probe", "Label": "x"})
    assert refused(again) == "DUPLICATE_DEVELOPER_NAME"
    grant(field, parent)
    assert refused(grant(field, parent)) == "DUPLICATE_VALUE"
    body = {"PermissionSetId": parent, "AssigneeId": field.org.admin_user}
    make(field, "PermissionSetAssignment", **body)
    twice = field.admin("POST", "sobjects/PermissionSetAssignment", body)
    assert refused(twice) == "DUPLICATE_VALUE"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Field": "Account.Magic__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Account.Name"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"PermissionsRead": False}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_field_permissions_make_sense(field: OrgCaller, changed: dict[str, Any], code: str) -> None:
    """A field that there is, that can be granted, and never edit without read."""
    assert refused(grant(field, permission_set(field), **changed)) == code


def test_rights_on_the_object_depend_on_each_other(sf: OrgCaller) -> None:
    """View All needs Read; the same set has one row for an object."""
    parent = permission_set(sf)
    body = {"ParentId": parent, "SobjectType": "Account", "PermissionsViewAllRecords": True}
    assert refused(sf.admin("POST", "sobjects/ObjectPermissions", body)) == (
        "FIELD_INTEGRITY_EXCEPTION"
    )
    make(sf, "ObjectPermissions", **{**body, "PermissionsRead": True})
    second = sf.admin("POST", "sobjects/ObjectPermissions", {**body, "PermissionsRead": True})
    assert refused(second) == "DUPLICATE_VALUE"
    wrong = {**body, "SobjectType": "PermissionSet"}
    assert refused(sf.admin("POST", "sobjects/ObjectPermissions", wrong)) == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )


def test_view_all_decides_who_sees_every_account(sf: OrgCaller) -> None:
    """Without it the integration user counts only what it owns."""
    everything = sf("GET", "query", q="SELECT COUNT() FROM Account").json()["totalSize"]
    soql = "SELECT Id FROM ObjectPermissions WHERE SobjectType = 'Account' AND Parent.Name = 'Integration_Base'"  # noqa: E501 - one statement
    [row] = sf.query(soql, admin=True)
    path = f"sobjects/ObjectPermissions/{row['Id']}"
    assert sf.admin("PATCH", path, {"PermissionsViewAllRecords": False}).status_code == 204

    assert everything > 0
    assert sf("GET", "query", q="SELECT COUNT() FROM Account").json()["totalSize"] == 0


def test_the_set_up_takes_rights(sf: OrgCaller) -> None:
    """The integration user neither reads nor writes it."""
    asked = sf("GET", "query", q="SELECT Id FROM PermissionSet")
    assert refused(asked) == "INVALID_TYPE"
    made = sf("POST", "sobjects/PermissionSet", {"Name": "Probe", "Label": "Probe"})
    assert made.status_code >= 400
    sf.behave(view_setup=True)
    assert sf("GET", "query", q="SELECT Id FROM PermissionSet").status_code == 200


def test_a_custom_permission_is_held_through_a_set(sf: OrgCaller) -> None:
    """SetupEntityAccess ties the two; one row says it once."""
    body = {"DeveloperName": "Bypass", "MasterLabel": "Bypass"}
    done = sf.control("POST", "records", {"create": {"CustomPermission": [body]}})
    [permission] = done["created"]
    row = {"ParentId": permission_set(sf), "SetupEntityId": permission}
    make(sf, "SetupEntityAccess", **row)

    assert refused(sf.admin("POST", "sobjects/SetupEntityAccess", row)) == "DUPLICATE_VALUE"
    soql = "SELECT SetupEntityType FROM SetupEntityAccess WHERE Parent.Name = 'Probe'"
    assert sf.query(soql, admin=True) == [{"SetupEntityType": "CustomPermission"}]
    wrong = sf.admin("POST", "sobjects/CustomPermission", body)
    assert wrong.status_code >= 400  # only a deployment makes one
