"""What is written to the CRM, as data: each output's field names, kind and help text.

Set-up makes the fields from this table, a run writes them, and ``icp score`` adds them to files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from config.crms import Crm

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class OutputKind(StrEnum):
    """What an output field holds, in the terms both CRMs share."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    DATE = "date"
    DATETIME = "datetime"


class OptionSet(StrEnum):
    """Where the options of a choice come from."""

    OUTCOMES = "outcomes"  # the tiers in their order, then the reserved outcomes
    TIERS = "tiers"  # what a person may override to: the same list
    DISQUALIFIERS = "disqualifiers"
    CRITERIA = "criteria"
    PROFILES = "profiles"
    NATIVE = "native"  # the CRM's own; set-up leaves them alone


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputField:
    """One output: what it means and where it goes by default.

    Attributes:
        salesforce_name: ``None`` where that CRM has no such field.
        default_on: written unless excluded; the others are written only when included, because
            custom fields are scarce.
        description: help text of the field in the CRM.
        people_write: people fill it in and the worker only reads it.
        scale: decimal places of a number.
        native: the CRM's own field, which set-up never makes or changes.
    """

    key: str
    hubspot_name: str
    salesforce_name: str | None
    label: str
    kind: OutputKind
    description: str
    default_on: bool = True
    options: OptionSet | None = None
    people_write: bool = False
    scale: int = 0
    multiline: bool = False
    native: bool = False


OURS: Final = "Written by icp-sync; edits are reverted, use the ICP tier override field instead."
THEIRS: Final = "For people to fill in: icp-sync reads it and never writes it."
FIVE_WAYS: Final = (
    "A tier: judged, and a fit. Not ICP: judged, no. Disqualified: do not call. Needs data: work "
    "for RevOps. Out of scope: not our question. Blank: never read."
)


def spelled(key: str) -> str:
    """Write a key as Salesforce names are written: ``Fit_Score``."""
    return "_".join(word.capitalize() for word in key.split("_"))


def _field(  # noqa: PLR0913 - one row of the table below
    key: str,
    label: str,
    kind: OutputKind,
    meaning: str,
    *,
    on: bool = True,
    options: OptionSet | None = None,
    people_write: bool = False,
    multiline: bool = False,
    scale: int = 0,
) -> OutputField:
    return OutputField(
        key=key,
        hubspot_name=f"icp_{key}",
        salesforce_name=f"ICP_{spelled(key)}__c",
        label=label,
        kind=kind,
        description=f"{THEIRS if people_write else OURS} {meaning}",
        default_on=on,
        options=options,
        people_write=people_write,
        multiline=multiline,
        scale=scale,
    )


_TEXT, _NUMBER, _CHOICE = OutputKind.TEXT, OutputKind.NUMBER, OutputKind.CHOICE

_TABLE: Final[tuple[OutputField, ...]] = (
    _field("fit_score", "ICP fit score", _NUMBER,
           "How well the company fits, 0 to 100, over what is known; empty when too little is."),
    _field("tier", "ICP tier", _CHOICE, FIVE_WAYS, options=OptionSet.OUTCOMES),
    _field("disqualifier", "ICP disqualifier", _CHOICE,
           "The first reason not to sell to this company.", options=OptionSet.DISQUALIFIERS),
    _field("disqualifiers", "ICP disqualifiers", OutputKind.CHOICES,
           "Every reason not to sell to this company.", options=OptionSet.DISQUALIFIERS),
    _field("reason", "ICP reason", _TEXT, "Why the tier is what it is, in one line."),
    _field("missing", "ICP missing data", _TEXT,
           "Inputs that are empty, those that could move the tier most first."),
    _field("data_coverage", "ICP data coverage", _NUMBER,
           "Percent of the criteria's weight that could be judged."),
    _field("trigger_strength", "ICP trigger strength", _NUMBER,
           "The strongest sign that now is the moment, 0 to 100."),
    _field("priority", "ICP priority", _NUMBER,
           "Fit and timing together, 0 to 100: the order to work the list in.", scale=2),
    _field("profile", "ICP profile", _CHOICE,
           "Which Ideal Customer Profile the company was judged against.",
           options=OptionSet.PROFILES),
    _field("version", "ICP version", _TEXT, "Which version of that profile."),
    _field("computed_tier", "ICP computed tier", _CHOICE,
           "The tier before any override by a person.", options=OptionSet.OUTCOMES),
    _field("tier_changed_at", "ICP tier changed at", OutputKind.DATETIME,
           "When the tier last changed."),
    _field("tier_override", "ICP tier override", _CHOICE,
           "Shown as the tier while a reason is given and the expiry date is ahead.",
           options=OptionSet.TIERS, people_write=True),
    _field("override_reason", "ICP override reason", _TEXT,
           "Why the tier is overridden; without it the override is ignored.", people_write=True),
    _field("override_expires", "ICP override expires", OutputKind.DATE,
           "Until when, at most 180 days ahead; without it the override is ignored.",
           people_write=True),
    _field("gaps", "ICP gaps", OutputKind.CHOICES,
           "Criteria that are known and not fully met.", on=False, options=OptionSet.CRITERIA),
    _field("stale_inputs", "ICP stale inputs", _TEXT,
           "Inputs judged by their last known value because they became empty.", on=False),
    _field("score_range", "ICP score range", _TEXT,
           "The score if every unknown were a miss, and if every unknown were a match.", on=False),
    _field("previous_tier", "ICP previous tier", _CHOICE,
           "The tier before the last change.", on=False, options=OptionSet.OUTCOMES),
    _field("assessed_at", "ICP assessed at", OutputKind.DATETIME,
           "When the assessment shown here was made.", on=False),
    _field("explanation", "ICP explanation", _TEXT,
           "Every criterion with its value, what was wanted and its points.", on=False,
           multiline=True),
    _field("run_id", "ICP run", _TEXT, "The run that wrote these fields.", on=False),
    OutputField(
        key="native_tier",
        hubspot_name="hs_ideal_customer_profile",
        salesforce_name=None,
        label="Ideal Customer Profile Tier",
        kind=_CHOICE,
        description="HubSpot's own tier property, mirrored from the first three tiers.",
        default_on=False,
        options=OptionSet.NATIVE,
        native=True,
    ),
)  # fmt: skip

OUTPUTS: Final[Mapping[str, OutputField]] = {field.key: field for field in _TABLE}
"""Every output by key, in the order of the reference."""

ALWAYS_ON: Final = frozenset({"fit_score", "tier", "computed_tier"})
"""Outputs that cannot be excluded: without them the others cannot be understood."""


def kind_in(crm: Crm, key: str, *, multi_select: bool = False) -> OutputKind:
    """What the field of an output holds in that CRM.

    Multi-select picklists are scarce and awkward in Salesforce, so lists are text there unless
    asked for otherwise.
    """
    kind = OUTPUTS[key].kind
    if kind is OutputKind.CHOICES and crm == "salesforce" and not multi_select:
        return OutputKind.TEXT
    return kind
