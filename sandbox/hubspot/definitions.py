"""Properties, groups, pipelines and owners that every HubSpot portal starts with."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.industries import INDUSTRIES, industry_label

Definition = dict[str, Any]

COMPANY_GROUPS = {
    "companyinformation": "Company information",
    "companylifecycle": "Company lifecycle",
    "target_accounts": "Target accounts",
}
DEAL_GROUPS = {"dealinformation": "Deal information"}

_READ_ONLY = frozenset(
    {
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "hs_merged_object_ids",
        "num_associated_deals",
        "hs_is_closed",
        "hs_is_closed_won",
    }
)
_CALCULATED = frozenset({"num_associated_deals", "hs_is_closed", "hs_is_closed_won"})

_LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_TECHNOLOGIES = (
    ("salesforce", "Salesforce"),
    ("hubspot", "HubSpot"),
    ("marketo", "Marketo"),
    ("pardot", "Pardot"),
    ("google_analytics", "Google Analytics"),
    ("google_tag_manager", "Google Tag Manager"),
    ("segment", "Segment"),
    ("intercom", "Intercom"),
    ("zendesk", "Zendesk"),
    ("stripe", "Stripe"),
    ("shopify", "Shopify"),
    ("wordpress", "WordPress"),
    ("amazon_web_services", "Amazon Web Services"),
    ("google_cloud", "Google Cloud"),
    ("microsoft_azure", "Microsoft Azure"),
    ("cloudflare", "Cloudflare"),
    ("slack", "Slack"),
    ("microsoft_365", "Microsoft 365"),
    ("google_workspace", "Google Workspace"),
    ("snowflake", "Snowflake"),
    ("outreach", "Outreach"),
    ("salesloft", "Salesloft"),
    ("drift", "Drift"),
    ("competitorx", "CompetitorX"),
)
_TRUE_FALSE = (("true", "True"), ("false", "False"))
_TIERS = (("tier_1", "Tier 1"), ("tier_2", "Tier 2"), ("tier_3", "Tier 3"))
_TYPES = tuple(
    (name.upper(), name) for name in ("Prospect", "Partner", "Reseller", "Vendor", "Other")
)
_INDUSTRIES = tuple((value, industry_label(value)) for value in INDUSTRIES)

# name, label, type, fieldType, options
_COMPANY: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...]], ...] = (
    ("createdate", "Create Date", "datetime", "date", ()),
    ("hs_lastmodifieddate", "Last Modified Date", "datetime", "date", ()),
    ("hs_object_id", "Record ID", "number", "number", ()),
    ("hs_merged_object_ids", "Merged Record IDs", "enumeration", "checkbox", ()),
    ("name", "Company name", "string", "text", ()),
    ("domain", "Company Domain Name", "string", "text", ()),
    ("website", "Website URL", "string", "text", ()),
    ("phone", "Phone Number", "string", "phonenumber", ()),
    ("description", "Description", "string", "textarea", ()),
    ("about_us", "About Us", "string", "textarea", ()),
    ("industry", "Industry", "enumeration", "select", _INDUSTRIES),
    ("hs_industry_group", "Industry group", "string", "text", ()),
    ("numberofemployees", "Number of Employees", "number", "number", ()),
    ("annualrevenue", "Annual Revenue", "number", "number", ()),
    ("total_money_raised", "Total Money Raised", "string", "text", ()),
    ("founded_year", "Year Founded", "string", "text", ()),
    ("is_public", "Is Public", "enumeration", "booleancheckbox", _TRUE_FALSE),
    ("address", "Street Address", "string", "text", ()),
    ("city", "City", "string", "text", ()),
    ("state", "State/Region", "string", "text", ()),
    ("zip", "Postal Code", "string", "text", ()),
    ("country", "Country/Region", "string", "text", ()),
    ("timezone", "Time Zone", "string", "text", ()),
    ("type", "Type", "enumeration", "radio", _TYPES),
    ("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", _LIFECYCLE),
    ("web_technologies", "Web Technologies", "enumeration", "checkbox", _TECHNOLOGIES),
    ("linkedin_company_page", "LinkedIn Company Page", "string", "text", ()),
    ("hubspot_owner_id", "Company owner", "enumeration", "select", ()),
    ("num_associated_deals", "Number of Associated Deals", "number", "number", ()),
    ("hs_ideal_customer_profile", "Ideal Customer Profile Tier", "enumeration", "select", _TIERS),
    ("hs_is_target_account", "Target Account", "bool", "booleancheckbox", _TRUE_FALSE),
)

PIPELINES: tuple[dict[str, Any], ...] = (
    {
        "id": "default",
        "label": "Sales Pipeline",
        "stages": (
            ("appointmentscheduled", "Appointment Scheduled", "0.2", "false"),
            ("qualifiedtobuy", "Qualified To Buy", "0.4", "false"),
            ("presentationscheduled", "Presentation Scheduled", "0.6", "false"),
            ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8", "false"),
            ("contractsent", "Contract Sent", "0.9", "false"),
            ("closedwon", "Closed Won", "1.0", "true"),
            ("closedlost", "Closed Lost", "0.0", "true"),
        ),
    },
    {
        "id": "728194005",
        "label": "Expansion",
        "stages": (
            ("1059371480", "Proposed", "0.5", "false"),
            ("1059371481", "Won", "1.0", "true"),
            ("1059371482", "Lost", "0.0", "true"),
        ),
    },
)

_STAGES = tuple((s[0], s[1]) for pipeline in PIPELINES for s in pipeline["stages"])
_PIPELINE_OPTIONS = tuple((pipeline["id"], pipeline["label"]) for pipeline in PIPELINES)
_DEAL_TYPES = (("newbusiness", "New Business"), ("existingbusiness", "Existing Business"))

_DEAL: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...]], ...] = (
    *_COMPANY[:4],
    ("dealname", "Deal Name", "string", "text", ()),
    ("amount", "Amount", "number", "number", ()),
    ("amount_in_home_currency", "Amount in company currency", "number", "number", ()),
    ("dealstage", "Deal Stage", "enumeration", "radio", _STAGES),
    ("pipeline", "Pipeline", "enumeration", "select", _PIPELINE_OPTIONS),
    ("closedate", "Close Date", "datetime", "date", ()),
    ("dealtype", "Deal Type", "enumeration", "radio", _DEAL_TYPES),
    ("description", "Deal Description", "string", "textarea", ()),
    ("closed_lost_reason", "Closed Lost Reason", "string", "textarea", ()),
    ("closed_won_reason", "Closed Won Reason", "string", "textarea", ()),
    ("hubspot_owner_id", "Deal owner", "enumeration", "select", ()),
    ("hs_is_closed", "Is Closed", "bool", "booleancheckbox", _TRUE_FALSE),
    ("hs_is_closed_won", "Is Closed Won", "bool", "booleancheckbox", _TRUE_FALSE),
)

# Stage id to (closed, won), from which the calculated deal properties follow.
STAGE_OUTCOMES = {
    stage[0]: (stage[3] == "true", stage[3] == "true" and stage[2] == "1.0")
    for pipeline in PIPELINES
    for stage in pipeline["stages"]
}

OWNERS = tuple(
    (f"7312450{n}", f"{first.lower()}@example.com", first, last)
    for n, (first, last) in enumerate(
        (("Ada", "Moreau"), ("Ben", "Okafor"), ("Chris", "Lindqvist"))
    )
)


def _definition(
    row: tuple[str, str, str, str, tuple[tuple[str, str], ...]], group: str, at: str
) -> Definition:
    name, label, kind, field_type, options = row
    read_only = name in _READ_ONLY
    return {
        "updatedAt": at,
        "createdAt": at,
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": [
            {"label": text, "value": value, "displayOrder": order, "hidden": False}
            for order, (value, text) in enumerate(options)
        ],
        "displayOrder": -1,
        "calculated": name in _CALCULATED,
        "externalOptions": name == "hubspot_owner_id",
        **({"referencedObjectType": "OWNER"} if name == "hubspot_owner_id" else {}),
        "archived": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": True,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyOptions": name != "web_technologies",
            "readOnlyValue": read_only,
        },
        "formField": not read_only,
        "dataSensitivity": "non_sensitive",
    }


def default_properties(object_type: str, at: str) -> list[Definition]:
    """Definitions of *object_type* (``companies`` or ``deals``) as a new portal answers them."""
    if object_type == "companies":
        return [_definition(row, "companyinformation", at) for row in _COMPANY]
    return [_definition(row, "dealinformation", at) for row in _DEAL]
