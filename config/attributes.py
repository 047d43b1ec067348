"""The attribute catalogue: what a company can be judged by, and where each CRM keeps it.

An attribute has one type, which says how CRM text is read (``worker.icp.values``), and at most one
field per CRM. Operators add their own and override these in the ICP document. The catalogue
describes companies, never persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from config.taxonomies import vocabulary

NOTHING: Mapping[str, str] = MappingProxyType({})


class AttributeType(StrEnum):
    """How the text of an attribute is read; see ``docs/reference/attributes.md``."""

    TEXT = "text"
    CATEGORY = "category"
    NUMBER = "number"
    INTERVAL = "interval"  # a count that may come as a band: 51-200
    MONEY = "money"  # an amount that may come as a band: $10M-$25M
    DATE = "date"
    FLAG = "flag"
    COUNTRY = "country"  # ISO 3166 alpha-2
    DOMAIN = "domain"
    LIST = "list"
    STAGE = "stage"  # a category whose values have an order


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSpec:
    """One attribute: its type, its fields, and what its values mean.

    ``hubspot`` and ``salesforce`` name the account field that holds it, ``None`` where a CRM has
    none. A ``custom`` attribute is in no CRM out of the box: its field names are the ones we
    suggest, as is any name that ends with ``__c``. ``headers`` are the column headers that name it
    in a file, besides its id and fields.
    """

    id: str
    type: AttributeType
    label: str
    dimension: str
    hubspot: str | None = None
    salesforce: str | None = None
    headers: tuple[str, ...] = ()
    vocabulary: str | None = None  # a name that config.taxonomies.vocabulary knows
    closed: bool = False  # text outside the vocabulary is unreadable; else it stands for itself
    complete: bool = True  # what a known list leaves out is absent; else only unknown
    false_is_unknown: bool = False  # a checkbox nobody ticked says nothing
    zero_is_unknown: bool = False  # CRMs and vendors write 0 for empty
    custom: bool = False
    aliases: Mapping[str, str] = field(default_factory=lambda: NOTHING)  # text -> value
    order: tuple[str, ...] = ()  # values from lowest to highest, where they have an order
    currency: str | None = None  # ISO 4217; None takes any amount as it stands
    unit: str = ""  # for people: "%", "employees"


@cache
def catalogue() -> Mapping[str, AttributeSpec]:
    """Give every well-known attribute by id, by dimension."""
    return MappingProxyType({spec.id: spec for spec in _specs()})


def _specs() -> tuple[AttributeSpec, ...]:
    spec = AttributeSpec
    t = AttributeType
    # fmt: off
    return (
        # who they are
        spec(id="name", type=t.TEXT, label="Name", dimension="firmographic",
             hubspot="name", salesforce="Name",
             headers=("company", "company name", "account name", "account", "organization")),
        spec(id="domain", type=t.DOMAIN, label="Domain", dimension="firmographic",
             hubspot="domain", salesforce="Website",
             headers=("company domain", "company domain name", "email domain")),
        spec(id="website", type=t.DOMAIN, label="Website", dimension="firmographic",
             hubspot="website", salesforce="Website",
             headers=("url", "website url", "company website", "homepage")),
        spec(id="description", type=t.TEXT, label="Description", dimension="firmographic",
             hubspot="description", salesforce="Description",
             headers=("about", "summary", "company description", "long description")),
        spec(id="employees", type=t.INTERVAL, label="Employees", dimension="firmographic",
             hubspot="numberofemployees", salesforce="NumberOfEmployees", unit="employees",
             zero_is_unknown=True, aliases={"myself only": "1", "self-employed": "1"},
             headers=("employee count", "headcount", "number of employees", "company size", "size",
                      "workers", "team size", "staff", "no. of employees",
                      "estimated num employees")),
        spec(id="employee_range", type=t.INTERVAL, label="Employee range",
             dimension="firmographic", hubspot="hs_employee_range",
             salesforce="Employee_Range__c", unit="employees", zero_is_unknown=True),
        spec(id="industry", type=t.CATEGORY, label="Industry", dimension="firmographic",
             hubspot="industry", salesforce="Industry", vocabulary="industries", closed=True,
             headers=("sector", "vertical", "company industry")),
        spec(id="industry_group", type=t.CATEGORY, label="Industry group",
             dimension="firmographic", hubspot="hs_industry_group",
             salesforce="Industry_Group__c"),
        spec(id="naics", type=t.CATEGORY, label="NAICS code", dimension="firmographic",
             hubspot="naics_code", salesforce="NaicsCode", custom=True,
             headers=("naics code", "naicscode")),
        spec(id="sic", type=t.CATEGORY, label="SIC code", dimension="firmographic",
             hubspot="sic_code", salesforce="Sic", custom=True, headers=("sic code", "siccode")),
        spec(id="country", type=t.COUNTRY, label="Country", dimension="firmographic",
             hubspot="country", salesforce="BillingCountry", vocabulary="countries", closed=True,
             headers=("billing country", "country code", "country/region", "company country",
                      "hq country", "headquarters country")),
        spec(id="state", type=t.CATEGORY, label="State or region", dimension="firmographic",
             hubspot="state", salesforce="BillingState", vocabulary="states",
             headers=("region", "province", "state/region", "billing state")),
        spec(id="city", type=t.CATEGORY, label="City", dimension="firmographic",
             hubspot="city", salesforce="BillingCity", headers=("billing city", "town")),
        spec(id="founded_year", type=t.NUMBER, label="Founded", dimension="firmographic",
             hubspot="founded_year", salesforce="YearStarted", zero_is_unknown=True,
             headers=("founded", "year founded", "year started")),
        spec(id="ownership", type=t.CATEGORY, label="Ownership", dimension="firmographic",
             hubspot="ownership", salesforce="Ownership", vocabulary="ownership", custom=True,
             headers=("company type", "ownership type")),
        spec(id="is_public", type=t.FLAG, label="Publicly traded", dimension="firmographic",
             hubspot="is_public", salesforce="Is_Public__c",
             headers=("public", "publicly traded")),
        spec(id="locations", type=t.NUMBER, label="Locations", dimension="firmographic",
             hubspot="number_of_locations", salesforce="NumberofLocations__c", custom=True,
             zero_is_unknown=True, headers=("number of locations", "offices", "sites")),
        spec(id="parent_account", type=t.TEXT, label="Parent account", dimension="firmographic",
             hubspot="hs_parent_company_id", salesforce="ParentId",
             headers=("parent", "parent company")),
        # how they sell
        spec(id="business_model", type=t.CATEGORY, label="Business model",
             dimension="business_model", hubspot="business_model", salesforce="Business_Model__c",
             vocabulary="business_models", custom=True),
        spec(id="tags", type=t.LIST, label="Tags", dimension="business_model",
             hubspot="tags", salesforce="Tags__c", custom=True,
             headers=("keywords", "categories", "specialties")),
        # what they use
        spec(id="technologies", type=t.LIST, label="Technologies", dimension="technographic",
             hubspot="web_technologies", salesforce="Technologies__c", vocabulary="technologies",
             headers=("web technologies", "tech stack", "technology", "technology names", "tech",
                      "stack")),
        spec(id="main_competitor", type=t.CATEGORY, label="Main competitor in use",
             dimension="technographic", hubspot="main_competitor",
             salesforce="Main_Competitor__c", custom=True,
             headers=("competitor", "incumbent", "current vendor")),
        # what they do
        spec(id="open_roles", type=t.NUMBER, label="Open roles", dimension="behavioral",
             hubspot="open_roles", salesforce="Open_Roles__c", custom=True,
             headers=("job openings", "open jobs", "open positions")),
        spec(id="open_sales_roles", type=t.NUMBER, label="Open sales roles",
             dimension="behavioral", hubspot="open_sales_roles",
             salesforce="Open_Sales_Roles__c", custom=True),
        spec(id="is_hiring", type=t.FLAG, label="Hiring", dimension="behavioral",
             hubspot="is_hiring", salesforce="Is_Hiring__c", custom=True, headers=("hiring",)),
        spec(id="intent_score", type=t.NUMBER, label="Intent score", dimension="behavioral",
             hubspot="intent_score", salesforce="Intent_Score__c", custom=True),
        spec(id="website_visits", type=t.NUMBER, label="Website visits", dimension="behavioral",
             hubspot="hs_analytics_num_visits", salesforce="Website_Visits__c"),
        # money
        spec(id="annual_revenue", type=t.MONEY, label="Annual revenue", dimension="financial",
             hubspot="annualrevenue", salesforce="AnnualRevenue", zero_is_unknown=True,
             headers=("revenue", "annual revenue printed", "inferred revenue", "turnover")),
        spec(id="revenue_range", type=t.MONEY, label="Revenue range", dimension="financial",
             hubspot="hs_revenue_range", salesforce="Revenue_Range__c"),
        spec(id="revenue_growth", type=t.NUMBER, label="Revenue growth", dimension="financial",
             hubspot="revenue_growth", salesforce="Revenue_Growth__c", custom=True, unit="%",
             headers=("revenue growth %", "growth")),
        spec(id="total_funding", type=t.MONEY, label="Total funding", dimension="financial",
             hubspot="total_money_raised", salesforce="Total_Funding__c",
             headers=("funds raised", "money raised", "funding total", "total raised")),
        spec(id="funding_stage", type=t.STAGE, label="Funding stage", dimension="financial",
             hubspot="funding_stage", salesforce="Funding_Stage__c", vocabulary="stages",
             closed=True, order=tuple(vocabulary("stages").labels), custom=True,
             headers=("latest funding stage", "last funding type", "stage", "funding round")),
        # what changed
        spec(id="last_funding_date", type=t.DATE, label="Last funding", dimension="situational",
             hubspot="last_funding_date", salesforce="Last_Funding_Date__c", custom=True,
             headers=("latest funding round date", "last funding on", "funding date")),
        spec(id="leadership_change_date", type=t.DATE, label="Leadership change",
             dimension="situational", hubspot="leadership_change_date",
             salesforce="Leadership_Change_Date__c", custom=True),
        spec(id="acquisition_date", type=t.DATE, label="Last merger or acquisition",
             dimension="situational", hubspot="acquisition_date",
             salesforce="Acquisition_Date__c", custom=True),
        spec(id="contract_end", type=t.DATE, label="End of current contract",
             dimension="situational", hubspot="contract_end", salesforce="Contract_End__c",
             custom=True, headers=("contract end date", "renewal date", "contract expires")),
        # how they work
        spec(id="employee_growth", type=t.NUMBER, label="Head count growth",
             dimension="operational", hubspot="employee_growth",
             salesforce="Employee_Growth__c", custom=True, unit="%",
             headers=("headcount growth", "employee growth rate")),
        spec(id="sales_team_size", type=t.INTERVAL, label="Sales team",
             dimension="operational", hubspot="sales_team_size",
             salesforce="Sales_Team_Size__c", custom=True),
        spec(id="certifications", type=t.LIST, label="Certifications and compliance",
             dimension="operational", hubspot="certifications",
             salesforce="Certifications__c", custom=True, headers=("compliance",)),
        # how well we know them
        spec(id="exec_access", type=t.NUMBER, label="Executive access", dimension="relational",
             hubspot="exec_access", salesforce="Exec_Access__c", custom=True,
             zero_is_unknown=True, headers=("executive access", "champion rating")),
        spec(id="churn_risk", type=t.STAGE, label="Churn risk", dimension="relational",
             hubspot="churn_risk", salesforce="Churn_Risk__c", vocabulary="risk_levels",
             order=tuple(vocabulary("risk_levels").labels), closed=True, custom=True),
        spec(id="account_type", type=t.CATEGORY, label="Type", dimension="relational",
             hubspot="type", salesforce="Type", vocabulary="account_types",
             headers=("account type", "record type", "relationship")),
        spec(id="lifecycle_stage", type=t.CATEGORY, label="Lifecycle stage",
             dimension="relational", hubspot="lifecyclestage", salesforce="Lifecycle_Stage__c",
             vocabulary="lifecycle_stages", headers=("lifecycle stage",)),
        spec(id="open_deals", type=t.NUMBER, label="Open deals", dimension="relational",
             hubspot="hs_num_open_deals", salesforce="Open_Opportunities__c"),
        spec(id="contacts", type=t.NUMBER, label="Known contacts", dimension="relational",
             hubspot="num_associated_contacts", salesforce="Contacts__c"),
        spec(id="last_activity_date", type=t.DATE, label="Last activity",
             dimension="relational", hubspot="notes_last_updated",
             salesforce="LastActivityDate", headers=("last activity",)),
    )
    # fmt: on
