"""Coming back to a Bulk job that an earlier process began; see ADR 0010."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import JobLog
from connectors.batching import merged_updates
from connectors.errors import TransientError
from connectors.records import AccountUpdate, WriteOutcome
from connectors.salesforce.bulk_ingest import Ingest, Job
from connectors.salesforce.ids import to18
from connectors.salesforce.outcomes import Complaint
from connectors.salesforce.session import Session
from connectors.salesforce.writing import judged, told


def resume(
    session: Session,
    ingest: Ingest,
    job_text: str,
    updates: Sequence[AccountUpdate],
    jobs: JobLog | None = None,
) -> list[WriteOutcome | None]:
    """Wait for a job and answer for each of *updates*; ``None`` where nothing is known of it.

    A job without data is called off. One that does not end by the deadline, having had one before,
    is called off too: what it wrote stays written and is told, and nobody waits for it again.

    Raises:
        ConnectorError: the job could not be followed; it is still there.

    """
    job = Job.read(job_text)
    if not _ended(ingest, job, jobs):
        return [None] * len(updates)
    sent = merged_updates(updates, to18)
    answers = ingest.answers(job, sent)
    known = {key: said for key, said in answers.items() if not _worth_another_look(said)}
    outcomes = judged(session, sent.values(), known)
    return [told(update, outcomes) for update in updates]


def _ended(ingest: Ingest, job: Job, jobs: JobLog | None) -> bool:
    """Bring *job* to an end; ``False`` when it has no results."""
    progress = ingest.look(job)
    if progress is not None and progress.waiting_for_data:
        if ingest.abort(job):
            if jobs is not None:
                jobs.closed(job.text)
            return False
        # It began in the meantime: the process that we took for dead had one more call under way.
        progress = ingest.look(job)
    if progress is None:
        return False  # Salesforce keeps jobs for seven days
    if not progress.ended:
        try:
            ingest.wait(job, jobs)
        except TransientError:
            if not ingest.abort(job) and not _has_ended(ingest, job):
                raise
    return True


def _has_ended(ingest: Ingest, job: Job) -> bool:
    """Whether the job was too quick to be called off."""
    progress = ingest.look(job)
    return progress is not None and progress.ended


def _worth_another_look(said: Complaint | None) -> bool:
    """Whether a complaint is about the moment or the set-up: the next write finds out.

    Only what holds for this account and these values is an answer days later.
    """
    return said is not None and (
        said.worth_repeating or said.stops_the_run is not None or said.may_be_the_set_ups
    )
