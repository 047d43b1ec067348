"""What every contestant does: which fields are read, and what is written to each account.

Standard library only: dlt lives in an environment of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

API_VERSION: Final = "66.0"
READ: Final = (
    "Id", "Name", "SystemModstamp", "ParentId", "Type", "Industry", "NumberOfEmployees",
    "AnnualRevenue", "BillingCountry", "Business_Model__c", "Technologies__c", "Exec_Access__c",
    "Last_Funding_Date__c", "Open_Sales_Roles__c", "Contract_End__c", "ICP_Fit_Score__c",
    "ICP_Tier__c", "ICP_Disqualifier__c", "ICP_Disqualifiers__c", "ICP_Reason__c",
    "ICP_Missing__c", "ICP_Data_Coverage__c", "ICP_Trigger_Strength__c", "ICP_Priority__c",
    "ICP_Profile__c", "ICP_Version__c", "ICP_Computed_Tier__c", "ICP_Tier_Changed_At__c",
    "ICP_Tier_Override__c", "ICP_Override_Reason__c", "ICP_Override_Expires__c",
)  # fmt: skip
"""What ``icp run`` asks for with the example ICP."""

QUERY: Final = f"SELECT {', '.join(READ)} FROM Account"  # noqa: S608 - SOQL, of constants
_LARGE: Final = 200
_REASON: Final = "Written by a script that asks one question: does it have {} people or more?"


def values(row: Mapping[str, str | float | None]) -> dict[str, str | int | None]:
    """Write thirteen fields, as ``icp run`` does, without its judgement: one field decides all.

    ``None`` clears a field.
    """
    people = row["NumberOfEmployees"]
    known = people not in {None, ""}
    large = known and float(people or 0) >= _LARGE
    tier = ("tier_1" if large else "not_icp") if known else "needs_data"
    return {
        "ICP_Fit_Score__c": (100 if large else 0) if known else None,
        "ICP_Tier__c": tier,
        "ICP_Disqualifier__c": None,
        "ICP_Disqualifiers__c": None,
        "ICP_Reason__c": _REASON.format(_LARGE),
        "ICP_Missing__c": None if known else "employees",
        "ICP_Data_Coverage__c": 100 if known else 0,
        "ICP_Trigger_Strength__c": 0,
        "ICP_Priority__c": (100 if large else 0) if known else None,
        "ICP_Profile__c": "midmarket-saas",
        "ICP_Version__c": "script",
        "ICP_Computed_Tier__c": tier,
        "ICP_Tier_Changed_At__c": "2026-11-24T12:00:00.000Z",
    }
