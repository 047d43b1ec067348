"""Single records over REST: reading, writing, keys, conditions, what was deleted and changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, patch, raw

DELETED = "sobjects/Account/deleted"
UPDATED = "sobjects/Account/updated"


def test_a_record_has_every_visible_field(sf: OrgCaller) -> None:
    """As recorded: attributes first, null for empty, the stamps with an offset without colon."""
    record = accounts(sf)[0]

    response = sf("GET", f"sobjects/Account/{record}")

    body = response.json()
    assert body["attributes"] == {
        "type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{record}",
    }  # fmt: skip
    assert list(body)[:2] == ["attributes", "Id"]
    assert (body["IsDeleted"], body["MasterRecordId"], body["Rating"]) == (False, None, None)
    assert body["PhotoUrl"] == f"/services/images/photo/{record}"
    assert body["CleanStatus"] == "Pending"
    assert body["NumberOfEmployees"] == 450
    assert body["BillingAddress"]["country"] == "USA"
    assert body["ShippingAddress"] is None
    assert body["SystemModstamp"].endswith(".000+0000")
    assert response.headers["ETag"]
    assert response.headers["Last-Modified"].endswith("GMT")


def test_fields_narrow_what_is_read(sf: OrgCaller) -> None:
    """Only what is asked for, in its own spelling, and the Id."""
    record = accounts(sf)[0]
    body = sf("GET", f"sobjects/Account/{record}", fields="name,Score__C").json()
    assert set(body) == {"attributes", "Name", "Score__c", "Id"}


def test_an_unknown_field_is_no_such_column(sf: OrgCaller) -> None:
    """With the words of the query language."""
    response = sf("GET", f"sobjects/Account/{accounts(sf)[0]}", fields="Name,Bacon__c")
    [error] = response.json()
    assert (response.status_code, error["errorCode"]) == (400, "INVALID_FIELD")
    assert "No such column 'Bacon__c' on entity 'Account'." in error["message"]


def test_a_record_is_made(sf: OrgCaller) -> None:
    """201, its id, and where it is."""
    response = sf("POST", "sobjects/Account", {"Name": "Made", "Industry": "Anything"})

    body = response.json()
    assert response.status_code == 201
    assert body == {"id": body["id"], "success": True, "errors": []}
    assert response.headers["Location"] == f"/services/data/v66.0/sobjects/Account/{body['id']}"
    made = raw(sf, body["id"])["fields"]
    assert made["OwnerId"] == made["CreatedById"] == sf.org.integration_user
    assert made["RecordTypeId"]
    assert made["CleanStatus"] == "Pending"


def test_a_name_is_required(sf: OrgCaller) -> None:
    """A single-record call answers 400 with an errorCode."""
    response = sf("POST", "sobjects/Account", {"Site": "x"})
    assert response.status_code == 400
    assert response.json() == [
        {"message": "Required fields are missing: [Name]", "errorCode": "REQUIRED_FIELD_MISSING",
         "fields": ["Name"]}
    ]  # fmt: skip


def test_an_update_answers_without_a_body(sf: OrgCaller) -> None:
    """204; the record is changed."""
    record = accounts(sf)[0]
    response = sf("PATCH", f"sobjects/Account/{record}", {"Site": "HQ"})
    assert (response.status_code, response.content) == (204, b"")
    assert raw(sf, record)["fields"]["Site"] == "HQ"


def test_the_id_does_not_belong_into_the_body(sf: OrgCaller) -> None:
    """It is in the path."""
    record = accounts(sf)[0]
    response = sf("PATCH", f"sobjects/Account/{record}", {"Id": record, "Site": "HQ"})
    assert response.status_code == 400
    assert response.json()[0]["message"] == (
        "The Id field should not be specified in the sobject data."
    )


def test_deleting_moves_to_the_bin(sf: OrgCaller) -> None:
    """204; then the record is known as deleted, and its opportunities went with it."""
    record = accounts(sf)[0]
    before = sf.control("GET", "records", type="Opportunity")["total"]

    response = sf("DELETE", f"sobjects/Account/{record}")
    again = sf("GET", f"sobjects/Account/{record}")

    assert response.status_code == 204
    assert again.status_code == 404
    assert again.json() == [
        {"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}
    ]
    assert sf.control("GET", "records", type="Opportunity")["total"] == before - 2
    moved = raw(sf, record)["fields"]
    assert moved["LastModifiedById"] == sf.org.integration_user
    assert moved["LastModifiedDate"] == moved["SystemModstamp"]


@pytest.mark.parametrize(
    "path",
    [
        "sobjects/Account/001Hs000001azzzIAA",
        "sobjects/Nothing/x",
        "nothing",
        "sobjects/Account/x/y/z",
    ],
)
def test_what_is_not_there_is_not_found(sf: OrgCaller, path: str) -> None:
    """As recorded: 404 with an array."""
    response = sf("GET", path)
    assert response.status_code == 404
    assert response.json()[0] == {
        "message": "The requested resource does not exist", "errorCode": "NOT_FOUND",
    }  # fmt: skip


def test_a_wrong_verb_is_405(sf: OrgCaller) -> None:
    """The path is known, the method is not."""
    response = sf("DELETE", "sobjects/Account")
    assert response.status_code == 405
    assert response.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


def test_a_record_is_found_by_an_external_id(sf: OrgCaller) -> None:
    """Read, update, make; a field that is no key is refused."""
    key = "sobjects/Account/External_Ref__c"
    found = sf("GET", f"{key}/A-1").json()
    updated = sf("PATCH", f"{key}/A-1", {"Site": "x"})
    old = sf("PATCH", f"/services/data/v45.0/{key}/A-1", {"Site": "y"})
    made = sf("PATCH", f"{key}/B-2", {"Name": "Made"})
    refused = sf("PATCH", "sobjects/Account/Site/HQ", {"Name": "x"})

    assert found["Name"] == "Alder Software"
    assert updated.json() == {"id": found["Id"], "success": True, "errors": [], "created": False}
    assert old.status_code == 204
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert raw(sf, made.json()["id"])["fields"]["External_Ref__c"] == "B-2"
    assert refused.status_code == 404


def test_two_records_with_one_key_are_300(sf: OrgCaller) -> None:
    """The body lists where they are."""
    fields = [{"name": "Key__c", "external_id": True}]
    create = [{"Name": "a", "Key__c": "k"}, {"Name": "b", "Key__c": "K"}]
    ids = sf.control("POST", "records", {"fields": fields, "create": create})["created"]

    response = sf("GET", "sobjects/Account/Key__c/k")

    assert response.status_code == 300
    assert response.json() == [f"/services/data/v66.0/sobjects/Account/{i}" for i in ids]


def test_conditions_on_single_records(sf: OrgCaller) -> None:
    """Unchanged since: 304. Changed since: 412, and nothing is written."""
    record = accounts(sf)[0]
    path = f"sobjects/Account/{record}"
    stamp = sf("GET", path).headers["Last-Modified"]
    same = sf("GET", path, headers={"If-Modified-Since": stamp})
    sf.control("POST", "clock", {"advance_seconds": 5})
    patch(sf, {"id": record, "Site": "x"})
    late = sf("PATCH", path, {"Site": "y"}, headers={"If-Unmodified-Since": stamp})

    assert same.status_code == 304
    assert (late.status_code, late.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
    assert raw(sf, record)["fields"]["Site"] == "x"


def spelled(sf: OrgCaller, **ago: float) -> str:
    """A moment before now on the org's clock."""
    now = datetime.fromisoformat(sf.control("GET", "clock")["now"])
    return (now - timedelta(**ago)).astimezone(UTC).isoformat(timespec="seconds")


def window(sf: OrgCaller, days: float = 1) -> dict[str, Any]:
    """From some days ago until two minutes from now."""
    return {"start": spelled(sf, days=days), "end": spelled(sf, minutes=-2)}


def test_deleted_records_are_listed(sf: OrgCaller) -> None:
    """With when they went, as far as the bin reaches."""
    record = accounts(sf)[0]
    sf("DELETE", f"sobjects/Account/{record}")

    body = sf("GET", DELETED, **window(sf)).json()

    assert [entry["id"] for entry in body["deletedRecords"]] == [record]
    assert body["deletedRecords"][0]["deletedDate"].endswith(".000+0000")
    assert body["earliestDateAvailable"] < body["latestDateCovered"]


def test_changed_records_are_listed(sf: OrgCaller) -> None:
    """Ids of what is alive and was changed in the window."""
    first, second, *_ = accounts(sf)
    sf.control("POST", "clock", {"advance_seconds": 86_400 * 40})
    patch(sf, {"id": first, "Site": "x"}, {"id": second, "Site": "x"})
    sf("DELETE", f"sobjects/Account/{second}")

    assert sf("GET", UPDATED, **window(sf)).json()["ids"] == [first]


@pytest.mark.parametrize(
    ("start", "end"),
    [(16.0, 0.0), (0.0, 1.0), (1.0, 1.0)],
    ids=["too early", "backwards", "empty"],
)
def test_windows_that_make_no_sense(sf: OrgCaller, start: float, end: float) -> None:
    """Beyond the bin, backwards, or shorter than a minute."""
    query: dict[str, Any] = {"start": spelled(sf, days=start), "end": spelled(sf, days=end)}
    response = sf("GET", DELETED, **query)
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


@pytest.mark.parametrize("text", ["2026-11-22", "2026-11-22T00:00:00", "soon", ""])
def test_windows_need_a_time_zone(sf: OrgCaller, text: str) -> None:
    """A naive datetime is no xsd:dateTime here."""
    response = sf("GET", DELETED, start=text, end=spelled(sf, days=0))
    assert response.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


@pytest.mark.parametrize(
    ("path", "status"),
    [("v30.0", 410), ("v7.0", 410), ("v69.0", 404), ("66.0", 404), ("v66", 404), ("v31.0", 200)],
)
def test_versions_come_and_go(sf: OrgCaller, path: str, status: int) -> None:
    """Retired ones are gone; those that nobody knows are not found."""
    response = sf("GET", f"/services/data/{path}/sobjects/Account/describe")
    assert response.status_code == status


def test_the_list_of_versions_needs_no_session(sf: OrgCaller) -> None:
    """And shows no allowance."""
    response = sf("GET", "/services/data/", token="")
    versions: list[dict[str, Any]] = response.json()
    assert versions[-1] == {
        "label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0",
    }  # fmt: skip
    assert "Sforce-Limit-Info" not in response.headers


def test_a_version_lists_its_resources(sf: OrgCaller) -> None:
    """Where everything is."""
    body = sf("GET", "/services/data/v66.0/").json()
    assert body["sobjects"] == "/services/data/v66.0/sobjects"


def test_answers_are_packed_if_asked(sf: OrgCaller) -> None:
    """Long ones only; the client unpacks them."""
    packed = sf("GET", "sobjects/Account/describe", headers={"Accept-Encoding": "gzip"})
    plain = sf("GET", "sobjects/Account/describe", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_a_body_that_is_no_json(sf: OrgCaller) -> None:
    """Is a parser error."""
    headers = {"Authorization": f"Bearer {sf.token}"}
    response = sf.http.post(
        "/services/data/v66.0/sobjects/Account", content=b"{'Name'", headers=headers
    )
    assert response.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
