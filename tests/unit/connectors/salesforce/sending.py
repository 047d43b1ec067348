"""What tests send to the small org, and what of it was seen there."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from connectors.records import AccountUpdate, WriteOutcome
from tests.unit.connectors.salesforce.org import Log, Org, Patience, account_id, writer_on

CALL = "PATCH composite/sobjects"

# The calls of a job: made, filled, begun, looked at, and what became of its rows.
CREATE, UPLOAD = "POST jobs/ingest", "PUT jobs/ingest/*/batches"
BEGIN, POLL = "PATCH jobs/ingest/*", "GET jobs/ingest/*"
SUCCEEDED, FAILED = f"{POLL}/successfulResults", f"{POLL}/failedResults"
QUIET = [CREATE, UPLOAD, BEGIN, POLL, SUCCEEDED]


def updates(count: int, **fields: str | None) -> list[AccountUpdate]:
    """Build updates of the first accounts."""
    return updates_of(*range(count), **fields)


def updates_of(*numbers: int, **fields: str | None) -> list[AccountUpdate]:
    """Build one update each for the accounts of these numbers."""
    return [AccountUpdate(account_id(n), fields or {"Tier__c": "tier_1"}) for n in numbers]


def write(
    org: Org, sent: Sequence[AccountUpdate], log: Log | None = None, **options: Any
) -> list[WriteOutcome]:
    """Write by a job where there are more than ten updates."""
    return writer_on(org, **options).write(sent, log)


def write_by_calls(
    org: Org, sent: Sequence[AccountUpdate], patience: Patience | None = None, **options: Any
) -> list[WriteOutcome]:
    """Write by calls, however many updates there are."""
    return writer_on(org, patience, **{"bulk_threshold": 20_000} | options).write(sent)


def uploaded(org: Org) -> list[list[dict[str, str]]]:
    """The rows of each file as it was sent."""
    return [
        list(csv.DictReader(io.StringIO(request.raw.decode(), newline="")))
        for request in org.requests
        if request.route == UPLOAD
    ]


def sent_ids(org: Org) -> list[list[str]]:
    """The ids in each call."""
    return [
        [record["id"] for record in request.body["records"]]
        for request in org.requests
        if request.route == CALL
    ]
