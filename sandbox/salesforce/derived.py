"""Values that follow from others when a record is written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.countries import COUNTRIES, STATES
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.values import plain, rounded
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_CATEGORY_NAMES: Final = {"BestCase": "Best Case", "Forecast": "Commit"}


def derive(org: Org, sobject: SObject, record: Record | None, changes: dict[str, str]) -> None:
    """Add to *changes* what they entail; *record* is ``None`` for one that is being made."""
    if sobject.name == "Opportunity":
        _opportunity(org, sobject, record, changes)
    elif sobject.name == "Account" and org.behaviour.state_country_picklists:
        _address(changes)
    elif sobject.name == "User" and not changes.keys().isdisjoint({"FirstName", "LastName"}):
        names = (after(sobject, record, changes, name) for name in ("FirstName", "LastName"))
        changes["Name"] = " ".join(filter(None, names))


def after(
    sobject: SObject, record: Record | None, changes: Mapping[str, str], name: str
) -> str | None:
    """The value of *name* once *changes* are written; ``None`` is null."""
    if name in changes:
        return changes[name] or None
    return None if record is None else sobject.value(record, name)


def outcome(org: Org, stage: str) -> tuple[bool, bool, str, str]:
    """IsWon, IsClosed, probability and forecast category of a stage of this org."""
    sobject = org.objects["opportunitystage"]
    for row in sobject.find("ApiName", stage):
        value = sobject.table.value
        return (
            value(row, "IsWon") == "true",
            value(row, "IsClosed") == "true",
            value(row, "DefaultProbability") or "0",
            value(row, "ForecastCategory") or "Pipeline",
        )
    return False, False, "0", "Pipeline"


def _address(changes: dict[str, str]) -> None:
    """A code says the same as the name it stands for; the name is what is kept."""
    for kind in ("Billing", "Shipping"):
        for part, names in (("Country", COUNTRIES), ("State", STATES)):
            code = changes.pop(f"{kind}{part}Code", None)
            if code is not None:
                changes[f"{kind}{part}"] = names.get(code, "")


def _opportunity(
    org: Org, sobject: SObject, record: Record | None, changes: dict[str, str]
) -> None:
    if "StageName" in changes:
        won, closed, probability, category = outcome(org, changes["StageName"])
        changes["IsWon"] = "true" if won else "false"
        changes["IsClosed"] = "true" if closed else "false"
        changes.setdefault("Probability", probability)
        changes["ForecastCategory"] = category
        changes.setdefault("ForecastCategoryName", _CATEGORY_NAMES.get(category, category))
    closes = changes.get("CloseDate")
    if closes:
        quarter = (int(closes[5:7]) + 2) // 3
        changes["FiscalYear"] = closes[:4]
        changes["FiscalQuarter"] = str(quarter)
        changes["Fiscal"] = f"{closes[:4]} {quarter}"
    if "Amount" in changes or "Probability" in changes:
        amount = after(sobject, record, changes, "Amount")
        share = after(sobject, record, changes, "Probability")
        expected = Decimal(amount or 0) * Decimal(share or 0) / 100
        changes["ExpectedRevenue"] = "" if amount is None else rounded(plain(expected), 2)
