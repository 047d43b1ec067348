"""Salesforce's own habits of writing, met for real on the sandbox: calls, jobs and their ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import MisconfiguredError
from connectors.records import AccountUpdate, WriteResult
from tests.conformance.place import BY_CALLS, BY_JOBS, CODES, NAMES, TIERS, Place, results, tiered

WRITTEN, REJECTED, MISSING = WriteResult.WRITTEN, WriteResult.REJECTED, WriteResult.MISSING
BOTH = pytest.mark.parametrize("threshold", [BY_CALLS, BY_JOBS], ids=["calls", "jobs"])


@BOTH
def test_values_of_every_kind_read_back_and_clear(place: Place, threshold: int) -> None:
    """Whichever way they went; what was cleared is empty, what was not named stays."""
    [account_id] = place.add(1)
    values = {
        "Tier__c": "tier_2",
        "Codes__c": "too_small;competitor",
        "Score__c": "87.5",
        "Reason__c": 'Grows; 200-500 people, "São Paulo" 🚀',
        "Essay__c": "one\ntwo, three",
        "Flag__c": "true",
        "Day__c": "2026-11-22",
        "At__c": "2026-11-22T04:00:00.000Z",
    }
    crm = place.connector(threshold)

    assert crm.write([AccountUpdate(account_id, values)])[0].accepted
    [found] = place.read([account_id])
    assert set((found.pop("Codes__c") or "").split(";")) == {"too_small", "competitor"}
    assert found == {name: value for name, value in values.items() if name != "Codes__c"}

    cleared = dict.fromkeys((name for name in NAMES if name not in {"Day__c", "Flag__c"}), None)
    assert crm.write([AccountUpdate(account_id, cleared)])[0].accepted
    [left] = place.read([account_id])
    assert {name: value for name, value in left.items() if value} == {
        "Day__c": "2026-11-22",
        "Flag__c": "true",
    }


@BOTH
def test_multiple_choices_are_overwritten_not_added_to(place: Place, threshold: int) -> None:
    """The set that was written is the set that is read; none clears it."""
    [account_id] = place.add(1, Codes__c="too_small;competitor")
    crm = place.connector(threshold)

    crm.write([AccountUpdate(account_id, {"Codes__c": "locked_in"})])
    assert place.read([account_id])[0]["Codes__c"] == "locked_in"
    crm.write([AccountUpdate(account_id, {"Codes__c": ""})])
    assert place.read([account_id])[0]["Codes__c"] is None


@BOTH
def test_deleted_merged_and_unheard_of_accounts_are_missing(place: Place, threshold: int) -> None:
    """A merged one names its survivor; none is made anew, neighbours are written."""
    ids = place.add(5)
    place.org.control("POST", "records", {"delete": [ids[0]]})
    place.org.control("POST", "records", {"merge": [ids[2], ids[1]]})
    place.org.control("POST", "records", {"merge": [ids[3], ids[2]]})
    unheard = "001000000000999AAA"

    outcomes = place.connector(threshold).write(tiered([*ids, unheard, "999999999"]))

    assert results(outcomes) == [MISSING, MISSING, MISSING, WRITTEN, WRITTEN, MISSING, MISSING]
    assert [outcome.survivor_id for outcome in outcomes[:4]] == ["", ids[3], ids[3], ""]
    assert place.org.query("SELECT COUNT(Id) n FROM Account")[0]["n"] == 2


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"Reason__c": "x" * 61}, "STRING_TOO_LONG", "Reason__c"),
    ({"Tier__c": "tier_9"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Tier__c"),
    ({"Codes__c": "too_small;x"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Codes__c"),
    ({"Score__c": "99999"}, "NUMBER_OUTSIDE_VALID_RANGE", "Score__c"),
    ({"Score__c": "high"}, "UNFIT_VALUE", "Score__c"),
    ({"Nowhere__c": "x"}, "INVALID_FIELD", "Nowhere__c"),
    ({"SystemModstamp": "2026-11-22T04:00:00.000Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ""),
]


@BOTH
@pytest.mark.parametrize(("fields", "code", "field"), REFUSALS)
def test_one_poison_record_fails_alone(
    place: Place, threshold: int, fields: Mapping[str, str], code: str, field: str
) -> None:
    """With code and field, and its neighbours are written by few more calls."""
    ids = place.add(30)
    sent = tiered(ids)
    sent[17] = AccountUpdate(ids[17], {"Day__c": "2026-11-22", **fields})

    outcomes = place.connector(threshold).write(sent)

    assert [n for n, outcome in enumerate(outcomes) if not outcome.accepted] == [17]
    assert outcomes[17].result is REJECTED
    assert outcomes[17].code == code
    assert outcomes[17].field == (field or "SystemModstamp")
    held = place.read(ids)
    assert held[17]["Day__c"] is None
    assert sum(values["Tier__c"] == "tier_1" for values in held) == 29
    assert len(place.calls()) <= 16


@BOTH
def test_rules_approvals_and_rights_refuse_single_records(place: Place, threshold: int) -> None:
    """In the CRM's own words, which go to the dead letter alone."""
    ids = place.add(6)
    place.org.behave(
        validation_rules=[
            {"name": "No", "message": "Only: on 1:2", "when": {"Name": "Account 0"}, "field": None}
        ],
        approval_locks=[ids[1]],
        read_only_records=[ids[2]],
        flow_failures=[ids[3]],
        broken_addresses=[ids[4]],
    )

    outcomes = place.connector(threshold).write(tiered(ids))

    assert [outcome.code for outcome in outcomes] == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "ENTITY_IS_LOCKED",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "FIELD_INTEGRITY_EXCEPTION",
        "",
    ]
    assert outcomes[0].message == "Only: on 1:2"


@BOTH
@pytest.mark.parametrize("switch", ["hidden_fields", "read_only_fields"])
def test_a_right_that_is_taken_away_stops_the_run(
    place: Place, threshold: int, switch: str
) -> None:
    """While the worker still believes in it: the problem names the field."""
    ids = place.add(20)
    crm = place.connector(threshold)
    crm.fields()
    place.org.behave(**{switch: ["Account.Tier__c"]})

    with pytest.raises(MisconfiguredError, match=r"Tier__c.*icp setup"):
        crm.write(tiered(ids))


@BOTH
def test_duplicate_rules_do_not_stop_scores(place: Place, threshold: int) -> None:
    """Our write makes no duplicate; where the operator wants to be told, it is refused."""
    ids = place.add(3)
    place.org.behave(duplicates=[ids[1]])

    assert results(place.connector(threshold).write(tiered(ids))) == [WRITTEN] * 3
    told = place.connector(threshold, save_duplicates=False).write(tiered(ids, "tier_2"))
    assert [outcome.code for outcome in told] == ["", "DUPLICATES_DETECTED", ""]


@BOTH
def test_nobody_s_account_is_given_to_somebody_else(place: Place, threshold: int) -> None:
    """Assignment rules are not run, though by default they are."""
    ids = place.add(3)
    place.org.behave(assignment_owner=place.org.query("SELECT Id FROM User", admin=True)[0]["Id"])
    before = place.org.query("SELECT Id, OwnerId FROM Account")

    place.connector(threshold).write(tiered(ids))

    assert place.org.query("SELECT Id, OwnerId FROM Account") == before


@BOTH
def test_a_storm_of_locks_passes(place: Place, threshold: int) -> None:
    """Siblings lock their parent; each is written in the end, and none twice at once."""
    [parent] = place.add(1)
    ids = place.add(300, ParentId=parent)
    place.org.behave(row_lock_chance=0.3, lock_parallel_chunks=True)
    sent = [AccountUpdate(i, {"Tier__c": "tier_1"}, lock_group=parent) for i in ids]

    outcomes = place.connector(threshold).write(sent)

    locked = [outcome for outcome in outcomes if not outcome.accepted]
    assert len(locked) <= 3  # 300 x 0.3^6 is below one
    assert {outcome.code for outcome in locked} <= {"UNABLE_TO_LOCK_ROW"}


@BOTH
def test_a_record_that_stays_locked_is_refused(place: Place, threshold: int) -> None:
    """It is left to the next run; its neighbours are written."""
    ids = place.add(3)
    place.org.behave(row_lock_ids=[ids[1]])

    outcomes = place.connector(threshold).write(tiered(ids))

    assert [outcome.code for outcome in outcomes] == ["", "UNABLE_TO_LOCK_ROW", ""]


def test_flows_that_meet_a_lock_are_tried_again(place: Place) -> None:
    """The flow's failure is the lock's."""
    ids = place.add(2)
    place.org.behave(flow_failures=[ids[0]], flow_lock=True)

    outcomes = place.connector(BY_CALLS).write(tiered(ids))

    assert outcomes[0].code == "CANNOT_EXECUTE_FLOW_TRIGGER"
    assert "UNABLE_TO_LOCK_ROW" in outcomes[0].message
    assert len([call for call in place.calls() if call.startswith("PATCH")]) == 6


def test_3_in_100_rows_fail_and_the_others_do_not(place: Place) -> None:
    """Results are shuffled; every outcome is about its own account."""
    ids = place.add(2_000)
    place.org.behave(fail_rows=0.03)

    outcomes = place.connector(BY_JOBS).write(tiered(ids))

    assert [outcome.account_id for outcome in outcomes] == ids
    refused = {it.account_id for it in outcomes if not it.accepted}
    assert 20 <= len(refused) <= 110
    held = {i for i, values in zip(ids, place.read(ids), strict=True) if not values["Tier__c"]}
    assert refused == held


def test_a_job_that_fails_midway_is_finished_by_calls(place: Place) -> None:
    """What it wrote stays; the rest is sent once more, and nothing is written twice."""
    ids = place.add(1_000)
    place.org.behave(job_fails_midway=1, diary=True)

    outcomes = place.connector(BY_JOBS).write(tiered(ids))

    assert results(outcomes) == [WRITTEN] * 1_000
    assert [job["state"] for job in place.jobs()] == ["Failed"]
    assert all(values["Tier__c"] == "tier_1" for values in place.read(ids))
    assert len([call for call in place.calls() if call.endswith("composite/sobjects")]) == 3


def test_line_breaks_within_quotes_fail_no_job(place: Place) -> None:
    """Line feeds are those of the file itself; carriage returns, which are not, go by calls."""
    ids = place.add(12)
    place.org.behave(embedded_newlines_fail=True)
    sent = [
        AccountUpdate(account_id, {"Essay__c": "one\r\ntwo" if place_of == 7 else "one\ntwo"})
        for place_of, account_id in enumerate(ids)
    ]

    assert results(place.connector(10).write(sent)) == [WRITTEN] * 12

    held = [values["Essay__c"] for values in place.read(ids)]
    assert held == ["one\ntwo"] * 7 + ["one\r\ntwo"] + ["one\ntwo"] * 4
    assert [job["state"] for job in place.jobs()] == ["JobComplete"]


def test_a_large_write_takes_few_calls(place: Place) -> None:
    """At most ten for a job, whatever its size, so 100,000 accounts take about 40."""
    ids = place.add(5_000)
    crm = place.connector(2_000)
    crm.fields()
    before = len(place.calls())

    outcomes = crm.write(tiered(ids))

    assert results(outcomes) == [WRITTEN] * 5_000
    assert len(place.calls()) - before <= 10


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=70)
VALUES = {
    "Tier__c": st.sampled_from([*TIERS, "tier_9"]),
    "Codes__c": st.lists(st.sampled_from([*CODES, *CODES, "unheard_of"]), max_size=3).map(";".join),
    "Score__c": st.decimals(-99999, 99999, places=2).map(str) | st.just("high"),
    "Reason__c": texts | st.sampled_from(["#N/A", 'a,"b"', " spaced ", "é🚀"]),
    "Essay__c": st.sampled_from(["one\ntwo", "one\r\ntwo", "#N/A", "\n", "a\tb"]),
    "Flag__c": st.sampled_from(["true", "false", "maybe"]),
    "Day__c": st.dates().map(str) | st.just("tomorrow"),
    "At__c": st.datetimes().map(lambda at: at.replace(microsecond=0).isoformat() + "Z"),
    "Nowhere__c": st.just("x"),
}
wishes = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.none() | st.just("") | value for name, value in VALUES.items()}
    ).filter(bool),
    min_size=9,
    max_size=9,
)
SWITCHES = ("approval_locks", "read_only_records", "flow_failures", "duplicates", "row_lock_ids")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(wished=wishes, switched=st.lists(st.sampled_from(["", *SWITCHES]), min_size=9, max_size=9))
def test_both_ways_give_the_same_outcomes_and_store_the_same(
    place: Place, wished: list[dict[str, str | None]], switched: list[str]
) -> None:
    """Whatever the values, and whatever the org refuses."""
    ways = []
    for threshold in (BY_CALLS, BY_JOBS):
        ids = place.add(9, Tier__c="tier_3", Reason__c="as before")
        place.org.behave(
            **{
                switch: [i for i, chosen in zip(ids, switched, strict=True) if chosen == switch]
                for switch in SWITCHES
            }
        )
        sent = [AccountUpdate(i, wish) for i, wish in zip(ids, wished, strict=True)]
        told = [
            (outcome.result, outcome.code, outcome.field)
            for outcome in place.connector(threshold).write(sent)
        ]
        ways.append((told, place.read(ids)))

    assert ways[0] == ways[1]
