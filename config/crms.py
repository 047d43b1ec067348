"""The CRMs that a connection can be to, and what a field may be called there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Crm: TypeAlias = Literal["hubspot", "salesforce"]

CRM_NAMES: Final[Mapping[Crm, str]] = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
"""What people call each CRM."""

_SALESFORCE_INPUT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")


def input_problem(crm: Crm, field: str) -> tuple[str, str] | None:
    """Say why no attribute can be read from a field of that name: a sentence and a remedy."""
    if crm != "salesforce" or _SALESFORCE_INPUT.fullmatch(field):
        return None
    if field.count(".") > 1:
        return (
            f'"{field}" crosses more than one lookup.',
            "Cross one (Parent.NumberOfEmployees), or make a formula field on the account.",
        )
    return (
        f'"{field}" cannot be the API name of a Salesforce field.',
        "Write it as Set-up shows it: Field__c, or Parent.Field__c across a lookup.",
    )
