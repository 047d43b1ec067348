"""Company properties that the sample companies need beyond those every HubSpot portal has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sandbox.hubspot.definitions import default_properties
from sandbox.seeds.kinds import BUSINESS_MODELS, OWNERSHIPS, STAGES, TECHNOLOGIES

_LABELS: Final = {
    "b2b_saas": "B2B SaaS", "b2b_services": "B2B services", "b2c": "B2C",
    "pre_seed": "Pre-seed", "servicenow": "ServiceNow", "sap": "SAP",
    "facebook_advertiser": "Facebook Advertiser",
}  # fmt: skip


def property_body(
    name: str,
    label: str,
    kind: str = "string",
    field_type: str = "text",
    *,
    options: Iterable[tuple[str, str]] = (),
    description: str = "",
) -> dict[str, Any]:
    """A property definition as one would send it to HubSpot; *options* are (value, label)."""
    return {
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": field_type,
        "groupName": "companyinformation",
        "description": description,
        "options": [
            {"value": value, "label": text, "displayOrder": order, "hidden": False}
            for order, (value, text) in enumerate(options)
        ],
    }


def with_more_options(name: str, values: Iterable[str]) -> dict[str, Any]:
    """The portal's own enumeration *name*, widened by those *values* it does not offer yet."""
    [own] = [body for body in default_properties("companies", "") if body["name"] == name]
    options = [(option["value"], option["label"]) for option in own["options"]]
    offered = {value for value, _ in options}
    more = [(value, _label(value)) for value in values if value not in offered]
    return property_body(
        name, own["label"], own["type"], own["fieldType"], options=[*options, *more]
    )


def sample_properties() -> list[dict[str, Any]]:
    """Definitions of everything :mod:`sandbox.seeding` fills in, ready for the property API."""
    return [
        with_more_options("web_technologies", TECHNOLOGIES),
        property_body("last_funding_date", "Last funding date", "date", "date"),
        _choice("funding_stage", "Funding stage", STAGES),
        property_body("open_sales_roles", "Open sales roles", "number", "number"),
        _choice("ownership", "Ownership", OWNERSHIPS),
        property_body(
            "exec_access", "Executive access", "number", "number",
            description="1 (nobody) to 5 (a champion among the executives), kept by the owner.",
        ),
        property_body("contract_end", "Competitor contract ends", "date", "date"),
        property_body("main_competitor", "Main competitor"),
        _choice("business_model", "Business model", BUSINESS_MODELS),
        property_body("churned_at", "Churned at", "date", "date"),
    ]  # fmt: skip


def _choice(name: str, label: str, values: tuple[str, ...]) -> dict[str, Any]:
    options = [(value, _label(value)) for value in values]
    return property_body(name, label, "enumeration", "select", options=options)


def _label(value: str) -> str:
    if value.startswith("series_"):
        return f"Series {value[-1].upper()}"
    return _LABELS.get(value, value.replace("_", " ").capitalize())
