"""Up to 200 records in one call: each is answered for itself, in the order of the request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import ApiError, RecordError, malformed_json
from sandbox.salesforce.ids import to18
from sandbox.salesforce.records import (
    Change,
    WriteContext,
    commit,
    prepare_create,
    prepare_update,
)
from sandbox.salesforce.removing import prepare_delete, remove
from sandbox.salesforce.rendering import (
    answer,
    base_of,
    named_fields,
    note_written,
    object_body,
    object_of,
    record_json,
    values_of,
    write_context,
)
from sandbox.salesforce.routing import Route
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.sobjects_api import by_key, key_field

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

MOST_RECORDS: Final = 200
MOST_READ: Final = 2_000
MOST_CHUNKS: Final = 10
_NO_ID: Final = frozenset({"attributes"})
_WITH_ID: Final = frozenset({"attributes", "id"})
ROLLED_BACK: Final = RecordError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header",
)


@dataclass(slots=True)
class _Write:
    """What became of one record of the request, before anything is stored."""

    apply: Callable[[], str] | None = None  # stores it; answers the id
    problem: RecordError | None = None
    created: bool | None = None
    sobject: SObject | None = None


def create_many(org: Org, call: Call) -> Reply:
    """Make records."""
    records, all_or_none = _records(call)
    ctx = write_context(org, call)

    def prepare(sobject: SObject, record: dict[str, Any]) -> _Write:
        values = _values(org, call, sobject, record, _NO_ID)
        change = prepare_create(org, call.user, sobject, values, ctx)
        return _stored(org, change, ctx)

    return _answer(org, call, _each(org, call, records, prepare), all_or_none=all_or_none)


def update_many(org: Org, call: Call) -> Reply:
    """Write fields of records: ``null`` clears, what is not named stays."""
    records, all_or_none = _records(call)
    ctx = write_context(org, call)
    seen: set[str] = set()

    def prepare(sobject: SObject, record: dict[str, Any]) -> _Write:
        values = _values(org, call, sobject, record, _WITH_ID)
        record_id = _id_of(record)
        if not record_id:
            raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        full = to18(record_id) or record_id
        if full in seen:
            raise RecordError("DUPLICATE_VALUE", f"duplicate id specified: {full}", ["Id"])
        seen.add(full)
        change = prepare_update(org, call.user, sobject, full, values, ctx)
        return _stored(org, change, ctx)

    return _answer(org, call, _each(org, call, records, prepare), all_or_none=all_or_none)


def upsert_many(org: Org, call: Call) -> Reply:
    """Update records that are there by their external id, make the others."""
    records, all_or_none = _records(call)
    ctx = write_context(org, call)
    sobject = object_of(org, call.user, call.params["object"])
    field = key_field(org, call.user, sobject, call.params["field"])
    seen: set[str] = set()

    def prepare(of_type: SObject, record: dict[str, Any]) -> _Write:
        if of_type is not sobject:
            message = f"Record type {of_type.name} does not match the object of the call"
            raise RecordError("INVALID_TYPE", message)
        return _upsert(org, call, sobject, field, record, ctx, seen)

    return _answer(org, call, _each(org, call, records, prepare), all_or_none=all_or_none)


def delete_many(org: Org, call: Call) -> Reply:
    """Move records to the recycle bin."""
    ids = [text.strip() for text in (call.one("ids") or "").split(",") if text.strip()]
    if not ids:
        raise ApiError(400, "INVALID_INPUT", "The ids parameter is required")
    _refuse_too_many(len(ids), MOST_RECORDS)
    ctx = write_context(org, call)
    call.entry.inputs = len(ids)
    writes: list[_Write] = []
    for record_id in ids:
        sobject = org.of_id(record_id)
        if sobject is None:
            message = f"id value of incorrect type: {record_id}"
            writes.append(_Write(problem=RecordError("MALFORMED_ID", message, ["Id"])))
            continue
        try:
            writes.append(_removal(org, call, sobject, record_id, ctx))
        except RecordError as problem:
            writes.append(_Write(problem=problem))
    all_or_none = (call.one("allOrNone") or "false").lower() == "true"
    return _answer(org, call, writes, all_or_none=all_or_none)


def read_many(org: Org, call: Call) -> Reply:
    """Fields of records by id; ``null`` for those that are not there."""
    sobject = object_of(org, call.user, call.params["object"])
    if call.method == "POST":
        body = object_body(call)
        ids, names = body.get("ids") or [], body.get("fields") or []
    else:
        ids = [text.strip() for text in (call.one("ids") or "").split(",") if text.strip()]
        names = [text.strip() for text in (call.one("fields") or "").split(",") if text.strip()]
    if not (_texts(ids) and _texts(names)):
        raise ApiError(400, "INVALID_INPUT", "The parameters ids and fields are required")
    _refuse_too_many(len(ids), MOST_READ)
    fields = named_fields(org, call.user, sobject, names)
    if all(field.name != "Id" for field in fields):
        fields += named_fields(org, call.user, sobject, ["Id"])
    shared = org.access.visible(call.user, sobject)
    call.entry.inputs = len(ids)
    shown: list[dict[str, Any] | None] = []
    for record_id in ids:
        record = sobject.get(record_id)
        if record is None or not record.live or (shared is not None and not shared(record)):
            shown.append(None)
        else:
            shown.append(record_json(sobject, record, fields, base_of(call)))
    return answer(shown)


# -- inside ----------------------------------------------------------------------------------------


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = object_body(call)
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise malformed_json(
            "Cannot deserialize instance of a list of records from the body; it may be missing a "
            "required field at [line:1, column:1]"
        )
    _refuse_too_many(len(records), MOST_RECORDS)
    call.entry.inputs = len(records)
    return records, body.get("allOrNone") is True


def _texts(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(v, str) for v in values)


def _refuse_too_many(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _each(
    org: Org,
    call: Call,
    records: Sequence[dict[str, Any]],
    prepare: Callable[[SObject, dict[str, Any]], _Write],
) -> list[_Write]:
    types = [_type_of(org, call, record) for record in records]
    if sum(one is not other for one, other in pairwise(types)) >= MOST_CHUNKS:
        message = (
            "Cannot have more than 10 chunks in a single operation. Please rearrange the data to "
            "reduce chunking."
        )
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return list(_prepared(zip(types, records, strict=True), prepare))


def _prepared(pairs: Any, prepare: Callable[[SObject, dict[str, Any]], _Write]) -> Iterator[_Write]:
    for sobject, record in pairs:
        try:
            yield prepare(sobject, record)
        except RecordError as problem:
            yield _Write(problem=problem)


def _type_of(org: Org, call: Call, record: Mapping[str, Any]) -> SObject:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not name:
        message = (
            "Missing entity type information. sObject requires a separate 'attributes' field to be "
            "specified with each sObject for polymorphic foreign key processing"
        )
        raise ApiError(400, "INVALID_TYPE", message)
    sobject = org.access.readable(call.user, str(name))
    if sobject is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _id_of(record: Mapping[str, Any]) -> str:
    return next((str(text) for name, text in record.items() if name.lower() == "id" and text), "")


def _values(
    org: Org, call: Call, sobject: SObject, record: dict[str, Any], leave_out: frozenset[str]
) -> dict[str, str | None]:
    values, problem = values_of(org, call.user, sobject, record, leave_out)
    if problem is not None:
        raise problem
    return values


def _upsert(
    org: Org,
    call: Call,
    sobject: SObject,
    field: FieldDef,
    record: dict[str, Any],
    ctx: WriteContext,
    seen: set[str],
) -> _Write:
    values = _values(org, call, sobject, record, frozenset({*_WITH_ID, field.name.lower()}))
    key = next((v for n, v in record.items() if n.lower() == field.name.lower() and v), None)
    if key is None and field.type == "id":
        return _stored(org, prepare_create(org, call.user, sobject, values, ctx), ctx, created=True)
    if key is None:
        message = f"{field.name} not specified"
        raise RecordError("MISSING_ARGUMENT", message, [field.name])
    text = str(key)
    if text.lower() in seen:
        message = f"Duplicate external id specified: {text}"
        raise RecordError("DUPLICATE_VALUE", message, [field.name])
    seen.add(text.lower())
    found = by_key(org, sobject, field, text)
    if len(found) > 1:
        message = f"{field.name}: more than one record found for external id field: {text}"
        raise RecordError("DUPLICATE_EXTERNAL_ID", message)
    if found:
        record_id = sobject.id_of(found[0])
        change = prepare_update(org, call.user, sobject, record_id, values, ctx)
        return _stored(org, change, ctx, created=False)
    if field.type == "id":
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    change = prepare_create(org, call.user, sobject, {**values, field.name: text}, ctx)
    return _stored(org, change, ctx, created=True)


def _stored(org: Org, change: Change, ctx: WriteContext, *, created: bool | None = None) -> _Write:
    def apply() -> str:
        return change.sobject.id_of(commit(org, change, ctx))

    return _Write(apply, created=created, sobject=change.sobject)


def _removal(org: Org, call: Call, sobject: SObject, record_id: str, ctx: WriteContext) -> _Write:
    record = prepare_delete(org, call.user, sobject, record_id)

    def apply() -> str:
        if record.live:
            remove(org, sobject, record, call.user, ctx)
        return sobject.id_of(record)

    return _Write(apply, sobject=sobject)


def _answer(org: Org, call: Call, writes: Sequence[_Write], *, all_or_none: bool) -> Reply:
    del org
    if all_or_none and any(write.problem is not None for write in writes):
        failed = [{"success": False, "errors": [(w.problem or ROLLED_BACK).body()]} for w in writes]
        return answer(failed)
    results: list[dict[str, Any]] = []
    for write in writes:
        if write.problem is not None or write.apply is None:
            problem = write.problem or ROLLED_BACK
            results.append({"success": False, "errors": [problem.body()]})
            continue
        record_id = write.apply()
        result: dict[str, Any] = {"id": record_id, "success": True, "errors": []}
        if write.created is not None:
            result["created"] = write.created
        results.append(result)
        if write.sobject is not None:
            note_written(call, write.sobject, [record_id])
    return answer(results)


_V: Final = "/services/data/{version}/composite/sobjects"
ROUTES: Final[list[Route]] = [
    Route("POST", _V, create_many),
    Route("PATCH", _V, update_many),
    Route("DELETE", _V, delete_many),
    Route("GET", f"{_V}/{{object}}", read_many),
    Route("POST", f"{_V}/{{object}}", read_many),
    Route("PATCH", f"{_V}/{{object}}/{{field}}", upsert_many),
]
