"""The three shipped ICPs judge companies as the people who use them would."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from worker import composition
from worker.icp.assessment import Assessment
from worker.parsers import parser_for
from worker.sync.panel import Panel

TODAY = date(2026, 11, 24)
Company = dict[str, str]


@cache
def panel(name: str) -> tuple[Panel, dict[str, str]]:
    """An example compiled, and the HubSpot property of each of its attributes."""
    path = Path(str(files("config") / "examples" / f"{name}.yaml"))
    compiled = composition.compile_icps([path])
    fields = {it: spec.hubspot or it for it, spec in compiled.specs.items()}
    readers = {
        it: (fields[it], parser_for(spec, compiled.words(it), None))
        for it, spec in compiled.specs.items()
    }
    return Panel(compiled.profiles, readers, TODAY), fields


def judge(name: str, company: Company) -> Assessment:
    """Judge a company given by attribute, each value as HubSpot holds it."""
    judges, fields = panel(name)
    _, assessment = judges.judge({fields[it]: value for it, value in company.items()})
    assert assessment.unreadable == ()
    return assessment


SAAS: Company = {
    "account_type": "PROSPECT",
    "industry": "COMPUTER_SOFTWARE",
    "employees": "450",
    "annual_revenue": "60000000",
    "country": "United States",
    "business_model": "B2B SaaS",
    "technologies": "salesforce;google_analytics",
    "exec_access": "4",
    "last_funding_date": "2026-08-10",
    "open_sales_roles": "0",
    "contract_end": "2026-12-31",
}
FIRM: Company = {
    "account_type": "PROSPECT",
    "industry": "MANAGEMENT_CONSULTING",
    "ownership": "Private Equity",
    "employees": "600",
    "annual_revenue": "90000000",
    "country": "UK",
    "founded_year": "1998",
    "exec_access": "5",
    "technologies": "hubspot",
    "contract_end": "2027-02-01",
    "business_model": "services",
}
GIANT: Company = {
    "account_type": "PROSPECT",
    "industry": "INSURANCE",
    "annual_revenue": "12000000000",
    "employees": "38000",
    "ownership": "Public",
    "technologies": "salesforce;snowflake;workday",
    "country": "Germany",
    "exec_access": "4",
    "contract_end": "2027-05-01",
    "open_sales_roles": "2",
}


def test_midmarket_an_ideal_account() -> None:
    """Right sector, size, place and tools, with money just raised: Tier 1."""
    found = judge("midmarket-saas", SAAS)

    assert (found.tier, found.score) == ("tier_1", 9_737)
    assert found.gaps == ()
    assert found.trigger == 4_420
    assert found.reason == (
        "Fits 7 of 7 known, best Company size 450. Trigger: Recent funding 2026-08-10."
    )


def test_midmarket_a_near_miss() -> None:
    """Kindred industry, a little too large, in the EU: Tier 2, with the gap that costs most."""
    near = {
        **SAAS,
        "industry": "INFORMATION_TECHNOLOGY_AND_SERVICES",
        "employees": "1200",
        "country": "Netherlands",
        "last_funding_date": "",
    }
    found = judge("midmarket-saas", near)

    assert (found.tier, found.gaps) == ("tier_2", ("size", "industry", "geography"))
    assert "Gap: Industry Information Technology and Services (want" in found.reason
    assert found.trigger == 0


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"employees": "12"}, "too_small", "Too small to see a return"),
        ({"employees": "1-10"}, "too_small", "Too small to see a return"),
        (
            {"industry": "GOVERNMENT_ADMINISTRATION"},
            "public_sector",
            "Public sector, which we cannot serve",
        ),
        (
            {"technologies": "salesforce;competitorx", "contract_end": "2027-10-01"},
            "locked_in",
            "Long contract with a direct competitor",
        ),
    ],
)
def test_midmarket_a_disqualified_account(change: Company, code: str, reason: str) -> None:
    """However well the rest fits, with the reason first and the score still there."""
    found = judge("midmarket-saas", {**SAAS, **change})

    assert (found.tier, found.disqualifiers) == ("disqualified", (code,))
    assert found.reason.startswith(f"Disqualified: {reason}.")
    assert found.score is not None


def test_midmarket_a_lock_in_ends_by_itself() -> None:
    """Half a year before the competitor's contract ends the account is worth a call again."""
    locked = {**SAAS, "technologies": "salesforce;competitorx"}

    assert judge("midmarket-saas", {**locked, "contract_end": "2027-05-23"}).tier == "disqualified"
    assert judge("midmarket-saas", {**locked, "contract_end": "2027-05-22"}).tier == "tier_1"
    assert judge("midmarket-saas", {**locked, "contract_end": ""}).tier == "tier_1"


def test_midmarket_an_account_that_needs_data() -> None:
    """Three of seven fields known is too little: no score, and the fields that matter first."""
    known = ("account_type", "industry", "country", "exec_access")
    found = judge("midmarket-saas", {it: SAAS[it] for it in known})

    assert (found.tier, found.score, found.priority) == ("needs_data", None, None)
    assert found.reason.startswith("Needs data: 42% known, 50% needed; score could be 39-97.")
    assert {"employees", "technologies", "annual_revenue"} <= {*found.missing}


def test_midmarket_a_partner_is_out_of_scope() -> None:
    """Not a judgement: the profile is about others. An empty type is inside."""
    found = judge("midmarket-saas", {**SAAS, "account_type": "PARTNER"})
    assert (found.tier, found.score) == ("out_of_scope", None)
    assert found.reason == "Out of scope of Mid-market B2B SaaS: Type Partner."
    assert judge("midmarket-saas", {**SAAS, "account_type": ""}).tier == "tier_1"


def test_services_an_ideal_firm() -> None:
    """A consultancy that private equity owns, of the right size, with a contract ending soon."""
    found = judge("professional-services-pe", FIRM)

    assert (found.tier, found.score, found.gaps) == ("tier_1", 10_000, ())
    assert found.trigger == 8_000
    assert "best Industry Management Consulting" in found.reason
    assert "Trigger: Incumbent's contract ends soon 2027-02-01." in found.reason


def test_services_a_near_miss() -> None:
    """A marketing agency with venture money and too few people: Tier 1 and 2 require more."""
    near = {
        **FIRM,
        "industry": "MARKETING_AND_ADVERTISING",
        "ownership": "Venture backed",
        "employees": "120",
    }
    found = judge("professional-services-pe", near)

    assert found.tier == "tier_3"
    assert {"industry", "ownership", "size"} == {*found.gaps}
    assert "Gap: Ownership" in found.reason


def test_services_a_disqualified_firm() -> None:
    """Too few people to run a change, and consumers only: both are named."""
    found = judge("professional-services-pe", {**FIRM, "employees": "9", "business_model": "B2C"})

    assert (found.tier, found.disqualifiers) == ("disqualified", ("too_small", "consumer"))
    assert found.reason.startswith(
        "Disqualified: Fewer than 25 people, so no one to run the change; Serves consumers only."
    )


def test_services_a_firm_that_needs_data() -> None:
    """Industry and place alone say little; who owns it is asked for before its age."""
    known = ("industry", "country", "exec_access")
    found = judge("professional-services-pe", {it: FIRM[it] for it in known})
    missing = [it for it in found.missing if it in {"ownership", "founded_year"}]

    assert (found.tier, found.score) == ("needs_data", None)
    assert missing == ["ownership", "founded_year"]


def test_services_a_reseller_is_out_of_scope() -> None:
    """Another question."""
    found = judge("professional-services-pe", {**FIRM, "account_type": "RESELLER"})

    assert found.tier == "out_of_scope"
    assert "Type Reseller" in found.reason


def test_enterprise_an_ideal_account() -> None:
    """A listed insurer with the platforms in place and a renewal in sight."""
    found = judge("enterprise-global2000", GIANT)

    assert (found.tier, found.gaps) == ("tier_1", ())
    assert found.trigger == 10_000
    assert "Trigger: Incumbent's contract ends soon 2027-05-01." in found.reason


def test_enterprise_without_a_trigger_is_tier_2() -> None:
    """Strategic effort goes where something is happening: fit alone is not enough for Tier 1."""
    found = judge("enterprise-global2000", {**GIANT, "contract_end": "2029-01-01"})

    assert (found.tier, found.score) == ("tier_2", judge("enterprise-global2000", GIANT).score)
    assert "Trigger" not in found.reason


def test_enterprise_a_near_miss() -> None:
    """Half the revenue, private equity, one platform: still worth a place in the queue."""
    near = {
        **GIANT,
        "annual_revenue": "700000000",
        "ownership": "Private equity",
        "technologies": "salesforce",
        "industry": "CAPITAL_MARKETS",
    }
    found = judge("enterprise-global2000", near)

    # 69.75 of 115 points: too few for Tier 2, which also requires the revenue
    assert (found.tier, found.score) == ("tier_3", 6_065)
    assert {*found.gaps} == {"revenue", "industry", "ownership", "platforms"}
    assert "Gap: Enterprise platforms in use Salesforce (want 2 of" in found.reason


def test_enterprise_a_disqualified_account() -> None:
    """The mid-market team's account."""
    found = judge(
        "enterprise-global2000", {**GIANT, "employees": "501-1000", "annual_revenue": "90000000"}
    )

    assert found.tier == "disqualified"
    assert "unprofitable_size" in found.disqualifiers


def test_enterprise_an_account_that_needs_data() -> None:
    """A name, an industry and a country are not enough for a strategic account."""
    found = judge("enterprise-global2000", {it: GIANT[it] for it in ("industry", "country")})

    assert (found.tier, found.score) == ("needs_data", None)
    assert found.missing.index("annual_revenue") < found.missing.index("exec_access")


@pytest.mark.parametrize(
    "change", [{"account_type": "VENDOR"}, {"industry": "GOVERNMENT_ADMINISTRATION"}]
)
def test_enterprise_what_is_out_of_scope(change: Company) -> None:
    """Vendors, and governments, which the segment leaves to others."""
    assert judge("enterprise-global2000", {**GIANT, **change}).tier == "out_of_scope"


def test_an_empty_company_needs_data_everywhere() -> None:
    """Nothing known is never a no."""
    for name in ("midmarket-saas", "professional-services-pe", "enterprise-global2000"):
        assert judge(name, {}).tier == "needs_data"
