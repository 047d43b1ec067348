"""User Interface API: an object's shape and its picklist values, as one user sees them."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import OrgCaller

INFO = "ui-api/object-info/Account"
MASTER = "012000000000000AAA"


def test_the_object_is_described(sf: OrgCaller) -> None:
    """Names, rights and fields with their types."""
    found = sf("GET", INFO).json()

    assert (found["apiName"], found["keyPrefix"], found["nameFields"]) == (
        "Account", "001", ["Name"],
    )  # fmt: skip
    assert found["fields"]["Industry"]["dataType"] == "Picklist"
    assert found["fields"]["Name"]["required"] is True
    assert found["fields"]["OwnerId"]["referenceToInfos"][0]["apiName"] == "User"
    assert found["recordTypeInfos"][MASTER]["master"] is True


def test_hidden_fields_are_absent(sf: OrgCaller) -> None:
    """What field-level security hides is neither a field nor a picklist here."""
    sf.behave(hidden_fields=["Account.Industry"])

    assert "Industry" not in sf("GET", INFO).json()["fields"]
    values = sf("GET", f"{INFO}/picklist-values/{MASTER}").json()["picklistFieldValues"]
    assert "Industry" not in values
    assert sf("GET", f"{INFO}/picklist-values/{MASTER}/Industry").status_code == 404


def test_picklist_values_of_the_master_type(sf: OrgCaller) -> None:
    """Every picklist with all of its active values."""
    found = sf("GET", f"{INFO}/picklist-values/{MASTER}").json()["picklistFieldValues"]

    assert [each["value"] for each in found["Rating"]["values"]] == ["Hot", "Warm", "Cold"]
    assert set(found["Rating"]) == {"controllerValues", "defaultValue", "eTag", "url", "values"}
    one = sf("GET", f"{INFO}/picklist-values/{MASTER}/Rating").json()
    assert one["values"] == found["Rating"]["values"]


def test_a_record_type_offers_fewer(sf: OrgCaller) -> None:
    """What it was given; other fields keep all their values."""
    made = {"Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account",
            "IsActive": True}  # fmt: skip
    done = sf.control("POST", "records", {"create": {"RecordType": [made]}})
    [type_id] = done["created"]
    sf.behave(record_type_values={"Account": {"Partner": {"Rating": ["Hot"]}}})

    found = sf("GET", f"{INFO}/picklist-values/{type_id}").json()["picklistFieldValues"]
    assert [each["value"] for each in found["Rating"]["values"]] == ["Hot"]
    assert len(found["Industry"]["values"]) > 30
    assert type_id in sf("GET", INFO).json()["recordTypeInfos"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("ui-api/object-info/Magic", 404),
        ("ui-api/object-info/PermissionSet", 404),
        (f"{INFO}/picklist-values/012000000000001AAA", 404),
        (f"{INFO}/picklist-values/{MASTER}/Name", 404),
    ],
)
def test_what_is_not_there(sf: OrgCaller, path: str, status: int) -> None:
    """Unknown objects, record types and picklists are said to be so, in an array."""
    answer = sf("GET", path)
    assert answer.status_code == status
    assert answer.json()[0]["errorCode"] in {"INVALID_TYPE", "NOT_FOUND"}
