"""Sample companies: the same every time, lifelike, and with something to find in them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import Clock
from sandbox.hubspot.definitions import OWNERS, STAGE_OUTCOMES, default_properties
from sandbox.hubspot.portal import Portal
from sandbox.seed_data import SeedData
from sandbox.seeding import seed

TODAY = date(2026, 11, 24)
SOFTWARE = {"COMPUTER_SOFTWARE", "INTERNET", "FINANCIAL_SERVICES"}


@pytest.fixture(scope="module")
def dirty() -> SeedData:
    """A portal as large as the demo's."""
    return seed(2000, today=TODAY)


@pytest.fixture(scope="module")
def clean() -> SeedData:
    """The same without dirt."""
    return seed(2000, dirty=False, today=TODAY)


def definitions(data: SeedData) -> dict[str, dict[str, object]]:
    """Every property a portal with this seed has, the seed's own last."""
    bodies = [*default_properties("companies", ""), *data.properties]
    return {body["name"]: body for body in bodies}


@settings(max_examples=20, deadline=None)
@given(number=st.integers(), shorter=st.integers(0, 60), longer=st.integers(60, 120))
def test_the_same_seed_makes_the_same_companies(number: int, shorter: int, longer: int) -> None:
    """The first companies depend on the seed alone, not on how many follow or when it is run."""
    few, many = seed(shorter, number, today=TODAY), seed(longer, number, today=TODAY)

    assert few.companies == many.companies[:shorter]
    assert few.deals == [deal for deal in many.deals if deal.company_index < shorter]


def test_another_seed_makes_other_companies() -> None:
    """Two seeds share hardly a name."""
    names = [{c["name"] for c in seed(200, number, today=TODAY).companies} for number in (1, 2)]

    assert len(names[0] & names[1]) < 5


@pytest.mark.parametrize("kind", ["dirty", "clean"])
def test_every_value_fits_its_property(kind: str, request: pytest.FixtureRequest) -> None:
    """A portal accepts the seed: known properties, offered options, plain numbers and dates."""
    data: SeedData = request.getfixturevalue(kind)
    known = definitions(data)
    owners = {owner[0] for owner in OWNERS}

    wrong = []
    for company in data.companies:
        for name, value in company.items():
            body = known[name]
            options = body["options"]
            assert isinstance(options, list)
            offered = {o["value"] for o in options} | (
                owners if name.endswith("owner_id") else set()
            )
            if body["type"] == "enumeration" and not set(value.split(";")) <= offered:
                wrong.append((name, value))
            if body["type"] == "number" and not value.isdigit():
                wrong.append((name, value))
            if body["type"] == "date" and date.fromisoformat(value).year not in range(2018, 2031):
                wrong.append((name, value))
    assert wrong == []


def test_clean_companies_are_complete_and_unlike(clean: SeedData) -> None:
    """Without dirt nobody shares a name or a domain, and the fields an ICP needs are filled."""
    always = {
        "name", "domain", "industry", "numberofemployees", "annualrevenue", "country", "city",
        "founded_year", "ownership", "business_model", "open_sales_roles", "exec_access",
    }  # fmt: skip
    for field in ("name", "domain"):
        assert len({c[field] for c in clean.companies}) == len(clean.companies)
    assert all(always <= company.keys() for company in clean.companies)
    assert all(c["domain"].endswith(".example") for c in clean.companies)
    assert all(1 <= int(c["exec_access"]) <= 5 for c in clean.companies)


def test_revenue_follows_head_count(clean: SeedData) -> None:
    """Revenue per head stays within what its industry allows, whatever the size."""
    each = [int(c["annualrevenue"]) / int(c["numberofemployees"]) for c in clean.companies]

    assert min(each) > 15_000
    assert max(each) < 600_000


def test_blanks_are_many_and_clustered(dirty: SeedData) -> None:
    """A fifth to a third of every field is blank, and one company in ten is nearly empty."""
    fields = ("industry", "numberofemployees", "annualrevenue", "country", "business_model")
    filled = Counter(f for company in dirty.companies for f in fields if f in company)
    known = Counter(sum(f in company for f in fields) for company in dirty.companies)

    assert all(0.2 < 1 - filled[field] / 2000 < 0.35 for field in fields)
    # Independent blanks at the same rate would leave 2% with at most one field, not 10%.
    assert 0.09 < (known[0] + known[1]) / 2000 < 0.17
    assert known[5] > 900


def test_dirt_of_every_sort_is_there(dirty: SeedData) -> None:
    """Duplicates, zero head counts, placeholders, odd names and odd spellings all occur."""
    domains = Counter(c["domain"] for c in dirty.companies if "domain" in c)
    names = [c["name"] for c in dirty.companies]
    countries = {c.get("country") for c in dirty.companies}

    assert 15 < sum(count - 1 for count in domains.values()) < 60
    assert any(c.get("numberofemployees") == "0" for c in dirty.companies)
    assert any(name != name.strip() for name in names)
    assert any(not name.isprintable() for name in names)
    assert any("<" in name for name in names)
    assert any("🚀" in name or "⚡" in name for name in names)
    assert {"USA", "UK", "Deutschland", "the Netherlands"} <= countries
    assert countries & {"Unknown", "N/A", "n/a", "unknown"}


def test_dates_count_back_from_the_day_given() -> None:
    """Moved by a year, nothing but the dates changes."""
    now, then = seed(300, today=TODAY), seed(300, today=date(2025, 11, 24))

    assert [c["name"] for c in now.companies] == [c["name"] for c in then.companies]
    assert max(c["hs_lastmodifieddate"] for c in now.companies if "hs_lastmodifieddate" in c) < (
        TODAY.isoformat()
    )
    assert max(c.get("last_funding_date", "") for c in then.companies) < "2025-11-24"


def test_companies_are_created_before_they_change(dirty: SeedData) -> None:
    """No record was modified before it existed."""
    stamped = [c for c in dirty.companies if "createdate" in c]

    assert len(stamped) > 1900
    assert all(c["createdate"] <= c["hs_lastmodifieddate"] for c in stamped)


def test_deals_hold_together(dirty: SeedData) -> None:
    """Every deal has a company and a stage; closed ones lie in the past, open ones ahead."""
    assert 500 < len(dirty.deals) < 1500
    for deal in dirty.deals:
        assert 0 <= deal.company_index < 2000
        closed, _ = STAGE_OUTCOMES[deal.properties["dealstage"]]
        assert closed == (deal.properties["closedate"][:10] < TODAY.isoformat())
        assert deal.properties["createdate"] < deal.properties["closedate"]
    assert seed(100, deals=False, today=TODAY).deals == []


def test_only_won_customers_churn(clean: SeedData) -> None:
    """A company that left had been won before, and the day lies in the past."""
    won = {d.company_index for d in clean.deals if d.properties["dealstage"] == "closedwon"}
    left = {i: c["churned_at"] for i, c in enumerate(clean.companies) if "churned_at" in c}

    assert 5 < len(left) < len(won) / 3
    assert left.keys() <= won
    assert max(left.values()) < TODAY.isoformat()


def test_target_companies_are_few_and_win_more(clean: SeedData) -> None:
    """Mid-market software is a small share of the portal and wins at least twice as often."""
    target = {
        i
        for i, c in enumerate(clean.companies)
        if c["industry"] in SOFTWARE
        and 200 <= int(c["numberofemployees"]) <= 1000
        and {"salesforce", "hubspot"} & set(c.get("web_technologies", "").split(";"))
        and c["country"] in {"United States", "Canada"}
    }
    closed = [d for d in clean.deals if d.properties["dealstage"].startswith("closed")]
    rates = []
    for inside in (True, False):
        outcomes = [
            d.properties["dealstage"] == "closedwon"
            for d in closed
            if (d.company_index in target) is inside
        ]
        rates.append(sum(outcomes) / len(outcomes))

    assert 0.03 < len(target) / 2000 < 0.08
    assert all(better > 2 * worse for better, worse in pairwise(rates))


def test_ten_thousand_names_are_not_used_up() -> None:
    """A large portal still has no two companies of one name, and no numbers to tell them apart."""
    names = [c["name"] for c in seed(10_000, dirty=False, deals=False, today=TODAY).companies]

    assert len(set(names)) == len(names)
    assert not any(any(c.isdigit() for c in name) for name in names)


def test_a_portal_offers_the_options_its_companies_use() -> None:
    """Filled with a seed, a portal would accept every technology that its companies have."""
    portal = Portal(Clock())
    portal.fill(seed(500, today=TODAY))

    used = {
        technology
        for company in portal.companies_live()
        for technology in company.get("web_technologies", "").split(";")
    }
    assert "shopify" in used
    assert used - {""} <= portal.companies.schema.options_of("web_technologies")
