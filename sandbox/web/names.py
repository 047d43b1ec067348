"""Names of the properties that the page shows, under the prefix that the portal uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_PREFIX: Final = "icp_"

# Column key to (property, heading). A leading "+" takes the prefix.
_COLUMNS: Final = (
    ("name", "name", "Name"),
    ("domain", "domain", "Domain"),
    ("owner", "hubspot_owner_id", "Owner"),
    ("industry", "industry", "Industry"),
    ("employees", "numberofemployees", "Employees"),
    ("country", "country", "Country"),
    ("tier", "+tier", "Tier"),
    ("score", "+fit_score", "Fit score"),
    ("priority", "+priority", "Priority"),
    ("disqualifier", "+disqualifier", "Disqualifier"),
    ("reason", "+reason", "Reason"),
    ("missing", "+missing", "Missing"),
    ("changed", "+tier_changed_at", "Tier changed"),
)
NUMBERS: Final = frozenset({"employees", "score", "priority"})

# What a record's ICP card shows beside tier, score, priority and reason, in groups.
_CARD: Final = (
    ("Judgement", ("profile", "version", "computed_tier", "previous_tier", "tier_changed_at",
                   "assessed_at", "trigger_strength", "run_id")),
    ("Data", ("data_coverage", "score_range", "missing", "gaps", "stale_inputs")),
    ("Disqualifiers", ("disqualifier", "disqualifiers")),
    ("Override by a person", ("tier_override", "override_reason", "override_expires")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table; *key* is what links and tests call it."""

    key: str
    name: str
    heading: str


@dataclass(frozen=True, slots=True)
class Names:
    """The properties that the worker writes, for one prefix."""

    prefix: str = DEFAULT_PREFIX

    def of(self, key: str) -> str:
        """The property for output *key*: ``fit_score`` is ``icp_fit_score`` by default."""
        return self.prefix + key

    @property
    def codes(self) -> frozenset[str]:
        """Text properties that hold ids of attributes, joined by ``;``."""
        return frozenset({self.of("missing"), self.of("stale_inputs")})

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, in order."""
        return tuple(
            Column(key, self.of(name[1:]) if name.startswith("+") else name, heading)
            for key, name, heading in _COLUMNS
        )

    @property
    def card(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Groups of a record's ICP card, each with its properties."""
        return tuple((title, tuple(map(self.of, keys))) for title, keys in _CARD)
