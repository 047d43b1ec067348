"""The three shipped ICPs judge accounts in Salesforce's own words as they do in HubSpot's."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from config.connection import ConnectionSettings
from worker import composition
from worker.icp.assessment import Assessment
from worker.parsers import parser_for
from worker.sync.panel import Panel

TODAY = date(2026, 11, 24)
EXAMPLES = Path(str(files("config") / "examples"))
Account = dict[str, str]

SAAS: Account = {
    "Type": "Prospect",
    "Industry": "Technology",
    "NumberOfEmployees": "450",
    "AnnualRevenue": "60000000",
    "BillingCountry": "United States",
    "Business_Model__c": "B2B SaaS",
    "Technologies__c": "Salesforce;Google Analytics",
    "Exec_Access__c": "4",
    "Last_Funding_Date__c": "2026-08-10",
    "Open_Sales_Roles__c": "0",
    "Contract_End__c": "2026-12-31",
}
FIRM: Account = {
    "Type": "Prospect",
    "Industry": "Consulting",
    "Ownership": "Private equity",
    "NumberOfEmployees": "600",
    "AnnualRevenue": "90000000",
    "BillingCountry": "United Kingdom",
    "YearStarted": "1998",
    "Exec_Access__c": "5",
    "Technologies__c": "HubSpot",
    "Contract_End__c": "2027-02-01",
    "Business_Model__c": "B2B services",
    "Last_Funding_Date__c": "",
    "Open_Sales_Roles__c": "",
}
GIANT: Account = {
    "Type": "Customer - Direct",
    "Industry": "Insurance",
    "AnnualRevenue": "12000000000",
    "NumberOfEmployees": "38000",
    "Ownership": "Public",
    "Technologies__c": "Salesforce;Snowflake;Workday",
    "BillingCountry": "Germany",
    "Exec_Access__c": "4",
    "Contract_End__c": "2027-05-01",
    "Open_Sales_Roles__c": "2",
}
IDEAL = {
    "midmarket-saas": SAAS,
    "professional-services-pe": FIRM,
    "enterprise-global2000": GIANT,
}


def judge(name: str, account: Account) -> Assessment:
    """Judge an account by a shipped ICP, reading the fields that a Salesforce connection reads."""
    path = EXAMPLES / f"{name}.yaml"
    compiled = composition.compile_icps([path])
    connection = ConnectionSettings(name="org", crm="salesforce", profiles=(path,))
    fields = composition.field_map(connection, compiled).inputs
    assert set(fields.values()) == set(account)
    readers = {
        it: (fields[it], parser_for(spec, compiled.words(it), None))
        for it, spec in compiled.specs.items()
    }
    _, assessment = Panel(compiled.profiles, readers, TODAY).judge(account)
    assert assessment.unreadable == ()
    return assessment


@pytest.mark.parametrize("name", IDEAL)
def test_an_ideal_account_is_tier_one(name: str) -> None:
    """Every attribute of an example has a field, and the standard words reach the best tier."""
    found = judge(name, IDEAL[name])

    assert found.tier == "tier_1"
    assert found.coverage == 100


@pytest.mark.parametrize("name", IDEAL)
@pytest.mark.parametrize(
    "kind", ["Channel Partner / Reseller", "Installation Partner", "Technology Partner"]
)
def test_partners_are_out_of_scope(name: str, kind: str) -> None:
    """The segment is written once for both CRMs."""
    assert judge(name, {**IDEAL[name], "Type": kind}).tier == "out_of_scope"


def test_government_is_disqualified_by_salesforces_word() -> None:
    """Its list has one word where HubSpot's has several."""
    found = judge("midmarket-saas", {**SAAS, "Industry": "Government"})

    assert found.disqualifiers == ("public_sector",)
