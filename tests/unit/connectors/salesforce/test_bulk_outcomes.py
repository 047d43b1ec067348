"""What becomes of each row of a Bulk job, and which go out by calls after all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import MisconfiguredError, ProtocolError, TransientError
from connectors.records import AccountUpdate, WriteResult
from tests.unit.connectors.salesforce.org import (
    DELETED,
    LOCK,
    SECRET,
    Error,
    Log,
    Org,
    Reply,
    Seen,
    account_id,
    writer_on,
)
from tests.unit.connectors.salesforce.sending import (
    CALL,
    FAILED,
    POLL,
    QUIET,
    SUCCEEDED,
    updates,
    uploaded,
    write,
)


@pytest.mark.parametrize("state", ["Failed", "Aborted", "JobComplete"])
def test_rows_that_no_file_mentions_go_out_in_calls(org: Org, state: str) -> None:
    """A job that ended early wrote some rows, which are not sent again."""
    org.ends_as, org.works_off = state, 0.6

    outcomes = write(org, updates(500))

    assert all(outcome.accepted for outcome in outcomes)
    again = [
        record["id"]
        for request in org.requests
        if request.route == CALL
        for record in request.body["records"]
    ]
    assert again == [account_id(n) for n in range(300, 500)]
    assert org.routes() == [*QUIET, FAILED, CALL]


def test_rows_that_are_refused_after_a_failed_job_are_told(org: Org) -> None:
    """The calls' answers count for what the job left over."""
    org.ends_as, org.works_off = "Failed", 0.0
    org.rule = lambda key, _fields: DELETED if key == account_id(7) else None

    outcomes = write(org, updates(20))

    assert [outcome.result for outcome in outcomes].count(WriteResult.WRITTEN) == 19
    assert outcomes[7].result is WriteResult.MISSING


def test_a_job_that_did_nothing_and_says_it_is_complete_is_an_error(org: Org) -> None:
    """Nobody is told that rows were written which nobody looked at."""
    org.works_off = 0.0

    with pytest.raises(ProtocolError, match="wrote nothing"):
        write(org, updates(50))

    assert CALL not in org.routes()


def test_a_job_whose_rows_all_failed_is_no_error(org: Org) -> None:
    """They were looked at."""
    org.rule = lambda _key, _fields: ("ENTITY_IS_LOCKED", "in approval", [])

    outcomes = write(org, updates(50))

    assert {outcome.code for outcome in outcomes} == {"ENTITY_IS_LOCKED"}


def test_a_job_that_somebody_deleted_is_done_again_by_calls(org: Org) -> None:
    """What it wrote stays written; absolute values may be sent twice."""

    def vanish(request: Seen) -> Reply | None:
        if request.route == POLL:
            org.jobs.clear()
        return None

    org.intercept = vanish

    outcomes = write(org, updates(30))

    assert all(outcome.accepted for outcome in outcomes)
    assert org.routes()[-1] == CALL


def test_locked_rows_alone_are_sent_again_by_calls(org: Org) -> None:
    """No second job for a handful of rows."""
    locked = {account_id(n): 1 for n in range(0, 300, 30)}

    def rule(key: str, _fields: Mapping[str, Any]) -> Error | None:
        return LOCK if locked.pop(key, 0) else None

    org.rule = rule

    outcomes = write(org, updates(300))

    assert all(outcome.accepted for outcome in outcomes)
    assert org.routes() == [*QUIET, FAILED, CALL]
    assert len(org.requests[-1].body["records"]) == 10


def test_duplicates_are_saved_by_calls_where_jobs_cannot_say_so(org: Org) -> None:
    """Jobs have no header for it, so what they refuse as a duplicate is sent with one."""

    def rule(_key: str, _fields: Mapping[str, Any]) -> Error | None:
        allowed = "Sforce-Duplicate-Rule-Header" in org.requests[-1].headers
        return None if allowed else ("DUPLICATES_DETECTED", "Use one of these records?", [])

    org.rule = rule

    assert all(outcome.accepted for outcome in write(org, updates(30)))
    refused = write(org, updates(30), save_duplicates=False)
    assert {outcome.code for outcome in refused} == {"DUPLICATES_DETECTED"}


def test_what_would_harm_a_job_goes_by_calls(org: Org) -> None:
    """An unknown column fails all rows, a stray line end too, and the mark would clear."""
    sent = [
        *updates(20),
        AccountUpdate(account_id(20), {"Nowhere__c": "x"}),
        AccountUpdate(account_id(21), {"Reason__c": "carriage\r\nreturn"}),
        AccountUpdate(account_id(22), {"Reason__c": "#N/A"}),
        AccountUpdate(account_id(23), {"Score__c": "high"}),
    ]

    outcomes = write(org, sent)

    assert [n for n, outcome in enumerate(outcomes) if not outcome.accepted] == [20, 23]
    assert (outcomes[20].code, outcomes[20].field) == ("INVALID_FIELD", "Nowhere__c")
    assert (outcomes[23].code, outcomes[23].field) == ("UNFIT_VALUE", "Score__c")
    assert org.accounts[account_id(21)]["Reason__c"] == "carriage\r\nreturn"
    assert org.accounts[account_id(22)]["Reason__c"] == "#N/A"
    assert [len(rows) for rows in uploaded(org)] == [20]
    assert {job.state for job in org.jobs.values()} == {"JobComplete"}


def test_a_column_that_went_away_fails_the_job_and_not_the_neighbours(org: Org) -> None:
    """The fields were described before somebody took the user's access to one."""
    org.columns.discard("Score__c")
    sent = [*updates(20), AccountUpdate(account_id(20), {"Score__c": "5"})]

    outcomes = write(org, sent)

    assert [outcome.accepted for outcome in outcomes] == [True] * 20 + [False]
    assert (outcomes[20].code, outcomes[20].field) == ("INVALID_FIELD", "Score__c")


def test_an_org_that_takes_no_line_feeds_in_jobs_is_learned(org: Org) -> None:
    """One job fails for it; texts of several lines then go by calls, the others by jobs."""
    org.refuses_line_feeds = True
    sent = [*updates(30), AccountUpdate(account_id(99), {"Reason__c": "two\nlines"})]
    writer = writer_on(org)

    for _ in range(2):
        assert all(outcome.accepted for outcome in writer.write(sent))

    assert [job.state for job in org.jobs.values()] == ["Failed", "JobComplete"]
    assert [len(rows) for rows in uploaded(org)] == [31, 30]
    assert org.accounts[account_id(99)]["Reason__c"] == "two\nlines"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'"sf__Id","sf__Created","Id"\n"001A0', ending="cut"),
        Reply(503, b""),
        Reply(ending="reset"),
    ],
)
def test_a_result_file_that_breaks_is_read_anew(org: Org, reply: Reply) -> None:
    """From its beginning; rows are never counted twice or lost."""
    org.fail(SUCCEEDED, reply)

    outcomes = write(org, updates(50))

    assert all(outcome.accepted for outcome in outcomes)
    assert CALL not in org.routes()


def test_a_result_file_that_cannot_be_had_leaves_the_job_remembered(org: Org) -> None:
    """The write fails as a whole; the next process asks for the file again."""
    org.fail(SUCCEEDED, *[Reply(503, b"")] * 3)
    log = Log()

    with pytest.raises(TransientError):
        write(org, updates(50), log)

    assert len(log.open) == 1


def test_result_files_without_rows_send_everything_again(org: Org) -> None:
    """What no file mentions is not known, so it is sent by calls."""
    header = b'"sf__Id","sf__Created","Id"\n'
    org.fail(SUCCEEDED, Reply(200, header, {"Content-Type": "text/csv"}))
    org.fail(FAILED, Reply(204, b""))

    outcomes = write(org, updates(30))

    assert all(outcome.accepted for outcome in outcomes)
    assert org.routes()[-1] == CALL


def test_a_result_file_without_ids_is_an_error(org: Org) -> None:
    """Rows that cannot be matched prove nothing."""
    org.fail(SUCCEEDED, Reply(200, b"A,B\n1,2\n", {"Content-Type": "text/csv"}))

    with pytest.raises(ProtocolError, match="no column for ids"):
        write(org, updates(30))


def test_failed_rows_of_older_versions_are_known_by_our_own_column(org: Org) -> None:
    """Their sf__Id is empty."""
    text = f'"sf__Id","sf__Error","Id"\n"","CODE_X:why: --","{account_id(0)}"\n'
    org.rule = lambda key, _fields: ("CODE_Y", "", []) if key == account_id(0) else None
    org.fail(FAILED, Reply(200, text.encode(), {"Content-Type": "text/csv"}))

    outcomes = write(org, updates(30))

    assert outcomes[0].code == "CODE_X"


def test_what_holds_for_every_record_stops_the_run(org: Org) -> None:
    """No call is made for rows that would be refused all the same."""
    org.rule = lambda _key, _fields: ("STORAGE_LIMIT_EXCEEDED", SECRET, [])

    with pytest.raises(MisconfiguredError, match="STORAGE_LIMIT_EXCEEDED"):
        write(org, updates(30))

    assert CALL not in org.routes()


texts = st.text(max_size=12) | st.sampled_from(
    ["#N/A", "a,b", 'say "x"', "two\nlines", "cr\rlf\r\n", " spaced ", "é🚀", "tier_1"]
)


values = {
    "Tier__c": texts,
    "Codes__c": st.lists(st.sampled_from("abc")).map(";".join),
    "Score__c": st.integers(-999, 999).map(str) | st.sampled_from(["87.5", "high"]),
    "Reason__c": texts,
    "Flag__c": st.sampled_from(["true", "false", "yes"]),
    "Day__c": st.dates().map(str) | st.just("tomorrow"),
    "Nowhere__c": st.just("x"),
}


fields = st.fixed_dictionaries(
    {}, optional={n: st.none() | st.just("") | v for n, v in values.items()}
)


refusals = st.sampled_from(
    [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No: not 1:2", []),
        ("STRING_TOO_LONG", "Reason: data value too large: x (max length=255)", ["Reason__c"]),
        ("ENTITY_IS_LOCKED", "in approval", []),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "because the process failed: see https://x.example", []),
        DELETED,
        LOCK,
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=st.lists(st.tuples(st.integers(0, 30), fields.filter(bool)), max_size=30),
    refused=st.dictionaries(st.integers(0, 30), refusals, max_size=6),
    works_off=st.sampled_from([0.0, 0.5, 1.0]),
    ends_as=st.sampled_from(["JobComplete", "Failed", "Aborted"]),
)
def test_both_ways_give_the_same_outcomes_and_store_the_same(
    org: Org,
    sent: list[tuple[int, dict[str, str | None]]],
    refused: dict[int, Error],
    works_off: float,
    ends_as: str,
) -> None:
    """Whatever the values and the refusals, and however the job ends."""
    if ends_as == "JobComplete":
        works_off = 1.0  # that it did nothing would be an error
    listed = [AccountUpdate(account_id(number), wanted) for number, wanted in sent]
    found: list[tuple[object, object]] = []
    for threshold in (0, 10**6):
        org.accounts, org.jobs = {}, {}
        org.works_off, org.ends_as = works_off, ends_as
        tries: dict[str, int] = {}

        def rule(
            key: str, _fields: Mapping[str, Any], tries: dict[str, int] = tries
        ) -> Error | None:
            tries[key] = tries.get(key, 0) + 1
            error = refused.get(int(key[8:15]))
            return None if error == LOCK and tries[key] > 2 else error

        org.rule = rule
        writer = writer_on(org, bulk_threshold=threshold)
        try:
            answer: object = writer.write(listed)
        except MisconfiguredError as error:  # ten accounts whose field is unknown
            answer = error.problems
        found.append((answer, org.accounts))

    assert found[0] == found[1]
