"""Writing by Bulk jobs: the life of a job and of its files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import ProtocolError, QuotaExhaustedError, StoppedError, TransientError
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.salesforce.bulk_ingest import Job
from connectors.salesforce.encoding import Encoding
from connectors.salesforce.upload_files import upload_files
from tests.unit.connectors.salesforce.org import (
    DESCRIBED,
    SECRET,
    Error,
    Log,
    Org,
    Patience,
    Reply,
    Seen,
    account_id,
    error_of,
    writer_on,
)
from tests.unit.connectors.salesforce.sending import (
    BEGIN,
    CALL,
    CREATE,
    FAILED,
    POLL,
    QUIET,
    UPLOAD,
    updates,
    uploaded,
    write,
)


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


def test_the_log_s_text_is_read_back() -> None:
    """What was remembered by one process is understood by the next."""
    job = Job("750A00000000001AAA", "66.0")

    assert Job.read(job.text) == job


@pytest.mark.parametrize("text", ["", "{}", "[]", "750A", '"x"', "null"])
def test_a_text_of_somebody_else_is_an_error(text: str) -> None:
    """It is not guessed at."""
    with pytest.raises(ProtocolError, match="job log"):
        Job.read(text)
