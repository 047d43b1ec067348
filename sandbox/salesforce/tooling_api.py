"""Tooling API: definitions asked for by SOQL, and custom fields made and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from sandbox.gateway import Call, Reply
from sandbox.salesforce.custom_fields import bare_name, change, field_from
from sandbox.salesforce.errors import (
    JSON_TYPE,
    ApiError,
    malformed_json,
    no_access,
    not_found,
)
from sandbox.salesforce.org import Org
from sandbox.salesforce.query_api import first_page, next_page
from sandbox.salesforce.routing import Route
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.tooling_objects import ToolingOrg, custom_row, find_custom_field, unpacked

_ONE_AT_A_TIME: Final = frozenset({"Metadata", "FullName"})


def query(org: Org, call: Call) -> Reply:
    """``GET tooling/query?q=``."""
    body = first_page(ToolingOrg(org).as_org(), call, _base(call))
    return _page(body, call.one("q") or "")


def more(org: Org, call: Call) -> Reply:
    """``GET tooling/query/{locator}``."""
    return _page(next_page(org, call, _base(call)), "")


def _page(body: dict[str, Any], soql: str) -> Reply:
    rows = body["records"]
    if rows and len(rows) > 1 and not _ONE_AT_A_TIME.isdisjoint(rows[0]):
        message = (
            "When retrieving results with Metadata or FullName fields, the query qualifications "
            f"must specify no more than one row for retrieval. Result size: {body['totalSize']}"
        )
        raise ApiError(400, "MALFORMED_QUERY", f"\n{soql}\n^\n{message}")
    unpacked(rows)
    kind = rows[0]["attributes"]["type"] if rows else None
    body |= {"size": len(rows), "queryLocator": None, "entityTypeName": kind}
    return Reply(200, body, [], JSON_TYPE)


def create_field(org: Org, call: Call) -> Reply:
    """``POST tooling/sobjects/CustomField``: visible to nobody afterwards."""
    _may_customise(org, call)
    body = _body(call, "FullName", "Metadata")
    full_name, metadata = body.get("FullName"), body.get("Metadata")
    if not isinstance(full_name, str) or not isinstance(metadata, Mapping):
        lacking = [name for name in ("FullName", "Metadata") if not body.get(name)]
        message = f"Required fields are missing: [{', '.join(lacking)}]"
        raise ApiError(400, "REQUIRED_FIELD_MISSING", message, lacking)
    key = org.behaviour.picklist_value_key
    field = add_custom_field(org, full_name, metadata, key)
    made = {"id": field.id, "success": True, "errors": [], "warnings": [], "infos": []}
    return Reply(201, made, [], JSON_TYPE)


def add_custom_field(
    org: Org, full_name: str, metadata: Mapping[str, Any], value_key: str
) -> FieldDef:
    """Make the field that *full_name* names: ``Account.ICP_Tier__c``.

    Raises:
        ApiError: no such object, a bad or a taken name, or metadata that is none.
    """
    object_name, _, name = full_name.partition(".")
    sobject = org.sobject(object_name)
    if sobject is None or sobject.definition.setup:
        message = (
            f"Entity Enumeration Or ID: bad value for restricted picklist field: {object_name}"
        )
        raise ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ["TableEnumOrId"])
    namespace = org.behaviour.namespace
    bare = bare_name(name, namespace)
    own = f"{namespace}__{bare}__c" if namespace else f"{bare}__c"
    definition = sobject.definition
    if definition.field(own) is not None:
        message = f"There is already a field named {bare} on {sobject.definition.label}."
        raise ApiError(400, "DUPLICATE_DEVELOPER_NAME", message, ["DeveloperName"])
    field = field_from(own, metadata, value_key)
    if sum(each.custom for each in definition.fields.values()) >= org.behaviour.custom_field_limit:
        message = "You have reached the maximum number of custom fields"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    definition.namespace = namespace
    return org.add_field(sobject.name, field)


def get_field(org: Org, call: Call) -> Reply:
    """``GET tooling/sobjects/CustomField/{id}``: with its metadata."""
    sobject, field = _field(org, call)
    row: dict[str, Any] = {**custom_row(org, sobject.name, field)}
    row["Metadata"] = orjson.loads(row["Metadata"])
    for name in ("Length", "Precision", "Scale"):
        row[name] = int(row[name]) if name in row else None
    row["NamespacePrefix"] = row["NamespacePrefix"] or None
    url = f"{_base(call)}/sobjects/CustomField/{field.id}"
    return Reply(200, {"attributes": {"type": "CustomField", "url": url}, **row}, [], JSON_TYPE)


def change_field(org: Org, call: Call) -> Reply:
    """``PATCH tooling/sobjects/CustomField/{id}``."""
    _may_customise(org, call)
    sobject, field = _field(org, call)
    metadata = _body(call, "FullName", "Metadata").get("Metadata")
    if not isinstance(metadata, Mapping):
        raise malformed_json("Cannot deserialize instance of CustomField from Metadata")
    change(field, metadata, org.behaviour.picklist_value_key)
    sobject.definition.add(field)
    return Reply(204, b"", [], JSON_TYPE)


def delete_field(org: Org, call: Call) -> Reply:
    """``DELETE tooling/sobjects/CustomField/{id}``: with its values and its permissions."""
    _may_customise(org, call)
    sobject, field = _field(org, call)
    org.drop_field(sobject.name, field.name)
    return Reply(204, b"", [], JSON_TYPE)


def _may_customise(org: Org, call: Call) -> None:
    if not org.access.user_has(call.user, "CustomizeApplication"):
        raise no_access("insufficient access rights on cross-reference id")


def _field(org: Org, call: Call) -> tuple[SObject, FieldDef]:
    if not org.access.user_has(call.user, "ViewSetup"):
        raise not_found()
    found = find_custom_field(org, call.params["id"])
    if found is None:
        raise not_found("Provided external ID field does not exist or is not accessible: Id")
    return found


def _body(call: Call, *known: str) -> dict[str, Any]:
    try:
        body = orjson.loads(call.body)
    except orjson.JSONDecodeError as error:
        raise malformed_json(f"Unexpected character at [line:1, column:{error.pos + 1}]") from None
    if not isinstance(body, dict):
        raise malformed_json("Cannot deserialize instance of CustomField")
    unknown = next((name for name in body if name not in (*known, "attributes")), None)
    if unknown is not None:
        message = f"No such column '{unknown}' on sobject of type CustomField"
        raise ApiError(400, "INVALID_FIELD", message)
    return body


def _base(call: Call) -> str:
    return f"/services/data/{call.version}/tooling"


_TOOLING: Final = "/services/data/{version}/tooling"
_FIELD: Final = f"{_TOOLING}/sobjects/CustomField"
ROUTES: list[Route] = [
    Route("GET", f"{_TOOLING}/query", query),
    Route("GET", f"{_TOOLING}/query/{{locator}}", more),
    Route("POST", _FIELD, create_field),
    Route("GET", f"{_FIELD}/{{id}}", get_field),
    Route("PATCH", f"{_FIELD}/{{id}}", change_field),
    Route("DELETE", f"{_FIELD}/{{id}}", delete_field),
]
