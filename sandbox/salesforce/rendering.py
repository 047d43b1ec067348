"""Records as the REST APIs show them, and what calls send read as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import (
    JSON_TYPE,
    ApiError,
    RecordError,
    malformed_json,
    unknown_field,
)
from sandbox.salesforce.records import WriteContext, context
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.values import parse_json, to_json
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

NO_SUCH_COLUMN: Final = (
    "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, "
    "be sure to append the '__c' after the custom field name. Please reference your WSDL or the "
    "describe call for the appropriate names."
)


def base_of(call: Call) -> str:
    """The path that all resources of the call's version begin with."""
    return f"/services/data/{call.version}"


def attributes(sobject: SObject, record_id: str, base: str) -> dict[str, str]:
    """What every record begins with."""
    return {"type": sobject.name, "url": f"{base}/sobjects/{sobject.name}/{record_id}"}


def record_json(
    sobject: SObject, record: Record, fields: Iterable[FieldDef], base: str
) -> dict[str, Any]:
    """One record with *fields*, as a GET answers it."""
    shown: dict[str, Any] = {"attributes": attributes(sobject, sobject.id_of(record), base)}
    for field in fields:
        shown[field.name] = to_json(field, sobject.getter(field)(record))
    return shown


def visible_fields(org: Org, user_id: str, sobject: SObject) -> list[FieldDef]:
    """All fields that exist for this user, in the order of the definition."""
    readable = org.access.fields(user_id, sobject.name).read
    return [field for lower, field in sobject.definition.fields.items() if lower in readable]


def named_fields(org: Org, user_id: str, sobject: SObject, names: Sequence[str]) -> list[FieldDef]:
    """The fields called *names*.

    Raises:
        ApiError: one does not exist, or not for this user.
    """
    fields = []
    for name in names:
        field = org.access.visible_field(user_id, sobject, name)
        if field is None:
            shown = NO_SUCH_COLUMN.format(name=name, entity=sobject.name)
            place = ",".join(names)
            column = place.index(name) + 1
            message = f"\n{place}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{shown}"
            raise ApiError(400, "INVALID_FIELD", message)
        fields.append(field)
    return fields


# -- what calls send -------------------------------------------------------------------------------


def object_of(org: Org, user_id: str, name: str) -> SObject:
    """The object that a path or a record names.

    Raises:
        ApiError: there is none, or not for this user.
    """
    sobject = org.access.readable(user_id, name)
    if sobject is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return sobject


def json_body(call: Call) -> Any:
    """The body as JSON.

    Raises:
        ApiError: it is none.
    """
    try:
        return orjson.loads(call.body)
    except orjson.JSONDecodeError as problem:
        raise malformed_json(f"{problem} at [line:1, column:1]") from None


def object_body(call: Call) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        ApiError: it is none.
    """
    body = json_body(call)
    if not isinstance(body, dict):
        raise malformed_json(
            "Cannot deserialize instance of map from START_ARRAY value or request may be missing a "
            "required field at [line:1, column:1]"
        )
    return body


def values_of(
    org: Org, user_id: str, sobject: SObject, body: Mapping[str, Any], leave_out: frozenset[str]
) -> tuple[dict[str, str | None], RecordError | None]:
    """The fields of a record in JSON, as texts to keep, and what is wrong with one of them.

    Raises:
        ApiError: a field that does not exist (for this user), or JSON of the wrong type: the whole
            call fails.
    """
    values: dict[str, str | None] = {}
    problem = None
    readable = org.access.fields(user_id, sobject.name).read
    for name, value in body.items():
        if name.lower() in leave_out:
            continue
        field = sobject.definition.field(name)
        if field is None or field.name.lower() not in readable:
            raise unknown_field(name, sobject.name)
        try:
            values[field.name] = parse_json(field, value)
        except RecordError as error:
            problem = problem or error
    return values, problem


def write_context(org: Org, call: Call) -> WriteContext:
    """How the call's headers want records to be written."""
    header = call.headers.get(b"sforce-duplicate-rule-header", b"").decode("latin-1").lower()
    allowed = {part.strip().replace(" ", "") for part in header.split(";")}
    assign = call.headers.get(b"sforce-auto-assign", b"true").decode("latin-1").strip().lower()
    return context(
        org,
        allow_duplicates="allowsave=true" in allowed,
        auto_assign=assign != "false",
    )


def note_written(call: Call, sobject: SObject, ids: Iterable[str]) -> None:
    """Say in the log which records the call wrote."""
    call.entry.object = sobject.name
    call.entry.written += ids


# -- answers ---------------------------------------------------------------------------------------


def answer(body: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, body, [], JSON_TYPE)


def no_content() -> Reply:
    """204, without a body."""
    return Reply(204, b"", [], JSON_TYPE)
