"""What query jobs and ingest jobs have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.clock import iso_ms
from sandbox.salesforce.errors import ApiError

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
DONE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
ENDED: Final = frozenset({DONE, FAILED, ABORTED})

DELIMITERS: Final = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
NEWLINES: Final = {"LF": "\n", "CRLF": "\r\n"}


def invalid_job(message: str) -> ApiError:
    """400: the job cannot be made, or not be used like this."""
    return ApiError(400, "INVALIDJOB", message)


def wrong_state(message: str) -> ApiError:
    """400: the job is not in a state for this."""
    return ApiError(400, "INVALIDJOBSTATE", message)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the CSV of a job is written."""

    delimiter: str
    newline: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Spelling:
        """Read ``columnDelimiter`` and ``lineEnding``, and refuse other content than CSV.

        Raises:
            ApiError: ``INVALIDJOB``.
        """
        delimiter = body.get("columnDelimiter") or "COMMA"
        newline = body.get("lineEnding") or "LF"
        if body.get("contentType") not in {None, "CSV"}:
            raise invalid_job(f"Unsupported content type: {body['contentType']}")
        if delimiter not in DELIMITERS:
            raise invalid_job(f"Unsupported column delimiter: {delimiter}")
        if newline not in NEWLINES:
            raise invalid_job(f"Unsupported line ending: {newline}")
        return cls(delimiter, newline)


class Job:
    """One job; its state moves with the monotonic clock, whoever asks."""

    kind = ""

    def __init__(self, org: Org, user_id: str, version: str, spelling: Spelling) -> None:
        self.org = org
        self.id = org.new_id("Job")
        self.user_id = user_id
        self.version = version
        self.spelling = spelling
        self.state = OPEN
        self.operation = ""
        self.object = ""
        self.error = ""
        self.stuck = False
        self.created_ms = self.modified_ms = org.now_ms()
        self._queue_s = org.behaviour.bulk_queue_ms / 1000
        self._row_s = org.behaviour.bulk_ms_per_1000 / 1_000_000
        self._queued_at = 0.0
        self._started_at = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in ENDED

    def enter(self, state: str) -> None:
        """Go over to *state*."""
        self.state = state
        self.modified_ms = self.org.now_ms()

    def fail(self, message: str) -> None:
        """End badly."""
        self.error = message
        self.enter(FAILED)

    def abort(self) -> None:
        """End on demand.

        Raises:
            ApiError: it has ended already.
        """
        if self.ended:
            name = "Completed" if self.state == DONE else self.state
            raise wrong_state(f"Aborting already {name} Job not allowed")
        self.enter(ABORTED)

    def advance(self, now: float) -> None:
        """Do all that is due at monotonic *now*."""
        if self.state == UPLOADED and now >= self._queued_at + self._queue_s:
            self._started_at = self._queued_at + self._queue_s
            self.enter(RUNNING)
            self.begin()
        if self.state == RUNNING and not self.stuck:
            self.work(now - self._started_at)

    def queue(self, now: float) -> None:
        """Wait for a turn."""
        self._queued_at = now
        self.enter(UPLOADED)

    def begin(self) -> None:
        """The turn has come."""
        raise NotImplementedError

    def work(self, seconds: float) -> None:
        """Have done what can be done in *seconds* since the beginning."""
        raise NotImplementedError

    def rows_in(self, seconds: float) -> float:
        """How many rows are dealt with in *seconds*."""
        return seconds / self._row_s if self._row_s else float("inf")

    def summary(self) -> dict[str, Any]:
        """What every answer about the job says of it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": _moment(self.created_ms),
            "systemModstamp": _moment(self.modified_ms),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version.removeprefix("v")),
        }

    def spelled(self) -> dict[str, Any]:
        """How its CSV is written, as answers say it."""
        return {"lineEnding": self.spelling.newline, "columnDelimiter": self.spelling.delimiter}

    def details(self) -> dict[str, Any]:
        """All that can be known of it."""
        raise NotImplementedError


def _moment(milliseconds: int) -> str:
    return f"{iso_ms(milliseconds)[:-1]}+0000"
