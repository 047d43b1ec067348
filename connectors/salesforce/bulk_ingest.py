"""Bulk API 2.0 ingest: the life of one job, from its creation to what became of each row.

The job works itself off in Salesforce, whatever becomes of us: a poll that fails says nothing about
it, and aborting it would leave some rows written and others not. So a job that was begun is
followed to its end, by this process or, through the job log, by the next.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_bulk_v2/datafiles_understanding_bulk2_ingest.htm
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson

from connectors.answers import CODE
from connectors.base import JobLog
from connectors.errors import ConnectorError, ProtocolError, TransientError
from connectors.salesforce.collections import Answers
from connectors.salesforce.ids import to18
from connectors.salesforce.outcomes import complaint_in
from connectors.salesforce.result_files import results
from connectors.salesforce.session import Answer, Session
from connectors.salesforce.upload_files import UploadFile

DEADLINE: Final = timedelta(minutes=30)
FIRST_WAIT: Final = 1.0  # seconds; doubles with each poll
LONGEST_WAIT: Final = 30.0
_JOB: Final = {
    "object": "Account",
    "operation": "update",
    "contentType": "CSV",
    "lineEnding": "LF",
    "columnDelimiter": "COMMA",
}
_NOT_NOW: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT})
_UNKNOWN: Final = frozenset({HTTPStatus.NOT_FOUND})
_FILES: Final = ("successfulResults", "failedResults")
_ENDED: Final = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is remembered: results are only given to the version that created it."""

    job_id: str
    version: str

    @property
    def text(self) -> str:
        """What the job log keeps."""
        return orjson.dumps({"id": self.job_id, "version": self.version}).decode()

    @classmethod
    def read(cls, text: str) -> Job:
        """Read what the job log kept.

        Raises:
            ProtocolError: it is not of ours.

        """
        with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError):
            data = orjson.loads(text)
            return cls(str(data["id"]), str(data["version"]))
        raise ProtocolError("The job log holds a job that is not one of Salesforce's Bulk API.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: its state and, once it has ended, how many rows it looked at."""

    state: str
    processed: int | None = None
    line_ends_refused: bool = False

    @property
    def waiting_for_data(self) -> bool:
        """Whether nothing was begun yet."""
        return self.state == "Open"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written."""
        return self.state in _ENDED


class Ingest:
    """Creates, follows and reads jobs.

    Args:
        session: where to.
        deadline: how long a job is waited for.
        monotonic: the clock that the deadline runs on, in seconds.

    """

    def __init__(
        self,
        session: Session,
        *,
        deadline: timedelta = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._deadline = deadline.total_seconds()
        self._monotonic = monotonic

    def run(self, file: UploadFile, jobs: JobLog | None) -> tuple[Progress, Answers]:
        """Have *file* worked off; answer for every row that Salesforce answers for.

        Raises:
            TransientError: the job did not end in time, and may be resumed; or could not be begun.
            ProtocolError: the job is complete and looked at no row.

        """
        job = self._uploaded(file.body, jobs)
        file.body = b""  # it may be long until the job has ended
        self._begin(job, jobs)
        progress = self.wait(job, jobs)
        answers = self.answers(job, [update.account_id for update in file.updates])
        if progress.state == "JobComplete" and progress.processed == 0 and not answers:
            raise ProtocolError(
                f"Bulk job {job.job_id} is complete and wrote nothing, though it was sent"
                f" {len(file.updates)} accounts. Nothing more is sent."
            )
        return progress, answers

    def look(self, job: Job, *, patient: bool = True) -> Progress | None:
        """Ask how far *job* is; ``None`` when Salesforce knows no such job (any more)."""
        answer = self._call(job, "GET", "", "jobs/ingest/{id}", allow=_UNKNOWN, patient=patient)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, Mapping) else {}
        processed = data.get("numberRecordsProcessed")
        return Progress(
            str(data.get("state")),
            processed if isinstance(processed, int) else None,
            "LineEnding" in str(data.get("errorMessage")),
        )

    def abort(self, job: Job) -> bool:
        """Call *job* off; ``False`` when it is too late for that, or there is none."""
        answer = self._call(
            job,
            "PATCH",
            "",
            "jobs/ingest/{id}",
            json={"state": "Aborted"},
            allow=_NOT_NOW | _UNKNOWN,
        )
        return answer.status < HTTPStatus.MULTIPLE_CHOICES

    def wait(self, job: Job, jobs: JobLog | None) -> Progress:
        """Poll until *job* has ended; failed polls count for nothing but time.

        Raises:
            TransientError: it has not ended by the deadline.
            StoppedError: a stop was asked for meanwhile. The job goes on in both cases.

        """
        began, waited, wait = self._monotonic(), 0.0, FIRST_WAIT
        while max(self._monotonic() - began, waited) < self._deadline:
            if jobs is not None:
                jobs.waiting()
            self._session.pause(wait)
            waited += wait
            wait = min(wait * 2, LONGEST_WAIT)
            with contextlib.suppress(TransientError):
                progress = self.look(job, patient=False)
                if progress is None:
                    return Progress("Aborted")  # somebody deleted it; what it wrote stays
                if progress.ended:
                    return progress
        minutes = self._deadline / 60
        raise TransientError(
            f"Bulk job {job.job_id} has not ended after {minutes:g} minutes. It is remembered, and"
            " its results are fetched by the next run."
        )

    def answers(self, job: Job, account_ids: Collection[str]) -> Answers:
        """Fetch what became of accounts, by their long ids; those in no file have no answer.

        Rows come in any order, and a job that failed may have written some of them all the same.
        """
        asked = frozenset(account_ids)
        found: Answers = {}
        for name in _FILES:
            if len(found) == len(asked):
                break  # nothing can be in the other file
            # Once broken, a file is read anew from its beginning.
            found |= self._session.retrying(partial(self._read, job, name, asked))
        return found

    def _read(self, job: Job, name: str, asked: frozenset[str], _attempt: int) -> Answers:
        route = f"GET jobs/ingest/{{id}}/{name}"
        stream = self._session.stream(
            f"jobs/ingest/{job.job_id}/{name}",
            route=route,
            headers={"Accept": "text/csv"},
            allow=_NOT_NOW | _UNKNOWN,
            version=job.version,
        )
        if stream.status >= HTTPStatus.MULTIPLE_CHOICES:
            stream.close()
            return {}
        found: Answers = {}
        for record_id, error in results(stream, route):
            account_id = record_id if record_id in asked else to18(record_id)
            if account_id in asked:
                found[account_id] = complaint_in(error) if name == "failedResults" else None
        return found

    def _uploaded(self, body: bytes, jobs: JobLog | None) -> Job:
        """Create a job, have it remembered, give it its data.

        A job takes data once. Where an upload is refused, an earlier attempt whose answer was lost
        may have brought it; a new job costs two calls and leaves no doubt.
        """
        for _ in range(2):
            job = self._created()
            if jobs is not None:
                jobs.opened(job.text)
            try:
                answer = self._call(
                    job,
                    "PUT",
                    "/batches",
                    "jobs/ingest/{id}/batches",
                    data=body,
                    headers={"Content-Type": "text/csv; charset=UTF-8"},
                    allow=_NOT_NOW,
                )
            except ConnectorError:
                self._call_off(job, jobs)
                raise
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return job
            self._call_off(job, jobs)
        raise ProtocolError("Salesforce refused PUT jobs/ingest/{id}/batches twice.")

    def _created(self) -> Job:
        answer = self._session.call("POST", "jobs/ingest", route="POST jobs/ingest", json=_JOB)
        job_id = answer.data.get("id") if isinstance(answer.data, Mapping) else None
        if not isinstance(job_id, str) or not CODE.fullmatch(job_id):
            raise ProtocolError("Salesforce answered POST jobs/ingest without a job's id.")
        return Job(job_id, self._session.api_version)

    def _begin(self, job: Job, jobs: JobLog | None) -> None:
        """Say that the data is complete, which starts the job."""
        answer = self._call(
            job,
            "PATCH",
            "",
            "jobs/ingest/{id}",
            json={"state": "UploadComplete"},
            allow=_NOT_NOW,
            # the upload may have taken long, and a job that began is not stopped
            before=jobs.sending if jobs is not None else None,
        )
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        # Refused, as it is when an earlier attempt got through and only its answer was lost.
        progress = self.look(job)
        if progress is not None and progress.waiting_for_data:
            self._call_off(job, jobs)
            raise ProtocolError("Salesforce did not let a Bulk job begin.")

    def _call_off(self, job: Job, jobs: JobLog | None) -> None:
        """Abort a job that was not begun; one that cannot be reached stays remembered."""
        with contextlib.suppress(ConnectorError):
            self.abort(job)
            if jobs is not None:
                jobs.closed(job.text)

    def _call(self, job: Job, method: str, below: str, route: str, **options: Any) -> Answer:
        return self._session.call(
            method,
            f"jobs/ingest/{job.job_id}{below}",
            route=f"{method} {route}",
            version=job.version,
            **options,
        )
