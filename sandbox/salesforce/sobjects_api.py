"""Objects and single records: describe, read, create, update, delete, upsert by a key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from sandbox.clock import parse_ms
from sandbox.gateway import Call, Headers, Reply
from sandbox.salesforce.describing import describe_object, list_objects, recent_items
from sandbox.salesforce.errors import (
    JSON_TYPE,
    ApiError,
    RecordError,
    not_found,
)
from sandbox.salesforce.ids import to18
from sandbox.salesforce.records import create, update
from sandbox.salesforce.removing import delete
from sandbox.salesforce.rendering import (
    answer,
    attributes,
    base_of,
    named_fields,
    no_content,
    note_written,
    object_body,
    object_of,
    record_json,
    values_of,
    visible_fields,
    write_context,
)
from sandbox.salesforce.routing import Route
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_ATTRIBUTES: Final = frozenset({"attributes"})
_WITH_VERSION: Final = 46  # from here on an upsert that updates answers a body


def list_all(org: Org, call: Call) -> Reply:
    """Every object that the user may read."""
    body = {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": list_objects(org, call.user, base_of(call)),
    }
    return answer(body)


def basic(org: Org, call: Call) -> Reply:
    """One object in short, and what was used of it lately."""
    sobject = object_of(org, call.user, call.params["object"])
    described = describe_object(org, call.user, sobject, base_of(call))
    short = {
        name: value
        for name, value in described.items()
        if not isinstance(value, list) or name == "urls"
    }
    recent = recent_items(org, call.user, sobject, base_of(call))
    return answer({"objectDescribe": short, "recentItems": recent})


def describe(org: Org, call: Call) -> Reply:
    """One object with all fields that exist for the user; 304 when nothing changed."""
    sobject = object_of(org, call.user, call.params["object"])
    changed = org.described(call.user, sobject)
    if _unchanged_since(call, changed):
        return Reply(304, b"", _dated(changed), JSON_TYPE)
    body = orjson.dumps(describe_object(org, call.user, sobject, base_of(call)))
    return Reply(200, body, _dated(changed, body), JSON_TYPE)


def read(org: Org, call: Call) -> Reply:
    """One record, or the ``fields`` of it that are asked for."""
    sobject = object_of(org, call.user, call.params["object"])
    record = _found(org, call, sobject, call.params["id"])
    return _shown(org, call, sobject, record)


def create_one(org: Org, call: Call) -> Reply:
    """Make a record: 201 and its id."""
    sobject = object_of(org, call.user, call.params["object"])
    values, problem = values_of(org, call.user, sobject, object_body(call), _ATTRIBUTES)
    if problem is not None:
        raise problem.as_call_error()
    record_id, errors = create(org, call.user, sobject, values, write_context(org, call))
    if record_id is None:
        raise errors[0].as_call_error()
    return _created(call, sobject, record_id)


def update_one(org: Org, call: Call) -> Reply:
    """Write fields of one record: 204."""
    sobject = object_of(org, call.user, call.params["object"])
    record = _found(org, call, sobject, call.params["id"])
    _refuse_changed(call, record)
    body = object_body(call)
    if any(name.lower() == "id" for name in body):
        message = "The Id field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message)
    values, problem = values_of(org, call.user, sobject, body, _ATTRIBUTES)
    if problem is not None:
        raise problem.as_call_error()
    record_id = sobject.id_of(record)
    errors = update(org, call.user, sobject, record_id, values, write_context(org, call))
    if errors:
        raise errors[0].as_call_error()
    note_written(call, sobject, [record_id])
    return no_content()


def delete_one(org: Org, call: Call) -> Reply:
    """Move one record to the recycle bin: 204."""
    sobject = object_of(org, call.user, call.params["object"])
    record = _found(org, call, sobject, call.params["id"])
    _refuse_changed(call, record)
    record_id = sobject.id_of(record)
    errors = delete(org, call.user, sobject, record_id, write_context(org, call))
    if errors:
        raise errors[0].as_call_error()
    note_written(call, sobject, [record_id])
    return no_content()


# -- by an external id -----------------------------------------------------------------------------


def read_by_key(org: Org, call: Call) -> Reply:
    """One record by an external id; 300 when several have it."""
    sobject = object_of(org, call.user, call.params["object"])
    field = key_field(org, call.user, sobject, call.params["field"])
    found = by_key(org, sobject, field, call.params["value"])
    if not found:
        raise not_found()
    if len(found) > 1:
        return _several(call, sobject, found)
    return _shown(org, call, sobject, found[0])


def upsert_one(org: Org, call: Call) -> Reply:
    """Update the record with this external id, or make one."""
    sobject = object_of(org, call.user, call.params["object"])
    field = key_field(org, call.user, sobject, call.params["field"])
    key = call.params["value"]
    found = by_key(org, sobject, field, key)
    if len(found) > 1:
        return _several(call, sobject, found)
    leave_out = frozenset({"attributes", field.name.lower()})
    values, problem = values_of(org, call.user, sobject, object_body(call), leave_out)
    if problem is not None:
        raise problem.as_call_error()
    ctx = write_context(org, call)
    if found:
        record_id = sobject.id_of(found[0])
        errors = update(org, call.user, sobject, record_id, values, ctx)
        if errors:
            raise errors[0].as_call_error()
        note_written(call, sobject, [record_id])
        if int(call.version[1:-2]) < _WITH_VERSION:
            return no_content()
        return answer({"id": record_id, "success": True, "errors": [], "created": False})
    if field.type == "id":
        raise not_found()
    made, errors = create(org, call.user, sobject, {**values, field.name: key}, ctx)
    if made is None:
        raise errors[0].as_call_error()
    return _created(call, sobject, made, created=True)


def key_field(org: Org, user_id: str, sobject: SObject, name: str) -> FieldDef:
    """The field that records are found by: an external id, or the Id.

    Raises:
        ApiError: the field is no key, or does not exist for the user.
    """
    field = org.access.visible_field(user_id, sobject, name)
    if field is None or not (field.external_id or field.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise ApiError(404, "NOT_FOUND", message)
    return field


def by_key(org: Org, sobject: SObject, field: FieldDef, text: str) -> list[Record]:
    """Live records whose key is *text*."""
    del org
    if field.type == "id":
        record = sobject.get(text)
        return [record] if record is not None and record.live else []
    return sobject.find(field.name, text)


# -- inside ----------------------------------------------------------------------------------------


def _found(org: Org, call: Call, sobject: SObject, record_id: str) -> Record:
    if to18(record_id) is None or record_id[:3] != sobject.prefix:
        message = f"Provided external ID field does not exist or is not accessible: {record_id}"
        raise ApiError(404, "NOT_FOUND", message)
    record = sobject.get(record_id)
    if record is None:
        raise not_found()
    if record.archived_at is not None:
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted").as_call_error()
    shared = org.access.visible(call.user, sobject)
    if shared is not None and not shared(record):
        raise not_found()
    return record


def _shown(org: Org, call: Call, sobject: SObject, record: Record) -> Reply:
    names = call.one("fields")
    if names:
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        fields = named_fields(org, call.user, sobject, wanted)
        if all(field.name != "Id" for field in fields):
            fields += named_fields(org, call.user, sobject, ["Id"])
    else:
        fields = visible_fields(org, call.user, sobject)
    if _unchanged_since(call, record.modified):
        return Reply(304, b"", _dated(record.modified), JSON_TYPE)
    body = orjson.dumps(record_json(sobject, record, fields, base_of(call)))
    return Reply(200, body, _dated(record.modified, body), JSON_TYPE)


def _created(call: Call, sobject: SObject, record_id: str, **more: Any) -> Reply:
    note_written(call, sobject, [record_id])
    reply = answer({"id": record_id, "success": True, "errors": [], **more}, 201)
    location = f"{base_of(call)}/sobjects/{sobject.name}/{record_id}"
    reply.headers.append((b"Location", location.encode()))
    return reply


def _several(call: Call, sobject: SObject, found: list[Record]) -> Reply:
    base = base_of(call)
    return answer([attributes(sobject, sobject.id_of(r), base)["url"] for r in found], 300)


def _dated(modified: int, body: bytes = b"") -> Headers:
    moment = datetime.fromtimestamp(modified // 1000, UTC)
    headers = [(b"Last-Modified", format_datetime(moment, usegmt=True).encode())]
    if body:
        tag = hashlib.sha256(body).hexdigest()[:16]
        headers.append((b"ETag", f'"{tag}"'.encode()))
    return headers


def _unchanged_since(call: Call, modified: int) -> bool:
    since = _moment(call.headers.get(b"if-modified-since", b""))
    return since is not None and modified // 1000 * 1000 <= since


def _refuse_changed(call: Call, record: Record) -> None:
    since = _moment(call.headers.get(b"if-unmodified-since", b""))
    if since is not None and record.modified // 1000 * 1000 > since:
        message = "One or more conditions given in the request header fields was not met"
        raise ApiError(412, "PRECONDITION_FAILED", message)


def _moment(header: bytes) -> int | None:
    if not header:
        return None
    try:
        return parse_ms(parsedate_to_datetime(header.decode("latin-1")).isoformat())
    except ValueError:
        return None


_V: Final = "/services/data/{version}/sobjects"
ROUTES: Final[list[Route]] = [
    Route("GET", _V, list_all),
    Route("GET", f"{_V}/{{object}}", basic),
    Route("POST", f"{_V}/{{object}}", create_one),
    Route("GET", f"{_V}/{{object}}/describe", describe),
    Route("GET", f"{_V}/{{object}}/{{id}}", read),
    Route("PATCH", f"{_V}/{{object}}/{{id}}", update_one),
    Route("DELETE", f"{_V}/{{object}}/{{id}}", delete_one),
    Route("GET", f"{_V}/{{object}}/{{field}}/{{value}}", read_by_key),
    Route("PATCH", f"{_V}/{{object}}/{{field}}/{{value}}", upsert_one),
]
