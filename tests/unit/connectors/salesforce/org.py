"""A small org behind a real HTTP server: it stores what it is sent and fails as it is told to.

It judges a record by one rule whichever way the record comes, so that what differs between the ways
is the connector's doing.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.records import FieldDescription, FieldKind, Option
from connectors.salesforce.ids import to18
from connectors.salesforce.writing import Writer
from tests.support.wire import Patience, Reply, Request, Wire
from tests.unit.connectors.salesforce.wire import SECRET, session_on

PATIENT = (30.0, 30.0)  # seconds: a busy machine is not what is tested
_VERSION = re.compile(r"^/services/data/v[0-9.]+/")
__all__ = ["SECRET", "Patience", "Reply"]
KINDS = {
    "Tier__c": FieldKind.CHOICE,
    "Codes__c": FieldKind.CHOICES,
    "Score__c": FieldKind.NUMBER,
    "Reason__c": FieldKind.TEXT,
    "Flag__c": FieldKind.BOOLEAN,
    "Day__c": FieldKind.DATE,
}
DESCRIBED = {
    name: FieldDescription(
        name=name,
        label=name,
        kind=kind,
        writable=True,
        scale=0 if kind is FieldKind.NUMBER else None,
        options=(Option("tier_1", "Tier 1"),) if kind is FieldKind.CHOICE else (),
    )
    for name, kind in KINDS.items()
}

Error = tuple[str, str, list[str]]  # code, message, fields
LOCK: Error = ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record: 1", [])
DELETED: Error = ("ENTITY_IS_DELETED", "entity is deleted", [])


def account_id(number: int) -> str:
    """The long id of the account of this number."""
    return to18(f"001A0000{number:07d}") or ""


class Locks:
    """A rule that locks some accounts for their first few tries."""

    def __init__(self, tries: Mapping[str, int], error: Error = LOCK) -> None:
        self.left = dict(tries)
        self.error = error

    def __call__(self, key: str, _fields: Mapping[str, Any]) -> Error | None:
        """Refuse an account that is still locked."""
        self.left[key] = self.left.get(key, 0) - 1
        return self.error if self.left[key] >= 0 else None


class Seen(Request):
    """One request as it came, told by where it went."""

    @property
    def route(self) -> str:
        """Method and path below the API's root, job ids left out."""
        path = _VERSION.sub("", urlsplit(self.path).path)
        parts = ["*" if part.startswith("750") else part for part in path.split("/")]
        return f"{self.method} {'/'.join(parts)}"

    @property
    def job_id(self) -> str:
        """The job that it is about, or nothing."""
        parts = _VERSION.sub("", self.path).split("/")
        return parts[2] if parts[:2] == ["jobs", "ingest"] and len(parts) > 2 else ""


@dataclass
class StoredJob:
    """One ingest job; *stuck*: it never ends by itself."""

    job_id: str
    state: str = "Open"
    data: bytes | None = None
    polls: int = 0
    stuck: bool = False
    error: str = ""
    succeeded: list[dict[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    processed: int = 0


class Org:
    """What is stored and how it fails; each attribute may be replaced by a test."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        wire.respond = self._answer
        self.requests: list[Seen] = []
        self.accounts: dict[str, dict[str, Any]] = {}
        self.rule: Callable[[str, Mapping[str, Any]], Error | None] = lambda _id, _fields: None
        self.traces: dict[str, dict[str, Any]] = {}  # what queryAll knows of ids
        self.jobs: dict[str, StoredJob] = {}
        self.polls_needed = 1
        self.ends_as = "JobComplete"
        self.works_off = 1.0  # share of the rows that a job gets to
        self.faults: list[tuple[str, Reply, bool]] = []  # route, reply, whether it is done first
        self.intercept: Callable[[Seen], Reply | None] = lambda _request: None
        self.token = "token-1"  # noqa: S105 - made up
        self.columns = {*KINDS, "Id"}
        self.refuses_line_feeds = False
        self.random = random.Random(7)  # noqa: S311 - repeatable on purpose

    def fail(self, route: str, *replies: Reply, after: bool = False) -> None:
        """Answer the next calls of *route* otherwise; *after* they were carried out."""
        self.faults += [(route, reply, after) for reply in replies]

    def routes(self) -> list[str]:
        """The calls so far, in order, logging in left out."""
        return [request.route for request in self.requests if "oauth2" not in request.path]

    def _answer(self, came: Request) -> Reply:
        request = Seen(came.method, came.path, came.headers, came.body, came.raw)
        self.requests.append(request)
        if request.path == "/services/oauth2/token":
            return Reply(200, {"access_token": self.token, "instance_url": self.wire.url})
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(401, [error_of("INVALID_SESSION_ID", "Session expired or invalid")])
        if (instead := self.intercept(request)) is not None:
            return instead
        for place, (route, reply, after) in enumerate(self.faults):
            if route == request.route:
                del self.faults[place]
                if after:
                    self._carry_out(request)
                return reply
        return self._carry_out(request)

    def _carry_out(self, request: Seen) -> Reply:
        if request.route == "PATCH composite/sobjects":
            return self._collections(request)
        if request.route == "POST jobs/ingest":
            return Reply(200, {"id": self.new_job().job_id, "state": "Open"})
        if request.route == "GET queryAll":
            records = [
                {"Id": key, **trace}
                for key, trace in self.traces.items()
                if f"'{key}'" in request.query["q"]
            ]
            return Reply(200, {"done": True, "records": records})
        found = self.jobs.get(request.job_id)
        if found is None:
            return Reply(404, [error_of("NOT_FOUND", "The requested resource does not exist")])
        return self._job(found, request, request.route.partition("*")[2].removeprefix("/"))

    def new_job(self) -> StoredJob:
        """Make a job that waits for its data."""
        job = StoredJob(f"750A0000{len(self.jobs):07d}AAA")
        self.jobs[job.job_id] = job
        return job

    def _collections(self, request: Seen) -> Reply:
        records = request.body["records"]
        assert len(records) <= 200
        assert len({record["id"] for record in records}) == len(records)
        for record in records:
            for name in record.keys() - {"attributes", "id"}:
                if name not in self.columns:
                    text = f"No such column '{name}' on sobject of type Account"
                    return Reply(400, [error_of("INVALID_FIELD", text)])
        return Reply(200, [self._collected(record) for record in records])

    def _collected(self, record: dict[str, Any]) -> dict[str, Any]:
        values = {name: record[name] for name in record.keys() - {"attributes", "id"}}
        error = self._stored(record["id"], values)
        if error is None:
            return {"id": record["id"], "success": True, "errors": []}
        code, message, fields = error
        return {
            "success": False,
            "errors": [{"statusCode": code, "message": message, "fields": fields}],
        }

    def _stored(self, key: str, values: Mapping[str, Any]) -> Error | None:
        error = self.rule(key, values)
        if error is None:
            account = self.accounts.setdefault(key, {})
            account |= {name: text_of(value) for name, value in values.items()}
        return error

    def _job(self, job: StoredJob, request: Seen, below: str) -> Reply:
        if request.method == "PUT":
            if job.data is not None:
                return Reply(400, [error_of("INVALIDJOBSTATE", "Found multiple contents")])
            job.data = request.raw
            return Reply(201)
        if request.method == "PATCH":
            return self._patched(job, request.body["state"])
        if below == "":
            return self._polled(job)
        if job.state in {"Open", "UploadComplete", "InProgress"}:
            return Reply(400, [error_of("INVALIDJOBSTATE", "not ended")])
        return Reply(200, self._file(job, below), {"Content-Type": "text/csv"})

    def _patched(self, job: StoredJob, state: str) -> Reply:
        if state == "Aborted" and job.state in {"Open", "UploadComplete", "InProgress"}:
            job.state = "Aborted"
        elif state == "UploadComplete" and job.state == "Open" and job.data is not None:
            job.state = "UploadComplete"
        else:
            return Reply(400, [error_of("INVALIDJOBSTATE", f"job is {job.state}")])
        return Reply(200, {"id": job.job_id, "state": job.state})

    def _polled(self, job: StoredJob) -> Reply:
        if job.state in {"UploadComplete", "InProgress"}:
            job.polls += 1
            job.state = "InProgress"
            if job.polls >= self.polls_needed and not job.stuck:
                self.work_off(job)
        body = {"id": job.job_id, "state": job.state, "errorMessage": job.error}
        return Reply(
            200,
            body
            | {"numberRecordsProcessed": job.processed, "numberRecordsFailed": len(job.failed)},
        )

    def work_off(self, job: StoredJob) -> None:
        """Write the rows of a job, as many as it gets to."""
        assert job.data is not None
        text = job.data.decode()
        job.state = self.ends_as
        table = list(csv.DictReader(io.StringIO(text, newline="")))
        unheard = [name for name in table[0] if name not in self.columns]
        if unheard:
            job.state, job.error = "Failed", f"InvalidBatch : Field name not found : {unheard[0]}"
            return
        feeds = text.count("\n") != len(table) + 1
        if "\r" in text or (self.refuses_line_feeds and feeds):
            job.state = "Failed"
            job.error = "ClientInputError : LineEnding is invalid on user data."
            return
        for row in table[: round(self.works_off * len(table))]:
            job.processed += 1
            values = {
                name: None if cell == "#N/A" else cell
                for name, cell in row.items()
                if name != "Id" and cell
            }
            error = self._stored(row["Id"], values)
            if error is None:
                job.succeeded.append(row)
            else:
                code, message, fields = error
                job.failed.append((row["Id"], f"{code}:{message}:{' '.join(fields)} --"))

    def _file(self, job: StoredJob, name: str) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        extra = 'two\nlines, \u00e9\u4e2d "quoted"'
        if name == "successfulResults":
            writer.writerow(["sf__Id", "sf__Created", "Id", "Reason__c"])
            found = [[row["Id"], "false", row["Id"], extra] for row in job.succeeded]
        else:
            writer.writerow(["sf__Id", "sf__Error", "Reason__c"])
            found = [[key, error, extra] for key, error in job.failed]
        self.random.shuffle(found)
        writer.writerows(found)
        return text.getvalue().encode()


def text_of(value: Any) -> str:
    """What is stored of a value, whether it came as JSON or as a cell; empty for null."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def error_of(code: str, message: str) -> dict[str, Any]:
    """One error of an answer that is not a success."""
    return {"errorCode": code, "message": message}


def writer_on(org: Org, patience: Patience | None = None, **options: Any) -> Writer:
    """Open a writer on *org*, by jobs from 10 updates on."""
    clock = patience or Patience()
    defaults: dict[str, Any] = {"bulk_threshold": 10, "monotonic": clock}
    return Writer(
        session_on(org.wire, clock, timeout=PATIENT), lambda: DESCRIBED, **(defaults | options)
    )


class Log:
    """A job log that remembers everything it was told."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.told: list[str] = []
        self.on_opened: Callable[[], None] = lambda: None

    def opened(self, job: str) -> None:
        """Remember a job."""
        self.told.append("opened")
        self.open.append(job)
        self.on_opened()

    def closed(self, job: str) -> None:
        """Forget a job."""
        self.told.append("closed")
        self.open.remove(job)

    def waiting(self) -> None:
        """Note a wait."""
        self.told.append("waiting")

    def sending(self) -> None:
        """Note a request."""
        self.told.append("sending")
