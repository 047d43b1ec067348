"""Lists: creation by name, filters that are really evaluated, and memberships."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller

LISTS = "/crm/v3/lists"


def branch(*filters: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A root OR with one AND of property filters, as HubSpot documents it."""
    conditions = [
        {"filterType": "PROPERTY", "property": name, "operation": operation}
        for name, operation in filters
    ]
    both = {
        "filterBranchType": "AND", "filterBranchOperator": "AND",
        "filterBranches": [], "filters": conditions,
    }  # fmt: skip
    return {
        "filterBranchType": "OR", "filterBranchOperator": "OR",
        "filters": [], "filterBranches": [both],
    }  # fmt: skip


def operation(kind: str, operator: str, **more: Any) -> dict[str, Any]:
    """One operation."""
    return {
        "operationType": kind, "operator": operator,
        "includeObjectsWithNoValueSet": False, **more,
    }  # fmt: skip


def create(call: Caller, name: str, *filters: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Create a dynamic company list; the trailing slash is what the official client sends."""
    body = {
        "name": name, "objectTypeId": "0-2", "processingType": "DYNAMIC",
        "filterBranch": branch(*filters),
    }  # fmt: skip
    response = call("POST", f"{LISTS}/", body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["list"]
    return found


def members(call: Caller, list_id: str) -> list[str]:
    """Record ids in a list."""
    answer = call("GET", f"{LISTS}/{list_id}/memberships", limit=250).json()
    return [member["recordId"] for member in answer["results"]]


def indexed(reference: str, days: int = 0) -> dict[str, Any]:
    """A time point relative to now or today."""
    return {
        "timeType": "INDEXED", "timezoneSource": "CUSTOM", "zoneId": "UTC",
        "indexReference": {"referenceType": reference}, "offset": {"days": days},
    }  # fmt: skip


LAST_WEEK = operation(
    "TIME_RANGED", "IS_BETWEEN",
    lowerBoundTimePoint=indexed("TODAY", -7), upperBoundTimePoint=indexed("NOW"),
    lowerBoundEndpointBehavior="INCLUSIVE", upperBoundEndpointBehavior="INCLUSIVE",
    propertyParser="VALUE", type="TIME_RANGED",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("industry", operation("ENUMERATION", "IS_ANY_OF", values=["BANKING", "DESIGN"]), [1, 3]),
        ("industry", operation("ENUMERATION", "IS_NONE_OF", values=["BANKING"]), [0, 3]),
        ("web_technologies", operation("ENUMERATION", "CONTAINS_ALL", values=["slack"]), [0]),
        ("web_technologies", operation("ENUMERATION", "IS_EXACTLY", values=["slack"]), []),
        (
            "numberofemployees",
            operation("NUMBER", "IS_GREATER_THAN_OR_EQUAL_TO", value=450),
            [0, 1],
        ),
        ("numberofemployees", operation("NUMBER", "IS_LESS_THAN", value=450), [2]),
        (
            "numberofemployees",
            operation("NUMBER_RANGED", "IS_BETWEEN", lowerBound=35, upperBound=450),
            [0, 2],
        ),
        ("country", operation("STRING", "IS_EQUAL_TO", value="USA"), [0, 4]),
        ("country", operation("MULTISTRING", "CONTAINS", values=["many", "france"]), [1]),
        ("checked", operation("BOOL", "IS_EQUAL_TO", value=True), [5]),
        (
            "checked",
            {**operation("BOOL", "IS_EQUAL_TO", value=False), "includeObjectsWithNoValueSet": True},
            [0, 1, 2, 3, 4],
        ),
        ("industry", operation("ALL_PROPERTY", "IS_UNKNOWN"), [2, 4, 5]),
        ("industry", operation("ALL_PROPERTY", "IS_KNOWN"), [0, 1, 3]),
        ("seen_at", LAST_WEEK, [1]),
        ("seen_at", operation("TIME_POINT", "IS_BEFORE", timePoint=indexed("TODAY", -7)), [2]),
        (
            "seen_at",
            operation("ROLLING_DATE_RANGE", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=7),
            [1],
        ),
    ],
)
def test_filters_decide_who_belongs(
    call: Caller, name: str, wanted: dict[str, Any], expected: list[int]
) -> None:
    """Each operation type selects exactly the companies it describes."""
    call.control("POST", "clock", {"now": "2026-11-22T12:00:00.000Z", "freeze": True})
    ids = call.ids()
    edits = {
        ids[1]: {"seen_at": "2026-11-16T00:00:00.000Z"},
        ids[2]: {"seen_at": "2026-01-01T00:00:00.000Z"},
        ids[5]: {"checked": "true"},
    }
    call.control("POST", "records", {"companies": edits})

    made = create(call, "Some", (name, wanted))

    assert members(call, made["listId"]) == [ids[n] for n in expected]
    assert made["size"] == len(expected)


def test_membership_follows_the_records(call: Caller) -> None:
    """A dynamic list changes with what it filters on; processing is over when asked again."""
    first, second, *_ = call.ids()
    made = create(call, "Scored", ("score", operation("NUMBER", "IS_GREATER_THAN", value=50)))
    call.update({"id": second, "properties": {"score": "80"}})

    again = call("GET", f"{LISTS}/{made['listId']}", includeFilters="true").json()["list"]

    assert made["processingStatus"] == "PROCESSING"
    assert again["processingStatus"] == "COMPLETE"
    assert again["size"] == 1
    assert again["filterBranch"] == made["filterBranch"]
    assert members(call, made["listId"]) == [second]
    call.update({"id": first, "properties": {"score": "51"}})
    assert members(call, made["listId"]) == [first, second]


def test_names_are_unique_whatever_their_case(call: Caller) -> None:
    """Lookup by name ignores case, an unknown name is 404, a second list of the name 409."""
    known = ("name", operation("ALL_PROPERTY", "IS_KNOWN"))
    made = create(call, "ICP Tier 1", known)
    body = {
        "name": "icp tier 1", "objectTypeId": "0-2", "processingType": "DYNAMIC",
        "filterBranch": branch(known),
    }  # fmt: skip

    found = call("GET", f"{LISTS}/object-type-id/0-2/name/icp%20TIER%201")

    assert found.json()["list"]["listId"] == made["listId"]
    assert call("GET", f"{LISTS}/object-type-id/0-2/name/Other").status_code == 404
    assert call("POST", LISTS, body).status_code == 409


def test_filters_can_be_replaced(call: Caller) -> None:
    """PUT update-list-filters changes who belongs and counts the version up."""
    ids = call.ids()
    made = create(call, "Moving", ("industry", operation("ALL_PROPERTY", "IS_KNOWN")))
    new = branch(("industry", operation("ALL_PROPERTY", "IS_UNKNOWN")))

    path = f"{LISTS}/{made['listId']}/update-list-filters"
    changed = call("PUT", path, {"filterBranch": new}).json()["updatedList"]

    assert changed["listVersion"] == 2
    assert members(call, made["listId"]) == [ids[2], ids[4], ids[5]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"filterBranchType": "AND", "filters": [], "filterBranches": []},
        branch(("no_such", operation("ALL_PROPERTY", "IS_KNOWN"))),
        branch(("name", operation("ALL_PROPERTY", "IS_BLUE"))),
        branch(("name", operation("SMELL", "IS_SWEET"))),
        branch(("score", operation("NUMBER", "IS_EQUAL_TO", value="many"))),
        {**branch(), "filters": [{"filterType": "PROPERTY"}]},
    ],
)
def test_filters_that_mean_nothing_are_refused(call: Caller, wrong: dict[str, Any]) -> None:
    """400, rather than a list that is silently empty."""
    body = {"name": "X", "objectTypeId": "0-2", "processingType": "DYNAMIC", "filterBranch": wrong}

    assert call("POST", LISTS, body).status_code == 400


def test_searching_renaming_deleting_and_restoring(call: Caller) -> None:
    """The rest of the life of a list."""
    known = ("name", operation("ALL_PROPERTY", "IS_KNOWN"))
    one, two = create(call, "Alpha", known), create(call, "Beta", known)

    found = call("POST", f"{LISTS}/search", {"query": "alp"}).json()
    renamed = call("PUT", f"{LISTS}/{one['listId']}/update-list-name", listName="Gamma")

    assert [each["listId"] for each in found["lists"]] == [one["listId"]]
    assert (found["total"], found["hasMore"]) == (1, False)
    assert found["lists"][0]["additionalProperties"] == {"hs_list_size": "6"}
    assert renamed.json()["updatedList"]["name"] == "Gamma"
    assert call("DELETE", f"{LISTS}/{two['listId']}").status_code == 204
    assert call("GET", f"{LISTS}/{two['listId']}").status_code == 404
    assert call("PUT", f"{LISTS}/{two['listId']}/restore").status_code == 204
    several = call("GET", f"{LISTS}/?listIds={one['listId']}&listIds={two['listId']}").json()
    assert [each["name"] for each in several["lists"]] == ["Gamma", "Beta"]


def test_memberships_page_by_record(call: Caller) -> None:
    """Pages of members end without paging; more than 250 is refused."""
    made = create(call, "All", ("name", operation("ALL_PROPERTY", "IS_KNOWN")))
    path = f"{LISTS}/{made['listId']}/memberships"

    first = call("GET", path, limit=4).json()
    second = call("GET", path, limit=4, after=first["paging"]["next"]["after"]).json()

    assert [m["recordId"] for m in first["results"] + second["results"]] == call.ids()
    assert "paging" not in second
    assert call("GET", path, limit=251).status_code == 400


def test_manual_lists_hold_whom_they_were_given(call: Caller) -> None:
    """Members are added by hand to manual lists and refused for dynamic ones."""
    first, *_ = call.ids()
    body = {"name": "Hand-picked", "objectTypeId": "0-2", "processingType": "MANUAL"}
    manual = call("POST", LISTS, body).json()["list"]["listId"]
    dynamic = create(call, "All", ("name", operation("ALL_PROPERTY", "IS_KNOWN")))["listId"]

    answer = call("PUT", f"{LISTS}/{manual}/memberships/add", [first, "999"]).json()

    assert answer["recordsIdsAdded"] == [first]
    assert answer["recordIdsMissing"] == ["999"]
    assert members(call, manual) == [first]
    assert call("PUT", f"{LISTS}/{dynamic}/memberships/add", [first]).status_code == 400
