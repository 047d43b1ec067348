"""List views: made and changed by the User Interface API, and really evaluated."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import OrgCaller

INFO = "ui-api/list-info/Account"
NOW = "2026-11-18T12:00:00Z"


def body(*filters: tuple[str, str, list[str]], **more: Any) -> dict[str, Any]:
    """A public view with these filters."""
    return {
        "listViewApiName": "Probe", "label": "Probe", "displayColumns": ["Name", "Owner.Alias"],
        "filteredByInfo": [
            {"fieldApiName": field, "operator": operator, "operandLabels": operands}
            for field, operator, operands in filters
        ],
        "scope": {"apiName": "everything"}, "visibility": "Public", **more,
    }  # fmt: skip


def make(sf: OrgCaller, *filters: tuple[str, str, list[str]], **more: Any) -> httpx.Response:
    """Make a view as the administrator."""
    return sf.admin("POST", INFO, body(*filters, **more))


def members(sf: OrgCaller, *filters: tuple[str, str, list[str]], **more: Any) -> list[str]:
    """Who is in a view with these filters, by name."""
    made = make(sf, *filters, **more)
    assert made.status_code == 201, made.text
    found = sf.admin("GET", "ui-api/list-records/Account/Probe", pageSize=100).json()["records"]
    sf.admin("DELETE", f"{INFO}/Probe")
    return sorted(record["fields"]["Name"]["value"] for record in found)


def refused(answer: httpx.Response, status: int = 400) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()
    return str(error["errorCode"])


@pytest.fixture
def accounts(sf: OrgCaller) -> OrgCaller:
    """Five accounts of known values and nothing else."""
    sf.control("POST", "clock", {"now": NOW})
    old = [record["Id"] for record in sf.query("SELECT Id FROM Account")]
    rows = [
        {"Name": "Ash", "NumberOfEmployees": 10, "Rating": "Hot", "Site": "North"},
        {"Name": "Birch", "NumberOfEmployees": 100, "Rating": "Cold", "Site": "north-east"},
        {"Name": "Cedar", "NumberOfEmployees": 1000, "Industry": "Banking"},
        {"Name": "Dune"},
        {"Name": "Elm & Co", "NumberOfEmployees": 100, "OwnerId": sf.org.admin_user},
    ]
    sf.control("POST", "records", {"delete": old, "create": {"Account": rows}})
    return sf


def test_the_list_of_views_is_as_recorded(sf: OrgCaller) -> None:
    """Its envelope and entries have the recorded keys; views come by label."""
    found = sf("GET", INFO).json()

    assert set(found) == {
        "count", "currentPageToken", "currentPageUrl", "lists", "nextPageToken", "nextPageUrl",
        "objectApiName", "pageSize", "previousPageToken", "previousPageUrl", "queryString",
        "recentListsOnly",
    }  # fmt: skip
    assert found["pageSize"] == 20
    assert all(set(view) == {"apiName", "id", "label", "url"} for view in found["lists"])
    assert [view["label"] for view in found["lists"]] == [
        "All Accounts", "My Accounts", "New Last Week", "New This Week",
    ]  # fmt: skip
    assert all(view["id"].startswith("00B") for view in found["lists"])


def test_pages_of_views(sf: OrgCaller) -> None:
    """Following the tokens finds every view once; a bad size is refused."""
    seen, token = [], "0"
    while token is not None:
        page = sf("GET", INFO, pageSize=3, pageToken=token).json()
        seen += [view["apiName"] for view in page["lists"]]
        token = page["nextPageToken"]

    assert len(seen) == len(set(seen)) == 4
    assert refused(sf("GET", INFO, pageSize=0)) == "ILLEGAL_QUERY_PARAMETER_VALUE"
    assert [view["apiName"] for view in sf("GET", INFO, q="my").json()["lists"]] == ["MyAccounts"]


def test_a_view_is_made_shown_and_found(sf: OrgCaller) -> None:
    """201 with all of it; by API name, by id and by SOQL it is the same view."""
    made = make(sf, ("Industry", "Equals", ["Banking"]), filterLogicString="1").json()

    assert made["label"] == "Probe"
    assert [column["fieldApiName"] for column in made["displayColumns"]] == ["Name", "Owner.Alias"]
    assert made["filteredByInfo"][0]["operandLabels"] == ["Banking"]
    assert made["scope"]["apiName"] == "everything"
    view_id = made["listReference"]["id"]
    assert sf("GET", f"{INFO}/Probe").json()["listReference"]["id"] == view_id
    assert sf("GET", f"{INFO}/{view_id}").json()["label"] == "Probe"
    soql = (
        "SELECT Id, DeveloperName, Name FROM ListView "
        "WHERE SobjectType = 'Account' AND DeveloperName = 'Probe'"
    )
    assert sf.query(soql) == [{"Id": view_id, "DeveloperName": "Probe", "Name": "Probe"}]


def test_a_change_keeps_what_it_does_not_name(accounts: OrgCaller) -> None:
    """PATCH takes any part of a view."""
    make(accounts, ("Rating", "Equals", ["Hot"]))
    answer = accounts.admin("PATCH", f"{INFO}/Probe", {"label": "Renamed"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["label"] == "Renamed"
    assert answer.json()["filteredByInfo"][0]["fieldApiName"] == "Rating"
    changed = {"filteredByInfo": body(("Rating", "Equals", ["Cold"]))["filteredByInfo"]}
    assert accounts.admin("PATCH", f"{INFO}/Probe", changed).status_code == 200
    found = accounts.admin("GET", "ui-api/list-records/Account/Probe").json()["records"]
    assert [record["fields"]["Name"]["value"] for record in found] == ["Birch"]


def test_writing_began_with_version_61(sf: OrgCaller) -> None:
    """Before it, the same calls only read."""
    path = f"/services/data/v60.0/{INFO}"
    assert sf.admin("GET", path).status_code == 200
    assert refused(sf.admin("POST", path, body()), 405) == "METHOD_NOT_ALLOWED"


def test_a_name_is_taken_once(sf: OrgCaller) -> None:
    """Case makes no other name."""
    assert make(sf).status_code == 201
    assert refused(make(sf, listViewApiName="PROBE")) == "DUPLICATE_DEVELOPER_NAME"


def test_views_take_rights(sf: OrgCaller) -> None:
    """The integration user may make none, and a private view is its owner's alone."""
    assert refused(sf("POST", INFO, body()), 403) == "INSUFFICIENT_ACCESS"
    assert make(sf, visibility="Private").status_code == 201
    assert sf.admin("GET", f"{INFO}/Probe").status_code == 200
    assert refused(sf("GET", f"{INFO}/Probe"), 404) == "NOT_FOUND"


def test_nobody_makes_a_view_of_fields_he_does_not_see(sf: OrgCaller) -> None:
    """A custom field without field-level security is an unknown column, and an unknown filter."""
    field = {"FullName": "Account.Tier__c", "Metadata": {"label": "Tier", "type": "Date"}}
    assert sf.admin("POST", "tooling/sobjects/CustomField", field).status_code == 201

    columns = make(sf, displayColumns=["Name", "Tier__c"])
    assert refused(columns) == "INVALID_FIELD"
    assert refused(make(sf, ("Tier__c", "Equals", ["TODAY"]))) == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"displayColumns": ["Magic"]}, "INVALID_FIELD"),
        ({"displayColumns": ["Owner.Magic"]}, "INVALID_FIELD"),
        ({"displayColumns": ["Name", "Name"]}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"displayColumns": ["Name"] * 16}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"displayColumns": []}, "POST_BODY_PARSE_ERROR"),
        ({"label": "x" * 41}, "STRING_TOO_LONG"),
        ({"label": ""}, "POST_BODY_PARSE_ERROR"),
        ({"listViewApiName": "no spaces"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"scope": {"apiName": "magic"}}, "POST_BODY_PARSE_ERROR"),
        ({"visibility": "Everybody"}, "POST_BODY_PARSE_ERROR"),
        ({"magic": 1}, "POST_BODY_PARSE_ERROR"),
        ({"filteredByInfo": [{}]}, "POST_BODY_PARSE_ERROR"),
        ({"filterLogicString": "1"}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_bodies_that_are_none_are_refused(
    sf: OrgCaller, changed: dict[str, Any], code: str
) -> None:
    """Unknown columns, words and parts."""
    assert refused(make(sf, **changed)) == code


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (("Rating", "Is", ["Hot"]), "POST_BODY_PARSE_ERROR"),
        (("Magic", "Equals", ["x"]), "INVALID_FIELD"),
        (("Description", "Contains", ["x"]), "FIELD_INTEGRITY_EXCEPTION"),
        (("NumberOfEmployees", "Contains", ["1"]), "FIELD_INTEGRITY_EXCEPTION"),
        (("NumberOfEmployees", "Equals", ["many"]), "FIELD_INTEGRITY_EXCEPTION"),
        (("NumberOfEmployees", "GreaterThan", []), "FIELD_INTEGRITY_EXCEPTION"),
        (("Rating", "Includes", ["Hot"]), "FIELD_INTEGRITY_EXCEPTION"),
        (("CreatedDate", "Equals", ["soon"]), "FIELD_INTEGRITY_EXCEPTION"),
        (("CleanStatus", "Equals", ["No such status"]), "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_filters_that_mean_nothing_are_refused(
    sf: OrgCaller, condition: tuple[str, str, list[str]], code: str
) -> None:
    """An operator must suit the field, and an operand its type or its choices."""
    assert refused(make(sf, condition)) == code


ALL = ["Ash", "Birch", "Cedar", "Dune", "Elm & Co"]


@pytest.mark.parametrize(
    ("field", "operator", "operands", "expected"),
    [
        ("NumberOfEmployees", "Equals", ["100"], ["Birch", "Elm & Co"]),
        ("NumberOfEmployees", "Equals", ["10", "1,000"], ["Ash", "Cedar"]),
        ("NumberOfEmployees", "NotEqual", ["100"], ["Ash", "Cedar", "Dune"]),
        ("NumberOfEmployees", "GreaterThan", ["100"], ["Cedar"]),
        ("NumberOfEmployees", "GreaterOrEqual", ["100"], ["Birch", "Cedar", "Elm & Co"]),
        ("NumberOfEmployees", "LessThan", ["100"], ["Ash"]),
        ("NumberOfEmployees", "LessOrEqual", ["100"], ["Ash", "Birch", "Elm & Co"]),
        ("NumberOfEmployees", "Equals", [""], ["Dune"]),
        ("NumberOfEmployees", "NotEqual", [""], ["Ash", "Birch", "Cedar", "Elm & Co"]),
        ("Site", "Contains", ["NORTH"], ["Ash", "Birch"]),
        ("Site", "NotContain", ["east"], ["Ash", "Cedar", "Dune", "Elm & Co"]),
        ("Site", "StartsWith", ["nor", "x"], ["Ash", "Birch"]),
        ("Site", "Equals", ["NORTH"], ["Ash"]),
        ("Name", "GreaterThan", ["cedar"], ["Dune", "Elm & Co"]),
        ("Rating", "Equals", ["Hot", "Cold"], ["Ash", "Birch"]),
        ("Rating", "NotEqual", ["Hot"], ["Birch", "Cedar", "Dune", "Elm & Co"]),
        ("Industry", "Equals", ["Banking"], ["Cedar"]),
        ("Owner.Alias", "Equals", ["admin"], ALL),
        ("IsDeleted", "Equals", ["0"], ALL),
        ("CreatedDate", "Equals", ["TODAY"], ALL),
        ("CreatedDate", "Equals", ["2026-11-18"], ALL),
        ("CreatedDate", "Equals", ["11/18/2026"], ALL),
        ("CreatedDate", "GreaterOrEqual", ["LAST_N_DAYS:7"], ALL),
        ("CreatedDate", "Equals", ["LAST 7 DAYS"], ALL),
        ("CreatedDate", "LessOrEqual", ["NEXT_N_DAYS:14"], ALL),
        ("CreatedDate", "GreaterThan", ["TODAY"], []),
        ("CreatedDate", "LessThan", ["THIS_WEEK"], []),
    ],
)
def test_filters_find_what_people_would(
    accounts: OrgCaller, field: str, operator: str, operands: list[str], expected: list[str]
) -> None:
    """Each operator on each kind of field; several operands are alternatives."""
    assert members(accounts, (field, operator, operands)) == expected


def test_relative_dates_move_with_the_clock(accounts: OrgCaller) -> None:
    """What was new is not new a week later, and a coming day comes nearer."""
    week = ("CreatedDate", "GreaterOrEqual", ["LAST_N_DAYS:7"])
    accounts.control("POST", "clock", {"advance_seconds": 7 * 86_400})
    assert members(accounts, week) == ALL
    accounts.control("POST", "clock", {"advance_seconds": 86_400})
    assert members(accounts, week) == []


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (None, ["Birch"]),
        ("1 AND 2", ["Birch"]),
        ("1 OR 2", ["Birch", "Cedar", "Elm & Co"]),
        ("1 AND NOT 2", ["Elm & Co"]),
        ("NOT (1 OR 2)", ["Ash", "Dune"]),
        ("(1 AND 2) OR (NOT 1 AND NOT 2)", ["Ash", "Birch", "Dune"]),
    ],
)
def test_logic_joins_the_filters(
    accounts: OrgCaller, logic: str | None, expected: list[str]
) -> None:
    """NOT before AND before OR, with brackets; without logic all must hold."""
    filters = (
        ("NumberOfEmployees", "Equals", ["100"]),
        ("Name", "StartsWith", ["Birch", "Cedar"]),
    )
    assert members(accounts, *filters, filterLogicString=logic) == expected


@pytest.mark.parametrize("logic", ["1", "1 AND 3", "1 AND", "1 2", "(1 AND 2", "1 XOR 2", "AND"])
def test_logic_must_name_every_filter(sf: OrgCaller, logic: str) -> None:
    """What cannot be read, or leaves a filter out, is refused."""
    filters = (("Name", "Equals", ["a"]), ("Site", "Equals", ["b"]))
    assert refused(make(sf, *filters, filterLogicString=logic)) == "FIELD_INTEGRITY_EXCEPTION"


def test_mine_are_the_accounts_of_whoever_looks(accounts: OrgCaller) -> None:
    """The scope asks for the owner."""
    integration = accounts.org.integration_user
    found = accounts.query("SELECT Id FROM Account WHERE Name = 'Ash'")[0]["Id"]
    accounts.control("POST", "records", {"Account": {found: {"OwnerId": integration}}})

    assert members(accounts, scope={"apiName": "mine"}) == ["Birch", "Cedar", "Dune", "Elm & Co"]
    make(accounts, scope={"apiName": "mine"})
    theirs = accounts("GET", "ui-api/list-records/Account/Probe").json()["records"]
    assert [record["fields"]["Name"]["value"] for record in theirs] == ["Ash"]


def test_picklists_are_filtered_by_label(sf: OrgCaller) -> None:
    """Operands are labels; a value that is no label of a restricted picklist is unknown."""
    made = make(sf, ("CleanStatus", "Equals", ["In Sync"]))
    assert made.status_code == 201
    assert refused(make(sf, ("CleanStatus", "Equals", ["Matched"]), listViewApiName="B")) == (
        "FIELD_INTEGRITY_EXCEPTION"
    )


def test_a_reset_forgets_views(sf: OrgCaller) -> None:
    """Only those of the start are left."""
    make(sf)
    sf.control("POST", "reset")
    assert sf("GET", f"{INFO}/Probe").status_code == 404
    assert len(sf("GET", INFO).json()["lists"]) == 4
