"""Companies to judge, as a CRM would send them: text by property, repeating itself as life does."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

import orjson

from sandbox.seeding import seed

Fields = dict[str, "str | None"]

SEED: Final = 20261124
PAGE: Final = 100
_CERTIFICATES: Final = ("SOC 2", "ISO 27001", "HIPAA", "PCI DSS", "GDPR")
_RISKS: Final = ("low", "medium", "high", "critical")
_WORDS: Final = (
    "platform", "software", "services", "family", "logistics", "industrial", "team", "cloud",
    "subscription", "retail", "care", "design", "research", "partners", "regional", "supplies",
)  # fmt: skip
_STACK: Final = (
    "salesforce", "hubspot", "slack", "zendesk", "segment", "intercom", "stripe", "wordpress",
    "amazon_web_services", "google_cloud", "google_analytics", "microsoft_365", "competitorx",
)  # fmt: skip


def realistic(count: int, names: tuple[str, ...], today: date) -> list[Fields]:
    """Companies of a typical portal: the sandbox's sample, with what it leaves out added.

    Args:
        count: how many.
        names: the properties a pull asks for; each record holds exactly these.
        today: the day that dates are counted back from.
    """
    chance = Random(SEED)  # noqa: S311 - sample data
    made: list[Fields] = []
    for company in seed(count, SEED, deals=False, today=today).companies:
        record = {**_signals(chance, today), **company}
        made.append({name: record.get(name) or None for name in names})
    return made


def adversarial(count: int, names: tuple[str, ...], today: date) -> list[Fields]:
    """The same companies with no number, list or text ever said twice: nothing to remember."""
    chance = Random(SEED + 1)  # noqa: S311 - sample data
    made = realistic(count, names, today)
    for place, record in enumerate(made):
        unique = {
            "numberofemployees": str(10 + 3 * place),
            "annualrevenue": f"{1_000_000 + 977 * place}.25",
            "founded_year": f"{1900 + place % 125}.{place + 1:07d}",
            "employee_growth": f"{chance.uniform(-40, 90):.9f}",
            "sales_team_size": f"{place + 5} - {place + 45}",
            "intent_score": f"{chance.uniform(0, 100):.9f}",
            "number_of_locations": f"{place % 90}.{place:07d}",
            "open_sales_roles": f"{place % 12}.{place:07d}",
            "web_technologies": ";".join([*chance.sample(_STACK, 5), f"tool_{place}"]),
            "certifications": f"{chance.choice(_CERTIFICATES)}, own standard {place}",
            "description": f"{_sentence(chance)} No. {place}",
        }
        record.update({name: value for name, value in unique.items() if name in record})
    return made


def list_page(records: list[Fields], first: int) -> bytes:
    """A page of HubSpot's company list holding *records*, as bytes on the wire."""
    stamp = "2026-11-20T08:15:30.123Z"
    return orjson.dumps(
        {
            "results": [
                {
                    "id": str(first + place),
                    "properties": {
                        **record,
                        "createdate": "2024-02-03T10:20:30.456Z",
                        "hs_lastmodifieddate": stamp,
                        "hs_object_id": str(first + place),
                    },
                    "createdAt": "2024-02-03T10:20:30.456Z",
                    "updatedAt": stamp,
                    "archived": False,
                    "url": f"https://app.hubspot.com/contacts/1/record/0-2/{first + place}",
                }
                for place, record in enumerate(records)
            ],
            "paging": {"next": {"after": str(first + PAGE), "link": f"?after={first + PAGE}"}},
        }
    )


def _signals(chance: Random, today: date) -> dict[str, str]:
    """What enrichment vendors add; each is missing for many companies."""
    found = {
        "employee_growth": str(round(chance.gauss(8, 18))),
        "sales_team_size": str(round(chance.lognormvariate(2.5, 1))),
        "certifications": ";".join(chance.sample(_CERTIFICATES, chance.randint(1, 3))),
        "intent_score": str(chance.randint(0, 100)),
        "number_of_locations": str(round(chance.lognormvariate(0.8, 1)) + 1),
        "is_public": chance.choice(("true", "false", "false", "false")),
        "churn_risk": chance.choice(_RISKS),
        "leadership_change_date": (today - timedelta(days=chance.randint(1, 900))).isoformat(),
        "description": _sentence(chance),
    }
    return {name: value for name, value in found.items() if chance.random() < 0.7}  # noqa: PLR2004 - the usual fill rate


def _sentence(chance: Random) -> str:
    words = " ".join(chance.choice(_WORDS) for _ in range(chance.randint(6, 14)))
    return f"{words.capitalize()}, since {chance.randint(1950, 2024)}."
