"""How fast the simulated Salesforce itself is, by a client that does nothing but ask."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.portal import Portal
from benchmarks.side_by_side.task import API_VERSION, QUERY

_AT_ONCE = 100_000  # rows of one upload
_DONE = {"JobComplete", "Failed", "Aborted"}


class _Client:
    """The few calls that Bulk API takes."""

    def __init__(self, where: Portal) -> None:
        self._origin: str = where.ready["url"]
        self._token: str = where.ready["access_token"]

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[bytes, str]:
        """One call; answers the body and the locator of what follows."""
        request = urllib.request.Request(  # noqa: S310 - the simulator, on this machine
            f"{self._origin}/services/data/v{API_VERSION}/jobs/{path}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 - as above
            return answer.read(), answer.headers.get("Sforce-Locator", "null")

    def open(self, path: str, **job: str) -> str:
        """Make a job."""
        found: str = json.loads(self.call("POST", path, json.dumps(job).encode())[0])["id"]
        return found

    def wait(self, path: str) -> None:
        """Poll until the job is done.

        Raises:
            RuntimeError: it failed.
        """
        while (state := json.loads(self.call("GET", path)[0])["state"]) not in _DONE:
            time.sleep(0.01)
        if state != "JobComplete":
            raise RuntimeError(f"{path} ended as {state}")


def speed(where: Portal, accounts: int) -> Iterator[Figure]:
    """Measure a Bulk query of every account, and an update of up to 100,000."""
    client = _Client(where)
    start = time.perf_counter()
    ids = _query(client)
    queried = time.perf_counter() - start
    chosen = ids[:_AT_ONCE]
    start = time.perf_counter()
    _ingest(client, chosen)
    ingested = time.perf_counter() - start
    yield Figure(
        group="The simulated Salesforce",
        what=f"Bulk query of {accounts:,} accounts",
        value=len(ids) / queried,
        unit="rows/s",
        note=f"{QUERY.count(',') + 1} fields, results downloaded",
    )
    yield Figure(
        group="The simulated Salesforce",
        what=f"Bulk update of {len(chosen):,} accounts",
        value=len(chosen) / ingested,
        unit="rows/s",
        note="three fields, results downloaded",
    )


def _query(client: _Client) -> list[bytes]:
    job = f"query/{client.open('query', operation='query', query=QUERY)}"
    client.wait(job)
    ids: list[bytes] = []
    locator = ""
    while locator != "null":
        after = f"&locator={locator}" if locator else ""
        page, locator = client.call("GET", f"{job}/results?maxRecords=50000{after}")
        # good enough for a sample without line breaks: an id begins each row
        ids += [line[1:19] for line in page.split(b"\n")[1:] if line.startswith(b'"001')]
    return ids


def _ingest(client: _Client, ids: list[bytes]) -> None:
    number = client.open(
        "ingest", object="Account", operation="update", contentType="CSV", lineEnding="LF"
    )
    job = f"ingest/{number}"
    head = b"Id,ICP_Fit_Score__c,ICP_Tier__c,ICP_Reason__c\n"
    rows = b"".join(b"%s,50,tier_3,Written by a benchmark\n" % each for each in ids)
    client.call("PUT", f"{job}/batches", head + rows, "text/csv")
    client.call("PATCH", job, b'{"state":"UploadComplete"}')
    client.wait(job)
    for kind in ("successfulResults", "failedResults", "unprocessedrecords"):
        client.call("GET", f"{job}/{kind}/")
