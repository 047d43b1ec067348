"""What is wrong with the data of a real portal, in its real proportions.

Blanks are clustered: whole companies are nearly empty (list imports, form fills) while others are
kept well. Share of companies, and the chance that any one field of theirs is filled:

===========  ======  ======
kept well    61%     94%
patchy       26%     66%
nearly empty 13%     12%
===========  ======  ======

which leaves a quarter of all fields blank. On top: 1.5% placeholder text in a text field, 1.5% head
counts of 0, 0.7% absurd revenue, 1.6% duplicates (same domain, name spelled otherwise), 3% names
with stray blanks, capitals, emoji, control characters or markup.
"""

from __future__ import annotations

from random import Random
from typing import Final

from sandbox.seeds.chance import Weighted, one_of

_KEPT: Final = Weighted({0.94: 61, 0.66: 26, 0.12: 13})

# Filled wherever a record exists at all: what the import or the form asked for.
_ALWAYS: Final = frozenset({"name", "createdate", "hs_lastmodifieddate"})
_USUALLY: Final[dict[str, float]] = {"domain": 0.96, "website": 0.6, "hubspot_owner_id": 0.82}
# Owners rate the companies they have spoken to; the others are blank however well kept.
_RATED: Final = 0.6
# Set by a process rather than typed, so a blank means that it did not happen.
_BY_PROCESS: Final = frozenset({"churned_at", "lifecyclestage"})

_PLACEHOLDERS: Final = ("Unknown", "N/A", "n/a", "-", "unknown", "TBD")
_TEXT_FIELDS: Final = ("country", "city", "state", "founded_year", "main_competitor")
_ABSURD_REVENUE: Final = ("1", "0", "999999999999", "123456", "42")
DUPLICATE_SHARE: Final = 0.016


def spell(company: dict[str, str], spellings: Weighted[str], chance: Random) -> None:
    """Write the country as somebody typed it."""
    company["country"] = spellings.draw(chance)


def blank(company: dict[str, str], chance: Random) -> None:
    """Empty fields of *company*, more or fewer by how well it is kept."""
    kept = _KEPT.draw(chance)
    for name in list(company):
        if name in _ALWAYS or name in _BY_PROCESS:
            continue
        filled = kept * _RATED if name == "exec_access" else _USUALLY.get(name, kept)
        if chance.random() >= filled:
            del company[name]


def soil(company: dict[str, str], chance: Random) -> None:
    """Make some values of *company* wrong as people and imports do."""
    roll = chance.random()
    if roll < 0.015:  # noqa: PLR2004 - the shares are those of the module's docstring
        name = one_of(chance, _TEXT_FIELDS)
        if name in company:
            company[name] = one_of(chance, _PLACEHOLDERS)
    elif roll < 0.03:  # noqa: PLR2004
        company["numberofemployees"] = "0"
    elif roll < 0.037:  # noqa: PLR2004
        company["annualrevenue"] = one_of(chance, _ABSURD_REVENUE)
    elif roll < 0.067:  # noqa: PLR2004
        company["name"] = _odd_name(company["name"], chance)
    elif roll < 0.08 and "country" in company:  # noqa: PLR2004
        company["country"] = f" {company['country']}  "


def duplicate(company: dict[str, str], chance: Random) -> dict[str, str]:
    """The same company entered again by someone who did not look first."""
    again = {k: v for k, v in company.items() if chance.random() < 0.5}  # noqa: PLR2004 - half of it
    name = company["name"].removesuffix(".").strip()
    again["name"] = one_of(chance, (name.upper(), name.lower(), f"{name} (2)", name.split(" ")[0]))
    again["domain"] = company["domain"]
    again["createdate"] = again["hs_lastmodifieddate"] = company["hs_lastmodifieddate"]
    return again


def _odd_name(name: str, chance: Random) -> str:
    oddities = (
        f"  {name}", f"{name} ", name.replace(" ", "  "), name.upper(), name.lower(),
        f"{name} 🚀", f"⚡️ {name}", f"{name}\u200b", f"{name}\x07", f"{name}\tInc",
        f"<b>{name}</b>", f"{name} <script>alert(1)</script>", f"TEST {name} DO NOT USE",
        f'"{name}"', f"{name} \u202eCNI",
    )  # fmt: skip
    return one_of(chance, oddities)
