"""Deals whose outcome follows a hidden rule, so that learning from them has something to find.

The rule: mid-market B2B software that uses a CRM and hires sales people buys; tiny companies,
consumer businesses and companies locked in with a competitor do not. What was sold against the rule
churns more. The rule looks at what is true of a company, not at what its record says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from sandbox.seed_data import SeedDeal
from sandbox.seeds.chance import Weighted, as_typed, log_uniform
from sandbox.seeds.kinds import COMPETITOR, SOFTWARE_INDUSTRIES

MIDMARKET: Final = (100, 1500)
TINY: Final = 20
_OPEN_STAGES: Final = Weighted(
    {"appointmentscheduled": 34, "qualifiedtobuy": 26, "presentationscheduled": 18,
     "decisionmakerboughtin": 12, "contractsent": 10}
)  # fmt: skip
_HOW_MANY: Final = Weighted({1: 66, 2: 24, 3: 10})
_DAYS_OF_HISTORY: Final = 1000


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so about a company, whether or not its record says it."""

    name: str
    industry: str
    employees: int
    business_model: str
    technologies: frozenset[str]
    open_sales_roles: int
    exec_access: int

    @property
    def win_odds(self) -> float:
        """Chance, 0 to 1, that a deal with this company is won."""
        points = -2.1
        points += 0.9 if self.industry in SOFTWARE_INDUSTRIES else 0.0
        points += 0.9 if MIDMARKET[0] <= self.employees <= MIDMARKET[1] else 0.0
        points += 0.7 if self.open_sales_roles >= 3 else 0.0  # noqa: PLR2004 - the rule's numbers
        points += 0.4 if self.technologies & {"salesforce", "hubspot"} else 0.0
        points += 0.4 if self.exec_access >= 4 else 0.0  # noqa: PLR2004
        points -= 0.9 if self.employees < TINY else 0.0
        points -= 0.6 if self.business_model == "b2c" else 0.0
        points -= 1.6 if COMPETITOR in self.technologies else 0.0
        return 1 / (1 + math.exp(-points))


def deals_of(
    truth: Truth, index: int, chance: Random, today: date
) -> tuple[list[SeedDeal], date | None]:
    """The deals of the company at *index*, and the day it churned, if it was won and left."""
    if chance.random() > 0.22 + 0.45 * truth.win_odds:
        return [], None
    deals: list[SeedDeal] = []
    churned: date | None = None
    for _ in range(_HOW_MANY.draw(chance)):
        # The power leans towards the recent, so that a tenth is still open.
        opened = today - timedelta(days=int(2 + chance.random() ** 1.7 * _DAYS_OF_HISTORY))
        closed = opened + timedelta(days=int(log_uniform(chance, 12, 190)))
        properties = {
            "dealname": f"{truth.name}: new business",
            "pipeline": "default",
            "createdate": _instant(opened),
            "closedate": _instant(closed),
        }
        if chance.random() > 0.06:  # noqa: PLR2004 - a few deals have no amount
            size = 350 * max(truth.employees, 8) ** 0.75 * log_uniform(chance, 0.5, 2.2)
            properties["amount"] = str(as_typed(min(size, 900_000)))
        if closed >= today:
            properties["dealstage"] = _OPEN_STAGES.draw(chance)
        elif chance.random() < truth.win_odds:
            properties["dealstage"] = "closedwon"
            left = closed + timedelta(days=int(120 + chance.random() * 500))
            if left < today and chance.random() < 0.4 - 0.45 * truth.win_odds:
                churned = left
        else:
            properties["dealstage"] = "closedlost"
        deals.append(SeedDeal(index, properties))
    return deals, churned


def _instant(day: date) -> str:
    return f"{day.isoformat()}T09:00:00.000Z"
