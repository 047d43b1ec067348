"""Small read-only APIs: the account itself, owners, pipelines, associations."""

from __future__ import annotations

from typing import Any

from sandbox.gateway import Call, Reply
from sandbox.hubspot.definitions import PIPELINES
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.reading import flag, json_body, kind_of, limit_of, record_id

ASSOCIATION_INPUTS = 1_000
# Association types from one object to another: (labelled primary, unlabelled).
_TYPES = {("deals", "companies"): (5, 341), ("companies", "deals"): (6, 342)}


def account_details(portal: Portal, call: Call) -> Reply:
    """``GET /account-info/v3/details``."""
    call.entry.object = "account"
    offset = portal.quota.utc_offset_minutes
    sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60
    details = {
        "portalId": portal.portal_id,
        "accountType": portal.account_type,
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{hours:02d}:{minutes:02d}",
        "utcOffsetMilliseconds": offset * 60_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    return Reply(200, details)


def daily_usage(portal: Portal, call: Call) -> Reply:
    """``GET /account-info/v3/api-usage/daily/private-apps``."""
    call.entry.object = "account"
    daily = portal.quota.daily
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": daily.most,
        "currentUsage": daily.used,
        "collectedAt": portal.clock.now_iso(),
        "fetchStatus": "SUCCESS",
        "resetsAt": portal.quota.resets_at(),
    }
    return Reply(200, {"results": [usage]})


def list_owners(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/owners``."""
    call.entry.object = "owners"
    limit = limit_of(call.one("limit"), 500, 100)
    after = call.one("after") or "0"
    email = call.one("email")
    owners = [
        owner
        for owner in portal.owners.values()
        if (email is None or owner["email"] == email) and not flag(call.one("archived"))
    ]
    start = int(after) if after.isdigit() else 0
    answer: dict[str, Any] = {"results": owners[start : start + limit]}
    if start + limit < len(owners):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return Reply(200, answer)


def get_owner(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/owners/{id}``."""
    call.entry.object = "owners"
    owner = portal.owners.get(call.params["id"])
    if owner is None:
        raise not_found()
    return Reply(200, owner)


def _pipelines(kind: ObjectType) -> list[dict[str, Any]]:
    if kind.name != "deals":
        return []
    at = "2024-01-15T09:00:00.000Z"
    return [
        {
            "id": pipeline["id"],
            "label": pipeline["label"],
            "displayOrder": order,
            "stages": [
                {
                    "id": stage,
                    "label": label,
                    "displayOrder": place,
                    # A map of strings, whatever the values mean.
                    "metadata": {"isClosed": closed, "probability": probability},
                    "createdAt": at,
                    "updatedAt": at,
                    "archived": False,
                    "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                }
                for place, (stage, label, probability, closed) in enumerate(pipeline["stages"])
            ],
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
        }
        for order, pipeline in enumerate(PIPELINES)
    ]


def list_pipelines(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/pipelines/{type}``."""
    return Reply(200, {"results": _pipelines(kind_of(portal, call))})


def get_pipeline(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/pipelines/{type}/{id}``."""
    for pipeline in _pipelines(kind_of(portal, call)):
        if pipeline["id"] == call.params["id"]:
            return Reply(200, pipeline)
    raise not_found()


def _ends(portal: Portal, call: Call) -> tuple[ObjectType, ObjectType]:
    source = portal.object_type(call.params["from"])
    target = portal.object_type(call.params["to"])
    if source is None or target is None or source is target:
        raise invalid(
            f"Unable to infer object type from: {call.params['from']} or {call.params['to']}"
        )
    call.entry.object = "associations"
    return source, target


def _linked(
    portal: Portal, source: ObjectType, target: ObjectType, source_id: int
) -> list[dict[str, Any]]:
    links = portal.companies_of if source is portal.deals else portal.deals_of
    primary, unlabelled = _TYPES[source.name, target.name]
    types = [
        {"category": "HUBSPOT_DEFINED", "typeId": primary, "label": "Primary"},
        {"category": "HUBSPOT_DEFINED", "typeId": unlabelled, "label": None},
    ]
    return [
        # A number on the wire, though the specification says string.
        {"toObjectId": linked, "associationTypes": types}
        for linked in links.get(source_id, [])
        if target.table.records[linked].live
    ]


def associations_batch_read(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v4/associations/{from}/{to}/batch/read``: 207 names who has none."""
    source, target = _ends(portal, call)
    inputs = json_body(call).get("inputs")
    inputs = inputs if isinstance(inputs, list) else []
    call.entry.inputs = len(inputs)
    if len(inputs) > ASSOCIATION_INPUTS:
        raise invalid(f"At most {ASSOCIATION_INPUTS} inputs are allowed.")
    started = portal.clock.now_iso()
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for item in inputs:
        text = str(item.get("id")) if isinstance(item, dict) else ""
        linked = _linked(portal, source, target, record_id(text))
        if linked:
            results.append({"from": {"id": text}, "to": linked})
        else:
            errors.append(
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": f"No {target.singular.lower()} is associated with "
                    f"{source.singular.lower()} {text}.",
                    "context": {"fromObjectId": [text]},
                }
            )
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        answer["numErrors"] = len(errors)
        answer["errors"] = errors
    answer["startedAt"] = started
    answer["completedAt"] = portal.clock.now_iso()
    return Reply(207 if errors else 200, answer)


def associations_of_one(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v4/objects/{from}/{id}/associations/{to}``."""
    source, target = _ends(portal, call)
    limit = limit_of(call.one("limit"), 500, 500)
    linked = _linked(portal, source, target, record_id(call.params["id"]))
    return Reply(200, {"results": linked[:limit]})
