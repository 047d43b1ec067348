"""Bulk jobs of one org, and the paths they are reached by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from sandbox.salesforce.bulk import ingest_api, query_api
from sandbox.salesforce.bulk.ingest_job import IngestJob
from sandbox.salesforce.bulk.job import Job
from sandbox.salesforce.bulk.query_job import QueryJob
from sandbox.salesforce.errors import not_found
from sandbox.salesforce.ids import to18

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.salesforce.routing import Route

ROUTES: Final[list[Route]] = [*query_api.ROUTES, *ingest_api.ROUTES]
_KEPT_RESULTS: Final = 10  # query jobs that show records as they were; older ones as they are
_Job = TypeVar("_Job", bound=Job)


class Jobs:
    """Every job that was made since the last reset."""

    def __init__(self, org: Org, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._org = org
        self._monotonic = monotonic
        self._jobs: dict[str, Job] = {}
        self._active: list[Job] = []

    def reset(self) -> None:
        """Forget every job."""
        self._jobs.clear()
        self._active.clear()

    def now(self) -> float:
        """The time that jobs go by."""
        return self._monotonic()

    def advance(self) -> None:
        """Do all that is due, so that whoever asks for anything next finds it done."""
        if not self._active:
            return
        now = self._monotonic()
        for job in self._active:
            job.advance(now)
        self._active = [job for job in self._active if not job.ended]

    def add(self, job: Job) -> None:
        """Take in a new job; this is where one is chosen to get stuck, or to fail midway."""
        behaviour = self._org.behaviour
        for old in self.of(QueryJob)[:-_KEPT_RESULTS]:
            old.release()
        self._jobs[job.id] = job
        self._active.append(job)
        if behaviour.job_stuck:
            behaviour.job_stuck -= 1
            job.stuck = not behaviour.job_stuck
        if isinstance(job, IngestJob) and behaviour.job_fails_midway:
            behaviour.job_fails_midway -= 1
            job.fails_midway = not behaviour.job_fails_midway

    def find(self, kind: type[_Job], job_id: str) -> _Job:
        """The job of this kind with this id.

        Raises:
            ApiError: 404.
        """
        job = self._jobs.get(to18(job_id) or "")
        if not isinstance(job, kind):
            raise not_found()
        return job

    def remove(self, job: Job) -> None:
        """Forget one job, whatever it was about to do."""
        self._jobs.pop(job.id, None)
        self._active = [other for other in self._active if other is not job]

    def of(self, kind: type[_Job]) -> list[_Job]:
        """All jobs of one kind, the oldest first."""
        return [job for job in self._jobs.values() if isinstance(job, kind)]
