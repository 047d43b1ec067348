"""The write engine: what a value must satisfy, what speaks against a write, what it moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import PERMISSION, accounts, error_of, patch, raw, value

LOCKED = "unable to obtain exclusive access to this record or 1 records: "
SET_UP = {
    "fields": [
        {"name": "Tier__c", "type": "picklist", "values": ["A", "B"], "restricted": True},
        {"name": "Tags__c", "type": "multipicklist", "values": ["x", "y", "z"]},
        {"name": "Fit__c", "label": "Fit", "type": "double", "precision": 5, "scale": 2},
        {"name": "email_field__c", "label": "email_field", "type": "email"},
        {"name": "Notes__c", "type": "textarea"},
    ]
}


@pytest.fixture
def record(sf: OrgCaller) -> str:
    """An account in an org with a few more fields."""
    sf.control("POST", "records", SET_UP)
    return accounts(sf)[0]


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("Name", "  Trimmed  ", "Trimmed"),
        ("NumberOfEmployees", 450, 450),
        ("NumberOfEmployees", 450.0, 450),
        ("AnnualRevenue", 350000000.4, 350000000.0),
        ("Fit__c", 87.456, 87.46),
        ("Fit__c", -0.005, -0.01),
        ("Checked__c", True, True),
        ("Seen_On__c", "2026-11-22", "2026-11-22"),
        ("Seen_At__c", "2026-11-22T05:00:00+01:00", "2026-11-22T04:00:00.000+0000"),
        ("Seen_At__c", "2026-11-22T04:00:00.987Z", "2026-11-22T04:00:00.000+0000"),
        ("Industry", "Computer Software", "Computer Software"),
        ("Tier__c", "A", "A"),
        ("Tags__c", "z;x", "x;z"),
        ("Website", "www.example.com", "www.example.com"),
        ("Notes__c", "one\ntwo", "one\ntwo"),
        ("Rating", "", None),
    ],
)
def test_values_are_kept_as_salesforce_keeps_them(
    sf: OrgCaller, record: str, field: str, sent: Any, kept: Any
) -> None:
    """Text is trimmed, numbers rounded to their scale, datetimes in whole seconds of UTC."""
    [result] = patch(sf, {"id": record, field: sent})

    assert result == {"id": record, "success": True, "errors": []}
    assert value(sf, record, field) == kept


@pytest.mark.parametrize(
    ("field", "sent", "code", "message"),
    [
        ("Name", "x" * 256, "STRING_TOO_LONG",
         f"Account Name: data value too large: {'x' * 256} (max length=255)"),
        ("NumberOfEmployees", 123456789, "NUMBER_OUTSIDE_VALID_RANGE",
         "Employees: value outside of valid range on numeric field: 123456789"),
        ("Fit__c", 1000, "NUMBER_OUTSIDE_VALID_RANGE",
         "Fit: value outside of valid range on numeric field: 1000"),
        ("Tier__c", "Terrible", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Tier: bad value for restricted picklist field: Terrible"),
        ("email_field__c", "badone", "INVALID_EMAIL_ADDRESS",
         "email_field: invalid email address: badone"),
        ("Name", None, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ("ParentId", "001xx", "MALFORMED_ID",
         "Parent Account ID: id value of incorrect type: 001xx"),
        ("ParentId", "001Hs00000000009AA", "MALFORMED_ID",
         "Parent Account ID: id value of incorrect type: 001Hs00000000009AA"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(
    sf: OrgCaller, record: str, field: str, sent: Any, code: str, message: str
) -> None:
    """The message speaks of the label, the fields of the API name; nothing is written."""
    before = raw(sf, record)

    error = error_of(sf, record, **{field: sent})

    assert error == {"statusCode": code, "message": message, "fields": [field]}
    assert raw(sf, record) == before


def test_a_reference_must_lead_somewhere(sf: OrgCaller, record: str) -> None:
    """Unknown ids and ids of another object are told apart."""
    nowhere = error_of(sf, record, ParentId="001Hs000001azzzIAA")
    other = error_of(sf, record, ParentId=sf.org.admin_user)

    assert nowhere["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert other["statusCode"] == "FIELD_INTEGRITY_EXCEPTION"


@pytest.mark.parametrize(
    "field",
    ["IsDeleted", "CreatedDate", "SystemModstamp", "BillingAddress", "Size_Band__c", "PhotoUrl"],
)
def test_some_fields_nobody_writes(sf: OrgCaller, record: str, field: str) -> None:
    """System, compound and formula fields are refused by name."""
    sent: Any = False if field == "IsDeleted" else "2026-11-22T00:00:00Z"

    error = error_of(sf, record, **{field: {"city": "x"} if field == "BillingAddress" else sent})

    assert error["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error["message"].startswith(f"Unable to create/update fields: {field}. {PERMISSION}")
    assert error["fields"] == [field]


# -- stamps ----------------------------------------------------------------------------------------


def test_every_write_moves_the_stamps(sf: OrgCaller, record: str) -> None:
    """Also one that changes nothing; stamps have whole seconds."""
    sf.control("POST", "clock", {"freeze": True, "now": "2027-01-01T00:00:00.789Z"})
    patch(sf, {"id": record, "Site": "x"})
    first = raw(sf, record)["fields"]
    sf.control("POST", "clock", {"advance_seconds": 5})
    patch(sf, {"id": record, "Site": "x"})
    second = raw(sf, record)["fields"]

    assert first["SystemModstamp"] == first["LastModifiedDate"] == "2027-01-01T00:00:00.000Z"
    assert second["SystemModstamp"] == second["LastModifiedDate"] == "2027-01-01T00:00:05.000Z"
    assert second["LastModifiedById"] == sf.org.integration_user
    assert second["CreatedDate"] == raw(sf, record)["fields"]["CreatedDate"]


def test_a_write_that_changes_nothing_may_be_ignored(sf: OrgCaller, record: str) -> None:
    """The switch for what nobody has confirmed."""
    patch(sf, {"id": record, "Site": "x"})
    before = raw(sf, record)
    sf.behave(no_op_moves_stamps=False)
    sf.control("POST", "clock", {"advance_seconds": 60})

    patch(sf, {"id": record, "Site": "x"})
    same = raw(sf, record)
    patch(sf, {"id": record, "Site": "y"})

    assert same == before
    assert raw(sf, record)["fields"]["SystemModstamp"] > before["fields"]["SystemModstamp"]


# -- what the administrator made -------------------------------------------------------------------


def test_validation_rules_look_at_the_record_as_it_will_be(sf: OrgCaller, record: str) -> None:
    """All conditions must hold: equal, blank, one of several, or not."""
    rule = {
        "name": "Hot_Needs_Site",
        "message": "A hot account needs a site.",
        "field": "Site",
        "when": {"Rating": ["Hot", "Warm"], "Site": None, "Name": {"not": "Exempt"}},
    }
    sf.behave(validation_rules=[rule])

    error = error_of(sf, record, Rating="Hot")
    [fine] = patch(sf, {"id": record, "Rating": "Hot", "Site": "HQ"})
    [exempt] = patch(sf, {"id": record, "Site": None, "Name": "Exempt"})
    sf.behave(validation_rules=[{**rule, "active": False}])

    assert error == {
        "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": "A hot account needs a site.",
        "fields": ["Site"],
    }
    assert fine["success"]
    assert exempt["success"]
    assert patch(sf, {"id": record, "Name": "Other"})[0]["success"]


def test_a_record_type_narrows_a_restricted_picklist(sf: OrgCaller, record: str) -> None:
    """What the field offers, the record type may not."""
    sf.behave(record_type_values={"Account": {"Prospect": {"Tier__c": ["B"]}}})

    error = error_of(sf, record, Tier__c="A")

    assert error["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert patch(sf, {"id": record, "Tier__c": "B"})[0]["success"]


@pytest.mark.parametrize(
    ("switch", "code", "words"),
    [
        ("row_lock_ids", "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
        ("flow_failures", "CANNOT_EXECUTE_FLOW_TRIGGER", '"Account After Save" process failed'),
        ("approval_locks", "ENTITY_IS_LOCKED", "This record is locked"),
        ("duplicates", "DUPLICATES_DETECTED", "Use one of these records?"),
        ("read_only_records", "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights"),
        ("broken_addresses", "FIELD_INTEGRITY_EXCEPTION", "There's a problem with this state"),
    ],
)  # fmt: skip
def test_single_records_can_be_made_to_fail(
    sf: OrgCaller, record: str, switch: str, code: str, words: str
) -> None:
    """By id, in 15 characters too; their neighbours are written."""
    sf.behave(**{switch: [record[:15]]})
    neighbour = accounts(sf)[1]

    bad, good = patch(sf, {"id": record, "Site": "x"}, {"id": neighbour, "Site": "x"})

    assert bad["errors"][0]["statusCode"] == code
    assert words in bad["errors"][0]["message"]
    assert good["success"]


def test_a_flow_may_fail_because_of_a_lock(sf: OrgCaller, record: str) -> None:
    """Then its text names the lock, and another try may work."""
    sf.behave(flow_failures=[record], flow_lock=True, flow_name="Set owner")

    error = error_of(sf, record, Site="x")

    assert '"Set owner" process failed' in error["message"]
    assert f"UNABLE_TO_LOCK_ROW: {LOCKED}{record}" in error["message"]


def test_a_duplicate_rule_lets_through_who_insists(sf: OrgCaller, record: str) -> None:
    """The header allows saving."""
    sf.behave(duplicates=[record])
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true; runAsCurrentUser=true"}

    response = sf("PATCH", f"sobjects/Account/{record}", {"Site": "x"}, headers=headers)

    assert response.status_code == 204


def test_an_assignment_rule_moves_owners_unless_told_not_to(sf: OrgCaller, record: str) -> None:
    """The default applies the rule."""
    owner = value(sf, record, "OwnerId")
    sf.behave(assignment_owner=sf.org.admin_user)
    path = f"sobjects/Account/{record}"

    sf("PATCH", path, {"Site": "x"}, headers={"Sforce-Auto-Assign": "FALSE"})
    kept = value(sf, record, "OwnerId")
    sf("PATCH", path, {"Site": "y"})

    assert kept == owner
    assert value(sf, record, "OwnerId") == sf.org.admin_user


def test_a_record_can_say_ok_and_store_nothing(sf: OrgCaller, record: str) -> None:
    """The switch for records that swallow writes: nothing shows that there was one."""
    sf.behave(swallowed_records=[record])
    sf.control("POST", "clock", {"advance_seconds": 60})
    before = value(sf, record, "Site"), value(sf, record, "SystemModstamp")

    assert patch(sf, {"id": record, "Site": "swallowed"})[0]["success"]

    assert (value(sf, record, "Site"), value(sf, record, "SystemModstamp")) == before


def test_a_flow_can_reset_a_field(sf: OrgCaller, record: str) -> None:
    """The switch for an account whose field is set whenever it is saved."""
    sf.behave(resets={record[:15]: {"Site": "from the flow"}})

    patch(sf, {"id": record, "Site": "ours", "AccountNumber": "5"})

    assert value(sf, record, "Site") == "from the flow"
    assert value(sf, record, "AccountNumber") == "5"


def test_locks_on_shared_parents_come_by_seeded_chance(sf: OrgCaller, record: str) -> None:
    """Only children of a parent suffer, now and then, and the same after a reset."""

    def failures() -> list[bool]:
        child = accounts(sf)[1]
        sf.control("POST", "records", {"Account": {child: {"ParentId": record}}})
        sf.behave(row_lock_chance=0.5)
        alone = patch(sf, {"id": accounts(sf)[2], "Site": "x"})
        assert alone[0]["success"]
        return [patch(sf, {"id": child, "Site": "x"})[0]["success"] for _ in range(20)]

    first = failures()
    sf.control("POST", "reset")

    assert 0 < sum(first) < 20
    assert failures() == first


# -- opportunities, places, permission sets --------------------------------------------------------


def test_the_stage_decides_whether_a_deal_is_won(sf: OrgCaller, record: str) -> None:
    """IsWon and IsClosed follow from the stage and cannot be written."""
    body = {
        "Name": "Deal", "StageName": "Negotiation/Review", "CloseDate": "2026-11-05",
        "Amount": 2000.5, "AccountId": record,
    }  # fmt: skip
    made = sf.admin("POST", "sobjects/Opportunity", body).json()["id"]
    path = f"sobjects/Opportunity/{made}"
    open_deal = sf("GET", path).json()
    won = sf.admin("PATCH", path, {"StageName": "Closed Won"})
    refused = sf.admin("PATCH", path, {"IsWon": False})
    closed = sf("GET", path).json()

    assert (open_deal["IsWon"], open_deal["IsClosed"], open_deal["Probability"]) == (
        False,
        False,
        90.0,
    )
    assert open_deal["ExpectedRevenue"] == 1800.45
    assert (open_deal["FiscalYear"], open_deal["FiscalQuarter"]) == (2026, 4)
    assert won.status_code == 204
    assert (closed["IsWon"], closed["IsClosed"], closed["Probability"]) == (True, True, 100.0)
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_picklists_of_places_take_codes_and_names(sf: OrgCaller, record: str) -> None:
    """A code sets the country; text that is no country is refused."""
    sf.behave(state_country_picklists=True)
    patch(sf, {"id": record, "BillingCountryCode": "CA", "BillingStateCode": "QC"})
    read = sf("GET", f"sobjects/Account/{record}").json()

    error = error_of(sf, record, BillingCountry="Atlantis")

    assert (read["BillingCountry"], read["BillingState"]) == ("Canada", "Quebec")
    assert read["BillingAddress"]["countryCode"] == "CA"
    assert error["statusCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert error["message"].endswith("valid countries.: Billing Country/Territory")


def test_permission_sets_are_made_like_records(sf: OrgCaller) -> None:
    """A name is used once, rights depend on others, a row exists once."""
    made = sf.admin("POST", "sobjects/PermissionSet", {"Name": "ICP_Scoring", "Label": "ICP"})
    again = sf.admin("POST", "sobjects/PermissionSet", {"Name": "icp_scoring", "Label": "ICP"})
    parent = made.json()["id"]
    row = {"ParentId": parent, "SobjectType": "Account", "PermissionsEdit": True}
    lacking = sf.admin("POST", "sobjects/ObjectPermissions", row)
    granted = sf.admin("POST", "sobjects/ObjectPermissions", {**row, "PermissionsRead": True})
    twice = sf.admin("POST", "sobjects/ObjectPermissions", {**row, "PermissionsRead": True})

    assert made.status_code == granted.status_code == 201
    assert again.json()[0]["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    assert lacking.json()[0]["message"] == (
        "Permission Edit Account depends on permission(s): Read Account"
    )
    assert twice.json()[0]["errorCode"] == "DUPLICATE_VALUE"
