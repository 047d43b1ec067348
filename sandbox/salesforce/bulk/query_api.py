"""``jobs/query``: queries that run by themselves, and their results as CSV."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

from sandbox.gateway import Call, Reply
from sandbox.salesforce.bulk.job import DONE, ENDED, RUNNING, Spelling, invalid_job, wrong_state
from sandbox.salesforce.bulk.listing import job_list, json_object
from sandbox.salesforce.bulk.query_job import QueryJob, locator_of, start_of
from sandbox.salesforce.errors import JSON_TYPE, ApiError
from sandbox.salesforce.routing import Route

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_CSV: Final = b"text/csv"  # without a charset, as the real one
_PARALLEL: Final = 5  # pages that are named at once
_JOB: Final = "/services/data/{version}/jobs/query"


def create(org: Org, call: Call) -> Reply:
    """``POST /jobs/query``."""
    body = json_object(call)
    operation = body.get("operation")
    if operation not in {"query", "queryAll"}:
        raise invalid_job(f"Unsupported operation for a query job: {operation}")
    text = body.get("query")
    if not isinstance(text, str):
        raise invalid_job("A query is required for a query job")
    limits = org.limits
    if limits.enforce and limits.bulk_query_jobs_used >= limits.bulk_query_jobs:
        message = f"Max bulk v2 query jobs ({limits.bulk_query_jobs}) per 24 hrs has been reached"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    job = QueryJob(org, call.user, call.version, Spelling.parse(body), str(operation), text)
    limits.bulk_query_jobs_used += 1
    org.jobs.add(job)
    job.queue(org.jobs.now())
    return _json({**job.summary(), **job.spelled()})


def all_jobs(org: Org, call: Call) -> Reply:
    """``GET /jobs/query``."""
    return _json(job_list(call, org.jobs.of(QueryJob)))


def one(org: Org, call: Call) -> Reply:
    """``GET /jobs/query/{job}``."""
    return _json(_job(org, call).details())


def change(org: Org, call: Call) -> Reply:
    """``PATCH /jobs/query/{job}``: only to abort it."""
    job = _job(org, call)
    state = json_object(call).get("state")
    if state != "Aborted":
        raise wrong_state(f"A query job cannot be set to {state}")
    job.abort()
    return _json({**job.summary(), **job.spelled()})


def delete(org: Org, call: Call) -> Reply:
    """``DELETE /jobs/query/{job}``."""
    job = _job(org, call)
    if job.state == RUNNING:
        raise wrong_state("Deleting InProgress Job not allowed")
    org.jobs.remove(job)
    return Reply(204)


def results(org: Org, call: Call) -> Reply:
    """``GET /jobs/query/{job}/results``: one page of CSV."""
    job = _job(org, call)
    if call.version != job.version:
        message = f"The job was created with API version {job.version}; use that for its results."
        raise ApiError(409, "API_VERSION_MISMATCH", message)
    if (unfinished := _unfinished(org, job)) is not None:
        return unfinished
    start = start_of(call.one("locator") or locator_of(0))
    count = _count(call, org.behaviour.bulk_page_rows)
    payload, rows = job.page(start, count)
    end = start + rows
    locator = locator_of(end) if end < job.rows else "null"
    headers = [
        (b"Sforce-NumberOfRecords", str(rows).encode()),
        (b"Sforce-Locator", locator.encode()),
    ]
    if b"gzip" in call.headers.get(b"accept-encoding", b""):
        payload = gzip.compress(payload, compresslevel=1, mtime=0)
        headers.append((b"Content-Encoding", b"gzip"))
    call.entry.inputs = rows
    return Reply(200, payload, headers, _CSV)


def result_pages(org: Org, call: Call) -> Reply:
    """``GET /jobs/query/{job}/resultPages``: links to several pages at once."""
    job = _job(org, call)
    if (unfinished := _unfinished(org, job)) is not None:
        return unfinished
    size = org.behaviour.bulk_page_rows
    first = start_of(call.one("locator") or locator_of(0))
    starts = list(range(first, max(job.rows, 1), size))
    shown, left = starts[:_PARALLEL], starts[_PARALLEL:]
    prose = org.behaviour.result_pages_prose
    link, following = ("resultUrl", "nextRecordUrl") if prose else ("resultLink", "nextRecordsUrl")
    base = f"/jobs/query/{job.id}"
    pages = [{link: f"{base}/results?locator={locator_of(start)}"} for start in shown]
    body: dict[str, Any] = {"resultPages": pages}
    if left:
        body[following] = f"{base}/resultPages?locator={locator_of(left[0])}"
    body["done"] = not left
    return _json(body)


def _unfinished(org: Org, job: QueryJob) -> Reply | None:
    if job.state == DONE:
        return None
    if job.state in ENDED:
        raise wrong_state(f"There are no results of a job in state {job.state}")
    if org.behaviour.bulk_unfinished_412:
        message = "The job has not completed, so its results cannot be fetched"
        raise ApiError(412, "JOB_NOT_COMPLETE", message)
    return Reply(204)


def _count(call: Call, most: int) -> int:
    text = call.one("maxRecords")
    if text is None:
        return most
    if not text.isdigit() or int(text) == 0:
        raise invalid_job(f"maxRecords {text} is no number of records")
    return int(text)


def _job(org: Org, call: Call) -> QueryJob:
    return org.jobs.find(QueryJob, call.params["job"])


def _json(body: dict[str, Any]) -> Reply:
    return Reply(200, body, [], JSON_TYPE)


ROUTES: list[Route] = [
    Route("POST", _JOB, create),
    Route("GET", _JOB, all_jobs),
    Route("GET", f"{_JOB}/{{job}}", one),
    Route("PATCH", f"{_JOB}/{{job}}", change),
    Route("DELETE", f"{_JOB}/{{job}}", delete),
    Route("GET", f"{_JOB}/{{job}}/results", results),
    Route("GET", f"{_JOB}/{{job}}/resultPages", result_pages),
]
