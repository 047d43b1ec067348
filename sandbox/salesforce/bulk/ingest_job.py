"""An upload that is written to the records in chunks of 200, as time passes.

What was written before a job is aborted, or fails, stays written.
"""

from __future__ import annotations

import contextlib
import random
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sandbox.salesforce import records
from sandbox.salesforce.bulk.csv_text import Upload, UploadError, read_upload, write_rows
from sandbox.salesforce.bulk.job import (
    DELIMITERS,
    DONE,
    FAILED,
    NEWLINES,
    OPEN,
    Job,
    Spelling,
    invalid_job,
    wrong_state,
)
from sandbox.salesforce.bulk.row_writing import RowWriter
from sandbox.salesforce.errors import RecordError

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

CHUNK: Final = 200  # rows that run together
BATCH: Final = 10_000  # rows that are planned together; their chunks run side by side
LARGEST_UPLOAD: Final = 100 * 1024 * 1024

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Order:
    """What the rows of an upload are for."""

    operation: str
    object: str
    external_id: str | None = None
    assignment_rule: str | None = None


@dataclass(slots=True)
class _Results:
    """Row numbers with what became of them."""

    written: list[tuple[int, str, bool]] = field(default_factory=list)  # id, created
    refused: list[tuple[int, str, RecordError]] = field(default_factory=list)


class IngestJob(Job):
    """``operation`` is insert, update, upsert or delete."""

    kind = "V2Ingest"

    def __init__(
        self, org: Org, user_id: str, version: str, spelling: Spelling, order: Order
    ) -> None:
        """An open job without content."""
        super().__init__(org, user_id, version, spelling)
        self.operation = order.operation
        self.object = order.object
        self.order = order
        self.fails_midway = False
        self._data: bytes | None = None
        self._upload = Upload([], [])
        self._results = _Results()
        self._files: dict[str, bytes] = {}  # packed, once the job has ended
        self._processed = self._failed = 0
        self._writer: RowWriter | None = None
        self._next = 0  # the first row that nothing was done with
        self._colliding: frozenset[int] = frozenset()

    # -- states ----------------------------------------------------------------------------------

    def upload(self, data: bytes) -> None:
        """Take the content: once, while the job is open.

        Raises:
            ApiError: a second time, too late or too much.
        """
        if self.state != OPEN:
            raise wrong_state(f"Uploading to a job in state {self.state} is not allowed")
        if self._data is not None:
            raise self._second_upload()
        if len(data) > LARGEST_UPLOAD:
            raise invalid_job(f"The upload exceeds the limit of {LARGEST_UPLOAD} bytes")
        self._data = data

    def close(self, now: float) -> None:
        """Begin to wait: nothing can be uploaded any more.

        Raises:
            ApiError: it is closed already, or has no content.
        """
        if self.state != OPEN:
            name = "Completed" if self.state == DONE else self.state
            raise wrong_state(f"Closing already {name} Job not allowed")
        if self._data is None:
            raise invalid_job(f"No content was uploaded for job: <{self.id}>")
        self.queue(now)

    def abort(self) -> None:
        """End on demand; what was uploaded can still be asked for."""
        if not self.ended:
            with contextlib.suppress(UploadError):
                self._read()
        super().abort()

    def enter(self, state: str) -> None:
        """Go over to *state*; at the end the rows are packed, for there may be many jobs."""
        super().enter(state)
        if self.ended:
            for which in ("successful", "failed", "unprocessed"):
                self._files[which] = zlib.compress(self._file(which), 1)
            self._upload, self._results, self._writer = Upload([], []), _Results(), None
            self._data = None

    def begin(self) -> None:
        """Look at the upload as a whole."""
        try:
            self._read()
            self._writer = RowWriter(self.org, self.user_id, self.order, self._upload.header)
        except UploadError as problem:
            self.fail(str(problem))
            return
        batches = -(-len(self._upload.rows) // BATCH)
        self.org.limits.bulk_batches_used += batches

    def _read(self) -> None:
        if self._data is None or self._upload.header:
            return
        delimiter, newline = DELIMITERS[self.spelling.delimiter], NEWLINES[self.spelling.newline]
        strict = self.org.behaviour.embedded_newlines_fail
        self._upload = read_upload(self._data, delimiter, newline, strict=strict)
        self._data = b""

    def work(self, seconds: float) -> None:
        """Write whole chunks as far as the time allows."""
        rows = len(self._upload.rows)
        due = min(self.rows_in(seconds), rows)
        stop = rows // 2 if self.fails_midway else rows
        while self._next < stop and min(self._next + CHUNK, stop) <= due:
            self._write_chunk(min(self._next + CHUNK, stop))
        if self._next < stop:
            return
        if self.fails_midway:
            self.fail("InternalServerError : The batch was retried more than 20 times.")
        else:
            self.enter(DONE)

    def _write_chunk(self, end: int) -> None:
        org, writer = self.org, self._writer
        assert writer is not None  # noqa: S101 - begin() made it
        if self._next % BATCH == 0:
            self._colliding = self._collisions(self._next)
        ctx = records.context(org, auto_assign=self.order.assignment_rule is not None)
        chance = org.behaviour.fail_rows
        for number in range(self._next, end):
            row = self._upload.rows[number]
            try:
                if number in self._colliding:
                    raise _locked(writer.id_of(row))
                if chance and org.chooser.random() < chance:
                    raise _refused_by_chance()
                record_id, created = writer.write(row, ctx)
            except RecordError as problem:
                self._results.refused.append((number, writer.id_of(row), problem))
            else:
                self._results.written.append((number, record_id, created))
        self._next = end
        self._processed = len(self._results.written) + len(self._results.refused)
        self._failed = len(self._results.refused)
        self.modified_ms = org.now_ms()

    def _collisions(self, start: int) -> frozenset[int]:
        """Rows that find their parent locked by another chunk of the batch."""
        writer = self._writer
        if writer is None or not self.org.behaviour.lock_parallel_chunks:
            return frozenset()
        holders: dict[str, int] = {}
        found = set()
        for number in range(start, min(start + BATCH, len(self._upload.rows))):
            parent = writer.lock_of(self._upload.rows[number])
            if parent and holders.setdefault(parent, number // CHUNK) != number // CHUNK:
                found.add(number)
        return frozenset(found)

    # -- answers ---------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """The usual, and where to upload while that is possible."""
        found = super().summary()
        if self.order.external_id:
            found["externalIdFieldName"] = self.order.external_id
        if self.order.assignment_rule:
            found["assignmentRuleId"] = self.order.assignment_rule
        return found

    def opened(self) -> dict[str, Any]:
        """The answer to the job's creation."""
        url = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        return {**self.summary(), "contentUrl": url, **self.spelled()}

    def details(self) -> dict[str, Any]:
        """All that can be known of it."""
        found: dict[str, Any] = {**self.summary(), "jobType": self.kind, **self.spelled()}
        if self.state == OPEN:
            found["contentUrl"] = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        milliseconds = round(self._processed * self._row_s * 1000)
        found |= {
            "numberRecordsProcessed": self._processed,
            "numberRecordsFailed": self._failed,
            "retries": 20 if self.state == FAILED and self._next else 0,
            "totalProcessingTime": milliseconds,
            "apiActiveProcessingTime": milliseconds,
            "apexProcessingTime": 0,
        }
        if self.error:
            found["errorMessage"] = self.error
        return found

    def results(self, which: str) -> bytes:
        """A file of results: ``successful``, ``failed`` or ``unprocessed``.

        Raises:
            ApiError: the job has not ended.
        """
        if not self.ended:
            raise wrong_state(f"Results of a job in state {self.state} are not available yet")
        return zlib.decompress(self._files[which])

    def _file(self, which: str) -> bytes:
        rows = self._upload.rows
        header = self._upload.header
        delimiter, newline = DELIMITERS[self.spelling.delimiter], NEWLINES[self.spelling.newline]
        match which:
            case "successful":
                header = ["sf__Id", "sf__Created", *header]
                found = [
                    [record_id, "true" if created else "false", *rows[number]]
                    for number, record_id, created in self._shuffled(self._results.written)
                ]
            case "failed":
                header = ["sf__Id", "sf__Error", *header]
                found = [
                    [record_id, problem.as_csv(), *rows[number]]
                    for number, record_id, problem in self._shuffled(self._results.refused)
                ]
            case _:
                found = rows[self._next :]
        return write_rows(header, found, delimiter, newline)

    def _shuffled(self, found: list[_Row]) -> list[_Row]:
        """*found* in an order of Salesforce's own, the same each time."""
        if not self.org.behaviour.shuffle_results:
            return found
        mixed = list(found)
        random.Random(f"{self.org.seed}:{self.id}").shuffle(mixed)  # noqa: S311 - reproducible
        return mixed

    def _second_upload(self) -> Exception:
        return invalid_job(
            f"Found multiple contents for job: <{self.id}>, please 'Close' / 'Abort' / 'Delete' "
            "the current Job then create a new Job and make sure you only do 'PUT' once on a given "
            "Job."
        )


def _locked(record_id: str) -> RecordError:
    message = f"unable to obtain exclusive access to this record or {CHUNK} records: {record_id}"
    return RecordError("UNABLE_TO_LOCK_ROW", message)


def _refused_by_chance() -> RecordError:
    return RecordError(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION", "The sandbox refuses this row by chance"
    )
