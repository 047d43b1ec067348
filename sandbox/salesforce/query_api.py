"""SOQL over REST: ``query`` and ``queryAll``, 2,000 rows at a time."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import JSON_TYPE
from sandbox.salesforce.routing import Route
from sandbox.salesforce.soql.rendering import json_rows
from sandbox.salesforce.soql.running import QueryResult, run

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_BATCH_SIZE: Final = re.compile(rb"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_SMALLEST, _LARGEST = 200, 2_000
_WIDE: Final = 2  # long texts of one's own that make a row wide


def query(org: Org, call: Call, *, all_rows: bool = False) -> Reply:
    """``GET /query?q=``: the first page."""
    base = f"/services/data/{call.version}"
    return Reply(200, first_page(org, call, base, all_rows=all_rows), [], JSON_TYPE)


def more(org: Org, call: Call) -> Reply:
    """``GET /query/{locator}``: another page."""
    base = f"/services/data/{call.version}"
    return Reply(200, next_page(org, call, base), [], JSON_TYPE)


def first_page(org: Org, call: Call, base: str, *, all_rows: bool = False) -> dict[str, Any]:
    """The body that answers ``q``; *base* is the path of the API that was called.

    Raises:
        ApiError: the statement is refused.
    """
    result = run(org, call.user, call.one("q") or "", all_rows=all_rows)
    if not result.columns:
        # Counts have no rows, and groups no second page.
        rows = json_rows(result, base, 0, result.total_size) if result.grouped else []
        return {"totalSize": result.total_size, "done": True, "records": rows}
    size = _page_size(org, call, result)
    body: dict[str, Any] = {"totalSize": result.total_size, "done": True}
    if result.total_size > size:
        cursor = org.cursors.open(call.user, result, size, all_rows=all_rows)
        body["done"] = False
        body["nextRecordsUrl"] = f"{base}/query/{cursor.locator(size)}"
    body["records"] = json_rows(result, base, 0, size)
    return body


def next_page(org: Org, call: Call, base: str) -> dict[str, Any]:
    """The body that answers a locator.

    Raises:
        ApiError: ``INVALID_QUERY_LOCATOR``.
    """
    cursor, start = org.cursors.find(call.user, call.params["locator"])
    result = cursor.result
    hinted = _hint(call)
    end = start + (_page_size(org, call, result) if hinted else cursor.size)
    body: dict[str, Any] = {"totalSize": result.total_size, "done": end >= result.total_size}
    if not body["done"]:
        body["nextRecordsUrl"] = f"{base}/query/{cursor.locator(end)}"
    body["records"] = json_rows(result, base, start, end, live_only=not cursor.all_rows)
    return body


def _page_size(org: Org, call: Call, result: QueryResult) -> int:
    size = _hint(call) or _LARGEST
    long_texts = sum(c.field.custom and c.field.long_text for c in result.columns)
    if long_texts >= _WIDE:
        size = _SMALLEST
    return max(1, min(size, org.behaviour.page_size))


def _hint(call: Call) -> int | None:
    found = _BATCH_SIZE.search(call.headers.get(b"sforce-query-options", b""))
    return max(_SMALLEST, min(_LARGEST, int(found[1]))) if found else None


_BASE: Final = "/services/data/{version}"
ROUTES: list[Route] = [
    Route("GET", f"{_BASE}/query", query),
    Route("GET", f"{_BASE}/queryAll", partial(query, all_rows=True)),
    Route("GET", f"{_BASE}/query/{{locator}}", more),
    Route("GET", f"{_BASE}/queryAll/{{locator}}", more),
]
