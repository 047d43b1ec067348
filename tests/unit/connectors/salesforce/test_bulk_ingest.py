"""Writing by Bulk jobs: the life of a job, its files, and what becomes of each row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import (
    MisconfiguredError,
    ProtocolError,
    QuotaExhaustedError,
    StoppedError,
    TransientError,
)
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.salesforce.bulk_ingest import Job
from connectors.salesforce.encoding import Encoding
from connectors.salesforce.upload_files import upload_files
from tests.unit.connectors.salesforce.org import (
    DELETED,
    DESCRIBED,
    LOCK,
    SECRET,
    Error,
    Log,
    Org,
    Patience,
    Reply,
    Seen,
    account_id,
    error_of,
    updates,
    writer_on,
)

CREATE, UPLOAD = "POST jobs/ingest", "PUT jobs/ingest/*/batches"
BEGIN, POLL = "PATCH jobs/ingest/*", "GET jobs/ingest/*"
SUCCEEDED, FAILED = f"{POLL}/successfulResults", f"{POLL}/failedResults"
CALL = "PATCH composite/sobjects"
QUIET = [CREATE, UPLOAD, BEGIN, POLL, SUCCEEDED]


def write(
    org: Org, sent: Sequence[AccountUpdate], log: Log | None = None, **options: Any
) -> list[WriteOutcome]:
    """Write by a job where there are more than ten updates."""
    return writer_on(org, **options).write(sent, log)


def uploaded(org: Org) -> list[list[dict[str, str]]]:
    """The rows of each file as it was sent."""
    return [
        list(csv.DictReader(io.StringIO(request.raw.decode(), newline="")))
        for request in org.requests
        if request.route == UPLOAD
    ]


def test_a_quiet_job_takes_five_calls(org: Org) -> None:
    """Created, filled, begun, asked once, read once: nothing can be in the file of failures."""
    outcomes = write(org, updates(50))

    assert outcomes == [WriteOutcome(account_id(n), WriteResult.WRITTEN) for n in range(50)]
    assert org.routes() == QUIET
    [created] = [request.body for request in org.requests if request.route == CREATE]
    assert created == {
        "object": "Account",
        "operation": "update",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def test_a_job_is_remembered_before_it_has_data(org: Org) -> None:
    """Whoever dies after that can be followed; the text says which job and which version."""
    log = Log()
    log.on_opened = lambda: org.requests.append(Seen("LOG", "opened", {}, None))

    write(org, updates(50), log)

    assert org.routes()[:3] == [CREATE, "LOG opened", UPLOAD]
    assert json.loads(log.open[0]) == {"id": next(iter(org.jobs)), "version": "66.0"}
    assert log.told == ["opened", "sending", "waiting"]  # before it begins, and before the look


def test_a_file_has_one_column_for_each_field_of_any_update(org: Org) -> None:
    """Empty cells leave fields alone, the mark clears them, texts keep lines and quotes."""
    first = AccountUpdate(account_id(1), {"Tier__c": "tier_1", "Reason__c": None})
    second = AccountUpdate(account_id(2), {"Reason__c": 'two\nlines, "quoted" é 🚀', "Flag__c": ""})
    writer = writer_on(org, bulk_threshold=1)

    writer.write([first, second])

    assert uploaded(org) == [
        [
            {"Id": account_id(1), "Flag__c": "", "Reason__c": "#N/A", "Tier__c": "tier_1"},
            {
                "Id": account_id(2),
                "Flag__c": "false",
                "Reason__c": 'two\nlines, "quoted" é 🚀',
                "Tier__c": "",
            },
        ]
    ]
    [filled] = [request for request in org.requests if request.route == UPLOAD]
    assert b"\r" not in filled.raw
    assert not filled.raw.startswith(b"\xef\xbb\xbf")
    assert filled.headers["Content-Type"].startswith("text/csv")


def test_rows_are_matched_by_id_whatever_their_order(org: Org) -> None:
    """Results are shuffled, come without a charset, and echo texts of several lines."""
    refused: Error = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"Why: {SECRET}: no", ["Score__c"])
    org.rule = lambda key, _fields: refused if int(key[8:15]) % 10 == 3 else None

    outcomes = write(org, updates(100, Score__c="5"))

    assert [outcome.account_id for outcome in outcomes] == [account_id(n) for n in range(100)]
    bad = [outcome for outcome in outcomes if not outcome.accepted]
    assert [outcome.account_id for outcome in bad] == [account_id(n) for n in range(3, 100, 10)]
    assert {(it.code, it.field, it.message) for it in bad} == {(refused[0], "Score__c", refused[1])}
    assert org.routes() == [*QUIET, FAILED]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, b"<html>", {"Content-Type": "text/html"}),
        Reply(ending="reset"),
        Reply(500, [error_of("UNKNOWN_EXCEPTION", SECRET)]),
        Reply(200, b'{"state": "InPro', ending="cut"),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, {}),
    ],
)
def test_polls_that_fail_say_nothing_about_the_job(org: Org, reply: Reply) -> None:
    """However often; the job is never aborted, and its results are read when it has ended."""
    org.fail(POLL, *[reply] * 10)

    outcomes = write(org, updates(50))

    assert all(outcome.accepted for outcome in outcomes)
    assert {job.state for job in org.jobs.values()} == {"JobComplete"}
    assert [request.body for request in org.requests if request.route == BEGIN] == [
        {"state": "UploadComplete"}
    ]


def test_a_session_may_end_between_any_two_calls(org: Org) -> None:
    """Each call renews it, so the job is finished under several tokens."""
    serial = 1

    def expire(_request: Seen) -> None:
        nonlocal serial
        serial += 1
        org.token = f"token-{serial}"

    org.intercept = expire

    outcomes = write(org, updates(50))

    assert all(outcome.accepted for outcome in outcomes)
    assert serial == len(QUIET) + 1


def test_polls_come_less_and_less_often(org: Org) -> None:
    """From one second to thirty; whoever holds a lease is told before each wait."""
    org.polls_needed = 9
    patience, log = Patience(), Log()

    writer_on(org, patience).write(updates(50), log)

    assert patience.waits == [1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert log.told == ["opened", "sending", *["waiting"] * 9]


def test_a_stop_while_waiting_leaves_the_job_remembered(org: Org) -> None:
    """A worker told to stop does not wait for Salesforce; the next one comes back."""

    class Impatience(Patience):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            raise StoppedError("stopped")

    log = Log()

    with pytest.raises(StoppedError):
        writer_on(org, Impatience()).write(updates(50), log)

    assert len(log.open) == 1
    assert {job.state for job in org.jobs.values()} == {"UploadComplete"}


def test_a_day_that_is_used_up_leaves_the_job_remembered(org: Org) -> None:
    """The job goes on without us; its answers are read when there are calls again."""
    org.fail(POLL, Reply(403, [error_of("REQUEST_LIMIT_EXCEEDED", "TotalRequests exceeded.")]))
    log = Log()

    with pytest.raises(QuotaExhaustedError):
        write(org, updates(50), log)

    assert len(log.open) == 1


def test_a_job_that_does_not_end_is_left_for_later(org: Org) -> None:
    """After our own deadline: not aborted, not forgotten, and nothing is sent in its place."""
    org.polls_needed = 10**6
    patience, log = Patience(), Log()

    with pytest.raises(TransientError, match="has not ended after 5 minutes"):
        writer_on(org, patience, deadline=timedelta(minutes=5)).write(updates(50), log)

    assert 300 <= patience.now < 331
    assert len(log.open) == 1
    assert {job.state for job in org.jobs.values()} == {"InProgress"}
    assert CALL not in org.routes()


def test_the_deadline_counts_real_time_too(org: Org) -> None:
    """Polls that take long, and not only the waits between them, use it up."""
    org.polls_needed = 10**6
    ticks = iter(range(0, 10**6, 100))

    with pytest.raises(TransientError):
        write(org, updates(50), monotonic=lambda: next(ticks), deadline=timedelta(seconds=450))

    assert org.routes().count(POLL) <= 5


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


def test_large_files_become_several_jobs(org: Org) -> None:
    """One after the other, each remembered, each account in one of them."""
    log = Log()

    outcomes = write(org, updates(90, Reason__c="x" * 100), log, largest_file=4_000)

    assert all(outcome.accepted for outcome in outcomes)
    assert all(len(request.raw) <= 4_000 for request in org.requests)
    assert sum(len(rows) for rows in uploaded(org)) == len(org.accounts) == 90
    assert len(log.open) == len(org.jobs) == 3


def test_a_row_larger_than_a_file_is_sent_by_itself() -> None:
    """Salesforce says what is wrong with it."""
    sent = [AccountUpdate(account_id(n), {"Reason__c": "x" * 500}) for n in range(3)]

    files = list(upload_files(sent, Encoding(DESCRIBED), largest=100))

    assert [len(file.updates) for file in files] == [1, 1, 1]


@pytest.mark.parametrize("route", [UPLOAD, CREATE])
@pytest.mark.parametrize("reply", [Reply(503, b""), Reply(ending="reset")])
@pytest.mark.parametrize("after", [True, False])
def test_answers_lost_on_the_way_to_a_job_do_no_harm(
    org: Org, route: str, reply: Reply, *, after: bool
) -> None:
    """Every row is written, and no job is left open with data in it."""
    org.fail(route, reply, after=after)
    log = Log()

    outcomes = write(org, updates(50), log)

    assert all(outcome.accepted for outcome in outcomes)
    assert not [job for job in org.jobs.values() if job.state == "Open" and job.data]
    assert len(log.open) == 1


@pytest.mark.parametrize("reply", [Reply(503, b""), Reply(ending="reset")])
@pytest.mark.parametrize("after", [True, False])
def test_a_beginning_whose_answer_is_lost_is_looked_up(
    org: Org, reply: Reply, *, after: bool
) -> None:
    """The second time Salesforce refuses, for the job has begun."""
    org.fail(BEGIN, reply, after=after)

    outcomes = write(org, updates(50))

    assert all(outcome.accepted for outcome in outcomes)
    assert len(org.jobs) == 1


def test_a_job_that_may_not_begin_is_called_off(org: Org) -> None:
    """Nothing was written, so nothing is remembered."""
    org.fail(BEGIN, Reply(400, [error_of("INVALIDJOBSTATE", SECRET)]))
    log = Log()

    with pytest.raises(ProtocolError) as caught:
        write(org, updates(50), log)

    assert SECRET not in str(caught.value)
    assert (log.open, org.accounts) == ([], {})
    assert {job.state for job in org.jobs.values()} == {"Aborted"}


def test_an_upload_that_fails_for_good_calls_the_job_off(org: Org) -> None:
    """Nothing was written, so nothing is remembered, and the run comes back later."""
    org.fail(UPLOAD, *[Reply(503, b"")] * 3)
    log = Log()

    with pytest.raises(TransientError):
        write(org, updates(50), log)

    assert log.told == ["opened", "closed"]
    assert {job.state for job in org.jobs.values()} == {"Aborted"}


def test_a_job_that_cannot_be_called_off_stays_remembered(org: Org) -> None:
    """The next process calls it off."""
    org.fail(UPLOAD, *[Reply(503, b"")] * 3)
    org.fail(BEGIN, *[Reply(503, b"")] * 3)
    log = Log()

    with pytest.raises(TransientError):
        write(org, updates(50), log)

    assert len(log.open) == 1


def test_an_upload_refused_twice_is_an_error(org: Org) -> None:
    """Two jobs were tried; both are called off."""
    org.fail(UPLOAD, *[Reply(400, [error_of("INVALIDJOB", SECRET)])] * 2)
    log = Log()

    with pytest.raises(ProtocolError):
        write(org, updates(50), log)

    assert (log.open, len(org.jobs)) == ([], 2)


@pytest.mark.parametrize("body", [{}, [], {"id": None}, {"id": SECRET}])
def test_a_job_without_an_id_is_an_error(org: Org, body: Any) -> None:
    """There is nothing to follow; the answer is not quoted."""
    org.fail(CREATE, Reply(200, body))

    with pytest.raises(ProtocolError) as caught:
        write(org, updates(50))

    assert SECRET not in str(caught.value)


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


def test_sizes_and_forecasts(org: Org) -> None:
    """Small plans by calls, large ones by jobs; 100,000 accounts take about 40 calls."""
    writer = writer_on(org, bulk_threshold=2_000)

    assert [writer.batch_size(n) for n in (0, 2_000, 2_001, 10**6)] == [
        1_000,
        1_000,
        25_000,
        25_000,
    ]
    assert [writer.calls(n) for n in (0, 1, 200, 201, 2_000)] == [0, 1, 1, 2, 10]
    assert writer.calls(100_000) == 40
    assert writer.calls(100_001) == 41
    never = writer_on(org, bulk_threshold=10**7)
    assert never.calls(100_000) == 500


def test_a_job_of_25_000_updates_takes_at_most_10_calls(org: Org) -> None:
    """With a minute to work them off, so that 100,000 accounts cost 40."""
    org.polls_needed = 5
    patience = Patience()
    writer = writer_on(org, patience, bulk_threshold=2_000)
    sent = updates(writer.batch_size(100_000))

    assert all(outcome.accepted for outcome in writer.write(sent))

    assert len(org.accounts) == 25_000
    assert len(org.routes()) <= 10
    assert patience.now >= 31


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


def test_the_log_s_text_is_read_back() -> None:
    """What was remembered by one process is understood by the next."""
    job = Job("750A00000000001AAA", "66.0")

    assert Job.read(job.text) == job


@pytest.mark.parametrize("text", ["", "{}", "[]", "750A", '"x"', "null"])
def test_a_text_of_somebody_else_is_an_error(text: str) -> None:
    """It is not guessed at."""
    with pytest.raises(ProtocolError, match="job log"):
        Job.read(text)
