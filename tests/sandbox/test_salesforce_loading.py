"""Files of accounts and opportunities as an org: exports as they are, others translated."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.clock import Clock
from sandbox.salesforce.ids import id18
from sandbox.salesforce.loading import LoadError, is_export, load
from sandbox.salesforce.org import Org
from sandbox.salesforce.org_data import OrgData
from sandbox.server import running_org

EXPORT = """\
ID,ISDELETED,NAME,TYPE,BILLINGCOUNTRY,ANNUALREVENUE,NUMBEROFEMPLOYEES,OWNERID,CREATEDDATE,\
SYSTEMMODSTAMP,ORACLE_ID__C,VIP__C,SINCE__C,SPEND__C
001x0000002xLCVAA2,false,Gravity,,US,6.0E7,350,005x0000000fNSiAAM,2006-04-15T03:23:15.000Z,\
2006-04-15T03:28:53.000Z,4-203974,true,2020-01-02,10
001x0000002xLCWAA2,false,BX Video,Prospect,US,,lots,005x0000000fNSiAAM,2006-04-15T03:23:15.000Z,\
2006-04-15T03:28:54.000Z,4-203986,,,7.5
not-an-id,false,Third,,CA,,,,,,,,,
001x0000002xLCXAA2,true,Gone,,US,,,,,,,,,
"""
DEALS = """\
ACCOUNTID,NAME,STAGENAME,AMOUNT,CLOSEDATE,ISWON,ISCLOSED,CREATEDDATE
001x0000002xLCVAA2,First,Closed Won,500000.0,2005-11-09,true,true,2006-06-15T20:47:07.000Z
not-an-id,Second,Signed,1000,2006-01-10,true,true,2006-06-15T20:47:07.000Z
001x0000002xLCWAA2,Third,,,,,,
"""


def written(path: Path, text: str) -> Path:
    """A file with this content."""
    path.write_text(text, "utf-8")
    return path


def org_of(data: OrgData) -> Org:
    """An org that holds *data*."""
    org = Org(Clock(1_795_000_000_000))
    org.fill(data)
    return org


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A Salesforce export of accounts."""
    return written(tmp_path / "account.csv", EXPORT)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["ID", "NAME", "BILLINGCOUNTRY", "OWNERID", "SYSTEMMODSTAMP"], True),
        (["Id", "Name", "BillingCountry", "NumberOfEmployees", "AnnualRevenue"], True),
        (["id", "name", "country", "employees", "revenue"], False),
        (["Name", "BillingCountry", "OwnerId", "SystemModstamp"], False),
    ],
)
def test_an_export_is_known_by_its_headers(columns: list[str], expected: bool) -> None:  # noqa: FBT001 - a case
    """API names in whatever case, an id among them."""
    assert is_export(columns) is expected


def test_an_export_is_taken_as_it_is(export: Path) -> None:
    """Ids, stamps, owners and numbers in any spelling; deleted rows stay out."""
    org = org_of(load(export))
    accounts = org.objects["account"]
    record = accounts.get("001x0000002xLCVAA2")
    assert record is not None
    kept = accounts.table.as_dict(record)

    assert accounts.table.live_count == 3
    assert kept["Name"] == "Gravity"
    assert kept["AnnualRevenue"] == "60000000"
    assert kept["NumberOfEmployees"] == "350"
    assert kept["BillingCountry"] == "US"
    assert kept["CreatedDate"] == "2006-04-15T03:23:15.000Z"
    assert kept["SystemModstamp"] == kept["LastModifiedDate"] == "2006-04-15T03:28:53.000Z"
    assert kept["OwnerId"] == "005x0000000fNSiAAM"
    assert org.user("005x0000000fNSiAAM") is not None
    assert "ParentId" not in kept


def test_custom_columns_become_custom_fields(export: Path) -> None:
    """Of the type that all their values have, visible like the sample's."""
    org = org_of(load(export))
    definition = org.objects["account"].definition
    types = {
        name: field.type
        for name in ("Oracle_Id__c", "Vip__c", "Since__c", "Spend__c")
        if (field := definition.field(name)) is not None
    }
    assert types == {
        "Oracle_Id__c": "string", "Vip__c": "boolean", "Since__c": "date", "Spend__c": "double",
    }  # fmt: skip
    assert org.access.can_edit(org.integration_user, "Account", "Oracle_Id__c")
    assert definition.field("Technologies__c"), "the sample's fields are there too"


def test_what_is_no_account_id_gets_another(export: Path) -> None:
    """And what a field cannot hold is reported, by line and column."""
    data = load(export)
    org = org_of(data)
    accounts = org.objects["account"]
    [third] = [r for r in accounts.live() if accounts.value(r, "Name") == "Third"]
    assert accounts.id_of(third).startswith("001")
    assert any("account.csv:3" in line and "NUMBEROFEMPLOYEES" in line for line in data.problems)
    assert any("is deleted" in line for line in data.problems)


def test_opportunities_come_from_a_second_file(export: Path, tmp_path: Path) -> None:
    """By the account's id, also one that could not be kept; unknown stages are added."""
    deals = written(tmp_path / "opportunity.csv", DEALS)
    data = load(export, opportunities=deals)
    org = org_of(data)
    sobject, accounts = org.objects["opportunity"], org.objects["account"]
    first, second = sobject.live()
    third = accounts.get(sobject.value(second, "AccountId") or "")

    assert sobject.value(first, "AccountId") == "001x0000002xLCVAA2"
    assert (sobject.value(first, "Amount"), sobject.value(first, "IsWon")) == ("500000", "true")
    assert sobject.value(first, "CreatedDate") == "2006-06-15T20:47:07.000Z"
    assert third is not None
    assert accounts.value(third, "Name") == "Third"
    assert (sobject.value(second, "StageName"), sobject.value(second, "IsWon")) == (
        "Signed",
        "true",
    )
    assert any("opportunity.csv:4" in line for line in data.problems)


def test_any_other_file_is_translated(tmp_path: Path) -> None:
    """Headers as for HubSpot, fields as in Salesforce; deals by the account's name."""
    rows = [
        {"Company": "Alder", "Website": "https://alder.example", "Employees": 12, "Notes": "hi"},
        {"Company": "Birch", "Employees": "51-200", "Industry": "Banking"},
    ]
    path = written(tmp_path / "prospects.json", json.dumps(rows))
    deals = written(tmp_path / "deals.csv", "Account Name,Stage,Amount\nbirch,Closed Lost,5\n")
    org = org_of(load(path, opportunities=deals))
    accounts, sobject = org.objects["account"], org.objects["opportunity"]
    alder, birch = accounts.live()
    [deal] = sobject.live()

    assert accounts.value(alder, "Website") == "https://alder.example"
    assert accounts.value(alder, "NumberOfEmployees") == "12"
    assert accounts.value(alder, "Notes__c") == "hi"
    assert accounts.value(birch, "Industry") == "Banking"
    assert accounts.value(birch, "ParentId") is None
    assert sobject.value(deal, "AccountId") == accounts.id_of(birch)
    assert sobject.value(deal, "IsClosed") == "true"


def test_a_mapping_overrules_the_headers(export: Path, tmp_path: Path) -> None:
    """Then an export is read like any other file."""
    mapping = written(tmp_path / "m.json", json.dumps({"NAME": {"property": "name"}, "ID": None}))
    data = load(export, mapping)
    assert not any("Id" in values for values in data.accounts)


def test_opportunities_need_an_account_and_a_stage(export: Path, tmp_path: Path) -> None:
    """A file without them is refused, not half read."""
    deals = written(tmp_path / "deals.csv", "Name,Amount\nx,1\n")
    with pytest.raises(LoadError, match="needs a column AccountId"):
        load(export, opportunities=deals)


def test_many_ids_in_any_order_are_quick(tmp_path: Path) -> None:
    """Given ids are kept whatever the order of the file; new ones come after them."""
    ids = [id18("001", number * 7919 % 2000) for number in range(2000)]
    lines = [f"{each},A{number},US,1,x" for number, each in enumerate(ids)]
    text = "Id,Name,BillingCountry,NumberOfEmployees,BillingCity\n" + "\n".join(lines)
    org = org_of(load(written(tmp_path / "a.csv", text)))
    accounts = org.objects["account"]
    made = accounts.table.add({"Name": "new"}, org.stamp_ms())

    assert {accounts.id_of(record) for record in accounts.live()} == {*ids, accounts.id_of(made)}
    assert accounts.id_of(made) > max(ids)


@pytest.mark.parametrize(
    "options",
    [
        ["--salesforce-port", "0", "--opportunities", "deals.csv"],
        ["--hubspot-port", "0", "--accounts", "a.csv", "--opportunities", "deals.csv"],
    ],
)
def test_opportunities_go_with_a_file_and_an_org(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is an option that cannot be used."""
    assert main(options) == 2
    assert "--opportunities goes with --salesforce-port and a file" in capsys.readouterr().err


def test_a_loaded_org_is_served(export: Path) -> None:
    """Its records answer to their own ids."""
    with running_org(load(export)) as running:
        response = httpx.get(
            f"{running.url}/services/data/v66.0/sobjects/Account/001x0000002xLCVAA2",
            headers={"Authorization": f"Bearer {running.access_token}"},
            params={"fields": "Name,Oracle_Id__c"},
        )
    assert response.json()["Oracle_Id__c"] == "4-203974"
