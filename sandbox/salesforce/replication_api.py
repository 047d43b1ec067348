"""Which records were deleted, and which were changed, between two moments."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sandbox.clock import iso_ms, parse_ms
from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.rendering import answer, object_of
from sandbox.salesforce.routing import Route
from sandbox.salesforce.sobject import BIN_MS, SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_MINUTE: Final = 60_000
_REACH_MS: Final = 30 * 86_400_000
MOST_IDS: Final = 600_000
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)")


def deleted(org: Org, call: Call) -> Reply:
    """Ids of records deleted from ``start`` to ``end``, as far as the recycle bin reaches."""
    sobject, start, end = _asked(org, call, BIN_MS)
    shared = _shared(org, call, sobject)
    found, _ = sobject.table.page(0, len(sobject.table.records), archived=True)
    gone = [
        {"id": sobject.id_of(record), "deletedDate": _spelled(record.archived_at)}
        for record in found
        if record.archived_at is not None and start <= record.archived_at < end and shared(record)
    ]
    _refuse_too_many(len(gone))
    earliest = org.now_ms() - BIN_MS
    body = {
        "deletedRecords": gone,
        "earliestDateAvailable": _spelled(earliest // _MINUTE * _MINUTE),
        "latestDateCovered": _spelled(min(end, org.now_ms() // _MINUTE * _MINUTE)),
    }
    return answer(body)


def updated(org: Org, call: Call) -> Reply:
    """Ids of records made or changed from ``start`` to ``end`` that are not deleted."""
    sobject, start, end = _asked(org, call, _REACH_MS)
    shared = _shared(org, call, sobject)
    records = sobject.table.records
    ids = [
        sobject.id_of(records[number])
        for number in sobject.table.ids_changed_between(start, end - 1)
        if records[number].live and shared(records[number])
    ]
    _refuse_too_many(len(ids))
    covered = min(end, org.now_ms() // _MINUTE * _MINUTE)
    return answer({"ids": ids, "latestDateCovered": _spelled(covered)})


def _asked(org: Org, call: Call, reach: int) -> tuple[SObject, int, int]:
    sobject = object_of(org, call.user, call.params["object"])
    if sobject.definition.setup:
        raise ApiError(400, "INVALID_TYPE", f"{sobject.name} is not replicateable")
    # Seconds are ignored: the log is kept by the minute.
    start = _moment(call, "start") // _MINUTE * _MINUTE
    end = _moment(call, "end") // _MINUTE * _MINUTE
    if end <= start:
        message = "enddate must be at least one minute greater than startdate"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    if start < org.now_ms() - reach - _MINUTE:
        days = reach // 86_400_000
        message = f"startdate cannot be more than {days} days ago"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    return sobject, start, end


def _moment(call: Call, name: str) -> int:
    # A plus sign that was not encoded arrives as a blank.
    text = (call.one(name) or "").replace(" ", "+")
    if _INSTANT.fullmatch(text):
        with suppress(ValueError):
            return parse_ms(text)
    message = f"{text or name} is not a valid value for the type xsd:dateTime"
    raise ApiError(400, "INVALID_REPLICATION_DATE", message)


def _shared(org: Org, call: Call, sobject: SObject) -> Callable[[Record], bool]:
    return org.access.visible(call.user, sobject) or (lambda _record: True)


def _refuse_too_many(count: int) -> None:
    if count > MOST_IDS:
        message = f"Too many ids: at most {MOST_IDS:,} are given; use a shorter window"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _spelled(moment: int | None) -> str:
    return f"{iso_ms(moment or 0)[:-1]}+0000"


_V: Final = "/services/data/{version}/sobjects/{object}"
ROUTES: Final[list[Route]] = [
    Route("GET", f"{_V}/deleted", deleted),
    Route("GET", f"{_V}/updated", updated),
]
