"""Reading records: list, get, batch read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox.clock import iso_ms
from sandbox.gateway import Call, Reply
from sandbox.hubspot.errors import could_not_get, error, invalid, not_found
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.store import CREATED, MODIFIED, OBJECT_ID, Record

LIST_LIMIT = 100
HISTORY_LIMIT = 50
BATCH_LIMIT = 100

_ALWAYS = ("createdate", "hs_lastmodifieddate", "hs_object_id")


def kind_of(portal: Portal, call: Call) -> ObjectType:
    """The object type the path names.

    Raises:
        ApiError: 400, in HubSpot's words.
    """
    name = call.params["type"]
    kind = portal.object_type(name)
    if kind is None:
        raise error(400, f"Unable to infer object type from: {name}")
    call.entry.object = kind.name
    return kind


def json_body(call: Call) -> dict[str, Any]:
    """The body as an object; anything else counts as an empty one, as with HubSpot's batch calls.

    Raises:
        ApiError: 400, the body is no JSON at all.
    """
    if not call.body.strip():
        return {}
    try:
        body = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        raise invalid("Invalid input JSON: the request body could not be parsed.") from None
    return body if isinstance(body, dict) else {}


def flag(text: str | None) -> bool:
    """A boolean query parameter; the Python client sends ``True`` and ``False``."""
    return (text or "").lower() == "true"


def names_in(values: Iterable[str]) -> list[str]:
    """Names from repeated parameters, each of which may be a comma list."""
    return [name for value in values for name in value.split(",") if name]


def record_id(text: str) -> int:
    """A record id, or 0 (which no record has) when it is none."""
    return int(text) if text.isascii() and text.isdigit() else 0


class Renderer:
    """Turns records of one type into JSON values with the properties asked for."""

    def __init__(self, portal: Portal, kind: ObjectType, names: Sequence[str]) -> None:
        asked = names or kind.default_reads
        known = [name for name in asked if name in kind.schema.live]
        self._names = tuple(dict.fromkeys((*known, *_ALWAYS)))
        self._pick = itemgetter(*(kind.table.column(name) for name in self._names))
        self._table = kind.table
        self._portal = portal
        self._url = f"https://app.hubspot.com/contacts/{portal.portal_id}/record/{kind.type_id}/"

    def values(self, record: Record) -> dict[str, str | None]:
        """The properties alone."""
        return dict(zip(self._names, self._pick(self._table.padded(record)), strict=True))

    def record(self, record: Record) -> dict[str, Any]:
        """The record as list, get, search and batch read answer it."""
        values = self._table.padded(record)
        text_id = values[OBJECT_ID]
        rendered = {
            "id": text_id,
            "properties": dict(zip(self._names, self._pick(values), strict=True)),
            "createdAt": values[CREATED],
            "updatedAt": values[MODIFIED],
            "archived": False,
            "url": f"{self._url}{text_id}",
        }
        if record.archived_at is not None:
            rendered["archived"] = True
            rendered["archivedAt"] = iso_ms(record.archived_at)
        return rendered


def list_page(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/objects/{type}``."""
    kind = kind_of(portal, call)
    history = "propertiesWithHistory" in call.query
    limit = limit_of(call.one("limit"), HISTORY_LIMIT if history else LIST_LIMIT)
    after = call.one("after") or "0"
    if not after.isdigit():
        raise invalid(f"The value '{after}' of 'after' is not a paging cursor.")
    archived = flag(call.one("archived"))
    records, next_id = kind.table.page(int(after), limit, archived=archived)
    renderer = Renderer(portal, kind, names_in(call.query.get("properties", [])))
    results = [renderer.record(record) for record in records]
    for other in names_in(call.query.get("associations", [])):
        _add_associations(portal, kind, other, records, results)
    body: dict[str, Any] = {"results": results}
    if next_id is not None:
        query = {"limit": limit, "after": next_id, "archived": str(archived).lower()}
        link = f"{portal.origin}{call.path}?{urlencode(query)}"
        body["paging"] = {"next": {"after": str(next_id), "link": link}}
    return Reply(200, body)


def get_one(portal: Portal, call: Call) -> Reply:
    """``GET /crm/v3/objects/{type}/{id}``; an id that was merged away answers the survivor."""
    kind = kind_of(portal, call)
    record = find(portal, kind, call, archived=flag(call.one("archived")))
    renderer = Renderer(portal, kind, names_in(call.query.get("properties", [])))
    results = [renderer.record(record)]
    for other in names_in(call.query.get("associations", [])):
        _add_associations(portal, kind, other, [record], results)
    return Reply(200, results[0])


def find(portal: Portal, kind: ObjectType, call: Call, *, archived: bool = False) -> Record:
    """The record a path names, through merges.

    Raises:
        ApiError: 404, or 400 for an ``idProperty`` that is not unique.
    """
    text = call.params["id"]
    if id_property := call.one("idProperty"):
        reject_shared_id(portal, kind, id_property)
        slot = kind.table.column(id_property)
        for record in kind.table.live():
            if kind.table.padded(record)[slot] == text:
                return record
        raise not_found()
    if text == "0" or text.startswith("-"):
        message = "Object not found. objectId is usually positive."
        raise not_found(message, context={"id": [text]})
    found = kind.table.resolve(record_id(text))
    if found is None or (found.archived_at is not None) is not archived:
        raise not_found()
    return found


def reject_shared_id(portal: Portal, kind: ObjectType, id_property: Any) -> None:
    """Refuse an ``idProperty`` that several records may share.

    Raises:
        ApiError: 400.
    """
    definition = kind.schema.live.get(str(id_property))
    if definition is None or not definition["hasUniqueValue"]:
        raise invalid(
            f"Unable to perform update/upsert by non-unique {kind.type_id} property {id_property} "
            f"in portal ID {portal.portal_id}"
        )


def batch_read(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}/batch/read``."""
    kind = kind_of(portal, call)
    body = json_body(call)
    inputs = batch_inputs(call, body)
    started = portal.clock.now_iso()
    if body.get("idProperty"):
        reject_shared_id(portal, kind, body["idProperty"])
    archived = flag(call.one("archived"))
    renderer = Renderer(portal, kind, [str(name) for name in body.get("properties") or []])
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for text in dict.fromkeys(str(item.get("id")) for item in inputs):
        record = kind.table.get(record_id(text))
        if record is not None and record.merged_into is not None:
            continue  # like batch update: a merged-away id is silently absent
        if record is None or (record.archived_at is not None) is not archived:
            missing.append(text)
        else:
            found.append(renderer.record(record))
    shuffle(portal, found)
    answer: dict[str, Any] = {"status": "COMPLETE", "results": found}
    if missing:
        answer["numErrors"] = 1
        answer["errors"] = [could_not_get(kind.singular, missing)]
    answer["startedAt"] = started
    answer["completedAt"] = portal.clock.now_iso()
    return Reply(207 if missing else 200, answer)


def batch_inputs(call: Call, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The inputs of a batch call; a body of another shape has none and does nothing.

    Raises:
        ApiError: 400, more than the limit.
    """
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        return []
    call.entry.inputs = len(inputs)
    if len(inputs) > BATCH_LIMIT:
        raise invalid(
            f"The maximum number of inputs supported in a batch request for object ID is "
            f"{BATCH_LIMIT}."
        )
    return inputs


def limit_of(text: Any, most: int, default: int = 10) -> int:
    """A page size within 1 to *most*.

    Raises:
        ApiError: 400.
    """
    if text is None or text == "":
        return default
    if isinstance(text, bool) or not str(text).isdigit():
        raise invalid(f"The limit '{text}' is not a whole number.")
    limit = int(text)
    if not 1 <= limit <= most:
        raise invalid(f"The limit {limit} is not between 1 and {most}.")
    return limit


def shuffle(portal: Portal, results: list[Any]) -> None:
    """Batch answers come in an order of their own; which one depends on the seed."""
    if portal.behaviour.shuffle_results:
        portal.shuffler.shuffle(results)


def _add_associations(
    portal: Portal,
    kind: ObjectType,
    other: str,
    records: Sequence[Record],
    results: Sequence[dict[str, Any]],
) -> None:
    target = portal.object_type(other)
    if target is None or target is kind:
        return
    links = portal.companies_of if kind is portal.deals else portal.deals_of
    label = "deal_to_company" if kind is portal.deals else "company_to_deal"
    for record, rendered in zip(records, results, strict=True):
        ids = [i for i in links.get(record.id, []) if target.table.records[i].live]
        if ids:
            # Once per association type, as the real service does: readers must drop doubles.
            rendered.setdefault("associations", {})[target.name] = {
                "results": [
                    {"id": str(linked), "type": kind_of_link}
                    for linked in ids
                    for kind_of_link in (label, f"{label}_unlabeled")
                ]
            }
