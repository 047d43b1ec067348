"""The kinds of company in a typical B2B portal, and what is true of each.

A portal is not a random sample of the economy: sales teams, marketing forms and list imports put
roughly a sixth of it near the target market and the rest around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sandbox.seeds.chance import Weighted
from sandbox.seeds.places import ANYWHERE, WESTERN, Place

COMPETITOR: Final = "competitorx"
"""The rival product of the demo: named in technologies and in ``main_competitor``."""

STAGES: Final = (
    "bootstrapped", "pre_seed", "seed", "series_a", "series_b", "series_c", "series_d", "growth",
    "public", "unknown",
)  # fmt: skip
OWNERSHIPS: Final = ("private", "venture_backed", "private_equity", "public", "subsidiary")
BUSINESS_MODELS: Final = ("b2b_saas", "b2b_services", "marketplace", "b2c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of company.

    Attributes:
        share: relative frequency in a portal.
        employees: lowest and highest head count; log-uniform between them.
        revenue_each: lowest and highest yearly revenue per head, in dollars.
        stack: probability per technology that the company uses it.
        hiring: probability that it is hiring sales people now.
        raised: probability that its last funding round is dated at all.
        founded: earliest and latest founding year.
        surnames: probability that it is named after people.
    """

    key: str
    share: float
    industries: Weighted[str]
    employees: tuple[int, int]
    revenue_each: tuple[int, int]
    ownership: Weighted[str]
    models: Weighted[str]
    stages: Weighted[str]
    stack: tuple[tuple[str, float], ...]
    founded: tuple[int, int]
    hiring: float = 0.12
    raised: float = 0.05
    places: Weighted[Place] = field(default=ANYWHERE)
    surnames: float = 0.0


_OFFICE: Final[tuple[tuple[str, float], ...]] = (
    ("google_analytics", 0.6), ("microsoft_365", 0.5), ("wordpress", 0.35),
)  # fmt: skip
_MODERN: Final[tuple[tuple[str, float], ...]] = (
    ("google_workspace", 0.6), ("slack", 0.55), ("google_analytics", 0.6),
    ("amazon_web_services", 0.6), ("stripe", 0.35), ("segment", 0.25), ("intercom", 0.25),
    ("zendesk", 0.2),
)  # fmt: skip
_NO_STAGE: Final = Weighted({"unknown": 1.0})
_PRIVATE: Final = Weighted(
    {"private": 70, "private_equity": 14, "subsidiary": 9, "public": 5, "venture_backed": 2}
)

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        key="midmarket_software", share=22, employees=(130, 1300), revenue_each=(120_000, 260_000),
        industries=Weighted(
            {"COMPUTER_SOFTWARE": 50, "INFORMATION_TECHNOLOGY_AND_SERVICES": 16,
             "FINANCIAL_SERVICES": 17, "INTERNET": 10, "COMPUTER_NETWORK_SECURITY": 7}
        ),
        ownership=Weighted({"venture_backed": 52, "private_equity": 24, "private": 18,
                            "public": 3, "subsidiary": 3}),
        models=Weighted({"b2b_saas": 88, "marketplace": 6, "b2b_services": 6}),
        stages=Weighted({"series_a": 8, "series_b": 34, "series_c": 28, "series_d": 14,
                         "growth": 10, "bootstrapped": 6}),
        stack=(*_MODERN, ("salesforce", 0.58), ("hubspot", 0.45), ("outreach", 0.22),
               (COMPETITOR, 0.09), ("marketo", 0.15)),
        founded=(2004, 2021), hiring=0.55, raised=0.72, places=WESTERN,
    ),
    Kind(
        key="startup", share=12, employees=(2, 110), revenue_each=(20_000, 140_000),
        industries=Weighted(
            {"COMPUTER_SOFTWARE": 52, "INTERNET": 20, "FINANCIAL_SERVICES": 8,
             "INFORMATION_TECHNOLOGY_AND_SERVICES": 8, "HEALTH_WELLNESS_AND_FITNESS": 4,
             "E_LEARNING": 4, "ONLINE_MEDIA": 4}
        ),
        ownership=Weighted({"venture_backed": 62, "private": 38}),
        models=Weighted({"b2b_saas": 62, "marketplace": 16, "b2c": 16, "b2b_services": 6}),
        stages=Weighted({"bootstrapped": 20, "pre_seed": 18, "seed": 38, "series_a": 24}),
        stack=(*_MODERN, ("hubspot", 0.4), ("salesforce", 0.1), ("vercel", 0.3)),
        founded=(2015, 2025), hiring=0.25, raised=0.55,
    ),
    Kind(
        key="enterprise_tech", share=6, employees=(1500, 60_000), revenue_each=(140_000, 420_000),
        industries=Weighted(
            {"COMPUTER_SOFTWARE": 28, "INFORMATION_TECHNOLOGY_AND_SERVICES": 30,
             "TELECOMMUNICATIONS": 14, "SEMICONDUCTORS": 8, "COMPUTER_HARDWARE": 10,
             "FINANCIAL_SERVICES": 10}
        ),
        ownership=Weighted({"public": 62, "private_equity": 16, "private": 12, "subsidiary": 10}),
        models=Weighted({"b2b_saas": 45, "b2b_services": 45, "b2c": 10}),
        stages=Weighted({"public": 80, "growth": 20}),
        stack=(("salesforce", 0.75), ("marketo", 0.4), ("microsoft_365", 0.8),
               ("servicenow", 0.45), ("snowflake", 0.4), ("workday", 0.45), (COMPETITOR, 0.12)),
        founded=(1975, 2010), hiring=0.5, raised=0.08,
    ),
    Kind(
        key="professional_services", share=16, employees=(5, 2500), revenue_each=(80_000, 240_000),
        industries=Weighted(
            {"MANAGEMENT_CONSULTING": 22, "ACCOUNTING": 13, "LAW_PRACTICE": 11,
             "MARKETING_AND_ADVERTISING": 24, "STAFFING_AND_RECRUITING": 13, "LEGAL_SERVICES": 4,
             "HUMAN_RESOURCES": 6, "ARCHITECTURE_PLANNING": 7}
        ),
        ownership=Weighted({"private": 62, "private_equity": 30, "subsidiary": 6, "public": 2}),
        models=Weighted({"b2b_services": 97, "b2c": 3}),
        stages=_NO_STAGE,
        stack=(*_OFFICE, ("hubspot", 0.3), ("salesforce", 0.24), ("mailchimp", 0.25)),
        founded=(1960, 2020), hiring=0.18, surnames=0.5,
    ),
    Kind(
        key="industrial", share=14, employees=(15, 18_000), revenue_each=(120_000, 450_000),
        industries=Weighted(
            {"MACHINERY": 18, "INDUSTRIAL_AUTOMATION": 10, "CONSTRUCTION": 20, "AUTOMOTIVE": 9,
             "LOGISTICS_AND_SUPPLY_CHAIN": 14, "TRANSPORTATION_TRUCKING_RAILROAD": 8,
             "CHEMICALS": 6, "BUILDING_MATERIALS": 6, "OIL_ENERGY": 5, "UTILITIES": 4}
        ),
        ownership=_PRIVATE, models=Weighted({"b2b_services": 92, "b2c": 8}), stages=_NO_STAGE,
        stack=(*_OFFICE, ("sap", 0.3), ("salesforce", 0.15), ("hubspot", 0.1)),
        founded=(1920, 2012), surnames=0.3,
    ),
    Kind(
        key="consumer", share=11, employees=(3, 9000), revenue_each=(60_000, 320_000),
        industries=Weighted(
            {"RETAIL": 28, "APPAREL_FASHION": 12, "RESTAURANTS": 12, "HOSPITALITY": 10,
             "CONSUMER_GOODS": 12, "FOOD_BEVERAGES": 12, "LEISURE_TRAVEL_TOURISM": 8,
             "SPORTING_GOODS": 6}
        ),
        ownership=_PRIVATE, models=Weighted({"b2c": 84, "marketplace": 16}), stages=_NO_STAGE,
        stack=(("shopify", 0.45), ("klaviyo", 0.3), ("google_analytics", 0.7),
               ("facebook_advertiser", 0.5), ("hubspot", 0.06)),
        founded=(1965, 2022), surnames=0.15,
    ),
    Kind(
        key="health", share=7, employees=(5, 12_000), revenue_each=(70_000, 300_000),
        industries=Weighted(
            {"HOSPITAL_HEALTH_CARE": 40, "MEDICAL_DEVICES": 20, "BIOTECHNOLOGY": 16,
             "PHARMACEUTICALS": 12, "MEDICAL_PRACTICE": 12}
        ),
        ownership=_PRIVATE, models=Weighted({"b2b_services": 55, "b2c": 45}), stages=_NO_STAGE,
        stack=(*_OFFICE, ("salesforce", 0.2), ("hubspot", 0.12)),
        founded=(1970, 2020),
    ),
    Kind(
        key="finance", share=6, employees=(10, 15_000), revenue_each=(180_000, 520_000),
        industries=Weighted(
            {"BANKING": 28, "INSURANCE": 30, "INVESTMENT_MANAGEMENT": 20, "FINANCIAL_SERVICES": 22}
        ),
        ownership=_PRIVATE, models=Weighted({"b2b_services": 55, "b2c": 45}), stages=_NO_STAGE,
        stack=(*_OFFICE, ("salesforce", 0.4), ("hubspot", 0.1)),
        founded=(1930, 2015), surnames=0.25,
    ),
    Kind(
        key="public_and_nonprofit", share=6, employees=(8, 9000), revenue_each=(40_000, 120_000),
        industries=Weighted(
            {"GOVERNMENT_ADMINISTRATION": 30, "HIGHER_EDUCATION": 18,
             "PRIMARY_SECONDARY_EDUCATION": 14,
             "NON_PROFIT_ORGANIZATION_MANAGEMENT": 30, "PUBLIC_SAFETY": 8}
        ),
        ownership=Weighted({"private": 1.0}), models=Weighted({"b2b_services": 40, "b2c": 60}),
        stages=_NO_STAGE, stack=(*_OFFICE, ("salesforce", 0.15)),
        founded=(1880, 2010),
    ),
)  # fmt: skip

ANY_KIND: Final = Weighted({kind: kind.share for kind in KINDS})
TECHNOLOGIES: Final = tuple(sorted({name for kind in KINDS for name, _ in kind.stack}))
SOFTWARE_INDUSTRIES: Final = frozenset(
    {"COMPUTER_SOFTWARE", "INTERNET", "INFORMATION_TECHNOLOGY_AND_SERVICES",
     "COMPUTER_NETWORK_SECURITY", "FINANCIAL_SERVICES"}
)  # fmt: skip
