"""The lists API: create, find, change, and read who belongs."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.gateway import Call, Reply
from sandbox.hubspot.errors import error, invalid, not_found
from sandbox.hubspot.list_filters import FilterError
from sandbox.hubspot.list_store import DYNAMIC, StoredList
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.reading import flag, json_body, limit_of, names_in, record_id

MEMBERS_LIMIT = 250
SEARCH_LIMIT = 500

_PROCESSING = {DYNAMIC, "MANUAL", "SNAPSHOT"}


def _shown(portal: Portal, stored: StoredList, *, filters: bool) -> dict[str, Any]:
    fields = dict(stored.fields)
    fields["size"] = len(portal.lists.member_records(stored))
    if not filters:
        fields.pop("filterBranch", None)
    # Processing is over by the time anybody asks again.
    stored.fields["processingStatus"] = "COMPLETE"
    return fields


def _stored(portal: Portal, call: Call) -> StoredList:
    call.entry.object = "lists"
    stored = portal.lists.by_id.get(call.params["id"])
    if stored is None:
        raise not_found(f"List with id {call.params['id']} does not exist.")
    return stored


def create(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/lists``."""
    call.entry.object = "lists"
    body = json_body(call)
    name, processing = body.get("name"), body.get("processingType")
    kind = portal.object_type(str(body.get("objectTypeId")))
    if not isinstance(name, str) or not name.strip():
        raise invalid("A list needs a name.")
    if kind is None:
        raise invalid(f"Unknown objectTypeId {body.get('objectTypeId')}.")
    if processing not in _PROCESSING:
        raise invalid(f"Unknown processingType {processing}.")
    if processing == DYNAMIC and not body.get("filterBranch"):
        raise invalid("A dynamic list needs a filterBranch.")
    if portal.lists.by_name(name, kind.type_id) is not None:
        raise error(409, f"A list with the name '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
    try:
        stored = portal.lists.create(body, kind)
    except FilterError as problem:
        raise invalid(str(problem)) from None
    call.entry.written.append(stored.fields["listId"])
    return Reply(200, {"list": _shown(portal, stored, filters=True)})


def get_by_id(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/lists/{id}``."""
    stored = _stored(portal, call)
    filters = flag(call.one("includeFilters"))
    return Reply(200, {"list": _shown(portal, stored, filters=filters)})


def get_several(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/lists?listIds=``."""
    call.entry.object = "lists"
    ids = names_in(call.query.get("listIds", []))
    filters = flag(call.one("includeFilters"))
    known = [portal.lists.by_id[i] for i in ids if i in portal.lists.by_id]
    return Reply(200, {"lists": [_shown(portal, stored, filters=filters) for stored in known]})


def get_by_name(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/lists/object-type-id/{type}/name/{name}``: case does not matter."""
    call.entry.object = "lists"
    kind = portal.object_type(call.params["type"])
    name = call.params["name"]
    stored = portal.lists.by_name(name, kind.type_id) if kind is not None else None
    if stored is None:
        raise not_found(f"List with name {name} does not exist.")
    filters = flag(call.one("includeFilters"))
    return Reply(200, {"list": _shown(portal, stored, filters=filters)})


def find(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/lists/search``."""
    call.entry.object = "lists"
    body = json_body(call)
    count = limit_of(body.get("count"), SEARCH_LIMIT, 20)
    offset = body.get("offset") or 0
    if not isinstance(offset, int) or offset < 0:
        raise invalid("offset is not a whole number.")
    wanted = str(body.get("query") or "").casefold()
    types = set(body.get("processingTypes") or _PROCESSING)
    ids = {str(i) for i in body.get("listIds") or portal.lists.by_id}
    found = [
        stored
        for list_id, stored in portal.lists.by_id.items()
        if list_id in ids
        and wanted in stored.name.casefold()
        and stored.fields["processingType"] in types
    ]
    page = [_shown(portal, stored, filters=False) for stored in found[offset : offset + count]]
    answer = {
        "offset": offset + len(page),
        "hasMore": offset + len(page) < len(found),
        "lists": [
            {**fields, "additionalProperties": {"hs_list_size": str(fields.pop("size"))}}
            for fields in page
        ],
        "total": len(found),
    }
    return Reply(200, answer)


def update_filters(portal: Portal, call: Call) -> Reply:
    """``PUT /crm/v3/lists/{id}/update-list-filters``."""
    stored = _stored(portal, call)
    branch = json_body(call).get("filterBranch")
    if stored.fields["processingType"] != DYNAMIC:
        raise invalid("Only dynamic lists have filters that can change.")
    try:
        stored.test = portal.lists.compiled(branch, stored.kind)
    except FilterError as problem:
        raise invalid(str(problem)) from None
    at = portal.clock.now_iso()
    stored.fields.update(
        filterBranch=branch,
        filtersUpdatedAt=at,
        updatedAt=at,
        processingStatus="PROCESSING",
        listVersion=stored.fields["listVersion"] + 1,
    )
    call.entry.written.append(stored.fields["listId"])
    return Reply(200, {"updatedList": _shown(portal, stored, filters=True)})


def update_name(portal: Portal, call: Call) -> Reply:
    """``PUT /crm/v3/lists/{id}/update-list-name?listName=``."""
    stored = _stored(portal, call)
    name = call.one("listName")
    if not name:
        raise invalid("listName is missing.")
    other = portal.lists.by_name(name, stored.kind.type_id)
    if other not in (None, stored):
        raise error(409, f"A list with the name '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
    stored.fields.update(name=name, updatedAt=portal.clock.now_iso())
    call.entry.written.append(stored.fields["listId"])
    filters = flag(call.one("includeFilters"))
    return Reply(200, {"updatedList": _shown(portal, stored, filters=filters)})


def delete(portal: Portal, call: Call) -> Reply:
    """``DELETE /crm/v3/lists/{id}``: 204; it can be restored."""
    stored = _stored(portal, call)
    portal.lists.deleted[stored.fields["listId"]] = stored
    del portal.lists.by_id[stored.fields["listId"]]
    call.entry.written.append(stored.fields["listId"])
    return Reply(204)


def restore(portal: Portal, call: Call) -> Reply:
    """``PUT /crm/v3/lists/{id}/restore``."""
    call.entry.object = "lists"
    stored = portal.lists.deleted.pop(call.params["id"], None)
    if stored is None:
        raise not_found(f"List with id {call.params['id']} does not exist.")
    portal.lists.by_id[stored.fields["listId"]] = stored
    return Reply(204)


def memberships(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/lists/{id}/memberships``, by ascending record id."""
    stored = _stored(portal, call)
    limit = limit_of(call.one("limit"), MEMBERS_LIMIT, 100)
    after = record_id(call.one("after") or "0")
    members = portal.lists.member_records(stored)
    later = [record for record in members if record.id > after]
    answer: dict[str, Any] = {
        "results": [
            {
                "recordId": str(record.id),
                "membershipTimestamp": stored.joined.setdefault(record.id, portal.clock.now_iso()),
            }
            for record in later[:limit]
        ],
        "total": len(members),
    }
    if len(later) > limit:
        answer["paging"] = {"next": {"after": str(later[limit - 1].id)}}
    return Reply(200, answer)


def add_members(portal: Portal, call: Call) -> Reply:
    """``PUT /crm/v3/lists/{id}/memberships/add``: manual and snapshot lists only."""
    stored = _stored(portal, call)
    if stored.fields["processingType"] == DYNAMIC:
        raise invalid("Members of a dynamic list cannot be added by hand.")
    try:
        ids = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        ids = None
    if not isinstance(ids, list):
        raise invalid("The body must be a list of record ids.")
    added: list[str] = []
    missing: list[str] = []
    for text in map(str, ids):
        record = stored.kind.table.get(record_id(text))
        if record is None or not record.live:
            missing.append(text)
        elif record.id not in stored.chosen:
            stored.chosen.add(record.id)
            added.append(text)
    answer = {"recordsIdsAdded": added, "recordIdsRemoved": [], "recordIdsMissing": missing}
    return Reply(200, answer)
