"""The saved-views page of a Salesforce org: accounts by tier and by list view."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.support.saved_views import HOSTILE, NOTHING, TIERS, Page

WEB = "/_sandbox/web/"


def page(sf: OrgCaller, **query: object) -> Page:
    """The page for *query*."""
    answer = sf.http.get(f"{WEB}?{urlencode(query)}")
    assert answer.status_code == 200
    return Page(answer.text)


def choice(values: dict[str, str]) -> dict[str, Any]:
    """The metadata of a picklist with these labels."""
    listed = [{"fullName": v, "label": label, "default": False} for v, label in values.items()]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": listed}}
    return {"type": "Picklist", "valueSet": value_set}


FIELDS: dict[str, dict[str, Any]] = {
    "ICP_Tier__c": choice(TIERS),
    "ICP_Computed_Tier__c": choice(TIERS),
    "ICP_Tier_Override__c": choice(TIERS),
    "ICP_Disqualifier__c": choice({"too_small": "Too small to see a return"}),
    "ICP_Fit_Score__c": {"type": "Number", "precision": 5, "scale": 0},
    "ICP_Priority__c": {"type": "Number", "precision": 7, "scale": 2},
    "ICP_Reason__c": {"type": "Text", "length": 255},
    "ICP_Missing__c": {"type": "Text", "length": 255},
    "ICP_Tier_Changed_At__c": {"type": "DateTime"},
}


@pytest.fixture
def accounts(sf: OrgCaller) -> OrgCaller:
    """Four accounts, two of them with the same seller."""
    old = [record["Id"] for record in sf.query("SELECT Id FROM Account")]
    seller = sf.query("SELECT Id FROM User WHERE Alias = 'admin'")[0]["Id"]
    rows = [
        {"Name": "Acme", "Website": "https://www.acme.example/about", "NumberOfEmployees": 1200,
         "Industry": "Technology", "OwnerId": seller},
        {"Name": "bolt", "Website": "bolt.example", "OwnerId": seller},
        {"Name": "Crux", "OwnerId": sf.org.integration_user},
        {"Name": HOSTILE, "OwnerId": seller},
    ]  # fmt: skip
    sf.control("POST", "records", {"delete": old, "create": {"Account": rows}})
    return sf


@pytest.fixture
def judged(accounts: OrgCaller) -> OrgCaller:
    """The same after set-up and a run."""
    for name, metadata in FIELDS.items():
        body = {"FullName": f"Account.{name}", "Metadata": {"label": name, **metadata}}
        made = accounts.admin("POST", "tooling/sobjects/CustomField", body)
        assert made.status_code == 201, made.text
    ids = {
        record["Name"]: record["Id"] for record in accounts.query("SELECT Id, Name FROM Account")
    }
    values = {
        "Acme": {"ICP_Tier__c": "tier_1", "ICP_Computed_Tier__c": "tier_2", "ICP_Fit_Score__c": 93,
                 "ICP_Tier_Override__c": "tier_1", "ICP_Priority__c": 81.5,
                 "ICP_Reason__c": "Fits <7> of 7"},
        "bolt": {"ICP_Tier__c": "tier_1", "ICP_Fit_Score__c": 88, "ICP_Priority__c": 90,
                 "ICP_Missing__c": "exec_access;country"},
        "Crux": {"ICP_Tier__c": "disqualified", "ICP_Disqualifier__c": "too_small"},
    }  # fmt: skip
    edits = {ids[name]: each for name, each in values.items()}
    accounts.control("POST", "records", {"Account": edits})
    return accounts


def view(sf: OrgCaller, label: str, scope: str = "everything") -> None:
    """Make a list view of everything in *scope* with more than 1,000 employees, or of all mine."""
    filters = [
        {"fieldApiName": "NumberOfEmployees", "operator": "GreaterThan", "operandLabels": ["1000"]}
    ]
    body = {
        "listViewApiName": label.replace(" ", "_"), "label": label, "displayColumns": ["Name"],
        "filteredByInfo": filters if scope == "everything" else [],
        "scope": {"apiName": scope}, "visibility": "Public",
    }  # fmt: skip
    made = sf.admin("POST", "ui-api/list-info/Account", body)
    assert made.status_code == 201, made.text


def test_without_fields_the_page_says_what_to_do(accounts: OrgCaller) -> None:
    """It speaks of an org, of accounts and of fields."""
    found = page(accounts)

    assert f"Simulated Salesforce org <b>{accounts.org.org_id}</b>" in found.html
    assert "This org has no field <code>ICP_Tier__c</code> yet" in found.html
    assert found.tabs == {"All accounts": 4}
    assert set(found.names) == {
        "Acme",
        "bolt",
        "Crux",
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \ufffdCNI ␇",
    }


def test_tiers_are_tabs_and_labels_are_shown(judged: OrgCaller) -> None:
    """Field-level security hides nothing from who looks here; codes read as labels."""
    found = page(judged, sort="name")

    assert found.tabs == {
        "All accounts": 4, "Tier 1": 2, "Tier 2": 0, "Not ICP": 0, "Disqualified": 1,
        "Needs data": 0, "Not assessed": 1,
    }  # fmt: skip
    assert found.column("Tier") == ["Tier 1 override", NOTHING, "Tier 1", "Disqualified"]
    assert found.column("Owner")[0] == "Ada Admin"
    assert found.column("Employees")[0] == "1,200"
    assert found.column("Missing")[2] == "exec access, country"
    assert found.column("Disqualifier")[3] == "Too small to see a return"
    assert "computed: Tier 2" in found.html
    assert page(judged, view="tier:tier_1").names == ["bolt", "Acme"]


def test_the_website_shows_as_a_domain(judged: OrgCaller) -> None:
    """Scheme, www and path are left out, and search finds it."""
    assert '<span class="domain">acme.example</span>' in page(judged).html
    assert page(judged, q="BOLT.exa").names == ["bolt"]


def test_list_views_show_their_real_members(judged: OrgCaller) -> None:
    """Views that somebody made are there; those of every org are not."""
    view(judged, "Large ones")
    found = page(judged)

    assert found.tabs["Large ones"] == 1
    assert "All Accounts" not in found.tabs
    [link] = re.findall(r'href="\?view=(list%3A00B\w+)"', found.html)
    assert page(judged, view=link.replace("%3A", ":")).names == ["Acme"]
    assert judged.http.get(f"{WEB}?view=list:00Bnone").status_code == 404


def test_mine_is_shown_as_the_largest_owner_sees_it(judged: OrgCaller) -> None:
    """A page without a user takes the one with most accounts, and says so."""
    view(judged, "My Tier 1", "mine")
    assert page(judged).tabs["My Tier 1 (Ada Admin)"] == 3


def test_a_record_shows_opportunities_and_views(judged: OrgCaller) -> None:
    """By its 18-character id: reason, opportunity, list views; markup stays text."""
    view(judged, "Large ones")
    [found] = judged.query("SELECT Id FROM Account WHERE Name = 'Acme'")
    deal = {"Name": "Acme: new", "AccountId": found["Id"], "StageName": "Closed Won",
            "Amount": 26000, "CloseDate": "2026-11-01"}  # fmt: skip
    judged.control("POST", "records", {"create": {"Opportunity": [deal]}})
    answer = judged.http.get(f"{WEB}account/{found['Id']}")

    assert answer.status_code == 200
    for text in ("Opportunities", "Acme: new", "Closed Won", "26K", "Large ones", found["Id"]):
        assert text in answer.text
    assert "Fits &lt;7&gt; of 7" in answer.text
    gone = judged.http.get(f"{WEB}account/001000000000001AAA")
    assert gone.status_code == 404
    assert "There is no account" in gone.text


def test_a_records_own_address_leads_to_the_page(judged: OrgCaller) -> None:
    """Where Lightning would show an account, a browser finds it here."""
    [found] = judged.query("SELECT Id FROM Account WHERE Name = 'Acme'")
    answer = judged.http.get(f"/lightning/r/Account/{found['Id']}/view")

    assert answer.status_code == 302
    assert "Acme" in judged.http.get(answer.headers["Location"]).text


def test_looking_leaves_no_trace(judged: OrgCaller) -> None:
    """Pages are not calls of the API."""
    before = judged.http.get("/_sandbox/stats").json()
    page(judged)

    assert judged.http.get("/_sandbox/stats").json() == before
