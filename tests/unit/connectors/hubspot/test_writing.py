"""Writing companies: every input's fate, whatever form the answer takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from connectors.errors import ProtocolError, TransientError
from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.writing import complaints
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from tests.unit.connectors.hubspot.wire import SECRET, Reply, Request, Wire, session_on

WRITTEN, REJECTED, MISSING = WriteResult.WRITTEN, WriteResult.REJECTED, WriteResult.MISSING


def updates(*numbers: int, **fields: str | None) -> list[AccountUpdate]:
    """Build one update each for companies of these numbers."""
    return [AccountUpdate(str(number), fields or {"icp_tier": "tier_1"}) for number in numbers]


def done(*numbers: int) -> dict[str, Any]:
    """Build the answer that wrote these companies."""
    return {"status": "COMPLETE", "results": [{"id": str(n), "properties": {}} for n in numbers]}


def invalid(code: str, name: str) -> dict[str, Any]:
    """Build the recorded form of a refused value: all details in JSON inside the message."""
    text = f"{SECRET} was not one of the allowed options: []"
    detail = [{"isValid": False, "message": text, "error": code, "name": name}]
    return {
        "status": "error",
        "message": f"Property values were not valid: {json.dumps(detail)}",
        "category": "VALIDATION_ERROR",
    }


def partial(*errors: dict[str, Any], wrote: Sequence[int] = ()) -> Reply:
    """Build a 207."""
    return Reply(207, done(*wrote) | {"numErrors": len(errors), "errors": list(errors)})


def write(wire: Wire, sent: Sequence[AccountUpdate]) -> Sequence[WriteOutcome]:
    """Write one batch after another."""
    return HubSpotConnector(session_on(wire), concurrency=1).write(sent)


def test_each_input_carries_its_trace_id_and_clears_by_empty_text(wire: Wire) -> None:
    """Trace ids make HubSpot judge record by record; None is sent as the text that clears."""
    wire.answer(Reply(200, done(1)))

    write(wire, updates(1, icp_tier="tier_1", icp_disqualifier=None))

    assert wire.requests[0].body == {
        "inputs": [
            {
                "id": "1",
                "objectWriteTraceId": "1",
                "properties": {"icp_tier": "tier_1", "icp_disqualifier": ""},
            }
        ]
    }


def test_results_are_matched_by_id_not_by_place(wire: Wire) -> None:
    """HubSpot answers in another order; outcomes come in ours."""
    wire.answer(Reply(200, done(3, 1, 2)))

    outcomes = write(wire, updates(1, 2, 3))

    assert [(o.account_id, o.result) for o in outcomes] == [
        ("1", WRITTEN),
        ("2", WRITTEN),
        ("3", WRITTEN),
    ]


def test_partial_answers_name_each_failure(wire: Wire) -> None:
    """A deleted account is missing; a refused value is rejected with code, field and words."""
    gone = {"category": "OBJECT_NOT_FOUND", "context": {"ids": ["2"]}}
    bad = invalid("INVALID_OPTION", "icp_tier") | {"context": {"objectWriteTraceId": ["3"]}}
    wire.answer(partial(gone, bad, wrote=[1]))

    one, two, three = write(wire, updates(1, 2, 3))

    assert one.accepted
    assert two == WriteOutcome("2", MISSING, "OBJECT_NOT_FOUND")
    assert (three.result, three.code, three.field) == (REJECTED, "INVALID_OPTION", "icp_tier")
    assert SECRET in three.message


def test_an_account_that_was_merged_away_is_missing_and_names_its_survivor(wire: Wire) -> None:
    """The values of one account are never written on another; the worker reads it anew."""
    wire.answer(Reply(200, done(1)), Reply(200, {"id": "77", "properties": {}}), Reply(500, b""))

    _, merged = write(wire, updates(1, 2))

    assert merged == WriteOutcome("2", MISSING, "MERGED", survivor_id="77")
    assert [request.method for request in wire.requests] == ["POST", "GET"]


def test_an_answer_of_success_that_did_nothing_is_an_error(wire: Wire) -> None:
    """HubSpot's silent no-op does not pass for a written batch."""
    wire.answer(Reply(200, done()), Reply(200, {"id": "1", "properties": {}}))

    with pytest.raises(ProtocolError, match="wrote nothing"):
        write(wire, updates(1, 2))


def test_one_input_passed_over_is_rejected_not_believed(wire: Wire) -> None:
    """An account that exists under its own id, yet is neither in results nor errors."""
    wire.answer(Reply(200, done(1)), Reply(200, {"id": "2", "properties": {}}))

    _, passed_over = write(wire, updates(1, 2))

    assert (passed_over.result, passed_over.code) == (REJECTED, "NOT_APPLIED")


def test_an_error_that_names_no_record_falls_on_those_left(wire: Wire) -> None:
    """A partial answer without ids still ends with a code for the record not written."""
    wire.answer(
        partial(invalid("INVALID_OPTION", "icp_tier"), wrote=[1]),
        Reply(200, {"id": "2", "properties": {}}),
    )

    _, rejected = write(wire, updates(1, 2))

    assert (rejected.result, rejected.code) == (REJECTED, "INVALID_OPTION")


def test_updates_of_one_id_are_sent_once_and_share_an_outcome(wire: Wire) -> None:
    """HubSpot refuses duplicates; of two values for a field the later wins."""
    wire.answer(Reply(200, done(1, 2)))
    sent = [
        AccountUpdate("1", {"a": "old", "b": "kept"}),
        AccountUpdate("2", {"a": "x"}),
        AccountUpdate("1", {"a": "new"}),
    ]

    outcomes = write(wire, sent)

    assert [outcome.account_id for outcome in outcomes] == ["1", "2", "1"]
    assert [each["properties"] for each in wire.requests[0].body["inputs"]] == [
        {"a": "new", "b": "kept"},
        {"a": "x"},
    ]


class Strict:
    """Answers like a HubSpot that ignores trace ids: all or nothing, without naming the record."""

    def __init__(self, wire: Wire, bad: Callable[[dict[str, Any]], bool], code: str) -> None:
        self.wire = wire
        self.bad = bad
        self.code = code
        self.written: list[str] = []
        wire.answer(Reply())
        wire.respond = self.respond

    def respond(self, request: Request) -> Reply:
        """Write all of a batch, or refuse it."""
        inputs = request.body["inputs"]
        if any(self.bad(each) for each in inputs):
            return Reply(400, invalid(self.code, "icp_tier"))
        self.written += [each["id"] for each in inputs]
        return Reply(200, done(*(int(each["id"]) for each in inputs)))


def test_one_poison_record_in_100_costs_at_most_8_more_calls(wire: Wire) -> None:
    """Where the whole batch is refused, 99 are written and one is rejected with its reason."""
    strict = Strict(wire, lambda each: each["id"] == "67", "INVALID_OPTION")

    outcomes = write(wire, updates(*range(1, 101)))

    rejected = [outcome for outcome in outcomes if not outcome.accepted]
    assert [(o.account_id, o.code, o.field) for o in rejected] == [
        ("67", "INVALID_OPTION", "icp_tier")
    ]
    assert len(strict.written) == len(set(strict.written)) == 99
    assert len(wire.requests) <= 1 + 8


def test_a_property_that_does_not_exist_rejects_its_records_without_a_search(wire: Wire) -> None:
    """All records that set it are bad, which one refusal is enough to know."""
    Strict(wire, lambda each: "icp_tier" in each["properties"], "PROPERTY_DOESNT_EXIST")

    outcomes = write(wire, [*updates(*range(1, 100)), *updates(100, icp_score="5")])

    assert [outcome.result for outcome in outcomes] == [REJECTED] * 99 + [WRITTEN]
    assert len(wire.requests) == 2


def test_a_batch_refused_for_its_form_is_not_taken_apart(wire: Wire) -> None:
    """A refusal that is not about values would repeat for each record: stop instead."""
    wire.answer(Reply(400, {"category": "INVALID_JSON", "message": SECRET}))

    with pytest.raises(ProtocolError, match="INVALID_JSON") as caught:
        write(wire, updates(*range(100)))

    assert SECRET not in str(caught.value)
    assert len(wire.requests) == 1


def test_a_connection_lost_after_the_write_is_repeated_safely(wire: Wire) -> None:
    """Values are absolute, so the same batch goes out again and its outcome is known."""
    wire.answer(Reply(ending="reset"), Reply(200, done(1)))

    [outcome] = write(wire, updates(1))

    assert outcome.accepted
    assert wire.requests[0].body == wire.requests[1].body


def test_after_the_last_attempt_the_failure_is_raised(wire: Wire) -> None:
    """Nobody is told that a batch was written when that is not known."""
    wire.answer(Reply(503, b""))

    with pytest.raises(TransientError, match="503"):
        write(wire, updates(1))


def test_several_batches_at_once_keep_the_order_of_outcomes(wire: Wire) -> None:
    """250 updates are 3 calls, and the answers line up whatever finishes first."""
    strict = Strict(wire, lambda _each: False, "")

    outcomes = HubSpotConnector(session_on(wire), concurrency=3).write(updates(*range(250)))

    assert [outcome.account_id for outcome in outcomes] == [str(n) for n in range(250)]
    assert sorted(map(int, strict.written)) == list(range(250))
    assert len(wire.requests) == 3


def test_nothing_to_write_makes_no_call(wire: Wire) -> None:
    """An empty write is answered without asking HubSpot."""
    assert list(write(wire, [])) == []
    assert wire.requests == []


def test_a_leading_semicolon_does_not_append_to_a_choice(wire: Wire) -> None:
    """Only in multiple-choice fields does it mean anything; in text it is kept."""
    checkbox = {"name": "codes", "type": "enumeration", "fieldType": "checkbox"}
    text = {"name": "note", "type": "string", "fieldType": "text"}
    wire.answer(Reply(200, {"results": [checkbox, text]}), Reply(200, done(1)))

    write(wire, updates(1, codes=";a;b", note=";kept"))

    sent = wire.requests[1].body["inputs"][0]["properties"]
    assert sent == {"codes": "a;b", "note": ";kept"}


@pytest.mark.parametrize(
    "error",
    [
        {},
        {"message": None, "errors": None},
        {"message": "Property values were not valid: [{", "errors": ["x", {"context": 3}]},
        {"message": "Property values were not valid: {}"},
        {
            "message": "Property values were not valid: [1]",
            "errors": [{"context": {"propertyName": []}}],
        },
    ],
)
def test_errors_of_any_shape_are_read(error: dict[str, Any]) -> None:
    """Every field of an error is optional; whatever is there, there is a complaint."""
    assert list(complaints(error))


class Lost(Exception):  # noqa: N818 - what happened
    """Another process holds the lease."""


class Lease:
    """A lease that is lost after so many looks, as a job log."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def opened(self, job: str) -> None:
        """No job is opened."""
        raise AssertionError(job)

    closed = opened

    def waiting(self) -> None:
        """No job is waited for."""
        raise AssertionError

    def sending(self) -> None:
        """Look."""
        if self.left == 0:
            raise Lost
        self.left -= 1


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_the_lease_is_made_sure_of_before_each_attempt(wire: Wire, looks: int) -> None:
    """A batch that is tried again leaves only while the lease holds."""
    wire.answer(*[Reply(503, {"status": "error"})] * 2, Reply(200, done(1)))

    with pytest.raises(Lost):
        HubSpotConnector(session_on(wire)).write(updates(1), Lease(looks))

    assert len(wire.requests) == looks
    assert HubSpotConnector(session_on(wire)).write(updates(1), Lease(3 - looks))
