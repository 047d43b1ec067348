"""Collections: up to 200 records in one call, each answered for itself, in order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, patch, raw, value

ACCOUNT = {"attributes": {"type": "Account"}}


def test_a_recorded_update_with_a_bad_neighbour(sf: OrgCaller) -> None:
    """The shapes recorded from a real org: no id on failure, statusCode, label and API name."""
    field = {"name": "email_field__c", "label": "email_field", "type": "email"}
    sf.control("POST", "records", {"fields": [field]})
    one, other, *_ = accounts(sf)
    body = {
        "allOrNone": False,
        "records": [
            {"AccountNumber": "enrichbrian@demo.com", "Name": "Test", "id": one,
             "attributes": {"type": "Account"}},
            {"AccountNumber": "enrichbrian2@demo.com", "Name": "Simpson", "id": other,
             "email_field__c": "badone", "attributes": {"type": "Account"}},
        ],
    }  # fmt: skip

    response = sf("PATCH", "/services/data/v42.0/composite/sobjects", body)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert response.headers["Cache-Control"] == (
        "no-cache,must-revalidate,max-age=0,no-store,private"
    )
    assert response.json() == [
        {"id": one, "success": True, "errors": []},
        {"success": False, "errors": [
            {"statusCode": "INVALID_EMAIL_ADDRESS",
             "message": "email_field: invalid email address: badone",
             "fields": ["email_field__c"]}
        ]},
    ]  # fmt: skip


def test_a_recorded_create_and_read(sf: OrgCaller) -> None:
    """Records are made, and fetched with attributes first and the Id added."""
    body = {"allOrNone": False, "records": [
        {**ACCOUNT, "Name": "example.com", "BillingCity": "San Francisco"},
        {**ACCOUNT, "Name": "Second"},
    ]}  # fmt: skip
    made = sf("POST", "composite/sobjects", body).json()
    ids = [entry["id"] for entry in made]

    found = sf("GET", "composite/sobjects/Account", ids=",".join(ids), fields="Name").json()
    posted = sf("POST", "composite/sobjects/Account", {"ids": ids, "fields": ["Id", "Name"]}).json()

    assert [entry["success"] for entry in made] == [True, True]
    assert found[0] == {
        "attributes": {
            "type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{ids[0]}"
        },
        "Name": "example.com",
        "Id": ids[0],
    }  # fmt: skip
    assert posted[1]["Name"] == "Second"


def test_what_is_not_there_is_null(sf: OrgCaller) -> None:
    """Unknown and deleted records leave a gap, so that positions still match."""
    first, second, *_ = accounts(sf)
    sf.control("POST", "records", {"delete": [first]})
    ids = [first, "001Hs000001azzzIAA", second]

    found = sf("GET", "composite/sobjects/Account", ids=",".join(ids), fields="Name").json()

    assert found[0] is found[1] is None
    assert found[2]["Id"] == second


def test_null_clears_and_absence_leaves_alone(sf: OrgCaller) -> None:
    """Only what is named is written."""
    record = accounts(sf)[0]
    patch(sf, {"id": record, "Site": "HQ", "Rating": "Hot"})

    patch(sf, {"id": record, "Rating": None})

    assert value(sf, record, "Rating") is None
    assert value(sf, record, "Site") == "HQ"


@pytest.mark.parametrize("name", ["Bacon__c", "Secret__c", "Rating"])
def test_a_field_that_does_not_exist_for_the_user_fails_the_whole_call(
    sf: OrgCaller, name: str
) -> None:
    """Missing or hidden by field-level security: the same answer, and no record is written."""
    sf.control("POST", "records", {"fields": [{"name": "Secret__c", "visible": False}]})
    sf.behave(hidden_fields=["Account.Rating"])
    one, other, *_ = accounts(sf)
    records = [{**ACCOUNT, "id": one, "Site": "x"}, {**ACCOUNT, "id": other, name: "x"}]

    response = sf("PATCH", "composite/sobjects", {"allOrNone": False, "records": records})

    assert response.status_code == 400
    assert response.json() == [
        {"message": f"No such column '{name}' on sobject of type Account",
         "errorCode": "INVALID_FIELD"}
    ]  # fmt: skip
    assert value(sf, one, "Site") is None


def test_read_without_edit_fails_the_record(sf: OrgCaller) -> None:
    """A field that the user sees but may not write is a record-level error that names it."""
    sf.control("POST", "records", {"fields": [{"name": "Seen__c", "editable": False}]})

    [result] = patch(sf, {"id": accounts(sf)[0], "Seen__c": "x", "Site": "x"})

    [error] = result["errors"]
    assert error["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error["message"].startswith("Unable to create/update fields: Seen__c. Please check")
    assert error["fields"] == ["Seen__c"]


def test_200_are_taken_and_201_are_not(sf: OrgCaller) -> None:
    """The cap concerns the call: nothing is written above it."""
    record = accounts(sf)[0]
    many = [{**ACCOUNT, "Name": f"n{number}"} for number in range(200)]
    full = sf("POST", "composite/sobjects", {"records": many})
    over = sf("POST", "composite/sobjects", {"records": [*many, {**ACCOUNT, "Name": "more"}]})

    assert len(full.json()) == 200
    assert over.status_code == 400
    assert over.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert value(sf, record, "Name") == "Alder Software"


def test_all_or_none_takes_everything_back(sf: OrgCaller) -> None:
    """The good ones say that they were rolled back."""
    one, other, *_ = accounts(sf)
    before = raw(sf, one)

    good, bad = patch(
        sf, {"id": one, "Site": "x"}, {"id": other, "NumberOfEmployees": 10**9}, allOrNone=True
    )

    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert "id" not in good
    assert bad["errors"][0]["statusCode"] == "NUMBER_OUTSIDE_VALID_RANGE"
    assert raw(sf, one) == before


def test_ids_are_taken_in_both_lengths_and_once(sf: OrgCaller) -> None:
    """The answer says 18 characters; the same record twice fails the second time."""
    record = accounts(sf)[0]

    first, second = patch(sf, {"id": record[:15], "Site": "x"}, {"Id": record, "Site": "y"})

    assert first["id"] == record
    assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert value(sf, record, "Site") == "x"


@pytest.mark.parametrize(
    ("record_id", "code"),
    [
        ("", "MISSING_ARGUMENT"),
        ("12", "MALFORMED_ID"),
        ("006Hs000001a000IAA", "MALFORMED_ID"),
        ("001Hs000001azzzIAA", "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_wrong_ids_are_told_apart(sf: OrgCaller, record_id: str, code: str) -> None:
    """Absent, malformed, of another object, of no record."""
    [result] = patch(sf, {"id": record_id, "Site": "x"})
    assert result["errors"][0]["statusCode"] == code


def test_deleted_records_are_not_written(sf: OrgCaller) -> None:
    """In the bin they are known as deleted; after 15 days they are unknown."""
    record = accounts(sf)[0]
    sf.control("POST", "records", {"delete": [record]})

    [deleted] = patch(sf, {"id": record, "Site": "x"})
    sf.control("POST", "clock", {"advance_seconds": 16 * 86_400})
    [purged] = patch(sf, {"id": record, "Site": "x"})

    assert deleted["errors"][0] == {
        "statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": [],
    }  # fmt: skip
    assert purged["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_upsert_says_what_it_made(sf: OrgCaller) -> None:
    """By an external id: updated where it is there, made where it is not."""
    records = [
        {**ACCOUNT, "External_Ref__c": "A-1", "Site": "x"},
        {**ACCOUNT, "External_Ref__c": "N-1", "Name": "New"},
        {**ACCOUNT, "External_Ref__c": "n-1", "Name": "Again"},
        {**ACCOUNT, "Name": "No key"},
    ]

    response = sf("PATCH", "composite/sobjects/Account/External_Ref__c", {"records": records})

    updated, made, again, keyless = response.json()
    assert (updated["success"], updated["created"]) == (True, False)
    assert updated["id"] == accounts(sf)[0]
    assert (made["success"], made["created"]) == (True, True)
    assert again["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert keyless["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_upsert_by_id(sf: OrgCaller) -> None:
    """The Id is a key too."""
    record = {**ACCOUNT, "Name": "Test Upsert", "Id": accounts(sf)[0]}

    [result] = sf("PATCH", "composite/sobjects/Account/Id", {"records": [record]}).json()

    assert result == {"id": record["Id"], "success": True, "errors": [], "created": False}


def test_unique_values_are_unique(sf: OrgCaller) -> None:
    """The message names the record that has the value."""
    first, second, *_ = accounts(sf)

    [result] = patch(sf, {"id": second, "External_Ref__c": "a-1"})

    [error] = result["errors"]
    assert error["statusCode"] == "DUPLICATE_VALUE"
    assert error["message"].endswith(f"duplicates value on record with id: {first}")


def test_a_recorded_delete(sf: OrgCaller) -> None:
    """Results in the order of the ids; the records are in the bin."""
    one, other, *_ = accounts(sf)

    response = sf("DELETE", "composite/sobjects", ids=f"{one},{other},001xx", allOrNone="false")

    assert response.json()[:2] == [
        {"id": one, "success": True, "errors": []},
        {"id": other, "success": True, "errors": []},
    ]
    assert response.json()[2]["errors"][0]["statusCode"] == "MALFORMED_ID"
    assert raw(sf, one)["archived_at"]


def test_types_may_change_ten_times(sf: OrgCaller) -> None:
    """More chunks of types than ten are refused."""
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    pair: list[dict[str, Any]] = [
        {**ACCOUNT, "Name": "A"}, {"attributes": {"type": "Opportunity"}, **deal},
    ]  # fmt: skip

    ten = sf.admin("POST", "composite/sobjects", {"records": pair * 5})
    more = sf.admin("POST", "composite/sobjects", {"records": pair * 6})

    assert all(entry["success"] for entry in ten.json())
    assert more.status_code == 400


@pytest.mark.parametrize(
    "body",
    [[], {}, {"records": {}}, {"records": ["x"]}, {"records": [{"id": "x"}]},
     {"records": [{"attributes": {"type": "Nothing"}}]}],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(sf: OrgCaller, body: Any) -> None:
    """With the normal error array."""
    response = sf("PATCH", "composite/sobjects", body)
    assert response.status_code == 400
    assert {"message", "errorCode"} <= set(response.json()[0])


def test_json_of_the_wrong_type_fails_the_call(sf: OrgCaller) -> None:
    """A text where a number belongs is no record-level matter."""
    record = {**ACCOUNT, "id": accounts(sf)[0], "NumberOfEmployees": "many"}
    response = sf("PATCH", "composite/sobjects", {"records": [record]})
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert response.json()[0]["message"].startswith(
        "Cannot deserialize instance of int from VALUE_STRING value many"
    )


def test_the_log_says_what_was_written(sf: OrgCaller) -> None:
    """One call, as many inputs as records, ids of those that were written."""
    one, other, *_ = accounts(sf)
    patch(sf, {"id": one, "Site": "x"}, {"id": other, "NumberOfEmployees": 10**9})

    stats = sf.control("GET", "stats")

    [entry] = sf.control("GET", "requests")["requests"]
    assert (entry["inputs"], entry["written"], entry["object"]) == (2, [one], "Account")
    assert entry["route"] == "/services/data/vXX.X/composite/sobjects"
    assert stats["writes"]["Account"]["by_record"] == {one: 1}
