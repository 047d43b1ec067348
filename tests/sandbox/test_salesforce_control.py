"""Control endpoints on the Salesforce port: what people and administrators do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, exported, patch, raw, value


def edit(sf: OrgCaller, **body: Any) -> Any:
    """What the endpoint answers to an edit that must work."""
    return sf.control("POST", "records", body)


def test_a_persons_edit_moves_the_stamps(sf: OrgCaller) -> None:
    """As the administrator unless somebody else is named."""
    record = accounts(sf)[0]
    sf.control("POST", "clock", {"freeze": True, "now": "2027-01-01T00:00:00Z"})

    done = edit(sf, Account={record[:15]: {"Site": "HQ", "NumberOfEmployees": None}})
    first = raw(sf, record)["fields"]
    edit(sf, Account={record: {"Site": "X"}}, by="integration")

    assert (done["edited"], done["at"]) == (1, "2027-01-01T00:00:00.000Z")
    assert (first["Site"], first["NumberOfEmployees"]) == ("HQ", "")
    assert first["SystemModstamp"] == first["LastModifiedDate"] == "2027-01-01T00:00:00.000Z"
    assert first["LastModifiedById"] == sf.org.admin_user
    assert raw(sf, record)["fields"]["LastModifiedById"] == sf.org.integration_user


def test_the_system_moves_one_stamp_only(sf: OrgCaller) -> None:
    """An automated process shows in SystemModstamp, not in LastModifiedDate."""
    record = accounts(sf)[0]
    before = raw(sf, record)["fields"]

    edit(sf, Account={record: {"Site": "HQ"}}, system=True)

    after = raw(sf, record)["fields"]
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["LastModifiedDate"] == before["LastModifiedDate"]


def test_a_formula_changes_without_a_stamp(sf: OrgCaller) -> None:
    """What it comes to is set from outside; until then it follows its fields."""
    record = accounts(sf)[0]
    before = raw(sf, record)["fields"]
    followed = value(sf, record, "Size_Band__c")

    edit(sf, derive={record: {"Size_Band__c": "Huge"}})

    assert followed == "Medium"
    assert value(sf, record, "Size_Band__c") == "Huge"
    assert raw(sf, record)["fields"]["SystemModstamp"] == before["SystemModstamp"]


def test_values_are_taken_as_they_are(sf: OrgCaller) -> None:
    """What the API would refuse can be planted."""
    record = accounts(sf)[0]
    edit(sf, Account={record: {"Name": "x" * 300, "NumberOfEmployees": "lots"}})
    planted = raw(sf, record)["fields"]
    assert (len(planted["Name"]), planted["NumberOfEmployees"]) == (300, "lots")


def test_records_are_made_deleted_and_brought_back(sf: OrgCaller) -> None:
    """By people: ids are told, the bin is used."""
    made = edit(sf, create={"Account": [{"Name": "A"}], "Opportunity": [
        {"Name": "D", "StageName": "Closed Won", "CloseDate": "2026-11-01"}]})  # fmt: skip
    account, deal = made["created"]
    edit(sf, delete=[account])
    gone = raw(sf, account)
    edit(sf, undelete=[account])

    assert raw(sf, deal, "Opportunity")["fields"]["IsWon"] == "true"
    assert gone["archived_at"]
    assert raw(sf, account)["archived_at"] is None
    assert value(sf, account, "Name") == "A"


def test_a_merge_moves_children_and_marks_the_loser(sf: OrgCaller) -> None:
    """The loser is deleted and names the winner; deals and children follow; the winner moves."""
    winner, loser, child, *_ = accounts(sf)
    edit(sf, Account={child: {"ParentId": loser}})
    sf.control("POST", "clock", {"advance_seconds": 60})
    before = raw(sf, winner)["fields"]["SystemModstamp"]

    done = edit(sf, merge=[winner, loser])

    gone = raw(sf, loser)
    deals = [line for line in exported(sf, "Opportunity") if line["fields"]["AccountId"] == winner]
    assert done["survivor"] == winner
    assert gone["merged_into"] == gone["fields"]["MasterRecordId"] == winner
    assert raw(sf, child)["fields"]["ParentId"] == winner
    assert len(deals) == 3
    assert raw(sf, winner)["fields"]["SystemModstamp"] > before
    [result] = patch(sf, {"id": loser, "Site": "x"})
    assert result["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_a_reset_brings_everything_back(sf: OrgCaller) -> None:
    """Records, fields, permissions, switches and what was merged."""
    start = exported(sf)
    first, second, third, *_ = accounts(sf)
    edit(sf, fields=[{"name": "New__c"}], Account={first: {"Site": "x"}}, delete=[third])
    edit(sf, merge=[first, second], create=[{"Name": "Made"}])
    sf.admin("POST", "sobjects/PermissionSet", {"Name": "X", "Label": "X"})
    sf.behave(public_sharing=True, multi_currency=True, flow_failures=[first])

    sf.control("POST", "reset")

    assert exported(sf) == start
    assert sf("GET", f"sobjects/Account/{first}", fields="New__c").status_code == 400
    assert sf.query("SELECT Id FROM PermissionSet WHERE Name = 'X'", admin=True) == []
    assert sf.control("POST", "behaviour", {})["flow_failures"] == []
    assert patch(sf, {"id": second, "Site": "x"})[0]["success"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"Nothing": {}}, "Nothing is no object of this org"),
        ({"Account": []}, "Account holds {id: {field: value}}"),
        ({"Account": {"001x": {}}}, "001x is no live record"),
        ({"create": [{"Bacon__c": "x"}]}, "Bacon__c is not a field that people can edit"),
        ({"create": {"Nothing": []}}, "create: Nothing is no object"),
        ({"delete": ["x"]}, "delete: x is no live record"),
        ({"undelete": ["x"]}, "undelete: x is not in the recycle bin"),
        ({"merge": ["x"]}, "merge takes [winner, loser]"),
        ({"by": "me"}, "by: me is neither admin"),
        ({"fields": [{"name": "X"}]}, "X does not end in __c"),
        ({"fields": [{"name": "X__c", "type": "z"}]}, "type of X__c is none of"),
        ({"fields": [{"name": "Score__c"}]}, "Score__c is there already"),
        ({"fields": [{"name": "X__c", "colour": 1}]}, "colour is unknown"),
    ],
)
def test_what_makes_no_sense_changes_nothing(sf: OrgCaller, body: Any, problem: str) -> None:
    """The answer says what is wrong; the rest of the request is not carried out."""
    start = exported(sf)

    response = sf.http.post("/_sandbox/records", json={**body, "system": True})

    assert response.status_code == 400
    assert problem in response.json()["error"]
    assert exported(sf) == start


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"nothing": 1}, "nothing is unknown; known are"),
        ({"row_lock_chance": "often"}, "row_lock_chance has the wrong type"),
        ({"page_size": True}, "page_size has the wrong type"),
        ({"flow_failures": "001"}, "flow_failures has the wrong type"),
        ({"person_accounts": 1}, "person_accounts has the wrong type"),
    ],
)
def test_wrong_switches_are_refused(sf: OrgCaller, body: Any, problem: str) -> None:
    """All that is wrong is said, and nothing is set."""
    response = sf.http.post("/_sandbox/behaviour", json={**body, "public_sharing": True})
    assert response.status_code == 400
    assert problem in response.json()["error"]
    assert sf.control("POST", "behaviour", {})["public_sharing"] is False


def test_an_export_holds_every_live_record(sf: OrgCaller) -> None:
    """One line each, by id, with all that is set; fields can be left out."""
    lines = exported(sf)
    short = sf.http.get("/_sandbox/export", params={"without": "SystemModstamp"}).text

    assert [line["id"] for line in lines] == accounts(sf)
    assert lines[0]["fields"]["Name"] == "Alder Software"
    assert "SystemModstamp" in lines[0]["fields"]
    assert "SystemModstamp" not in short
    assert len(exported(sf, "Opportunity")) == 3


def test_money_has_a_currency_where_there_are_several(sf: OrgCaller) -> None:
    """By the account's country unless somebody said so; rates are records."""
    record = accounts(sf)[1]
    unknown = sf("GET", "query", q="SELECT IsoCode FROM CurrencyType").json()[0]["errorCode"]
    sf.behave(multi_currency=True)
    german = value(sf, record, "CurrencyIsoCode")
    patch(sf, {"id": record, "CurrencyIsoCode": "GBP"})
    [refused] = patch(sf, {"id": record, "CurrencyIsoCode": "CHF"})
    soql = "SELECT IsoCode, ConversionRate FROM CurrencyType WHERE IsCorporate = true"

    assert unknown == "INVALID_TYPE"
    assert german == "EUR"
    assert value(sf, record, "CurrencyIsoCode") == "GBP"
    assert refused["errors"][0]["statusCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert sf.query(soql) == [{"IsoCode": "USD", "ConversionRate": 1.0}]


def test_some_accounts_are_persons_where_there_are_any(sf: OrgCaller) -> None:
    """The flag exists only there, and can be set from outside."""
    record = accounts(sf)[0]
    sf.behave(person_accounts=True)
    edit(sf, derive={record: {"IsPersonAccount": "true"}})
    found = sf.query("SELECT Id FROM Account WHERE IsPersonAccount = true")
    assert record in [row["Id"] for row in found]
