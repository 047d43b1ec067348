"""Reading the bodies of job calls, and the list of all jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from sandbox.gateway import Call
from sandbox.salesforce.bulk.job import Job
from sandbox.salesforce.errors import malformed_json

_PAGE: Final = 1_000


def json_object(call: Call) -> dict[str, Any]:
    """The body, which is a JSON object.

    Raises:
        ApiError: it is not.
    """
    try:
        body = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise malformed_json("The HTTP entity body is not a JSON object")
    return body


def job_list(call: Call, jobs: Sequence[Job]) -> dict[str, Any]:
    """The jobs that the call's filters let through, a thousand at a time."""
    kind = call.one("jobType")
    mode = (call.one("concurrencyMode") or "parallel").lower()
    found = [job for job in jobs if kind in {None, job.kind} and mode == "parallel"]
    locator = call.one("queryLocator") or "0"
    start = int(locator) if locator.isdigit() else 0
    end = start + _PAGE
    more = f"{call.path}?queryLocator={end}" if end < len(found) else None
    records = [{**job.summary(), "jobType": job.kind} for job in found[start:end]]
    return {"done": more is None, "nextRecordsUrl": more, "records": records}
