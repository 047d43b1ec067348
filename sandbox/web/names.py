"""Names of the fields that the pages show, in each CRM's spelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

HUBSPOT_PREFIX: Final = "icp_"
SALESFORCE_PREFIX: Final = "ICP_"

# Column key to heading. Those with a "+" hold what the worker writes, and which of it.
_HEADINGS: Final = {
    "name": "Name",
    "domain": "Domain",
    "owner": "Owner",
    "industry": "Industry",
    "employees": "Employees",
    "country": "Country",
    "tier": "Tier",
    "score": "Fit score",
    "priority": "Priority",
    "disqualifier": "Disqualifier",
    "reason": "Reason",
    "missing": "Missing",
    "changed": "Tier changed",
}
_OUTPUTS: Final = {
    "tier": "tier",
    "score": "fit_score",
    "priority": "priority",
    "disqualifier": "disqualifier",
    "reason": "reason",
    "missing": "missing",
    "changed": "tier_changed_at",
}
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
    """The fields of one CRM: *spell* turns an output's key into the name of its field."""

    spell: Callable[[str], str]
    own: Mapping[str, str]  # the CRM's own fields, by column key
    created: str
    modified: str
    in_the_head: frozenset[str] = frozenset()  # shown above, so not among the rest

    def of(self, key: str) -> str:
        """The field for output *key*: ``fit_score`` is ``icp_fit_score`` in HubSpot."""
        return self.spell(key)

    @property
    def codes(self) -> frozenset[str]:
        """Text fields that hold ids of attributes, joined by ``;``."""
        return frozenset({self.of("missing"), self.of("stale_inputs")})

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, in order."""
        return tuple(
            Column(key, self.of(_OUTPUTS[key]) if key in _OUTPUTS else self.own[key], heading)
            for key, heading in _HEADINGS.items()
        )

    @property
    def card(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Groups of a record's ICP card, each with its fields."""
        return tuple((title, tuple(map(self.of, keys))) for title, keys in _CARD)


def hubspot_names(prefix: str = HUBSPOT_PREFIX) -> Names:
    """HubSpot's: ``icp_fit_score``."""
    return Names(
        spell=lambda key: prefix + key,
        own={
            "name": "name",
            "domain": "domain",
            "owner": "hubspot_owner_id",
            "industry": "industry",
            "employees": "numberofemployees",
            "country": "country",
        },
        created="createdate",
        modified="hs_lastmodifieddate",
        in_the_head=frozenset({"hs_object_id", "createdate", "hs_lastmodifieddate"}),
    )


def salesforce_names(prefix: str = SALESFORCE_PREFIX) -> Names:
    """Salesforce's: ``ICP_Fit_Score__c``."""
    return Names(
        spell=lambda key: f"{prefix}{key.title()}__c",
        own={
            "name": "Name",
            "domain": "Website",
            "owner": "OwnerId",
            "industry": "Industry",
            "employees": "NumberOfEmployees",
            "country": "BillingCountry",
        },
        created="CreatedDate",
        modified="SystemModstamp",
        in_the_head=frozenset({"Id", "CreatedDate", "SystemModstamp", "IsDeleted"}),
    )
