"""Who may see and do what: rows of permission sets are the truth."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, patch, raw, value


def permission_set(sf: OrgCaller, name: str = "Extra") -> str:
    """A permission set of the integration user, made through the API."""
    made = sf.admin("POST", "sobjects/PermissionSet", {"Name": name, "Label": name})
    parent: str = made.json()["id"]
    body = {"PermissionSetId": parent, "AssigneeId": sf.org.integration_user}
    assert sf.admin("POST", "sobjects/PermissionSetAssignment", body).status_code == 201
    return parent


def grant(sf: OrgCaller, parent: str, field: str, *, edit: bool) -> Any:
    """A row of FieldPermissions; answers its id."""
    body = {
        "ParentId": parent, "SobjectType": "Account", "Field": f"Account.{field}",
        "PermissionsRead": True, "PermissionsEdit": edit,
    }  # fmt: skip
    response = sf.admin("POST", "sobjects/FieldPermissions", body)
    assert response.status_code == 201, response.text
    return response.json()["id"]


def test_a_new_field_is_invisible_to_everybody(sf: OrgCaller) -> None:
    """To its maker too, until field-level security says otherwise; then at once."""
    sf.control("POST", "records", {"fields": [{"name": "New__c", "visible": False}]})
    record = accounts(sf)[0]
    path = f"sobjects/Account/{record}"

    hidden = [
        sf("PATCH", path, {"New__c": "x"}).status_code,
        sf.admin("PATCH", path, {"New__c": "x"}).status_code,
        sf("GET", path, fields="New__c").status_code,
        sf("GET", "query", q="SELECT New__c FROM Account").status_code,
    ]
    parent = permission_set(sf)
    row = grant(sf, parent, "New__c", edit=False)
    read_only = sf("PATCH", path, {"New__c": "x"})
    sf.admin("PATCH", f"sobjects/FieldPermissions/{row}", {"PermissionsEdit": True})
    written = sf("PATCH", path, {"New__c": "x"})

    assert hidden == [400, 400, 400, 400]
    assert read_only.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert written.status_code == 204
    assert value(sf, record, "New__c") == "x"


def test_taking_a_permission_set_away_hides_again(sf: OrgCaller) -> None:
    """Deleting it takes its rows along."""
    sf.control("POST", "records", {"fields": [{"name": "New__c", "visible": False}]})
    parent = permission_set(sf)
    grant(sf, parent, "New__c", edit=True)
    path = f"sobjects/Account/{accounts(sf)[0]}"
    before = sf("GET", path, fields="New__c").status_code

    sf.admin("DELETE", f"sobjects/PermissionSet/{parent}")

    assert before == 200
    assert sf("GET", path, fields="New__c").status_code == 400
    rows = sf.query("SELECT Id FROM FieldPermissions WHERE Field = 'Account.New__c'", admin=True)
    assert rows == []


def test_edit_needs_read_and_a_field_to_edit(sf: OrgCaller) -> None:
    """A formula can be shown but not opened for writing; a field must exist."""
    parent = permission_set(sf)
    body: dict[str, Any] = {"ParentId": parent, "SobjectType": "Account", "PermissionsEdit": True}

    def code(field: str, *, read: bool = True) -> str:
        sent = {**body, "Field": field, "PermissionsRead": read}
        response = sf.admin("POST", "sobjects/FieldPermissions", sent)
        found: str = response.json()[0]["errorCode"]
        return found

    assert code("Account.Score__c", read=False) == "FIELD_INTEGRITY_EXCEPTION"
    assert code("Account.Size_Band__c") == "FIELD_INTEGRITY_EXCEPTION"
    assert code("Account.Nothing__c") == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert code("Account.Name") == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_permission_rows_take_permission_to_write(sf: OrgCaller) -> None:
    """The integration user can neither see nor write them."""
    response = sf("POST", "sobjects/PermissionSet", {"Name": "X", "Label": "X"})
    assert response.status_code == 404


def test_without_view_all_only_own_records_are_seen(sf: OrgCaller) -> None:
    """Missing rows give no error: counts are silently short."""
    record = accounts(sf)[0]
    sf.control("POST", "records", {"Account": {record: {"OwnerId": sf.org.integration_user}}})
    rows = sf.query(
        "SELECT Id FROM ObjectPermissions WHERE SobjectType = 'Account' "
        "AND PermissionsViewAllRecords = true",
        admin=True,
    )
    for row in rows:
        body = {"PermissionsViewAllRecords": False}
        sf.admin("PATCH", f"sobjects/ObjectPermissions/{row['Id']}", body)

    mine = [found["Id"] for found in sf.query("SELECT Id FROM Account")]
    other = sf("GET", f"sobjects/Account/{accounts(sf)[1]}")
    [written] = patch(sf, {"id": accounts(sf)[1], "Site": "x"})
    sf.behave(public_sharing=True)
    [shared] = patch(sf, {"id": accounts(sf)[1], "Site": "x"})

    assert mine == [record]
    assert other.status_code == 404
    assert written["errors"][0]["statusCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert shared["success"]
    assert len(sf.query("SELECT Id FROM Account")) == len(accounts(sf))


def test_without_edit_nothing_is_written(sf: OrgCaller) -> None:
    """The integration user reads opportunities and cannot change them."""
    [deal, *_] = sf.query("SELECT Id, StageName FROM Opportunity")
    path = f"sobjects/Opportunity/{deal['Id']}"

    refused = sf("PATCH", path, {"StageName": "Closed Won"})
    made = sf("POST", "sobjects/Opportunity",
              {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"})  # fmt: skip

    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert made.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert raw(sf, deal["Id"], "Opportunity")["fields"]["StageName"] == deal["StageName"]


@pytest.mark.parametrize("path", ["limits", "limits/recordCount"])
def test_some_resources_take_view_setup(sf: OrgCaller, path: str) -> None:
    """A minimal user is refused, the administrator is not, and a switch gives the permission."""
    refused = sf("GET", path)
    sf.behave(view_setup=True)

    assert refused.status_code == 403
    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS"
    assert sf("GET", path).status_code == 200
    assert sf.admin("GET", path).status_code == 200


def test_no_session_no_answer(sf: OrgCaller) -> None:
    """The body is the recorded one, for unknown paths too."""
    unknown = sf.token[::-1]
    for path in ("sobjects", "nothing"):
        response = sf("GET", path, token=unknown)
        assert response.status_code == 401
        assert response.json() == [
            {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
        ]
        assert "Sforce-Limit-Info" not in response.headers


def test_an_edition_without_an_api(sf: OrgCaller) -> None:
    """Every call is refused."""
    sf.behave(api_disabled=True)
    response = sf("GET", "sobjects")
    assert response.status_code == 403
    assert response.json()[0]["errorCode"] == "API_DISABLED_FOR_ORG"
