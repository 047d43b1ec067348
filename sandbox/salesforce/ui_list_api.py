"""User Interface API for list views: listed, made, changed, and what is in them."""

from __future__ import annotations

from typing import Any, Final

import orjson

from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import JSON_TYPE, ApiError
from sandbox.salesforce.list_view_body import describe, parse
from sandbox.salesforce.list_view_filters import column, unreadable
from sandbox.salesforce.list_views import ListView, ListViews
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.values import to_json

_FIRST_WRITABLE: Final = 61
_PAGE, _LARGEST = 20, 2_000


def listed(org: Org, call: Call) -> Reply:
    """``GET list-info/{object}``: the views a user may choose, by label, in pages."""
    sobject = _object(org, call)
    search = (call.one("q") or "").casefold()
    views = [
        view
        for view in ListViews(org).seen_by(call.user, sobject.name)
        if search in view.label.casefold()
    ]
    size = _whole(call, "pageSize", _PAGE, 1, _LARGEST)
    start = _whole(call, "pageToken", 0, 0, len(views))
    following = start + size if start + size < len(views) else None
    before = max(0, start - size) if start else None
    path = f"{_base(call)}/ui-api/list-info/{sobject.name}"

    def address(token: int | None) -> str | None:
        return None if token is None else f"{path}?pageSize={size}&pageToken={token}"

    page = views[start : start + size]
    body = {
        "count": len(page),
        "currentPageToken": str(start),
        "currentPageUrl": address(start),
        "lists": [
            {
                "apiName": view.api_name,
                "id": view.view_id,
                "label": view.label,
                "url": f"{path}/{view.api_name}",
            }
            for view in page
        ],
        "nextPageToken": None if following is None else str(following),
        "nextPageUrl": address(following),
        "objectApiName": sobject.name,
        "pageSize": size,
        "previousPageToken": None if before is None else str(before),
        "previousPageUrl": address(before),
        "queryString": call.one("q"),
        "recentListsOnly": False,
    }
    return Reply(200, body, [], JSON_TYPE)


def create(org: Org, call: Call) -> Reply:
    """``POST list-info/{object}``, from version 61 on."""
    sobject = _writable(org, call)
    view = ListViews(org).create(call.user, parse(_body(call), sobject.name))
    return Reply(201, describe(org, view, call.user, _base(call)), [], JSON_TYPE)


def shown(org: Org, call: Call) -> Reply:
    """``GET list-info/{object}/{name}``, by API name or id."""
    return Reply(200, describe(org, _view(org, call), call.user, _base(call)), [], JSON_TYPE)


def change(org: Org, call: Call) -> Reply:
    """``PATCH list-info/{object}/{name}``, from version 61 on."""
    sobject = _writable(org, call)
    view = parse(_body(call), sobject.name, _view(org, call))
    changed = ListViews(org).change(call.user, view)
    return Reply(200, describe(org, changed, call.user, _base(call)), [], JSON_TYPE)


def delete(org: Org, call: Call) -> Reply:
    """``DELETE list-info/{object}/{name}``."""
    _writable(org, call)
    ListViews(org).delete(call.user, _view(org, call))
    return Reply(204, b"", [], JSON_TYPE)


def records(org: Org, call: Call) -> Reply:
    """``GET list-records/{object}/{name}``: who is in the view, in pages."""
    view = _view(org, call)
    sobject = org.objects[view.object_name.lower()]
    found = ListViews(org).members(view, call.user)
    size = _whole(call, "pageSize", _PAGE, 1, _LARGEST)
    start = _whole(call, "pageToken", 0, 0, len(found))
    columns = [(name, *column(sobject, name, org, None)) for name in view.columns]
    following = start + size if start + size < len(found) else None
    body = {
        "count": len(found[start : start + size]),
        "currentPageToken": str(start),
        "listReference": describe(org, view, call.user, _base(call))["listReference"],
        "nextPageToken": None if following is None else str(following),
        "records": [
            {
                "apiName": sobject.name,
                "id": sobject.id_of(record),
                "fields": {
                    name: {"displayValue": read(record), "value": to_json(field, read(record))}
                    for name, field, read in columns
                },
            }
            for record in found[start : start + size]
        ],
    }
    return Reply(200, body, [], JSON_TYPE)


def _object(org: Org, call: Call) -> SObject:
    sobject = org.access.readable(call.user, call.params["object"])
    if sobject is None or sobject.definition.setup:
        message = f"The object {call.params['object']} is not supported by the User Interface API"
        raise ApiError(404, "INVALID_TYPE", message)
    return sobject


def _writable(org: Org, call: Call) -> SObject:
    if int(call.version.removeprefix("v").partition(".")[0]) < _FIRST_WRITABLE:
        message = f"HTTP Method '{call.method}' not allowed. Allowed are GET"
        raise ApiError(405, "METHOD_NOT_ALLOWED", message)
    return _object(org, call)


def _view(org: Org, call: Call) -> ListView:
    sobject = _object(org, call)
    return ListViews(org).find(call.user, sobject.name, call.params["name"])


def _body(call: Call) -> Any:
    try:
        return orjson.loads(call.body)
    except orjson.JSONDecodeError:
        raise unreadable("The body is not JSON") from None


def _whole(call: Call, name: str, default: int, low: int, high: int) -> int:
    text = call.one(name)
    if text is None:
        return default
    if not text.isdigit() or not low <= int(text) <= max(low, high):
        message = f"The value {text} of {name} is not a whole number from {low} to {high}"
        raise ApiError(400, "ILLEGAL_QUERY_PARAMETER_VALUE", message)
    return int(text)


def _base(call: Call) -> str:
    return f"/services/data/{call.version}"


_INFO: Final = "/services/data/{version}/ui-api/list-info/{object}"
ROUTES: list[Route] = [
    Route("GET", _INFO, listed),
    Route("POST", _INFO, create),
    Route("GET", f"{_INFO}/{{name}}", shown),
    Route("PATCH", f"{_INFO}/{{name}}", change),
    Route("DELETE", f"{_INFO}/{{name}}", delete),
    Route("GET", "/services/data/{version}/ui-api/list-records/{object}/{name}", records),
]
