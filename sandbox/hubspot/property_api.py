"""The property API: definitions, groups and the portal's allowance of custom properties."""

from __future__ import annotations

from typing import Any

from sandbox.gateway import Call, Reply
from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.errors import ApiError, error, invalid, not_found
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.reading import batch_inputs, flag, json_body, kind_of
from sandbox.hubspot.schema import DefinitionError, NameTakenError

# Fields that the batch create answer leaves out; GET has them.
_GET_ONLY = {
    "createdAt",
    "updatedAt",
    "createdUserId",
    "updatedUserId",
    "archived",
    "hubspotDefined",
    "referencedObjectType",
}


def _kind(portal: Portal, call: Call) -> ObjectType:
    kind = kind_of(portal, call)
    call.entry.object = "properties"
    return kind


def _shown(portal: Portal, definition: Definition) -> Definition:
    if not definition["externalOptions"]:
        return definition
    owners = portal.owners.values()
    options = [
        {
            "label": f"{owner['firstName']} {owner['lastName']}",
            "value": owner["id"],
            "displayOrder": -1,
            "hidden": False,
        }
        for owner in owners
    ]
    return {**definition, "options": options}


def _refusal(problem: DefinitionError) -> ApiError:
    """A refused definition as a single call answers it."""
    if isinstance(problem, NameTakenError):
        return error(
            409,
            problem.message,
            "OBJECT_ALREADY_EXISTS",
            subCategory=problem.code,
            context={"name": [problem.name]},
        )
    return invalid(problem.message, subCategory=problem.code)


def _batch_error(problem: DefinitionError) -> dict[str, Any]:
    taken = isinstance(problem, NameTakenError)
    return {
        "status": "error",
        "category": "OBJECT_ALREADY_EXISTS" if taken else "VALIDATION_ERROR",
        "subCategory": problem.code,
        "message": problem.message,
        "context": {"name": [problem.name]},
    }


def _named(call: Call, body: dict[str, Any]) -> list[str]:
    inputs = batch_inputs(call, body)
    return [str(item.get("name")) for item in inputs]


def list_properties(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/properties/{type}``: all of them, in one page."""
    schema = _kind(portal, call).schema
    chosen = schema.archived if flag(call.one("archived")) else schema.live
    return Reply(200, {"results": [_shown(portal, d) for d in chosen.values()]})


def get_property(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/properties/{type}/{name}``."""
    schema = _kind(portal, call).schema
    chosen = schema.archived if flag(call.one("archived")) else schema.live
    return Reply(200, _shown(portal, _known(chosen, call)))


def create_property(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/properties/{type}``."""
    kind = _kind(portal, call)
    try:
        definition = kind.schema.create(json_body(call), portal.clock.now_iso())
    except DefinitionError as problem:
        raise _refusal(problem) from None
    _made(kind, call, definition)
    return Reply(201, definition)


def update_property(portal: Portal, call: Call) -> Reply:
    """``PATCH /crm/v3/properties/{type}/{name}``."""
    kind = _kind(portal, call)
    name = _known(kind.schema.live, call)["name"]
    try:
        definition = kind.schema.change(name, json_body(call), portal.clock.now_iso())
    except DefinitionError as problem:
        raise _refusal(problem) from None
    call.entry.written.append(name)
    return Reply(200, definition)


def archive_property(portal: Portal, call: Call) -> Reply:
    """``DELETE /crm/v3/properties/{type}/{name}``: the values go with it."""
    kind = _kind(portal, call)
    _archive(portal, kind, call, _known(kind.schema.live, call)["name"])
    return Reply(204)


def batch_create(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/properties/{type}/batch/create``: names that exist are 207 errors."""
    kind = _kind(portal, call)
    started = portal.clock.now_iso()
    results: list[Definition] = []
    errors: list[dict[str, Any]] = []
    for item in batch_inputs(call, json_body(call)):
        try:
            definition = kind.schema.create(item, started)
        except DefinitionError as problem:
            errors.append(_batch_error(problem))
        else:
            _made(kind, call, definition)
            results.append({k: v for k, v in definition.items() if k not in _GET_ONLY})
    return _batch_reply(portal, started, results, errors, ok=201)


def batch_read(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/properties/{type}/batch/read``."""
    kind = _kind(portal, call)
    body = json_body(call)
    started = portal.clock.now_iso()
    chosen = kind.schema.archived if body.get("archived") else kind.schema.live
    names = _named(call, body)
    missing = [name for name in names if name not in chosen]
    errors: list[dict[str, Any]] = []
    if missing:
        errors = [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Some properties do not exist.",
                "context": {"name": missing},
            }
        ]
    results = [_shown(portal, chosen[name]) for name in names if name in chosen]
    return _batch_reply(portal, started, results, errors, ok=200)


def batch_archive(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/properties/{type}/batch/archive``: 204 whatever the state."""
    kind = _kind(portal, call)
    for name in _named(call, json_body(call)):
        _archive(portal, kind, call, name)
    return Reply(204)


def list_groups(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/properties/{type}/groups``."""
    return Reply(200, {"results": list(_kind(portal, call).schema.groups.values())})


def get_group(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/properties/{type}/groups/{name}``."""
    return Reply(200, _known(_kind(portal, call).schema.groups, call))


def create_group(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/properties/{type}/groups``."""
    kind = _kind(portal, call)
    try:
        return Reply(201, kind.schema.create_group(json_body(call)))
    except DefinitionError as problem:
        raise _refusal(problem) from None


def update_group(portal: Portal, call: Call) -> Reply:
    """``PATCH /crm/v3/properties/{type}/groups/{name}``."""
    group = _known(_kind(portal, call).schema.groups, call)
    body = json_body(call)
    group.update({key: body[key] for key in ("label", "displayOrder") if key in body})
    return Reply(200, group)


def custom_limits(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/limits/custom-properties``."""
    call.entry.object = "properties"
    rows: list[dict[str, Any]] = []
    for kind, label in ((portal.companies, "Company"), (portal.deals, "Deal")):
        usage, limit = kind.schema.custom_count, kind.schema.custom_limit
        rows.append(
            {
                "objectTypeId": kind.type_id,
                "limit": limit,
                "usage": usage,
                "percentage": usage / limit if limit else 1.0,
                "singularLabel": label,
                "pluralLabel": kind.name.capitalize(),
            }
        )
    limit = sum(row["limit"] for row in rows)
    usage = sum(row["usage"] for row in rows)
    answer = {
        "overallLimit": limit,
        "overallUsage": usage,
        "overallPercentage": usage / limit if limit else 1.0,
        "byObjectType": rows,
    }
    return Reply(200, answer)


def _known(chosen: dict[str, dict[str, Any]], call: Call) -> dict[str, Any]:
    name = call.params["name"]
    if name not in chosen:
        raise not_found(f"'{name}' does not exist.", context={"name": [name]})
    return chosen[name]


def _made(kind: ObjectType, call: Call, definition: Definition) -> None:
    kind.table.column(definition["name"])
    call.entry.written.append(definition["name"])


def _archive(portal: Portal, kind: ObjectType, call: Call, name: str) -> None:
    try:
        archived = kind.schema.archive(name, portal.clock.now_iso())
    except DefinitionError as problem:
        raise _refusal(problem) from None
    if archived:
        kind.table.clear_column(name)
        call.entry.written.append(name)


def _batch_reply(
    portal: Portal,
    started: str,
    results: list[Definition],
    errors: list[dict[str, Any]],
    *,
    ok: int,
) -> Reply:
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        answer["numErrors"] = len(errors)
        answer["errors"] = errors
    answer["startedAt"] = started
    answer["completedAt"] = portal.clock.now_iso()
    return Reply(207 if errors else ok, answer)
