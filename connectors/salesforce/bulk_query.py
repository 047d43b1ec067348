"""Large results: a job that Salesforce works off by itself, read as a stream of CSV.

However large the result, no more is held than what a thousand rows are read as. They come in no
order at all.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any, Generic, TypeVar

from connectors.answers import code
from connectors.errors import ConnectorError, ProtocolError, TransientError
from connectors.salesforce.session import Session
from connectors.salesforce.streaming import Chunked, Stream

CREATE_ROUTE = "POST jobs/query"
POLL_ROUTE = "GET jobs/query/{id}"
RESULT_ROUTE = "GET jobs/query/{id}/results"
ABORT_ROUTE = "PATCH jobs/query/{id}"
PAGE = 50_000  # rows of one result page
CHUNK = 1_000  # rows held at once
FIRST_WAIT, LONGEST_WAIT, GROWTH = 1.0, 30.0, 1.5  # seconds between looks at a job
DEADLINE = timedelta(hours=2)  # a slow part is tried 15 to 20 times before Salesforce gives up
_LAST = frozenset({"", "null"})  # what the locator says after the last page
_FIELD_LIMIT = 16 * 1024 * 1024
_NOT_READY = frozenset({HTTPStatus.PRECONDITION_FAILED})

T = TypeVar("T")
Row = list[str]
Reading = Callable[[Row], Callable[[Iterable[Row]], list[T]]]


class _CutError(Exception):
    """A page ended before it was whole."""


class _Page(Generic[T]):
    """One page of a result on its way: where it is, and what of it has been handed on."""

    def __init__(self, locator: str, reading: Reading[T]) -> None:
        self.locator = locator
        self.next_locator = ""
        self.rows: Iterator[Row] | None = None
        self.ended = False
        self._reading = reading
        self._read: Callable[[Iterable[Row]], list[T]] = lambda _rows: []
        self._stream: Stream | None = None
        self._columns = 0
        self._expected: int | None = None
        self._passed = 0
        self._seen: set[str] = set()

    def begin(self, stream: Stream) -> None:
        """Read from *stream*, from the header on."""
        number = stream.headers.get("Sforce-NumberOfRecords", "")
        self._expected = int(number) if number.isdecimal() else None
        self.next_locator = stream.headers.get("Sforce-Locator", "")
        self._stream, self.rows = stream, parsed(stream)
        header = next(self.rows, [])
        if not header:
            if self._expected != 0:
                raise _CutError
            return
        self._columns = len(header)
        self._read = self._reading(header)

    def drop(self) -> None:
        """Give the connection up; the page begins anew when it is read again."""
        if self._stream is not None:
            self._stream.close()
        self._stream = self.rows = None
        self._passed = 0

    def next_chunk(self) -> list[T]:
        """Read the next rows, leaving out those that were handed on before the page broke."""
        keys: list[str] = []
        before = self._passed
        found = self._read(self._fresh(keys))
        if self._passed - before < CHUNK:
            if self._expected is not None and self._passed < self._expected:
                raise _CutError
            self.ended = True
        self._seen.update(keys)
        return found

    def _fresh(self, keys: list[str]) -> Iterator[Row]:
        # One at a time, so that a row is read and let go while it is in the processor's cache.
        columns, seen = self._columns, self._seen
        passed = self._passed
        for row in islice(self.rows or (), CHUNK):
            passed += 1
            # The last row of a page that was cut may look whole, with an empty cell at its end.
            if len(row) != columns or not (key := row[-1]):
                raise _CutError
            if key not in seen:
                keys.append(key)
                yield row
        self._passed = passed


class BulkQuery:
    """One query job, from its making to its last row.

    Args:
        session: the line to the org.
        deadline: how long the job may take before it is called off.
        page: rows of one result page.
        monotonic: a clock, in seconds.

    """

    def __init__(
        self,
        session: Session,
        *,
        deadline: timedelta = DEADLINE,
        page: int = PAGE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._deadline = deadline.total_seconds()
        self._page = page
        self._monotonic = monotonic

    def run(self, statement: str, reading: Reading[T]) -> Iterator[list[T]]:
        """Yield what the rows of the result are read as; nothing while Salesforce is at work.

        Args:
            statement: the query. Its fields are the columns of the result, and the last of them
                is never empty and tells rows apart.
            reading: given the header, answers with what reads rows.

        Raises:
            TransientError: the job failed, was called off, or took too long.
            ConnectorError: as any call.

        """
        job = self._create(statement)
        for _ in self._until_done(job):
            yield []
        locator, seen = "", {""}
        while True:
            page: _Page[T] = _Page(locator, reading)
            try:
                while not page.ended:
                    yield self._session.retrying(lambda _n, page=page: self._chunk(job, page))  # type: ignore[misc] # mypy cannot infer a lambda with a default
            finally:
                page.drop()
            locator = page.next_locator
            if locator in _LAST:
                return
            if locator in seen:
                raise ProtocolError(f"Salesforce repeated a locator of {RESULT_ROUTE}.")
            seen.add(locator)

    def _create(self, statement: str) -> str:
        body = {
            "operation": "query",
            "query": statement,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        data = self._session.call("POST", "jobs/query", route=CREATE_ROUTE, json=body).data
        job = data.get("id") if isinstance(data, dict) else None
        if not isinstance(job, str) or not job.isalnum():
            raise ProtocolError(f"Salesforce answered {CREATE_ROUTE} without a job.")
        return job

    def _until_done(self, job: str) -> Iterator[None]:
        """Wait for the job; yields before each wait."""
        began, waited, wait = self._monotonic(), 0.0, FIRST_WAIT
        while True:
            yield
            spent = max(waited, self._monotonic() - began)
            if spent >= self._deadline:
                self._abort(job)
                raise TransientError(
                    f"Salesforce did not finish query job {job} in"
                    f" {self._deadline / 60:.0f} minutes, so it was called off."
                )
            self._session.pause(wait)
            waited += wait
            wait = min(wait * GROWTH, LONGEST_WAIT)
            if self._is_done(job):
                return

    def _is_done(self, job: str) -> bool:
        gone = frozenset({HTTPStatus.NOT_FOUND})
        try:
            answer = self._session.call("GET", f"jobs/query/{job}", route=POLL_ROUTE, allow=gone)
        except TransientError:
            return False  # a look that failed says nothing about the job
        if answer.status == HTTPStatus.NOT_FOUND:
            raise TransientError(f"Query job {job} is gone: somebody deleted it, or it expired.")
        data: Any = answer.data if isinstance(answer.data, dict) else {}
        state = data.get("state")
        if state in {"Failed", "Aborted"}:
            # The message quotes the query and sometimes values; what it begins with is a code.
            said = code(str(data.get("errorMessage") or "").partition(":")[0].strip())
            detail = f" ({said})" if said else ""
            raise TransientError(f"Query job {job} ended as {str(state).lower()}{detail}.")
        return bool(state == "JobComplete")

    def _abort(self, job: str) -> None:
        try:
            self._session.call(
                "PATCH",
                f"jobs/query/{job}",
                route=ABORT_ROUTE,
                json={"state": "Aborted"},
                patient=False,
            )
        except ConnectorError:
            return  # it may have ended by itself; the results expire in any case

    def _chunk(self, job: str, page: _Page[T]) -> list[T]:
        """Read the next rows of a page, which is opened when it is not."""
        try:
            if page.rows is None:
                self._open(job, page)
            found = page.next_chunk()
        except ConnectorError:
            page.drop()
            raise
        except (csv.Error, _CutError):
            page.drop()
        else:
            return found
        raise TransientError(f"{RESULT_ROUTE}: a page was cut short.")

    def _open(self, job: str, page: _Page[T]) -> None:
        params = {"maxRecords": str(self._page)}
        if page.locator:
            params["locator"] = page.locator
        stream = self._session.stream(
            f"jobs/query/{job}/results",
            route=RESULT_ROUTE,
            params=params,
            headers={"Accept": "text/csv"},
            allow=_NOT_READY,
        )
        if stream.status in {HTTPStatus.NO_CONTENT, HTTPStatus.PRECONDITION_FAILED}:
            stream.close()
            raise TransientError(f"{RESULT_ROUTE}: the result is not ready yet.")
        page.begin(stream)


def calls_of_a_job(rows: int) -> int:
    """Estimate the calls that a result of so many rows takes."""
    looks = 4 + rows // 250_000  # Salesforce works through the table in parts of that size
    return 1 + looks + -(-rows // PAGE)


def parsed(stream: Chunked) -> Iterator[list[str]]:
    """Read a stream of CSV row by row.

    The text is UTF-8 whatever the charset of the answer is said to be, cells hold line breaks, and
    null characters that some tool once stored are dropped.
    """
    if csv.field_size_limit() < _FIELD_LIMIT:
        csv.field_size_limit(_FIELD_LIMIT)
    buffered = io.BufferedReader(_Body(stream), 1 << 17)
    text = io.TextIOWrapper(buffered, encoding="utf-8", errors="replace", newline="")
    return csv.reader(text, strict=True)


class _Body(io.RawIOBase):
    """A stream as a file that can be read once."""

    def __init__(self, stream: Chunked) -> None:
        self._stream = stream
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill *buffer* with what is next; 0 at the end."""
        while not self._rest:
            chunk = self._stream.read_chunk()
            if not chunk:
                return 0
            self._rest = memoryview(chunk.replace(b"\0", b""))
        part = self._rest[: len(buffer)]
        buffer[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)
