"""Sample companies for the sandbox: invented, the same for the same seed, and as dirty as life.

``seed(n)`` makes a portal that a RevOps engineer would recognise: a fifth near the target market of
a mid-market B2B software vendor, the rest everything else that ends up in a CRM. The parts are in
``sandbox/seeds``: kinds of company, places, names, what is wrong with the data, and deals.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from sandbox.hubspot.definitions import OWNERS
from sandbox.seed_data import SeedData, SeedDeal
from sandbox.seeds.chance import Weighted, as_typed, log_uniform, one_of
from sandbox.seeds.deals import Truth, deals_of
from sandbox.seeds.dirt import DUPLICATE_SHARE, blank, duplicate, soil, spell
from sandbox.seeds.kinds import ANY_KIND, COMPETITOR, Kind
from sandbox.seeds.names import Names
from sandbox.seeds.properties import sample_properties

_TYPES: Final = Weighted({"PROSPECT": 87, "PARTNER": 4, "VENDOR": 3, "OTHER": 4, "RESELLER": 2})
_OWNER_IDS: Final = tuple(owner[0] for owner in OWNERS)
_RATINGS: Final = Weighted({"1": 22, "2": 26, "3": 27, "4": 17, "5": 8})
_GOOD_RATINGS: Final = Weighted({"2": 12, "3": 26, "4": 36, "5": 26})
_RECENT_DAYS: Final = 180
_ROUNDED_FROM: Final = 300
_REMEMBERED: Final = 400


@dataclass(frozen=True, slots=True)
class _Made:
    """One company: its record, what is true of it, and how people type its country."""

    record: dict[str, str]
    truth: Truth
    spellings: Weighted[str]


def seed(
    n: int,
    seed: int = 0,
    *,
    dirty: bool = True,
    deals: bool = True,
    today: date | None = None,
) -> SeedData:
    """Make *n* companies, and deals with about a third of them.

    The first companies do not depend on *n*: ``seed(10)`` begins ``seed(1000)``.

    Args:
        n: how many companies.
        seed: another number makes other companies.
        dirty: blanks, misspellings and duplicates as real portals have (``sandbox/seeds/dirt.py``
            says how many); without it every field is filled in and spelled as usual.
        deals: won, lost and open deals, and the day on which some won customers left.
        today: the day that dates are counted back from; by default the current one in UTC.
    """
    today = today or datetime.now(UTC).date()
    data = SeedData(properties=sample_properties())
    chance = Random(f"companies {seed}")  # noqa: S311 - sample data, no secret hangs on it
    names = Names(chance)
    remembered: list[dict[str, str]] = []
    for index in range(n):
        if dirty and remembered and chance.random() < DUPLICATE_SHARE:
            data.companies.append(duplicate(one_of(chance, tuple(remembered)), chance))
            continue
        made = _company(chance, names, today)
        if deals:
            found, churned = deals_of(made.truth, index, chance, today)
            _mark_customer(made.record, found, churned)
            data.deals.extend(found)
        if dirty:
            spell(made.record, made.spellings, chance)
            blank(made.record, chance)
            soil(made.record, chance)
        if "domain" in made.record:
            remembered.append(made.record)
            del remembered[:-_REMEMBERED]
        data.companies.append(made.record)
    return data


def _company(chance: Random, names: Names, today: date) -> _Made:
    kind = ANY_KIND.draw(chance)
    place = kind.places.draw(chance)
    city, state = one_of(chance, place.cities)
    industry = kind.industries.draw(chance)
    name, domain = names.next(kind, industry, city, place.legal_forms)
    employees = round(log_uniform(chance, *kind.employees))
    if employees > _ROUNDED_FROM and chance.random() < 0.5:  # noqa: PLR2004 - half are estimates
        employees = as_typed(employees)
    record = {
        "name": name,
        "domain": domain,
        "website": f"https://www.{domain}",
        "industry": industry,
        "numberofemployees": str(employees),
        "annualrevenue": str(as_typed(employees * log_uniform(chance, *kind.revenue_each))),
        "country": place.usual,
        "city": city,
        "founded_year": str(min(_year(chance, kind), today.year - 1)),
        "type": _TYPES.draw(chance),
        "lifecyclestage": "lead",
        "hubspot_owner_id": one_of(chance, _OWNER_IDS),
        "ownership": kind.ownership.draw(chance),
        "business_model": kind.models.draw(chance),
    }
    if state:
        record["state"] = state
    stack = _stack(chance, kind, record, today)
    hiring = _signals(chance, kind, record, today)
    ratings = _GOOD_RATINGS if kind.key == "midmarket_software" else _RATINGS
    record["exec_access"] = ratings.draw(chance)
    _timestamps(chance, record, today)
    truth = Truth(
        name=name,
        industry=industry,
        employees=employees,
        business_model=record["business_model"],
        technologies=frozenset(stack),
        open_sales_roles=hiring,
        exec_access=int(record["exec_access"]),
    )
    return _Made(record, truth, place.spellings)


def _year(chance: Random, kind: Kind) -> int:
    first, last = kind.founded
    # The square root leans towards the recent, as the population of firms does.
    return first + int((last - first + 1) * chance.random() ** 0.5)


def _stack(chance: Random, kind: Kind, record: dict[str, str], today: date) -> list[str]:
    """Technologies in use; with a competitor among them, until when its contract runs."""
    stack = [name for name, share in kind.stack if chance.random() < share]
    if stack:
        record["web_technologies"] = sys.intern(";".join(stack))
    if COMPETITOR in stack:
        record["main_competitor"] = "CompetitorX"
        record["contract_end"] = _days_from(today, int(chance.random() * 900) - 200)
    return stack


def _signals(chance: Random, kind: Kind, record: dict[str, str], today: date) -> int:
    """Funding and hiring. Answers how many sales people the company looks for."""
    record["funding_stage"] = kind.stages.draw(chance)
    if chance.random() < kind.raised and record["funding_stage"] not in {"bootstrapped", "unknown"}:
        # A third raised lately; the rest at some time in the years before.
        recent = chance.random() < 1 / 3
        days = chance.random() * _RECENT_DAYS if recent else 180 + chance.random() * 1300
        record["last_funding_date"] = _days_from(today, -int(days) - 1)
    hiring = int(log_uniform(chance, 1, 14)) if chance.random() < kind.hiring else 0
    record["open_sales_roles"] = str(hiring)
    return hiring


def _timestamps(chance: Random, record: dict[str, str], today: date) -> None:
    age = int(20 + chance.random() * 1400)
    created = today - timedelta(days=age)
    modified = today - timedelta(days=int(1 + chance.random() ** 2 * (age - 2)))
    seconds = int(chance.random() * 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    record["createdate"] = f"{created.isoformat()}T{clock}.{seconds % 997:03d}Z"
    record["hs_lastmodifieddate"] = f"{modified.isoformat()}T{clock}.{seconds % 991:03d}Z"


def _mark_customer(record: dict[str, str], deals: list[SeedDeal], churned: date | None) -> None:
    stages = {deal.properties["dealstage"] for deal in deals}
    if "closedwon" in stages:
        record["lifecyclestage"] = "customer"
    elif stages - {"closedlost"}:
        record["lifecyclestage"] = "opportunity"
    if churned:
        record["churned_at"] = churned.isoformat()


def _days_from(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()
