"""List, get and batch read, as recorded from the real service."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import OBJECTS, Caller


def test_a_page_has_the_recorded_shape(call: Caller) -> None:
    """Keys, null for unset, strings only and the always-on trio are as in the recorded page."""
    page = call("GET", OBJECTS, limit=1, properties="name,domain,numberofemployees,industry").json()

    [company] = page["results"]
    assert set(company) == {"id", "properties", "createdAt", "updatedAt", "archived", "url"}
    assert company["properties"] == {
        "name": "Alder Software",
        "domain": "alder.example",
        "numberofemployees": "450",
        "industry": "COMPUTER_SOFTWARE",
        "createdate": company["createdAt"],
        "hs_lastmodifieddate": company["updatedAt"],
        "hs_object_id": company["id"],
    }
    assert company["archived"] is False
    assert company["url"].endswith(f"/contacts/{call.portal_id}/record/0-2/{company['id']}")
    assert set(page["paging"]["next"]) == {"after", "link"}


def test_paging_visits_every_record_once_in_id_order(call: Caller) -> None:
    """Following ``after`` to the page without ``paging`` reads each id exactly once, ascending."""
    seen: list[int] = []
    after = None
    while True:
        page = call("GET", OBJECTS, limit=2, after=after or "").json()
        seen += [int(company["id"]) for company in page["results"]]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]

    assert seen == sorted(set(seen))
    assert len(seen) == 6


def test_properties_come_as_comma_lists_and_repeated(call: Caller) -> None:
    """Both spellings ask for the same, and unknown names are ignored without an error."""
    commas = call("GET", OBJECTS, properties="name,country,no_such_property").json()
    repeated = call("GET", f"{OBJECTS}/?properties=name&properties=country").json()

    assert commas == repeated
    assert set(commas["results"][2]["properties"]) == {
        "name", "country", "createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert commas["results"][2]["properties"]["country"] is None


def test_without_properties_name_and_domain_come(call: Caller) -> None:
    """The default set is name, domain and the trio."""
    [first, *_] = call("GET", OBJECTS).json()["results"]

    assert set(first["properties"]) == {
        "name", "domain", "createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["limit=101", "limit=51&propertiesWithHistory=name", "limit=many", "limit=0", "after=soon"],
)
def test_what_lists_refuse(call: Caller, query: str) -> None:
    """Too large pages and cursors that are none answer 400 ``VALIDATION_ERROR``."""
    response = call("GET", f"{OBJECTS}?{query}")

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"


def test_a_long_url_is_refused_by_the_proxy(call: Caller) -> None:
    """Beyond about 16,000 characters the answer is 414 and not JSON."""
    response = call("GET", OBJECTS, properties=",".join(f"property_{n:05}" for n in range(1100)))

    assert response.status_code == 414
    assert "html" in response.headers["content-type"]


def test_archived_records_move_to_their_own_list(call: Caller) -> None:
    """``archived=true`` shows only what was archived; nothing else shows it."""
    gone = call.ids()[1]
    assert call("DELETE", f"{OBJECTS}/{gone}").status_code == 204

    archived = call("GET", OBJECTS, archived="True").json()["results"]
    assert [company["id"] for company in archived] == [gone]
    assert archived[0]["archived"] is True
    assert archived[0]["archivedAt"]
    assert gone not in call.ids()
    assert gone not in call.found()
    assert call("GET", f"{OBJECTS}/{gone}").status_code == 404
    assert call("GET", f"{OBJECTS}/{gone}", archived="true").status_code == 200


def test_missing_records_are_json_and_missing_routes_are_pages(call: Caller) -> None:
    """404 has two faces."""
    record = call("GET", f"{OBJECTS}/999")
    route = call("GET", "/crm/v3/objectz/companies")

    assert record.json()["category"] == "OBJECT_NOT_FOUND"
    assert "usually positive" in call("GET", f"{OBJECTS}/0").json()["message"]
    assert (route.status_code, route.headers["content-type"]) == (404, "text/html;charset=utf-8")


def test_batch_read_names_all_missing_ids_in_one_error(call: Caller) -> None:
    """The 207 body is the recorded one, with the object's name in its message."""
    first, second, *_ = call.ids()
    body = {"properties": ["name"], "inputs": [{"id": i} for i in (first, "999", second, "998")]}

    response = call("POST", f"{OBJECTS}/batch/read", body)

    answer = response.json()
    assert response.status_code == 207
    assert {company["id"] for company in answer["results"]} == {first, second}
    assert answer["status"] == "COMPLETE"
    assert answer["numErrors"] == 1
    assert answer["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some COMPANY objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "context": {"ids": ["999", "998"]},
        }
    ]
    assert answer["startedAt"] <= answer["completedAt"]


def test_batch_read_takes_a_hundred(call: Caller) -> None:
    """101 inputs are refused."""
    body = {"inputs": [{"id": str(n)} for n in range(101)]}

    assert call("POST", f"{OBJECTS}/batch/read", body).status_code == 400


def test_both_version_families_answer_alike(call: Caller) -> None:
    """The dated paths give what the v3 paths give, with and without a trailing slash."""
    plain = call("GET", OBJECTS).json()

    for version in ("2026-03", "2026-09"):
        assert (
            call("GET", f"/crm/objects/{version}/companies/").json()["results"] == plain["results"]
        )
    routes = {entry["route"] for entry in call.control("GET", "requests")["requests"]}
    assert routes == {
        OBJECTS, "/crm/objects/2026-03/companies", "/crm/objects/2026-09/companies",
    }  # fmt: skip


def test_an_id_property_must_be_unique(call: Caller) -> None:
    """A unique property finds its record; any other is refused as recorded."""
    found = call("GET", f"{OBJECTS}/A-1", idProperty="external_ref")
    refused = call("GET", f"{OBJECTS}/alder.example", idProperty="domain")

    assert found.json()["id"] == call.ids()[0]
    assert refused.json()["message"] == (
        "Unable to perform update/upsert by non-unique 0-2 property domain in portal ID "
        f"{call.portal_id}"
    )
