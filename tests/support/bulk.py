"""Bulk jobs of a simulated org, at the pace of the test and not of the wall."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from sandbox.salesforce.bulk.jobs import Jobs
from sandbox.salesforce.org import Org
from tests.sandbox.conftest import OrgCaller


class Pace:
    """Time as jobs see it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """The present moment, in seconds."""
        return self.now


@contextmanager
def paced(org: Org) -> Iterator[Pace]:
    """Let the jobs of *org* go by a clock of the test's own."""
    pace, usual = Pace(), org.jobs
    org.jobs = Jobs(org, pace)
    try:
        yield pace
    finally:
        org.jobs = usual


def table(answer: httpx.Response, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv"
    text = io.StringIO(answer.content.decode(), newline="")
    return list(csv.DictReader(text, delimiter=delimiter, strict=True))


def query_job(sf: OrgCaller, soql: str, **options: Any) -> str:
    """Start a query job that must be accepted; answers its id."""
    answer = sf("POST", "jobs/query", {"operation": "query", "query": soql, **options})
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["id"]
    return found


def written(rows: Sequence[Sequence[str]], newline: str = "\n") -> str:
    """*rows* as the CSV of an upload."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=newline).writerows(rows)
    return out.getvalue()


def uploaded(sf: OrgCaller, content: str | bytes, *, close: bool = True, **options: Any) -> str:
    """Create an ingest job for accounts, upload *content* and close it; answers its id."""
    body = {"object": "Account", "operation": "update", **options}
    created = sf("POST", "jobs/ingest", body)
    assert created.status_code == 200, created.text
    job: str = created.json()["id"]
    answer = put(sf, job, content)
    assert answer.status_code == 201, answer.text
    if close:
        closed = sf("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
        assert closed.status_code == 200, closed.text
    return job


def put(sf: OrgCaller, job: str, content: str | bytes) -> httpx.Response:
    """Upload *content* to a job."""
    return sf.http.put(
        f"/services/data/v66.0/jobs/ingest/{job}/batches",
        content=content,
        headers={"Authorization": f"Bearer {sf.token}", "Content-Type": "text/csv; charset=UTF-8"},
    )


def ended(sf: OrgCaller, job: str) -> dict[str, Any]:
    """What is known of an ingest job."""
    body: dict[str, Any] = sf("GET", f"jobs/ingest/{job}").json()
    return body


def results(sf: OrgCaller, job: str, which: str) -> list[dict[str, str]]:
    """The rows of one of the three files of an ingest job."""
    return table(sf("GET", f"jobs/ingest/{job}/{which}"))


def value(sf: OrgCaller, record_id: str, field: str) -> str | None:
    """What a record holds."""
    account = sf.org.objects["account"]
    record = account.get(record_id)
    assert record is not None
    return account.value(record, field)
