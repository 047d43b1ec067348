"""A Salesforce org with our fields in it, to write to by calls and by jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.batching import chunked
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.retrying import RetryPolicy
from connectors.salesforce.auth import ClientCredentials
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.session import Session
from tests.conformance.worlds import SkippedTime
from tests.support.salesforce import RunningOrg

TIERS = ("tier_1", "tier_2", "tier_3")
CODES = ("too_small", "locked_in", "competitor")
FIELDS: list[dict[str, Any]] = [
    {"name": "Tier__c", "type": "picklist", "restricted": True, "values": list(TIERS)},
    {"name": "Codes__c", "type": "multipicklist", "restricted": True, "values": list(CODES)},
    {"name": "Score__c", "type": "double", "precision": 5, "scale": 1},
    {"name": "Reason__c", "type": "string", "length": 60},
    {"name": "Essay__c", "type": "textarea", "length": 5000},
    {"name": "Flag__c", "type": "boolean"},
    {"name": "Day__c", "type": "date"},
    {"name": "At__c", "type": "datetime"},
]


NAMES = [str(field["name"]) for field in FIELDS]
BY_CALLS, BY_JOBS = 10**6, 0  # thresholds


class Log:
    """A job log in memory."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def opened(self, job: str) -> None:
        """Remember a job."""
        self.jobs.append(job)

    def closed(self, job: str) -> None:
        """Forget a job."""
        self.jobs.remove(job)

    def waiting(self) -> None:
        """Hold no lease."""

    def sending(self) -> None:
        """Hold no lease."""


class Place:
    """An org with our fields in it, and hands that change it from outside."""

    def __init__(self, org: RunningOrg) -> None:
        self.org = org
        org.reset()
        org.behave(bulk_queue_ms=0, bulk_ms_per_1000=0)
        org.control("POST", "records", {"fields": FIELDS})

    def session(self, kind: type[Session] = Session) -> Session:
        """Open a session whose waits take no time."""
        time = SkippedTime()
        return kind(
            ClientCredentials(self.org.instance_url, self.org.client_id, self.org.client_secret),
            api_origin=self.org.url,
            limiter=make_limiter(daily_share=1.0, monotonic=time, pause=time.wait),
            retry=RetryPolicy(attempts=8, total=10_000),
            pause=time.wait,
        )

    def connector(self, threshold: int, **options: Any) -> SalesforceConnector:
        """Open a connector that writes by jobs above so many updates."""
        return SalesforceConnector(self.session(), bulk_threshold=threshold, **options)

    def add(self, count: int, **values: Any) -> list[str]:
        """Make accounts and return their ids in order."""
        rows = [{"Name": f"Account {number}", **values} for number in range(count)]
        made: list[str] = self.org.control("POST", "records", {"create": rows})["created"]
        return made

    def read(self, account_ids: Sequence[str]) -> list[dict[str, str | None]]:
        """What accounts hold in our fields, empty ones as ``None``."""
        crm = self.connector(BY_CALLS)
        found = {
            record.account_id: {name: record.fields[name] or None for name in NAMES}
            for some in chunked(account_ids, 200)
            for record in crm.fetch(some, NAMES)
        }
        return [found.get(account_id, {}) for account_id in account_ids]

    def jobs(self) -> list[dict[str, Any]]:
        """Every ingest job there was."""
        listed: list[dict[str, Any]] = self.org.api("GET", "jobs/ingest")["records"]
        return listed

    def calls(self) -> list[str]:
        """Method and path of the calls so far, tokens left out."""
        return [
            f"{call['method']} {call['path']}"
            for call in self.org.calls()
            if "oauth2" not in call["path"]
        ]


def tiered(ids: Sequence[str], tier: str = "tier_1") -> list[AccountUpdate]:
    """Build updates that set a tier."""
    return [AccountUpdate(account_id, {"Tier__c": tier}) for account_id in ids]


def results(outcomes: Sequence[WriteOutcome | None]) -> list[WriteResult | None]:
    """What became of each."""
    return [None if outcome is None else outcome.result for outcome in outcomes]
