"""Search: operators, limits, windows and an index that lags."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clock import parse_ms
from tests.sandbox.conftest import OBJECTS, Caller


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """One filter."""
    given = {} if value is None else {"value": value}
    return {"propertyName": name, "operator": operator, **given, **more}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("numberofemployees", "GT", "450"), [1]),
        (where("numberofemployees", "GTE", "450"), [0, 1]),
        (where("numberofemployees", "LT", 450), [2]),
        (where("numberofemployees", "LTE", "450"), [0, 2]),
        (where("numberofemployees", "BETWEEN", "35", highValue="450"), [0, 2]),
        (where("industry", "EQ", "COMPUTER_SOFTWARE"), [0]),
        (where("industry", "EQ", "computer_software"), []),
        (where("country", "EQ", "uSa"), [0, 4]),
        (where("country", "IN", values=["usa"]), [0, 4]),
        (where("country", "IN", values=["USA"]), []),
        (where("country", "NOT_IN", values=["usa"]), [1]),
        (where("country", "NEQ", "usa"), [1]),
        (where("industry", "HAS_PROPERTY"), [0, 1, 3]),
        (where("industry", "NOT_HAS_PROPERTY"), [2, 4, 5]),
        (where("name", "CONTAINS_TOKEN", "clinics"), [2]),
        (where("name", "CONTAINS_TOKEN", "d*"), [3]),
        (where("name", "NOT_CONTAINS_TOKEN", "elm"), [0, 1, 2, 3, 5]),
        (where("web_technologies", "IN", values=["slack", "stripe"]), [0]),
    ],
)
def test_operators(call: Caller, condition: dict[str, Any], expected: list[int]) -> None:
    """Each operator finds what it says; enumerations mind case, other text does not."""
    ids = call.ids()

    assert call.found(condition) == [ids[n] for n in expected]


def test_groups_are_alternatives_and_filters_must_all_hold(call: Caller) -> None:
    """OR between groups, AND within."""
    ids = call.ids()
    usa, software = where("country", "EQ", "usa"), where("industry", "HAS_PROPERTY")
    body = {
        "filterGroups": [
            {"filters": [usa, software]},
            {"filters": [where("name", "EQ", "dune design")]},
        ]
    }

    found = call("POST", f"{OBJECTS}/search", body).json()

    assert [company["id"] for company in found["results"]] == [ids[0], ids[3]]
    assert found["total"] == 2


def test_no_hits_have_no_paging(call: Caller) -> None:
    """The empty answer is exactly the recorded one."""
    assert call.search(where("name", "EQ", "nobody")).json() == {"total": 0, "results": []}


def test_after_is_an_offset_and_pages_end(call: Caller) -> None:
    """``after`` counts records; the last page has no paging."""
    ids = call.ids()
    first = call.search(limit=4).json()
    second = call.search(limit=4, after=first["paging"]["next"]["after"]).json()

    assert first["total"] == 6
    assert first["paging"] == {"next": {"after": "4"}}
    assert [c["id"] for c in first["results"] + second["results"]] == ids
    assert "paging" not in second


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 100, "after": "10000"},
        {"after": "abc"},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [where("name", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": [where("no_such", "EQ", "1")]}]},
        {"filterGroups": [{"filters": [where("name", "RESEMBLES", "x")]}]},
        {"filterGroups": [{"filters": [where("numberofemployees", "GT", "many")]}]},
        {"sorts": [{"propertyName": "name"}, {"propertyName": "domain"}]},
        {"query": "x" * 3001},
    ],
)
def test_what_search_refuses(call: Caller, body: dict[str, Any]) -> None:
    """Pages above 200, results beyond 10,000 and malformed queries are 400."""
    assert call("POST", f"{OBJECTS}/search", body).status_code == 400


def test_an_unknown_object_type_is_refused_in_the_recorded_words(call: Caller) -> None:
    """400 without a category."""
    answer = call("POST", "/crm/v3/objects/planets/search", {})

    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to infer object type from: planets"
    assert "category" not in answer.json()


def test_sorting_by_value(call: Caller) -> None:
    """Numbers sort as numbers, in either direction."""
    ids = call.ids()
    known = where("numberofemployees", "GTE", "0")

    down = call.found(
        known, sorts=[{"propertyName": "numberofemployees", "direction": "DESCENDING"}]
    )

    assert down == [ids[1], ids[0], ids[2]]
    assert call.found(known, sorts=["numberofemployees"]) == down[::-1]


def test_a_window_with_an_id_keyset_reads_each_change_once(call: Caller) -> None:
    """Walking ``GT last id`` through a frozen window meets every changed record once."""
    ids = call.ids()
    now = call.control("POST", "clock", {"now": "2027-01-01T00:00:00.000Z", "freeze": True})["now"]
    call.update(*({"id": i, "properties": {"score": "1"}} for i in ids[1:5]))
    start = parse_ms(now)
    window = where("hs_lastmodifieddate", "BETWEEN", str(start), highValue=str(start))
    seen: list[str] = []
    while True:
        last = seen[-1] if seen else "0"
        page = call.search(
            window, where("hs_object_id", "GT", last), limit=3, sorts=["hs_object_id"]
        )
        if not page.json()["results"]:
            break
        seen += [company["id"] for company in page.json()["results"]]

    assert seen == ids[1:5]


def test_the_query_is_fresh_after_every_write(call: Caller) -> None:
    """A repeated search sees a write that came between."""
    query = where("score", "EQ", "5"), where("hs_object_id", "GT", "0")
    assert call.found(*query) == []
    first = call.ids()[0]
    call.update({"id": first, "properties": {"score": "5"}})

    assert call.found(*query) == [first]


def test_the_index_lags_as_long_as_it_was_told(call: Caller) -> None:
    """Within the lag search shows the old values and no new records; get shows the new."""
    call.control("POST", "clock", {"freeze": True})
    call.control("POST", "behaviour", {"search_lag_seconds": 30})
    first, *rest = call.ids()
    call.update({"id": first, "properties": {"name": "Renamed"}})
    created = call("POST", OBJECTS, {"properties": {"name": "New"}}).json()["id"]
    call("DELETE", f"{OBJECTS}/{rest[0]}")

    old = call.search(properties=["name"], limit=200).json()
    assert [c["id"] for c in old["results"]] == [first, *rest]
    assert old["results"][0]["properties"]["name"] == "Alder Software"
    assert call.found(where("name", "EQ", "renamed")) == []
    assert call.value(first, "name") == "Renamed"

    call.control("POST", "clock", {"advance_seconds": 30})
    assert call.found() == [first, *rest[1:], created]
    assert call.found(where("name", "EQ", "renamed")) == [first]


def test_free_text(call: Caller) -> None:
    """``query`` looks into names and domains."""
    assert call.found(query="fjord foods") == [call.ids()[5]]
