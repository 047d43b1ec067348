"""``jobs/ingest``: uploads, their states, and what became of each row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sandbox.gateway import Call, Reply
from sandbox.salesforce.bulk.ingest_job import IngestJob, Order
from sandbox.salesforce.bulk.job import RUNNING, Spelling, invalid_job, wrong_state
from sandbox.salesforce.bulk.listing import job_list, json_object
from sandbox.salesforce.errors import JSON_TYPE, ApiError
from sandbox.salesforce.routing import Route

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_CSV: Final = b"text/csv"  # without a charset, as the real one
_OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete"})
_JOB: Final = "/services/data/{version}/jobs/ingest"


def create(org: Org, call: Call) -> Reply:
    """``POST /jobs/ingest``."""
    body = json_object(call)
    order = _order(org, call, body)
    limits = org.limits
    if limits.enforce and limits.bulk_batches_used >= limits.bulk_batches:
        message = f"Max batches ({limits.bulk_batches}) per 24 hrs has been reached"
        raise ApiError(400, "EXCEEDEDQUOTA", message)
    job = IngestJob(org, call.user, call.version, Spelling.parse(body), order)
    org.jobs.add(job)
    return _json(job.opened())


def all_jobs(org: Org, call: Call) -> Reply:
    """``GET /jobs/ingest``."""
    return _json(job_list(call, org.jobs.of(IngestJob)))


def upload(org: Org, call: Call) -> Reply:
    """``PUT /jobs/ingest/{job}/batches``: the CSV."""
    kind = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != _CSV:
        message = f"Unsupported content type: {kind.decode('latin-1')}"
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)
    _job(org, call).upload(call.body)
    return Reply(201)


def one(org: Org, call: Call) -> Reply:
    """``GET /jobs/ingest/{job}``."""
    return _json(_job(org, call).details())


def change(org: Org, call: Call) -> Reply:
    """``PATCH /jobs/ingest/{job}``: the upload is complete, or the job is to be aborted."""
    job = _job(org, call)
    match json_object(call).get("state"):
        case "UploadComplete":
            job.close(org.jobs.now())
        case "Aborted":
            job.abort()
        case state:
            raise wrong_state(f"An ingest job cannot be set to {state}")
    return _json(job.summary())


def delete(org: Org, call: Call) -> Reply:
    """``DELETE /jobs/ingest/{job}``."""
    job = _job(org, call)
    if job.state == RUNNING:
        raise wrong_state("Deleting InProgress Job not allowed")
    org.jobs.remove(job)
    return Reply(204)


def results(org: Org, call: Call, *, which: str) -> Reply:
    """``GET /jobs/ingest/{job}/successfulResults`` and its siblings."""
    return Reply(200, _job(org, call).results(which), [], _CSV)


def _order(org: Org, call: Call, body: dict[str, Any]) -> Order:
    operation = body.get("operation")
    if operation == "hardDelete":
        raise ApiError(
            400,
            "FEATURENOTENABLED",
            "hardDelete operation requires special user profile permission, please contact your "
            "system administrator",
        )
    if operation not in _OPERATIONS:
        raise invalid_job(f"Unsupported operation: {operation}")
    name = str(body.get("object") or "")
    sobject = org.access.readable(call.user, name)
    if sobject is None:
        raise ApiError(400, "INVALIDENTITY", f"Unable to find object: {name}")
    external_id = body.get("externalIdFieldName")
    if operation == "upsert":
        field = sobject.definition.field(str(external_id or ""))
        if field is None or not (field.external_id or field.type == "id"):
            raise invalid_job(f"Field name provided, {external_id}, is not an External ID")
        external_id = field.name
    rule = body.get("assignmentRuleId")
    return Order(str(operation), sobject.name, external_id, str(rule) if rule else None)


def _job(org: Org, call: Call) -> IngestJob:
    return org.jobs.find(IngestJob, call.params["job"])


def _json(body: dict[str, Any]) -> Reply:
    return Reply(200, body, [], JSON_TYPE)


ROUTES: list[Route] = [
    Route("POST", _JOB, create),
    Route("GET", _JOB, all_jobs),
    Route("GET", f"{_JOB}/{{job}}", one),
    Route("PATCH", f"{_JOB}/{{job}}", change),
    Route("DELETE", f"{_JOB}/{{job}}", delete),
    Route("PUT", f"{_JOB}/{{job}}/batches", upload),
    *(
        Route("GET", f"{_JOB}/{{job}}/{name}", partial(results, which=which))
        for name, which in (
            ("successfulResults", "successful"),
            ("failedResults", "failed"),
            ("unprocessedrecords", "unprocessed"),
            ("unprocessedRecords", "unprocessed"),
        )
    ),
]
