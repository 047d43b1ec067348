"""Descriptions of objects as the API words them, made short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Field = dict[str, Any]


def field(name: str, type_: str = "string", **more: Any) -> Field:
    """One field; what is not said is as usual."""
    usual: Field = {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": type_,
        "length": 255 if type_ in {"string", "textarea"} else 0,
        "scale": 0,
        "updateable": True,
        "calculated": False,
        "calculatedFormula": None,
        "picklistValues": [],
        "referenceTo": [],
        "relationshipName": None,
        "inlineHelpText": None,
    }
    return usual | more


def lookup(name: str, relation: str, *targets: str) -> Field:
    """A lookup field."""
    return field(name, "reference", relationshipName=relation, referenceTo=list(targets))


def described(name: str, fields: Sequence[Field], **more: Any) -> dict[str, Any]:
    """An object."""
    return {"name": name, "queryable": True, "updateable": True, "fields": list(fields)} | more


SYSTEM = [
    field("Id", "id", updateable=False),
    field("SystemModstamp", "datetime", updateable=False),
    lookup("ParentId", "Parent", "Account"),
    lookup("OwnerId", "Owner", "User"),
]
ACCOUNT = [
    *SYSTEM,
    field("Name"),
    field("Description", "textarea", length=32_000),
    field("Website", "url"),
    field("NumberOfEmployees", "int"),
    field("AnnualRevenue", "currency", scale=0),
    field("Score__c", "double", scale=2),
    field("Share__c", "percent", scale=1),
    field("Active__c", "boolean"),
    field("Since__c", "date"),
    field("Seen__c", "datetime"),
    field("Industry", "picklist", picklistValues=[
        {"value": "Banking", "label": "Banks", "active": True},
        {"value": "Mining", "label": "Mining", "active": False},
    ]),
    field("Tools__c", "multipicklist"),
    field("BillingAddress", "address"),
]  # fmt: skip
PERSON = field("IsPersonAccount", "boolean", updateable=False)
CURRENCY = field("CurrencyIsoCode", "picklist")
