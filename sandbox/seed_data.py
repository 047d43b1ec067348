"""What a sandbox is filled with: plain data, whoever made it (a generator or a file)."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SeedDeal:
    """One deal of the company at position *company_index* of the seed's companies."""

    company_index: int
    properties: dict[str, str]


@dataclass(slots=True)
class SeedData:
    """Companies, their deals, and the custom company properties they need.

    ``properties`` are bodies as one would send them to HubSpot's property API (``name``, ``label``,
    ``type``, ``fieldType``, ``options``; the group defaults to company information).
    ``companies`` hold property name to text; absent or ``""`` means empty. A company may carry
    ``createdate`` and ``hs_lastmodifieddate`` (ISO 8601 with milliseconds, UTC); otherwise the
    sandbox chooses them. ``problems`` says, line by line, what a loader could not read.
    """

    properties: list[dict[str, Any]] = field(default_factory=list)
    companies: list[dict[str, str]] = field(default_factory=list)
    deals: list[SeedDeal] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def copied(data: SeedData) -> SeedData:
    """The same for a second CRM: loading takes the companies out of its lists."""
    return SeedData(
        copy.deepcopy(data.properties), list(data.companies), list(data.deals), list(data.problems)
    )
