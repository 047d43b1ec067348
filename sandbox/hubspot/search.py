"""The search endpoint: filters, one sort, 200 a page, 10,000 in all, and an index that may lag."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.gateway import Call, Reply
from sandbox.hubspot.errors import error, invalid
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.reading import Renderer, json_body, kind_of, limit_of
from sandbox.hubspot.search_filters import Test, compile_filter
from sandbox.store import OBJECT_ID, Record

PAGE_LIMIT = 200
RESULT_LIMIT = 10_000
GROUP_LIMIT = 5
FILTERS_PER_GROUP = 6
FILTER_LIMIT = 18
QUERY_LIMIT = 3_000

_SEARCHED = {
    "companies": ("name", "domain", "website", "phone"),
    "deals": ("dealname", "description"),
}
_KEPT_ANSWERS = 8


@dataclass(slots=True)
class _Group:
    """One AND group: what the id and change indexes can decide, and tests for the rest."""

    tests: list[Test]
    changed: tuple[int | None, int | None] | None
    ids: tuple[int | None, int | None]


class SearchCache:
    """Ids matching the latest queries, so that walking a result by id keyset costs one scan.

    Only valid for one version of the table.
    """

    def __init__(self) -> None:
        self._version = -1
        self._kept: dict[Any, list[int]] = {}

    def get(self, version: int, key: Any, make: Callable[[], list[int]]) -> list[int]:
        """The answer for *key*, made when it is not known for this *version*."""
        if version != self._version:
            self._kept.clear()
            self._version = version
        if key not in self._kept:
            if len(self._kept) >= _KEPT_ANSWERS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = make()
        return self._kept[key]


def search(portal: Portal, call: Call, caches: dict[str, SearchCache]) -> Reply:
    """``POST /crm/v3/objects/{type}/search``."""
    kind = kind_of(portal, call)
    body = json_body(call)
    limit = limit_of(body.get("limit"), PAGE_LIMIT)
    offset = _offset(body.get("after"), limit)
    shown = kind.table.lagging()
    ids = _matching(kind, body, caches.setdefault(kind.name, SearchCache()), shown)
    names = [str(name) for name in body.get("properties") or []]
    renderer = Renderer(portal, kind, names)
    page = ids[offset : offset + limit]
    results = [_render(renderer, kind.table.records[i], shown) for i in page]
    answer: dict[str, Any] = {"total": len(ids), "results": results}
    if offset + limit < len(ids):
        answer["paging"] = {"next": {"after": str(offset + limit)}}
    return Reply(200, answer)


def _offset(after: Any, limit: int) -> int:
    if after in (None, ""):
        return 0
    if isinstance(after, bool) or not str(after).isdigit():
        raise invalid(f"The value '{after}' of 'after' is not a whole number.")
    offset = int(after)
    if offset + limit > RESULT_LIMIT:
        raise error(400, "There was a problem with the request.")
    return offset


def _render(
    renderer: Renderer, record: Record, shown: dict[int, list[str | None] | None]
) -> dict[str, Any]:
    before = shown.get(record.id)
    if before is None:
        return renderer.record(record)
    # The index still shows the record as it was.
    return renderer.record(Record(record.id, record.created, record.modified, list(before)))


def _matching(
    kind: ObjectType,
    body: dict[str, Any],
    cache: SearchCache,
    shown: dict[int, list[str | None] | None],
) -> list[int]:
    groups = _groups(kind, body)
    query = _query(kind, body.get("query"))
    sort = _sort(kind, body.get("sorts"))
    if sort is None and query is None and len(groups) == 1 and not shown:
        # A keyset walk repeats one window with a growing lower id: scan once, then cut.
        low, high = groups[0].ids
        whole = _Group(groups[0].tests, groups[0].changed, (None, high))
        parts = _cacheable(body)
        ids = cache.get(kind.table.version, (parts, high), lambda: _scan(kind, [whole], None, {}))
        return ids[bisect_right(ids, low - 1) :] if low is not None else ids
    ids = _scan(kind, groups, query, shown)
    if sort is not None:
        _sorted(kind, ids, *sort, shown)
    return ids


def _cacheable(body: dict[str, Any]) -> str:
    """The filters of the one group, without the lower id bound that grows from page to page."""
    filters = body["filterGroups"][0].get("filters") or []
    return repr([condition for condition in filters if not _is_lower_id(condition)])


def _is_lower_id(condition: dict[str, Any]) -> bool:
    return (
        condition.get("propertyName") == "hs_object_id"
        and condition.get("operator") in {"GT", "GTE"}
        and _bounds(condition) is not None
    )


def _scan(
    kind: ObjectType,
    groups: list[_Group],
    query: Test | None,
    shown: dict[int, list[str | None] | None],
) -> list[int]:
    """Ids that match any group and the query, ascending."""
    table = kind.table
    found: set[int] = set()
    for group in groups or [_Group([], None, (None, None))]:
        tests = [*group.tests, query] if query else group.tests
        if group.changed is not None:
            low, high = group.ids
            candidates = table.ids_changed_between(*group.changed)
            if low is not None or high is not None:
                candidates = [
                    i
                    for i in candidates
                    if (low is None or i >= low) and (high is None or i <= high)
                ]
        else:
            candidates = table.ids_between(*group.ids)
        records = table.records
        width = len(table.columns)
        for i in candidates:
            record = records[i]
            if i in shown or not record.live:
                continue
            values = record.values
            if len(values) < width:
                values = table.padded(record)
            if all(test(values) for test in tests):
                found.add(i)
    for i, values_before in shown.items():
        if values_before is not None and _shown_matches(kind, groups, query, i, values_before):
            found.add(i)
    return sorted(found)


def _shown_matches(
    kind: ObjectType,
    groups: list[_Group],
    query: Test | None,
    record_id: int,
    before: list[str | None],
) -> bool:
    values = before + [None] * (len(kind.table.columns) - len(before))
    if query is not None and not query(values):
        return False
    for group in groups or [_Group([], None, (None, None))]:
        low, high = group.ids
        inside = (low is None or record_id >= low) and (high is None or record_id <= high)
        window = _change_tests(kind, group.changed)
        if inside and all(test(values) for test in (*group.tests, *window)):
            return True
    return False


def _change_tests(kind: ObjectType, changed: tuple[int | None, int | None] | None) -> list[Test]:
    if changed is None:
        return []
    tests: list[Test] = []
    for operator, bound in zip(("GTE", "LTE"), changed, strict=True):
        if bound is not None:
            condition = {
                "propertyName": "hs_lastmodifieddate",
                "operator": operator,
                "value": str(bound),
            }
            tests.append(compile_filter(kind, condition))
    return tests


def _groups(kind: ObjectType, body: dict[str, Any]) -> list[_Group]:
    raw = body.get("filterGroups") or []
    if not isinstance(raw, list) or not all(isinstance(group, dict) for group in raw):
        raise invalid("filterGroups is not a list of groups of filters.")
    counts = [len(group.get("filters") or []) for group in raw]
    if len(raw) > GROUP_LIMIT or max(counts, default=0) > FILTERS_PER_GROUP:
        raise invalid(
            f"At most {GROUP_LIMIT} filterGroups with {FILTERS_PER_GROUP} filters each are allowed."
        )
    if sum(counts) > FILTER_LIMIT:
        raise invalid(f"At most {FILTER_LIMIT} filters are allowed in all.")
    return [_group(kind, group.get("filters") or []) for group in raw]


def _group(kind: ObjectType, filters: list[dict[str, Any]]) -> _Group:
    tests: list[Test] = []
    changed: tuple[int | None, int | None] | None = None
    ids: tuple[int | None, int | None] = (None, None)
    for condition in filters:
        test = compile_filter(kind, condition)  # refuses what it does not understand
        bounds = _bounds(condition)
        name = condition.get("propertyName")
        if bounds is not None and name == "hs_lastmodifieddate":
            changed = _narrower(changed or (None, None), bounds)
        elif bounds is not None and name == "hs_object_id":
            ids = _narrower(ids, bounds)
        else:
            tests.append(test)
    return _Group(tests, changed, ids)


def _bounds(condition: dict[str, Any]) -> tuple[int | None, int | None] | None:
    """Whole-number bounds, both included, where a range operator has them."""
    operator = condition.get("operator")
    try:
        value = int(str(condition.get("value")))
        high = int(str(condition.get("highValue"))) if operator == "BETWEEN" else None
    except ValueError:
        return None
    match operator:
        case "GT":
            return value + 1, None
        case "GTE":
            return value, None
        case "LT":
            return None, value - 1
        case "LTE":
            return None, value
        case "EQ":
            return value, value
        case "BETWEEN":
            return value, high
        case _:
            return None


def _narrower(
    one: tuple[int | None, int | None], other: tuple[int | None, int | None]
) -> tuple[int | None, int | None]:
    lows = [low for low in (one[0], other[0]) if low is not None]
    highs = [high for high in (one[1], other[1]) if high is not None]
    return (max(lows) if lows else None, min(highs) if highs else None)


def _query(kind: ObjectType, query: Any) -> Test | None:
    if not query:
        return None
    text = str(query)
    if len(text) > QUERY_LIMIT:
        raise invalid(f"The query may hold at most {QUERY_LIMIT} characters.")
    words = text.lower().split()
    slots = [kind.table.column(name) for name in _SEARCHED[kind.name]]

    def test(values: list[str | None]) -> bool:
        held = " ".join(values[slot] or "" for slot in slots).lower()
        return all(word in held for word in words)

    return test


def _sort(kind: ObjectType, sorts: Any) -> tuple[str, bool] | None:
    """Property and whether descending; ``None`` for the natural order, by id."""
    if not sorts:
        return None
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("Only one sort is allowed.")
    sort = sorts[0]
    if isinstance(sort, str):
        name, descending = sort.removeprefix("-"), sort.startswith("-")
    else:
        name = str(sort.get("propertyName"))
        descending = str(sort.get("direction", "ASCENDING")).upper().startswith("DESC")
    if name not in kind.schema.live:
        raise invalid(f"There was a problem with the request: unknown sort property {name}.")
    if name == "hs_object_id" and not descending:
        return None
    return name, descending


def _sorted(
    kind: ObjectType,
    ids: list[int],
    name: str,
    descending: bool,  # noqa: FBT001 - the sort direction, as parsed
    shown: dict[int, list[str | None] | None],
) -> None:
    slot = kind.table.column(name)
    numeric = kind.schema.live[name]["type"] == "number"

    def key(record_id: int) -> tuple[bool, float, str]:
        record = kind.table.records[record_id]
        values = shown.get(record_id) or kind.table.padded(record)
        text = values[slot] if slot < len(values) else None
        if slot == OBJECT_ID:
            return False, record_id, ""
        number = 0.0
        if numeric and text:
            try:
                number = float(text)
            except ValueError:
                text = None
        missing = not text
        return (missing is not descending, number, "" if numeric else (text or "").lower())

    ids.sort(key=key, reverse=descending)
