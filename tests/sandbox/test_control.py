"""Looking into the sandbox and steering it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import OBJECTS, Caller


def test_the_log_and_the_counters_agree(call: Caller) -> None:
    """Each call is logged once, with route, inputs and written ids; control calls are not."""
    first, second, *_ = call.ids()
    inputs = [
        {"id": i, "objectWriteTraceId": i, "properties": {"score": "1"}} for i in (first, second)
    ]
    call.update(*inputs)
    call.update(inputs[0])
    call("GET", f"{OBJECTS}/{first}")
    call("GET", "/nowhere")

    log = call.control("GET", "requests")
    stats = call.control("GET", "stats")

    update = f"POST {OBJECTS}/batch/update"
    assert stats["requests"] == log["last"] == len(log["requests"]) == 5
    assert stats["calls"] == {
        f"GET {OBJECTS}": 1, update: 2, f"GET {OBJECTS}/{{id}}": 1, "GET (unknown)": 1,
    }  # fmt: skip
    assert stats["statuses"] == {"200": 4, "404": 1}
    assert stats["writes"]["companies"] == {
        "total": 3, "records": 2, "most_for_one_record": 2, "by_record": {first: 2, second: 1},
    }  # fmt: skip
    entry = log["requests"][1]
    assert (entry["seq"], entry["inputs"], entry["written"]) == (2, 2, [first, second])
    later = call.control("GET", "requests", since=4)["requests"]
    assert [each["path"] for each in later] == ["/nowhere"]
    short = call.control("GET", "stats", by_record="false")
    assert "by_record" not in short["writes"]["companies"]


def test_the_log_is_bounded_and_the_counters_are_not(call: Caller) -> None:
    """A small ring forgets the oldest; totals stay."""
    call.control("POST", "behaviour", {"log_size": 2})
    for _ in range(5):
        call("GET", OBJECTS)

    assert [e["seq"] for e in call.control("GET", "requests")["requests"]] == [4, 5]
    assert call.control("GET", "stats")["requests"] == 5


def test_reset_goes_back_to_the_seed(call: Caller) -> None:
    """Records, definitions, lists, tokens, faults, log and clock are as at the start."""
    before = call.http.get("/_sandbox/export").text
    definitions = call("GET", "/crm/v3/properties/companies").json()
    first, second, third, *_ = call.ids()
    call.update({"id": first, "properties": {"score": "1", "name": "Changed"}})
    call("POST", OBJECTS, {"properties": {"name": "New"}})
    call("DELETE", f"{OBJECTS}/{third}")
    call.control("POST", "records", {"merge": [first, second]})
    call("PATCH", "/crm/v3/properties/companies/score", {"label": "Other"})
    call("DELETE", "/crm/v3/properties/companies/seen_on")
    call("POST", "/crm/v3/lists", {"name": "L", "objectTypeId": "0-2", "processingType": "MANUAL"})
    call.control("POST", "clock", {"now": "2040-01-01T00:00:00Z"})
    call.control("POST", "faults", {"kind": "error"})
    call.control("POST", "behaviour", {"shuffle_results": False, "search_lag_seconds": 9})

    call.control("POST", "reset")

    assert call.control("GET", "stats") == {
        "requests": 0, "calls": {}, "statuses": {}, "faults": {}, "writes": {},
    }  # fmt: skip
    assert call.http.get("/_sandbox/export").text == before
    assert call("GET", "/crm/v3/properties/companies").json() == definitions
    assert call("POST", "/crm/v3/lists/search", {}).json()["total"] == 0
    assert call.control("GET", "clock")["now"] < "2040"
    settings = call.control("POST", "behaviour", {})
    assert (settings["shuffle_results"], settings["search_lag_seconds"]) == (True, 0)
    made = call("POST", OBJECTS, {"properties": {"name": "New"}}).json()["id"]
    call.control("POST", "reset")
    assert call("POST", OBJECTS, {"properties": {"name": "New"}}).json()["id"] == made


def test_people_edit_records_at_the_sandbox_clock(call: Caller) -> None:
    """Edits, creations, archive and merge happen at once and count as nobody's API call."""
    first, second, third, *_ = call.ids()
    now = call.control("POST", "clock", {"now": "2027-01-01T00:00:00Z", "freeze": True})["now"]
    body = {
        "companies": {first: {"name": "By hand", "numberofemployees": "about 50"}},
        "create": [{"name": "Walk-in"}],
        "archive": [third],
        "merge": [first, second],
    }

    done = call.control("POST", "records", body)

    assert (done["at"], done["edited"], done["archived"]) == (now, 1, 1)
    assert done["survivor"] == first
    assert call.control("GET", "stats")["writes"] == {}
    assert call("GET", f"{OBJECTS}/{first}").json()["updatedAt"] == now
    assert call.value(first, "numberofemployees") == "about 50"
    assert call.ids()[-1] == done["created"][0]
    shown = call.control("GET", "records", ids=f"{second},{third},999")
    assert shown["total"] == 5
    assert [r["merged_into"] for r in shown["records"]] == [first, None]
    assert [r["archived_at"] for r in shown["records"]] == [None, now]


@pytest.mark.parametrize(
    "body",
    [
        {"companies": {"999": {"name": "x"}}},
        {"companies": {"5281147580": {"no_such": "x"}}},
        {"companies": {"5281147580": {"hs_object_id": "1"}}},
        {"archive": ["999"]},
        {"merge": ["1"]},
        {"merge": ["1", "2"]},
        {"planets": {}},
    ],
)
def test_edits_that_cannot_be_made_change_nothing(call: Caller, body: dict[str, Any]) -> None:
    """400 names the problem; the export is as before."""
    before = call.http.get("/_sandbox/export").text

    answer = call.http.post("/_sandbox/records", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert call.http.get("/_sandbox/export").text == before


def test_export_holds_every_set_value(call: Caller) -> None:
    """One line per live company, by id; ``without`` leaves properties out."""
    lines = call.http.get("/_sandbox/export", params={"without": "hs_lastmodifieddate"}).text

    records = [json.loads(line) for line in lines.splitlines()]
    assert [record["id"] for record in records] == call.ids()
    assert records[0]["properties"]["web_technologies"] == "salesforce;slack"
    assert all("hs_lastmodifieddate" not in record["properties"] for record in records)
    deals = call.http.get("/_sandbox/export", params={"type": "deals"}).text
    assert len(deals.splitlines()) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"no_such_switch": 1},
        {"latency_ms": "slow"},
        {"search_lag_seconds": "long"},
        {"required_when": [{"property": "x"}]},
    ],
)
def test_switches_that_mean_nothing_are_refused(call: Caller, body: dict[str, Any]) -> None:
    """400 names the switch."""
    answer = call.http.post("/_sandbox/behaviour", json=body)

    assert answer.status_code == 400
    assert next(iter(body)) in answer.json()["error"]


def test_unknown_control_endpoints_say_so(call: Caller) -> None:
    """404 as JSON, broken JSON 400; neither is logged as a CRM call."""
    assert call.http.get("/_sandbox/nowhere").json()["error"].startswith("no control endpoint")
    assert call.http.post("/_sandbox/clock", content=b"{").status_code == 400
    assert call.http.post("/_sandbox/clock", content=b"[]").status_code == 400
    assert call.control("GET", "stats")["requests"] == 0


def test_latency_is_added_to_every_answer(call: Caller) -> None:
    """The log shows calls taking at least as long."""
    call.control("POST", "behaviour", {"latency_ms": 5})
    call("GET", OBJECTS)

    assert call.control("GET", "requests")["requests"][0]["seconds"] >= 0.005
