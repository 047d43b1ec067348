"""A small org behind a real HTTP server: it stores what it is sent and fails as it is told to.

It judges a record by one rule whichever way the record comes, so that what differs between the ways
is the connector's doing.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.records import FieldDescription, FieldKind, Option
from connectors.retrying import RetryPolicy
from connectors.salesforce.auth import ClientCredentials
from connectors.salesforce.ids import to18
from connectors.salesforce.session import Session, make_limiter
from connectors.salesforce.writing import Writer

SECRET = "Planted Customer Ltd"  # noqa: S105 - planted, to be looked for in messages
ROOT = "/services/data/v66.0/"
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


@dataclass(frozen=True)
class Reply:
    """One answer; *ending* says how the connection behaves: whole, cut, or reset."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: str = "whole"


@dataclass(frozen=True)
class Request:
    """One request as it came; *path* is below the API's root."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def route(self) -> str:
        """Method and path, job ids left out."""
        parts = ["*" if part.startswith("750") else part for part in self.path.split("/")]
        return f"{self.method} {'/'.join(parts)}"


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


class Patience:
    """A clock that passes only in waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += seconds


class Org:
    """What is stored and how it fails; each attribute may be replaced by a test."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.accounts: dict[str, dict[str, Any]] = {}
        self.rule: Callable[[str, Mapping[str, Any]], Error | None] = lambda _id, _fields: None
        self.traces: dict[str, dict[str, Any]] = {}  # what queryAll knows of ids
        self.jobs: dict[str, StoredJob] = {}
        self.polls_needed = 1
        self.ends_as = "JobComplete"
        self.works_off = 1.0  # share of the rows that a job gets to
        self.faults: list[tuple[str, Reply, bool]] = []  # route, reply, whether it is done first
        self.intercept: Callable[[Request], Reply | None] = lambda _request: None
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

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        self.requests.append(request)
        if request.path == "/services/oauth2/token":
            return Reply(200, {"access_token": self.token, "instance_url": self.url})
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

    def _carry_out(self, request: Request) -> Reply:
        if request.route == "PATCH composite/sobjects":
            return self._collections(request)
        if request.route == "POST jobs/ingest":
            job = StoredJob(f"750A0000{len(self.jobs):07d}AAA")
            self.jobs[job.job_id] = job
            return Reply(200, {"id": job.job_id, "state": "Open"})
        if request.route == "GET queryAll":
            records = [
                {"Id": key, **trace}
                for key, trace in self.traces.items()
                if f"'{key}'" in request.query["q"][0]
            ]
            return Reply(200, {"done": True, "records": records})
        parts = request.path.split("/")
        found = self.jobs.get(parts[2]) if parts[:2] == ["jobs", "ingest"] else None
        if found is None:
            return Reply(404, [error_of("NOT_FOUND", "The requested resource does not exist")])
        return self._job(found, request, "/".join(parts[3:]))

    def _collections(self, request: Request) -> Reply:
        records = request.json["records"]
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

    def _job(self, job: StoredJob, request: Request, below: str) -> Reply:
        if request.method == "PUT":
            if job.data is not None:
                return Reply(400, [error_of("INVALIDJOBSTATE", "Found multiple contents")])
            job.data = request.body
            return Reply(201)
        if request.method == "PATCH":
            return self._patched(job, request.json["state"])
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


@contextlib.contextmanager
def serving() -> Iterator[Callable[[], Org]]:
    """Serve until the block ends; each call begins anew with an empty org."""
    current = [Org()]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            path = parts.path.removeprefix(ROOT)
            query = parse_qs(parts.query)
            self.send(
                current[0].answer(Request(self.command, path, query, dict(self.headers), raw))
            )

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815 - the base class's names

        def send(self, reply: Reply) -> None:
            if reply.ending == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
                return
            raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if reply.ending == "cut" else raw)
            self.close_connection = reply.ending == "cut"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()

        def begin() -> Org:
            current[0] = Org()
            current[0].url = f"http://127.0.0.1:{server.server_address[1]}"
            return current[0]

        try:
            yield begin
        finally:
            server.shutdown()
            thread.join()


def session_on(org: Org, patience: Patience | None = None) -> Session:
    """Open a session on *org* that waits only in *patience*."""
    clock = patience or Patience()
    return Session(
        ClientCredentials(org.url, "app", "app-secret"),
        api_origin=org.url,
        retry=RetryPolicy(attempts=3),
        pause=clock.wait,
        limiter=make_limiter(daily_share=1.0, monotonic=clock, pause=clock.wait),
        timeout=(5.0, 5.0),
    )


def writer_on(org: Org, patience: Patience | None = None, **options: Any) -> Writer:
    """Open a writer on *org*, by jobs from 10 updates on."""
    clock = patience or Patience()
    defaults: dict[str, Any] = {"bulk_threshold": 10, "monotonic": clock}
    return Writer(session_on(org, clock), lambda: DESCRIBED, **(defaults | options))


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
