"""Coming back to jobs that an earlier process handed to the CRM and did not see the end of.

Before anything is read: what such a job writes would otherwise race with what this run plans. Its
answers complete the journal of the run that began it; what is known of an account is then settled,
and what is not is looked at when the account is read again.
"""

from __future__ import annotations

import structlog

from connectors.base import CrmConnector
from worker.state.rows import Change, ChangeState, OpenJob
from worker.state.store import State
from worker.sync.draining import Jobs, outcome_of, record, updates_of
from worker.sync.keeping import Keeper

_AT_ONCE = 1_000

log = structlog.get_logger()


def resume_jobs(connector: CrmConnector, state: State, keeper: Keeper) -> int:
    """Wait for every open job of the connection; answers how many there were.

    Raises:
        ConnectorError: a job could not be followed to its end; it stays open for the next run.
        StaleLeaseError: another process has taken the connection over.
    """
    found = state.jobs.of(keeper.lease.connection)
    for job in found:
        settled = _resume(connector, state, keeper, job)
        log.info("job_resumed", of_run=job.run_id, accounts=settled)
    return len(found)


def _resume(connector: CrmConnector, state: State, keeper: Keeper, job: OpenJob) -> int:
    changes = _sent(state, job)
    settled = 0
    if changes:
        jobs = Jobs(state, keeper, job.run_id, [job.first_seq, job.last_seq])
        answers = connector.resume(job.job, updates_of(changes), jobs)
        outcomes = [
            outcome_of(change.seq, answer)
            for change, answer in zip(changes, answers, strict=True)
            if answer is not None
        ]
        settled = record(state, keeper, job.run_id, outcomes)
    state.jobs.close(keeper.lease, job.run_id, job.job)
    return settled


def _sent(state: State, job: OpenJob) -> list[Change]:
    """The changes the job was sent whose answers nobody has recorded."""
    found: list[Change] = []
    after = job.first_seq - 1
    while page := state.plan.entries(job.run_id, [ChangeState.SENT], after, _AT_ONCE):
        found += [it for it in page if it.seq <= job.last_seq]
        after = page[-1].seq
        if after >= job.last_seq:
            break
    return found
