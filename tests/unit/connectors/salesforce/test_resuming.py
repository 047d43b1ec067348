"""Coming back to a job: whatever an earlier process had done of it when it died."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import ProtocolError, TransientError
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.retrying import RetryPolicy
from connectors.salesforce.auth import ClientCredentials
from connectors.salesforce.bulk_ingest import Ingest, Job
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.resuming import resume
from connectors.salesforce.writing import Writer
from tests.support.mortal import KilledError, Mortal
from tests.unit.connectors.salesforce.org import (
    DELETED,
    DESCRIBED,
    LOCK,
    PATIENT,
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
from tests.unit.connectors.salesforce.sending import BEGIN, POLL, SUCCEEDED, updates
from tests.unit.connectors.salesforce.wire import session_on

VALIDATION: Error = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", SECRET, ["Tier__c"])
WRITTEN = WriteResult.WRITTEN


def abandoned(
    org: Org, sent: Sequence[AccountUpdate], *, worked_off: bool = True
) -> tuple[Log, Job]:
    """Begin a job and give up waiting for it; then have the org work it off, or not."""
    needed, org.polls_needed = org.polls_needed, 10**6
    log = Log()
    with pytest.raises(TransientError):
        writer_on(org, deadline=timedelta(seconds=10)).write(sent, log)
    org.polls_needed = needed
    job = Job.read(log.open[0])
    if worked_off:
        org.work_off(org.jobs[job.job_id])
    org.requests = []
    return log, job


def come_back(
    org: Org, log: Log, sent: Sequence[AccountUpdate], **options: Any
) -> list[WriteOutcome | None]:
    """Resume the job that the log remembers, as another process would."""
    clock = Patience()
    session = session_on(org.wire, clock, timeout=PATIENT)
    ingest = Ingest(session, **({"monotonic": clock} | options))
    return resume(session, ingest, log.open[0], sent, log)


def test_a_job_that_has_ended_is_read(org: Org) -> None:
    """Its answers are those that the writer would have given."""
    org.rule = lambda key, _fields: VALIDATION if key == account_id(3) else None
    sent = updates(20)
    log, _ = abandoned(org, sent)

    outcomes = come_back(org, log, sent)

    assert [outcome and outcome.account_id for outcome in outcomes] == [
        it.account_id for it in sent
    ]
    assert [n for n, outcome in enumerate(outcomes) if outcome and not outcome.accepted] == [3]
    assert outcomes[3] == WriteOutcome(
        account_id(3), WriteResult.REJECTED, VALIDATION[0], "Tier__c", SECRET
    )
    assert org.routes() == [POLL, SUCCEEDED, f"{POLL}/failedResults"]


@pytest.mark.parametrize("state", ["UploadComplete", "InProgress"])
def test_a_job_that_is_under_way_is_waited_for(org: Org, state: str) -> None:
    """Whoever holds a lease renews it meanwhile."""
    org.polls_needed = 14
    log, job = abandoned(org, updates(20), worked_off=False)
    org.jobs[job.job_id].state = state

    outcomes = come_back(org, log, updates(20))

    assert all(outcome is not None and outcome.accepted for outcome in outcomes)
    assert "waiting" in log.told[-2:]


def test_a_job_without_data_is_called_off(org: Org) -> None:
    """Nothing of it was applied, so it is forgotten and nothing is known of its updates."""
    log = Log()
    log.opened(Job(org.new_job().job_id, "66.0").text)

    assert come_back(org, log, updates(3)) == [None] * 3

    assert log.told == ["opened", "closed"]
    assert {job.state for job in org.jobs.values()} == {"Aborted"}


def test_a_job_that_begins_while_it_is_called_off_is_followed(org: Org) -> None:
    """The process that was taken for dead had one more call under way."""
    log, job = abandoned(org, updates(20), worked_off=False)
    stored = org.jobs[job.job_id]
    stored.state = "Open"

    def begin(request: Seen) -> Reply | None:
        if request.route == BEGIN:
            org.intercept = lambda _request: None
            stored.state = "UploadComplete"
            return Reply(400, [error_of("INVALIDJOBSTATE", SECRET)])
        return None

    org.intercept = begin

    outcomes = come_back(org, log, updates(20))

    assert all(outcome is not None and outcome.accepted for outcome in outcomes)
    assert len(log.open) == 1


def test_a_job_that_salesforce_has_forgotten_tells_nothing(org: Org) -> None:
    """After seven days it is gone; the accounts are looked at again."""
    log = Log()
    log.opened(Job("750A00000000009AAA", "66.0").text)

    assert come_back(org, log, updates(3)) == [None] * 3
    assert org.routes() == [POLL]


@pytest.mark.parametrize("state", ["Failed", "Aborted", "JobComplete"])
def test_accounts_in_no_file_are_not_known(org: Org, state: str) -> None:
    """A job that ended early wrote some of them, and which is what the files say."""
    org.ends_as, org.works_off = state, 0.5
    sent = updates(20)
    log, _ = abandoned(org, sent)

    outcomes = come_back(org, log, [*sent, *updates(25)[20:]])

    known = [outcome.account_id for outcome in outcomes if outcome is not None]
    assert known == [account_id(n) for n in range(10)]
    assert len(outcomes) == 25


def test_results_are_asked_of_the_version_that_made_the_job(org: Org) -> None:
    """Salesforce refuses them to any other."""
    log, job = abandoned(org, updates(20))
    log.open[0] = Job(job.job_id, "64.0").text

    come_back(org, log, updates(20))

    assert {request.path.split("/")[3] for request in org.requests[1:]} == {"v64.0"}


def test_a_job_that_still_does_not_end_is_called_off(org: Org) -> None:
    """It had its time twice; what it wrote is told, the rest is looked at again."""
    log, job = abandoned(org, updates(20), worked_off=False)
    org.jobs[job.job_id].stuck = True

    outcomes = come_back(org, log, updates(20), deadline=timedelta(minutes=2))

    assert outcomes == [None] * 20
    assert org.jobs[job.job_id].state == "Aborted"


def test_a_job_that_ends_while_it_is_called_off_is_read(org: Org) -> None:
    """Too late to call it off, and just in time to read it."""
    log, job = abandoned(org, updates(20), worked_off=False)
    org.jobs[job.job_id].stuck = True

    def finish(request: Seen) -> Reply | None:
        if request.route == BEGIN:
            org.work_off(org.jobs[job.job_id])
        return None

    org.intercept = finish

    outcomes = come_back(org, log, updates(20), deadline=timedelta(minutes=2))

    assert all(outcome is not None and outcome.accepted for outcome in outcomes)


def test_a_job_that_can_neither_end_nor_be_called_off_stays(org: Org) -> None:
    """The run fails; the next one tries again."""
    log, job = abandoned(org, updates(20), worked_off=False)
    org.jobs[job.job_id].stuck = True
    org.intercept = lambda request: (
        Reply(400, [error_of("INVALIDJOBSTATE", SECRET)]) if request.route == BEGIN else None
    )

    with pytest.raises(TransientError, match="has not ended"):
        come_back(org, log, updates(20), deadline=timedelta(minutes=2))

    assert len(log.open) == 1


@pytest.mark.parametrize(
    "error",
    [
        LOCK,
        ("STORAGE_LIMIT_EXCEEDED", "", []),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", "fields: Tier__c", ["Tier__c"]),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "", ["Tier__c"]),
    ],
)
def test_complaints_about_the_moment_or_the_set_up_are_not_answers(org: Org, error: Error) -> None:
    """Locks have passed and permissions may have been granted: the next write finds out."""
    org.rule = lambda key, _fields: error if key == account_id(3) else None
    log, _ = abandoned(org, updates(20))

    outcomes = come_back(org, log, updates(20))

    assert [n for n, outcome in enumerate(outcomes) if outcome is None] == [3]


def test_accounts_that_went_away_meanwhile_are_missing(org: Org) -> None:
    """With the account they were merged into."""
    org.rule = lambda key, _fields: DELETED if key == account_id(3) else None
    org.traces = {
        account_id(3): {"IsDeleted": True, "MasterRecordId": account_id(9)},
        account_id(9): {"IsDeleted": False, "MasterRecordId": None},
    }
    log, _ = abandoned(org, updates(20))

    outcome = come_back(org, log, updates(20))[3]

    assert outcome == WriteOutcome(
        account_id(3), WriteResult.MISSING, DELETED[0], survivor_id=account_id(9)
    )


def test_short_ids_are_matched_and_answered_as_they_came(org: Org) -> None:
    """Files name long ids only."""
    sent = updates(20)
    log, _ = abandoned(org, sent)
    short = [AccountUpdate(it.account_id[:15], it.fields) for it in sent]

    outcomes = come_back(org, log, [*short, AccountUpdate("999", {})])

    assert [outcome and outcome.account_id for outcome in outcomes] == [
        *(it.account_id for it in short),
        None,
    ]


def test_a_text_of_somebody_else_is_an_error(org: Org) -> None:
    """Nothing is sent for it."""
    log = Log()
    log.opened("not a job")

    with pytest.raises(ProtocolError):
        come_back(org, log, updates(3))

    assert org.requests == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 8))
def test_a_process_may_die_at_any_step(org: Org, dies_at: int, *, after: bool) -> None:
    """Every account ends up written or refused, each is told once, no job with data is left."""
    org.rule = lambda key, _fields: VALIDATION if key == account_id(3) else None
    org.polls_needed, org.works_off, org.ends_as = 2, 0.8, "Failed"
    sent, log, clock = updates(30), Log(), Patience()
    mortal = Mortal(
        ClientCredentials(org.wire.url, "key", "secret"),
        retry=RetryPolicy(attempts=3),
        pause=clock.wait,
        limiter=make_limiter(monotonic=clock, pause=clock.wait),
    )
    mortal.dies_at, mortal.after = dies_at, after
    with pytest.raises(KilledError):
        Writer(mortal, lambda: DESCRIBED, bulk_threshold=10, monotonic=clock).write(sent, log)

    found = come_back(org, log, sent) if log.open else [None] * len(sent)
    left = [it for it, outcome in zip(sent, found, strict=True) if outcome is None]
    again = writer_on(org).write(left)

    told = {it.account_id: it.result for it in [*filter(None, found), *again]}
    assert len(told) == len(sent)
    assert [key for key, result in told.items() if result is not WRITTEN] == [account_id(3)]
    assert set(org.accounts) == {it.account_id for it in sent} - {account_id(3)}
    assert not [job for job in org.jobs.values() if job.state == "Open" and job.data]
