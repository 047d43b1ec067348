"""The sample in Salesforce's names: the same companies, with what only an org has."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from sandbox.clock import Clock
from sandbox.salesforce.checks import check_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.translating import custom_name
from sandbox.seed_data import SeedData, SeedDeal
from sandbox.seeding import seed

TODAY = date(2026, 11, 22)


def filled(data: SeedData) -> Org:
    """An org that holds *data*."""
    org = Org(Clock(1_795_000_000_000))
    org.fill(data)
    return org


@pytest.fixture(scope="module")
def org() -> Org:
    """An org with four hundred sample companies."""
    return filled(seed(400, 7, today=TODAY))


@pytest.fixture(scope="module")
def accounts(org: Org) -> SObject:
    """Its accounts."""
    return org.objects["account"]


def test_the_same_companies_are_there(accounts: SObject) -> None:
    """As many as for HubSpot, by the same names but for stray blanks and control characters."""
    wanted = [company["name"] for company in seed(400, 7, today=TODAY).companies]
    found = [accounts.value(record, "Name") for record in accounts.live()]
    assert len(found) == 400
    assert sum(one.strip() == other for one, other in zip(wanted, found, strict=True)) > 395


def test_the_same_seed_makes_the_same_org(accounts: SObject) -> None:
    """Every record, stamps included."""
    again = filled(seed(400, 7, today=TODAY)).objects["account"]
    assert [record.values for record in again.live()] == [
        record.values for record in accounts.live()
    ]


def test_custom_fields_are_the_ones_the_product_suggests(org: Org, accounts: SObject) -> None:
    """Names and types; visible to both seeded users."""
    types = {
        "Technologies__c": "multipicklist",
        "Business_Model__c": "picklist",
        "Funding_Stage__c": "picklist",
        "Last_Funding_Date__c": "date",
        "Open_Sales_Roles__c": "double",
        "Exec_Access__c": "double",
        "Contract_End__c": "date",
        "Main_Competitor__c": "string",
        "Churned_At__c": "date",
    }
    for name, kind in types.items():
        field = accounts.definition.field(name)
        assert field is not None
        assert (field.name, field.type, field.custom) == (name, kind, True)
        assert field.id.startswith("00N")
        for user in (org.integration_user, org.admin_user):
            assert org.access.can_edit(user, "Account", name)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("exec_access", "Exec_Access__c"),
        ("numberofemployees_text", "Numberofemployees_Text__c"),
        ("2nd name", "X2nd_Name__c"),
        ("a" * 60, f"A{'a' * 39}__c"),
    ],
)
def test_custom_names_are_made_from_properties(name: str, field: str) -> None:
    """Letters, digits and single underscores, at most 40 before the ending."""
    assert custom_name(name) == field


def test_industries_are_salesforces_words_or_imports(accounts: SObject) -> None:
    """The picklist takes any; most are its own, the rest are labels and never HubSpot's values."""
    field = accounts.definition.field("Industry")
    assert field is not None
    found = Counter(accounts.value(record, "Industry") for record in accounts.live())
    found.pop(None)
    own = sum(count for word, count in found.items() if word in field.offers())
    assert own > 0.3 * found.total()
    assert not [word for word in found if word and word.isupper()]
    assert "Computer Software" in found


def test_every_value_is_one_that_the_org_would_take(org: Org, accounts: SObject) -> None:
    """What is stored passes the checks that a write has to pass."""
    for sobject in (accounts, org.objects["opportunity"]):
        checks = {
            field.name: check_of(field)
            for field in sobject.definition.fields.values()
            if field.updateable
        }
        for record in sobject.live():
            for name, text in sobject.table.as_dict(record).items():
                if name in checks and text:
                    assert checks[name](text) == text, name


def test_stamps_have_whole_seconds(accounts: SObject) -> None:
    """And LastModifiedDate is where SystemModstamp is."""
    for record in accounts.live():
        value = accounts.table.value
        stamp = value(record, "SystemModstamp") or ""
        assert stamp.endswith(".000Z")
        assert value(record, "LastModifiedDate") == stamp
        assert (value(record, "CreatedDate") or "") <= stamp


def test_some_accounts_share_a_parent(accounts: SObject) -> None:
    """Parents are accounts that were made before."""
    parents = Counter(accounts.value(record, "ParentId") for record in accounts.live())
    parents.pop(None)
    assert 20 <= parents.total() <= 40
    assert max(parents.values()) > 1
    assert all(accounts.get(parent or "") for parent in parents)


def test_streets_are_hard_on_csv(accounts: SObject) -> None:
    """Line breaks of both kinds, commas, quotation marks and letters beyond ASCII occur."""
    streets = "".join(accounts.value(record, "BillingStreet") or "" for record in accounts.live())
    assert all(text in streets for text in ("\r\n", "\n", ",", '"', "ß", "É"))


def test_record_types_follow_the_kind_of_account(org: Org, accounts: SObject) -> None:
    """Every account has one; customers are customers."""
    names = {
        (accounts.value(r, "Type"), org.record_type_name(accounts.value(r, "RecordTypeId") or ""))
        for r in accounts.live()
    }
    assert ("Customer - Direct", "Customer") in names
    assert ("Prospect", "Prospect") in names
    assert ("Technology Partner", "Partner") in names
    assert all(record_type for _, record_type in names)


def test_owners_are_users(org: Org, accounts: SObject) -> None:
    """Nobody's accounts belong to the administrator; owners have a region."""
    users = org.objects["user"]
    for record in accounts.live():
        owner = users.get(accounts.value(record, "OwnerId") or "")
        assert owner is not None
        assert users.value(owner, "Region__c")


def test_deals_are_opportunities(org: Org) -> None:
    """Won and closed follow from the stage; amounts and days are kept."""
    deals = seed(400, 7, today=TODAY).deals
    sobject = org.objects["opportunity"]
    won = [record for record in sobject.live() if sobject.value(record, "IsWon") == "true"]
    assert sobject.table.live_count == len(deals)
    assert len(won) == sum(deal.properties["dealstage"] == "closedwon" for deal in deals)
    for record in won:
        assert sobject.value(record, "StageName") == "Closed Won"
        assert sobject.value(record, "IsClosed") == "true"
        assert sobject.value(record, "Probability") == "100"
        assert len(sobject.value(record, "CloseDate") or "") == 10


def test_text_that_a_field_cannot_hold_is_cut_or_left_out() -> None:
    """A head count in words is no number; a long name is cut; a long text gets a long field."""
    org = filled(
        SeedData(
            companies=[
                {"name": "n" * 300, "numberofemployees": "about 20", "annualrevenue": "12.5"},
                {"name": "Long", "notes": "x" * 1000, "domain": "long.example"},
                {"name": "Both", "domain": "a.example", "website": "https://b.example/"},
            ],
            deals=[SeedDeal(1, {"dealname": "D", "dealstage": "closedlost"})],
        )
    )
    accounts = org.objects["account"]
    first, second, third = accounts.live()
    assert len(accounts.value(first, "Name") or "") == 255
    assert accounts.value(first, "NumberOfEmployees") is None
    assert accounts.value(first, "AnnualRevenue") == "12.5"
    assert accounts.value(second, "Website") == "long.example"
    assert accounts.value(third, "Website") == "https://b.example/"
    notes = accounts.definition.field("Notes__c")
    assert notes is not None
    assert (notes.type, notes.filterable) == ("textarea", False)
