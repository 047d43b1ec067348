"""Writes that are broken off at any step: no account and no job is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors.errors import TransientError
from connectors.records import WriteResult
from connectors.salesforce.connector import SalesforceConnector
from tests.conformance.place import BY_CALLS, BY_JOBS, Log, Place, results, tiered
from tests.support.mortal import KilledError, Mortal

WRITTEN = WriteResult.WRITTEN


def test_a_stuck_job_is_left_and_then_given_up(place: Place) -> None:
    """The write ends at its deadline, with the job remembered; coming back ends it for good."""
    ids = place.add(30)
    place.org.behave(job_stuck=1)
    log, crm = Log(), place.connector(BY_JOBS)

    with pytest.raises(TransientError, match="has not ended"):
        crm.write(tiered(ids), log)
    assert [job["state"] for job in place.jobs()] == ["InProgress"]

    assert crm.resume(log.jobs[0], tiered(ids), log) == [None] * 30
    assert [job["state"] for job in place.jobs()] == ["Aborted"]
    assert results(crm.write(tiered(ids), log)) == [WRITTEN] * 30


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 503},
        {"kind": "error", "status": 500},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "session_expired"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "jobs/ingest$"),
        ("PUT", "batches$"),
        ("PATCH", "jobs/ingest/"),
        ("GET", "jobs/ingest/[^/]*$"),
        ("GET", "successfulResults$"),
        ("GET", "failedResults$"),
    ],
    ids=["create", "upload", "begin", "poll", "succeeded", "failed"],
)
def test_no_fault_at_any_step_loses_an_account_or_a_job(
    place: Place, fault: Mapping[str, Any], method: str, route: str
) -> None:
    """Even twice in a row: outcomes are those of a quiet day, and one job did it."""
    ids = place.add(30)
    place.org.behave(approval_locks=[ids[3]])
    times = [1] if fault["kind"] == "session_expired" else [1, 2]  # a fresh token is taken
    place.org.fail(**fault, method=method, route=route, nth=times)

    outcomes = place.connector(BY_JOBS).write(tiered(ids))

    assert [n for n, outcome in enumerate(outcomes) if not outcome.accepted] == [3]
    assert outcomes[3].code == "ENTITY_IS_LOCKED"
    assert [job["state"] for job in place.jobs()].count("JobComplete") == 1


@pytest.mark.parametrize("kind", ["error", "drop_after", "truncate", "session_expired"])
def test_no_fault_of_a_call_loses_an_account(place: Place, kind: str) -> None:
    """Values are absolute: what may have been written is written again."""
    ids = place.add(450)
    place.org.fail(kind=kind, method="PATCH", route="composite/sobjects", every=2)

    outcomes = place.connector(BY_CALLS).write(tiered(ids))

    assert results(outcomes) == [WRITTEN] * 450


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", range(2, 9))
def test_a_process_may_die_at_any_step(place: Place, dies_at: int, *, after: bool) -> None:
    """The next one comes back to the job; each account has one answer, and no job is left open."""
    ids = place.add(40)
    place.org.behave(approval_locks=[ids[3]], job_fails_midway=1)
    log, sent = Log(), tiered(ids)
    mortal = place.session(Mortal)
    assert isinstance(mortal, Mortal)
    mortal.dies_at, mortal.after = dies_at, after
    doomed = SalesforceConnector(mortal, bulk_threshold=BY_JOBS)
    with pytest.raises(KilledError):
        doomed.write(sent, log)

    crm = place.connector(BY_CALLS)
    found = crm.resume(log.jobs[0], sent, log) if log.jobs else [None] * len(sent)
    left = [it for it, outcome in zip(sent, found, strict=True) if outcome is None]
    told = {it.account_id: it.result for it in [*filter(None, found), *crm.write(left)]}

    assert set(told) == set(ids)
    assert [i for i, result in told.items() if result is not WRITTEN] == [ids[3]]
    assert sum(values["Tier__c"] == "tier_1" for values in place.read(ids)) == 39
    states = {job["state"] for job in place.jobs()}
    # A job that nobody had time to remember has no data, and Salesforce removes it.
    assert states <= ({"JobComplete", "Failed", "Aborted"} if log.jobs else {"Open", "Aborted"})
