"""Writes: what is accepted, how batches fail, and what stays untouched when they do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import OBJECTS, Caller


def traced(record_id: str, **properties: Any) -> dict[str, Any]:
    """One input with its id as trace id."""
    return {"id": record_id, "objectWriteTraceId": record_id, "properties": properties}


def refusal(call: Caller, **properties: Any) -> dict[str, Any]:
    """The one error that a single update with these properties meets."""
    response = call("PATCH", f"{OBJECTS}/{call.ids()[0]}", {"properties": properties})
    assert response.status_code == 400, response.text
    [error] = response.json()["errors"]
    found: dict[str, Any] = error
    return found


def test_batch_update_answers_the_changed_and_system_properties(call: Caller) -> None:
    """All records get one millisecond; results hold what was sent and the system trio."""
    first, second, *_ = call.ids()

    response = call.update(traced(first, score="87"), traced(second, score="12.5"))

    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] == "COMPLETE"
    assert "errors" not in answer
    results = {result["id"]: result for result in answer["results"]}
    assert set(results[first]["properties"]) == {
        "score", "createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert results[first]["properties"]["score"] == "87"
    assert results[first]["objectWriteTraceId"] == first
    assert results[first]["updatedAt"] == results[second]["updatedAt"]
    assert call.value(second, "score") == "12.5"


def test_results_come_in_an_order_of_their_own(call: Caller) -> None:
    """Somewhere in a few batches of six the order differs from the input; a reset repeats it."""

    def orders() -> list[list[str]]:
        inputs = [traced(i, score="1") for i in call.ids()]
        return [[r["id"] for r in call.update(*inputs).json()["results"]] for _ in range(5)]

    first = orders()
    call.control("POST", "reset")

    assert any(order != call.ids() for order in first)
    assert all(sorted(order) == sorted(call.ids()) for order in first)
    assert orders() == first


def test_without_trace_ids_one_bad_value_refuses_the_batch(call: Caller) -> None:
    """400 with the recorded embedded JSON, one entry per record; nothing is written."""
    first, second, third, *_ = call.ids()
    bad = {"first000name": "x"}

    response = call.update(
        {"id": first, "properties": {"score": "1"}},
        {"id": second, "properties": bad},
        {"id": third, "properties": bad},
    )

    answer = response.json()
    assert response.status_code == 400
    one = (
        '{"isValid":false,"message":"Property \\"first000name\\" does not exist",'
        '"error":"PROPERTY_DOESNT_EXIST","name":"first000name"}'
    )
    assert answer["message"] == f"Property values were not valid: [{one},{one}]"
    assert answer["category"] == "VALIDATION_ERROR"
    assert answer["errors"] == [
        {
            "message": 'Property "first000name" does not exist',
            "code": "PROPERTY_DOESNT_EXIST",
            "context": {"propertyName": ["first000name"]},
        }
    ]
    assert call.value(first, "score") is None


def test_with_trace_ids_only_the_bad_inputs_fail(call: Caller) -> None:
    """207: others are written, each error names its trace id."""
    first, second, third, *_ = call.ids()

    response = call.update(
        traced(first, score="1"), traced(second, score="many"), traced(third, score="3")
    )

    answer = response.json()
    assert response.status_code == 207
    assert {result["id"] for result in answer["results"]} == {first, third}
    [error] = answer["errors"]
    assert answer["numErrors"] == 1
    assert error["context"] == {"objectWriteTraceId": [second]}
    assert error["category"] == "VALIDATION_ERROR"
    embedded = json.loads(error["message"].removeprefix("Property values were not valid: "))
    assert embedded[0]["error"] == "INVALID_INTEGER"
    assert call.value(third, "score") == "3"


def test_one_missing_trace_id_is_as_good_as_none(call: Caller) -> None:
    """The switch needs a trace id on every input."""
    first, second, *_ = call.ids()

    response = call.update(traced(first, score="x"), {"id": second, "properties": {"score": "1"}})

    assert response.status_code == 400


def test_unknown_and_deleted_ids_are_named_and_the_rest_is_written(call: Caller) -> None:
    """207 ``OBJECT_NOT_FOUND`` with the ids, and with trace ids where they were sent."""
    first, second, *_ = call.ids()
    call("DELETE", f"{OBJECTS}/{second}")

    response = call.update(
        traced(first, score="1"), traced("999", score="1"), traced(second, score="1")
    )

    [error] = response.json()["errors"]
    assert response.status_code == 207
    assert error["category"] == "OBJECT_NOT_FOUND"
    assert error["context"] == {"ids": ["999", second], "objectWriteTraceId": ["999", second]}
    assert call.value(first, "score") == "1"


@pytest.mark.parametrize("traces", [True, False])
def test_duplicate_ids_refuse_the_batch(call: Caller, traces: bool) -> None:  # noqa: FBT001 - a parameter
    """The recorded 400, with trace ids as without."""
    first, *_ = call.ids()
    item = traced(first, score="1") if traces else {"id": first, "properties": {"score": "1"}}

    answer = call.update(item, item)

    assert answer.status_code == 400
    body = answer.json()
    assert body["message"] == (f"Duplicate IDs found in batch input: [{first}]. IDs must be unique")
    assert body["context"] == {"ids": [first]}
    assert call.value(first, "score") is None


def test_merged_away_ids_vanish_from_batches_but_single_calls_follow(call: Caller) -> None:
    """Batch update answers 200 without the id; GET and PATCH reach the survivor."""
    first, second, third, *_ = call.ids()
    merged = call("POST", f"{OBJECTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second})

    response = call.update(traced(second, score="1"), traced(third, score="1"))

    assert merged.json()["id"] == first
    assert response.status_code == 200
    assert [result["id"] for result in response.json()["results"]] == [third]
    assert call("GET", f"{OBJECTS}/{second}").json()["id"] == first
    assert (
        call("PATCH", f"{OBJECTS}/{second}", {"properties": {"score": "9"}}).json()["id"] == first
    )
    assert call.value(first, "score") == "9"
    assert call.value(first, "hs_merged_object_ids") == second
    assert call.value(first, "num_associated_deals") == "3"
    assert second not in call.ids()


def test_a_merge_can_make_a_third_id(call: Caller) -> None:
    """With the switch both old ids lead to a new record."""
    first, second, *_ = call.ids()
    call.control("POST", "behaviour", {"merge_gives_new_id": True})
    body = {"primaryObjectId": first, "objectIdToMerge": second}

    survivor = call("POST", f"{OBJECTS}/merge", body).json()["id"]

    assert survivor not in (first, second)
    assert {call("GET", f"{OBJECTS}/{i}").json()["id"] for i in (first, second)} == {survivor}
    assert call.value(survivor, "name") == "Alder Software"
    assert call.value(survivor, "hs_merged_object_ids") == f"{first};{second}"


@pytest.mark.parametrize("body", [{}, {"inputs": []}, {"inputs": {"id": "1"}}, {"input": []}, []])
def test_malformed_batches_do_nothing_and_say_ok(call: Caller, body: Any) -> None:
    """The silent no-op of the real service."""
    response = call("POST", f"{OBJECTS}/batch/update", body)

    assert response.status_code == 200
    assert response.json()["status"] == "COMPLETE"
    assert response.json()["results"] == []


def test_a_hundred_and_one_inputs_are_too_many(call: Caller) -> None:
    """400, nothing written."""
    assert call.update(*(traced(str(n)) for n in range(101))).status_code == 400


def test_record_ids_must_not_be_named_as_id_property(call: Caller) -> None:
    """The recorded message about the non-unique property."""
    item = {**traced(call.ids()[0], score="1"), "idProperty": "hs_object_id"}

    answer = call.update(item)

    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "Unable to perform update/upsert by non-unique 0-2 property hs_object_id in portal ID "
        f"{call.portal_id}"
    )


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("score", "87.5", "87.5"),
        ("score", 87, "87"),
        ("score", "-1e3", "-1e3"),
        ("checked", True, "true"),
        ("seen_on", "2026-11-22", "2026-11-22"),
        ("seen_on", "1795305600000", "2026-11-22"),
        ("seen_at", "2026-11-22T04:00:00Z", "2026-11-22T04:00:00.000Z"),
        ("seen_at", 1795305600123, "2026-11-22T00:00:00.123Z"),
        ("industry", "BANKING", "BANKING"),
        ("web_technologies", "stripe", "stripe"),
        ("web_technologies", ";stripe;slack", "salesforce;slack;stripe"),
        ("web_technologies", "", ""),
        ("country", "x" * 65_536, "x" * 65_536),
        ("country", None, "USA"),
        ("name", "Łódź 🦊", "Łódź 🦊"),
    ],
)
def test_values_as_they_are_kept(call: Caller, name: str, sent: Any, kept: str) -> None:
    """Numbers and dates are kept as text, lists append with ``;``, "" clears, null is ignored."""
    first = call.ids()[0]

    response = call("PATCH", f"{OBJECTS}/{first}", {"properties": {name: sent}})

    assert response.status_code == 200, response.text
    assert call.value(first, name) == kept


@pytest.mark.parametrize(
    ("name", "sent", "code", "message"),
    [
        ("score", "1,000", "INVALID_INTEGER", "1,000 was not a valid number"),
        ("score", "NaN", "INVALID_INTEGER", "NaN was not a valid number"),
        ("seen_on", "soon", "INVALID_LONG", "soon was not a valid long."),
        ("seen_on", "2026-02-30", "INVALID_LONG", "2026-02-30 was not a valid long."),
        (
            "seen_on",
            "1795305600001",
            "INVALID_DATE",
            "1795305600001 is at 00:00:00.001 UTC, not midnight!",
        ),
        ("seen_at", "yesterday", "INVALID_LONG", "yesterday was not a valid long."),
        ("industry", "banking", "INVALID_OPTION", "banking was not one of the allowed options: ["),
        (
            "checked",
            "yes",
            "INVALID_OPTION",
            "yes was not one of the allowed options: [false, true]",
        ),
        ("web_technologies", "slack;fax", "INVALID_OPTION", "fax was not one of the allowed"),
        ("hubspot_owner_id", "1", "INVALID_OPTION", "1 was not one of the allowed options: ["),
        ("num_associated_deals", "9", "READ_ONLY_VALUE", '"num_associated_deals" is a read only'),
        ("createdate", "2026-11-22", "READ_ONLY_VALUE", '"createdate" is a read only'),
        ("no_such", "1", "PROPERTY_DOESNT_EXIST", 'Property "no_such" does not exist'),
        ("country", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG", 'Property "country" may hold'),
    ],
)
def test_values_that_are_refused(
    call: Caller, name: str, sent: str, code: str, message: str
) -> None:
    """Each kind of bad value has its code and words."""
    error = refusal(call, **{name: sent})

    assert error["code"] == code
    assert error["message"].startswith(message)
    assert error["context"] == {"propertyName": [name]}


def test_every_write_moves_the_modification_time(call: Caller) -> None:
    """Also one that changes nothing; createdate stays."""
    first, second, *_ = call.ids()
    now = call.control("POST", "clock", {"now": "2027-01-01T00:00:00.000Z", "freeze": True})["now"]
    before = call("GET", f"{OBJECTS}/{second}").json()

    written = call("PATCH", f"{OBJECTS}/{first}", {"properties": {"name": "Alder Software"}}).json()

    assert written["updatedAt"] == now
    assert written["createdAt"] < now
    assert call("GET", f"{OBJECTS}/{second}").json() == before


def test_create_needs_a_name_or_a_domain(call: Caller) -> None:
    """201 with a fresh id above all others; 400 without either."""
    made = call("POST", OBJECTS, {"properties": {"domain": "gorse.example", "score": "3"}})
    refused = call("POST", OBJECTS, {"properties": {"score": "3"}})

    assert made.status_code == 201
    assert call.ids()[-1] == made.json()["id"]
    assert refused.status_code == 400


def test_batch_create_with_trace_ids(call: Caller) -> None:
    """201 for all; 207 when one is refused; deals take their associations along."""
    first = call.ids()[0]
    good = {"objectWriteTraceId": "a", "properties": {"name": "Gorse"}}
    bad = {"objectWriteTraceId": "b", "properties": {"name": "Heath", "industry": "NONE"}}
    deal = {
        "properties": {"dealname": "New", "dealstage": "closedwon", "pipeline": "default"},
        "associations": [{"to": {"id": first}, "types": [{"associationTypeId": 5}]}],
    }

    assert call("POST", f"{OBJECTS}/batch/create", {"inputs": [good]}).status_code == 201
    partial = call("POST", f"{OBJECTS}/batch/create", {"inputs": [good, bad]})
    deals = call("POST", "/crm/v3/objects/deals/batch/create", {"inputs": [deal]})

    assert partial.status_code == 207
    assert [r["objectWriteTraceId"] for r in partial.json()["results"]] == ["a"]
    assert partial.json()["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}
    assert deals.status_code == 201
    assert call.value(first, "num_associated_deals") == "3"


def test_batch_archive_is_always_204(call: Caller) -> None:
    """Known, unknown and already archived ids alike."""
    first, *rest = call.ids()
    body = {"inputs": [{"id": first}, {"id": "999"}]}

    for _ in range(2):
        assert call("POST", f"{OBJECTS}/batch/archive", body).status_code == 204
    assert call.ids() == rest


def test_a_write_can_say_ok_and_do_nothing(call: Caller) -> None:
    """The switch for a property that ignores writes."""
    first = call.ids()[0]
    call.control("POST", "behaviour", {"ignored_properties": ["score"]})

    assert call.update(traced(first, score="5")).status_code == 200
    assert call.value(first, "score") is None


def test_a_record_can_say_ok_and_store_nothing(call: Caller) -> None:
    """The switch for records that swallow writes: nothing shows that there was one."""
    first, second, *_ = call.ids()
    call.control("POST", "behaviour", {"swallowed_records": [first]})
    call.control("POST", "clock", {"advance_seconds": 60})
    before = call.value(first, "hs_lastmodifieddate")

    assert call.update(traced(first, score="5"), traced(second, score="6")).status_code == 200

    assert call.value(first, "score") is None
    assert call.value(first, "hs_lastmodifieddate") == before
    assert call.value(second, "score") == "6"


def test_a_workflow_can_reset_a_property(call: Caller) -> None:
    """The switch for a company whose property is set by the portal after each write."""
    first, second, *_ = call.ids()
    call.control("POST", "behaviour", {"resets": {first: {"score": "1"}}})

    call.update(traced(first, score="5"), traced(second, score="6"))

    assert (call.value(first, "score"), call.value(second, "score")) == ("1", "6")


@pytest.mark.parametrize("resets", [{"1": "x"}, {"1": {"no_such_property": "x"}}])
def test_resets_that_make_no_sense_are_refused(call: Caller, resets: dict[str, object]) -> None:
    """They name properties that there are."""
    answer = call.http.post("/_sandbox/behaviour", json={"resets": resets})

    assert answer.status_code == 400


@pytest.mark.parametrize(("version", "status"), [("v3/objects", 200), ("objects/2026-09", 207)])
def test_portal_rules_bind_the_new_version(call: Caller, version: str, status: int) -> None:
    """A conditionally required property refuses updates through 2026-09 only."""
    rule = {"property": "city", "when": {"property": "country", "value": "USA"}}
    call.control("POST", "behaviour", {"required_when": [rule]})
    path = f"/crm/{version}/companies/batch/update"

    response = call("POST", path, {"inputs": [traced(call.ids()[0], score="1")]})

    assert response.status_code == status
