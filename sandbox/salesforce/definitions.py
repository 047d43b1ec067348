"""Objects that every org starts with. Account is as recorded from a real describe call."""

from __future__ import annotations

from typing import Any, Final

from sandbox.salesforce.definitions_setup import setup_objects
from sandbox.salesforce.fields import (
    READ_ONLY,
    SYSTEM,
    area,
    day,
    flag,
    lookup,
    moment,
    number,
    picklist,
    record_id,
    stamps,
    text,
    whole,
)
from sandbox.salesforce.ids import PREFIXES
from sandbox.salesforce.schema import FieldDef, ObjectDef

INDUSTRIES: Final = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications",
    "Construction", "Consulting", "Education", "Electronics", "Energy", "Engineering",
    "Entertainment", "Environmental", "Finance", "Food & Beverage", "Government", "Healthcare",
    "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
    "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities", "Other",
)  # fmt: skip
ACCOUNT_TYPES: Final = (
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller",
    "Installation Partner", "Technology Partner", "Other",
)  # fmt: skip
_SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_GEOCODES: Final = (
    "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City",
    "County", "State", "Unknown",
)  # fmt: skip
_CLEAN: Final = (
    ("Matched", "In Sync"), ("Different", "Different"), ("Acknowledged", "Reviewed"),
    ("NotFound", "Not Found"), ("Inactive", "Inactive"), ("Pending", "Not Compared"),
    ("SelectMatch", "Select Match"), ("Skipped", "Skipped"),
)  # fmt: skip


# stage, IsWon, IsClosed, probability, forecast category
STAGES: Final[tuple[tuple[str, bool, bool, int, str], ...]] = (
    ("Prospecting", False, False, 10, "Pipeline"),
    ("Qualification", False, False, 10, "Pipeline"),
    ("Needs Analysis", False, False, 20, "Pipeline"),
    ("Value Proposition", False, False, 50, "Pipeline"),
    ("Id. Decision Makers", False, False, 60, "Pipeline"),
    ("Perception Analysis", False, False, 70, "Pipeline"),
    ("Proposal/Price Quote", False, False, 75, "Pipeline"),
    ("Negotiation/Review", False, False, 90, "Pipeline"),
    ("Closed Won", True, True, 100, "Closed"),
    ("Closed Lost", False, True, 0, "Omitted"),
)


def standard_objects() -> list[ObjectDef]:
    """Fresh definitions of all of them."""
    return [account(), opportunity(), user(), *setup_objects()]


def account() -> ObjectDef:
    """Account, in the order of the real describe call."""
    fields = [
        record_id("Account ID"),
        flag("IsDeleted", "Deleted", **SYSTEM),
        lookup("MasterRecordId", "Master Record ID", "Account", "MasterRecord", **READ_ONLY),
        text(
            "Name", "Account Name", 255, nillable=False, permissionable=False,
            name_field=True, extra_type="switchablepersonname", compound="Name",
        ),
        picklist("Type", "Account Type", ACCOUNT_TYPES),
        lookup("ParentId", "Parent Account ID", "Account", "Parent"),
        *_address("Billing"),
        *_address("Shipping"),
        FieldDef(name="Phone", label="Account Phone", type="phone", length=40),
        FieldDef(name="Fax", label="Account Fax", type="phone", length=40),
        text("AccountNumber", "Account Number", 40),
        FieldDef(name="Website", label="Website", type="url", length=255),
        FieldDef(
            name="PhotoUrl", label="Photo URL", type="url", length=255, extra_type="imageurl",
            **READ_ONLY,
        ),
        text("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", INDUSTRIES),
        number("AnnualRevenue", "Annual Revenue", 18, kind="currency"),
        whole("NumberOfEmployees", "Employees", 8),
        picklist("Ownership", "Ownership", ("Public", "Private", "Subsidiary", "Other")),
        text("TickerSymbol", "Ticker Symbol", 20),
        area("Description", "Account Description", 32_000),
        picklist("Rating", "Account Rating", ("Hot", "Warm", "Cold")),
        text("Site", "Account Site", 80),
        lookup(
            "OwnerId", "Owner ID", "User", "Owner",
            nillable=False, permissionable=False, defaulted=True,
        ),
        *stamps(),
        day("LastActivityDate", "Last Activity", **READ_ONLY),
        moment("LastViewedDate", "Last Viewed Date", **READ_ONLY),
        moment("LastReferencedDate", "Last Referenced Date", **READ_ONLY),
        text("Jigsaw", "Data.com Key", 20),
        text("JigsawCompanyId", "Jigsaw Company ID", 20, **READ_ONLY),
        picklist("CleanStatus", "Clean Status", _CLEAN, restricted=True),
        picklist("AccountSource", "Account Source", _SOURCES),
        *firmographic_fields(),
        text("SicDesc", "SIC Description", 80),
        lookup("DandbCompanyId", "D&B Company ID", "DandBCompany", "DandbCompany"),
        lookup("OperatingHoursId", "Operating Hour ID", "OperatingHours", "OperatingHours"),
        lookup("RecordTypeId", "Record Type ID", "RecordType", "RecordType"),
    ]  # fmt: skip
    return ObjectDef("Account", "Account", "Accounts", PREFIXES["Account"], fields)


def firmographic_fields() -> list[FieldDef]:
    """Fields that not every org has."""
    return [
        text("DunsNumber", "D-U-N-S Number", 9),
        text("Tradestyle", "Tradestyle", 255),
        text("NaicsCode", "NAICS Code", 8),
        text("NaicsDesc", "NAICS Description", 120),
        text("YearStarted", "Year Started", 4),
    ]


def opportunity() -> ObjectDef:
    """Opportunity: IsWon, IsClosed and the rest follow from the stage."""
    derived = {**READ_ONLY, "nillable": False, "defaulted": True}
    stages = [stage[0] for stage in STAGES]
    fields = [
        record_id("Opportunity ID"),
        flag("IsDeleted", "Deleted", **SYSTEM),
        lookup("AccountId", "Account ID", "Account", "Account"),
        lookup("RecordTypeId", "Record Type ID", "RecordType", "RecordType"),
        flag("IsPrivate", "Private"),
        text("Name", "Name", 120, nillable=False, permissionable=False, name_field=True),
        area("Description", "Description", 32_000),
        picklist("StageName", "Stage", stages, length=255, nillable=False, permissionable=False),
        number("Amount", "Amount", 18, 2, kind="currency"),
        number("Probability", "Probability (%)", 3, kind="percent", defaulted=True),
        number("ExpectedRevenue", "Expected Amount", 18, 2, kind="currency", **READ_ONLY),
        number("TotalOpportunityQuantity", "Quantity", 18, 2),
        day("CloseDate", "Close Date", nillable=False, permissionable=False),
        picklist(
            "Type", "Opportunity Type",
            ("Existing Customer - Upgrade", "Existing Customer - Replacement",
             "Existing Customer - Downgrade", "New Customer"),
        ),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", _SOURCES),
        flag("IsClosed", "Closed", **derived),
        flag("IsWon", "Won", **derived),
        picklist(
            "ForecastCategory", "Forecast Category",
            (("Omitted", ""), ("Pipeline", ""), ("BestCase", "Best Case"),
             ("Forecast", "Commit"), ("Closed", "")),
            restricted=True, **derived,
        ),
        picklist(
            "ForecastCategoryName", "Forecast Category",
            ("Omitted", "Pipeline", "Best Case", "Commit", "Closed"), defaulted=True,
        ),
        lookup("CampaignId", "Campaign ID", "Campaign", "Campaign"),
        flag("HasOpportunityLineItem", "Has Line Item", **derived),
        lookup("Pricebook2Id", "Price Book ID", "Pricebook2", "Pricebook2"),
        lookup(
            "OwnerId", "Owner ID", "User", "Owner",
            nillable=False, permissionable=False, defaulted=True,
        ),
        *stamps(),
        day("LastActivityDate", "Last Activity", **READ_ONLY),
        whole("FiscalQuarter", "Fiscal Quarter", 9, **READ_ONLY),
        whole("FiscalYear", "Fiscal Year", 9, **READ_ONLY),
        text("Fiscal", "Fiscal Period", 6, **READ_ONLY),
    ]  # fmt: skip
    prefix = PREFIXES["Opportunity"]
    return ObjectDef("Opportunity", "Opportunity", "Opportunities", prefix, fields)


def user() -> ObjectDef:
    """User: who owns accounts, and who asks."""
    fixed: dict[str, Any] = {"nillable": False, "permissionable": False}
    fields = [
        record_id("User ID"),
        text("Username", "Username", 80, **fixed),
        text("LastName", "Last Name", 80, **fixed),
        text("FirstName", "First Name", 40, permissionable=False),
        text("Name", "Full Name", 121, name_field=True, **{**READ_ONLY, "nillable": False}),
        text("CompanyName", "Company Name", 80, permissionable=False),
        text("Division", "Division", 80, permissionable=False),
        text("Department", "Department", 80, permissionable=False),
        text("Title", "Title", 80, permissionable=False),
        text("City", "City", 40, permissionable=False),
        text("State", "State/Province", 80, permissionable=False),
        text("Country", "Country", 80, permissionable=False),
        FieldDef(name="Email", label="Email", type="email", length=128, **fixed),
        text("Alias", "Alias", 8, **fixed),
        flag("IsActive", "Active", permissionable=False),
        lookup("UserRoleId", "Role ID", "UserRole", "UserRole", permissionable=False),
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **fixed),
        picklist(
            "UserType", "User Type",
            (("Standard", ""), ("PowerPartner", "Partner"), ("Guest", ""),
             ("AutomatedProcess", "Automated Process")),
            restricted=True, **SYSTEM,
        ),
        lookup("ManagerId", "Manager ID", "User", "Manager", permissionable=False),
        text("TimeZoneSidKey", "Time Zone", 40, **fixed),
        text("LocaleSidKey", "Locale", 40, **fixed),
        text("LanguageLocaleKey", "Language", 40, **fixed),
        moment("LastLoginDate", "Last Login", **READ_ONLY),
        *stamps(),
    ]  # fmt: skip
    return ObjectDef("User", "User", "Users", PREFIXES["User"], fields, setup=True, deletable=False)


def _address(kind: str) -> list[FieldDef]:
    compound = f"{kind}Address"
    return [
        area(f"{kind}Street", f"{kind} Street", 255, compound=compound),
        text(f"{kind}City", f"{kind} City", 40, compound=compound),
        text(f"{kind}State", f"{kind} State/Province", 80, compound=compound),
        text(f"{kind}PostalCode", f"{kind} Zip/Postal Code", 20, compound=compound),
        text(f"{kind}Country", f"{kind} Country", 80, compound=compound),
        number(f"{kind}Latitude", f"{kind} Latitude", 18, 15, compound=compound),
        number(f"{kind}Longitude", f"{kind} Longitude", 18, 15, compound=compound),
        picklist(
            f"{kind}GeocodeAccuracy",
            f"{kind} Geocode Accuracy",
            _GEOCODES,
            restricted=True,
            compound=compound,
        ),
        FieldDef(name=compound, label=f"{kind} Address", type="address"),
    ]
