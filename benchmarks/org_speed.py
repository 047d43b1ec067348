"""How fast the simulated Salesforce itself is, and how fast this machine is just now."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

from benchmarks.figures import Figure
from benchmarks.portal import Portal
from benchmarks.side_by_side.task import API_VERSION, QUERY
from benchmarks.timing import timed

_AT_ONCE = 100_000  # rows of one upload
_PASSES = 9
_DONE = {"JobComplete", "Failed", "Aborted"}


class _Client:
    """The few calls that Bulk API takes."""

    def __init__(self, where: Portal) -> None:
        self._origin: str = where.ready["url"]
        self._token: str = where.ready["access_token"]

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[bytes, str]:
        """One call below the version; answers the body and the locator of what follows."""
        request = urllib.request.Request(  # noqa: S310 - the simulator, on this machine
            f"{self._origin}/services/data/v{API_VERSION}/{path}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
        )
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 - as above
            return answer.read(), answer.headers.get("Sforce-Locator", "null")

    def open(self, path: str, **job: str) -> str:
        """Make a job."""
        found: str = json.loads(self.call("POST", f"jobs/{path}", json.dumps(job).encode())[0])[
            "id"
        ]
        return found

    def wait(self, path: str) -> None:
        """Poll until the job is done.

        Raises:
            RuntimeError: it failed.
        """
        while (state := json.loads(self.call("GET", f"jobs/{path}")[0])["state"]) not in _DONE:
            time.sleep(0.01)
        if state != "JobComplete":
            raise RuntimeError(f"{path} ended as {state}")


class Yardstick:
    """What reading a row as JSON costs on this machine, which may be busy, at a given moment.

    The same work takes up to twice as long when others want the processor; a multiple of other work
    done at the same time hardly changes.
    """

    def __init__(self, where: Portal) -> None:
        """Take a page of the org's accounts."""
        self._page = _Client(where).call("GET", f"query?{urlencode({'q': QUERY})}")[0]
        self._rows = len(json.loads(self._page)["records"])

    def seconds(self) -> float:
        """Processor time of ``json.loads`` per row, the median of several passes."""
        return timed(json.loads, [self._page], _PASSES).usual / self._rows


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
        page, locator = client.call("GET", f"jobs/{job}/results?maxRecords=50000{after}")
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
    client.call("PUT", f"jobs/{job}/batches", head + rows, "text/csv")
    client.call("PATCH", f"jobs/{job}", b'{"state":"UploadComplete"}')
    client.wait(job)
    for kind in ("successfulResults", "failedResults", "unprocessedrecords"):
        client.call("GET", f"jobs/{job}/{kind}/")
