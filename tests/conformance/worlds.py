"""A CRM and its surroundings, alike for every connector: what the suite needs to set a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from connectors.base import CrmConnector
from connectors.hubspot.connector import HubSpotAdmin, HubSpotConnector
from connectors.hubspot.properties import definition
from connectors.hubspot.session import Session
from connectors.memory import InMemoryCrm
from connectors.memory_admin import InMemoryAdmin
from connectors.records import AccountRecord, FieldDescription, FieldKind, FieldSpec, Option, Window
from connectors.retrying import RetryPolicy
from connectors.salesforce.auth import ClientCredentials, Credentials
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.session import Session as SalesforceSession
from connectors.throttling import RateLimiter
from tests.support.salesforce import RunningOrg
from tests.support.sandbox import RunningSandbox

TIERS = tuple(Option(f"tier_{n}", f"Tier {n}") for n in (1, 2, 3))
FIELDS = (
    FieldSpec(name="icp_tier", label="Tier", kind=FieldKind.CHOICE, description="", options=TIERS),
    FieldSpec(
        name="icp_codes",
        label="Codes",
        kind=FieldKind.CHOICES,
        description="",
        options=tuple(
            Option(code, code.title()) for code in ("too_small", "locked_in", "competitor")
        ),
    ),
    FieldSpec(name="icp_score", label="Score", kind=FieldKind.NUMBER, description="", scale=1),
    FieldSpec(
        name="icp_reason", label="Reason", kind=FieldKind.TEXT, description="", multiline=True
    ),
    FieldSpec(name="icp_day", label="Day", kind=FieldKind.DATE, description=""),
    FieldSpec(name="icp_at", label="At", kind=FieldKind.DATETIME, description=""),
    FieldSpec(name="icp_flag", label="Flag", kind=FieldKind.BOOLEAN, description=""),
)
NAMES = [spec.name for spec in FIELDS]


class SkippedTime:
    """A monotonic clock that passes only in waits, so that waiting takes no time."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        """Tell the time, in seconds."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class World(Protocol):
    """A CRM with a connector to it, and hands that change it from outside."""

    tick: float  # seconds between two modification times that the CRM can tell apart

    @property
    def crm(self) -> CrmConnector:
        """The connector under test."""

    def name(self, field: str) -> str:
        """How this CRM calls a field of the suite; ``read_only`` is one that nobody can write."""

    def add(self, accounts: Sequence[Mapping[str, str]]) -> list[str]:
        """Make accounts; return their ids in order."""

    def edit(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Change accounts as a person would, all at the same time."""

    def delete(self, account_id: str) -> None:
        """Delete an account."""

    def merge(self, survivor_id: str, merged_id: str) -> str:
        """Merge two accounts; return the id they live on under."""

    def advance(self, seconds: float) -> None:
        """Let time pass; it stands still otherwise."""

    def population(self) -> int:
        """Count the accounts without the connector."""


class MemoryWorld:
    """The connector that is a dictionary."""

    tick = 0.001

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self._crm = InMemoryCrm(
            [
                FieldDescription(name="name", label="Name", kind=FieldKind.TEXT, writable=True),
                FieldDescription(
                    name="hs_object_id", label="Id", kind=FieldKind.NUMBER, writable=False
                ),
            ],
            {},
            clock=lambda: self._now,
        )
        admin = InMemoryAdmin(self._crm)
        for spec in FIELDS:
            admin.create_field(spec)

    @property
    def crm(self) -> InMemoryCrm:
        """The connector under test."""
        return self._crm

    def name(self, field: str) -> str:
        """Fields are called as in HubSpot."""
        return "hs_object_id" if field == "read_only" else field

    def add(self, accounts: Sequence[Mapping[str, str]]) -> list[str]:
        """Make accounts."""
        ids = [str(1000 + self._crm.population + n) for n in range(len(accounts))]
        for account_id, values in zip(ids, accounts, strict=True):
            self._crm.edit(account_id, values)
        return ids

    def edit(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Change accounts."""
        for account_id, values in changes.items():
            self._crm.edit(account_id, values)

    def delete(self, account_id: str) -> None:
        """Delete an account."""
        self._crm.delete(account_id)

    def merge(self, survivor_id: str, merged_id: str) -> str:
        """Merge two accounts."""
        self._crm.merge(survivor_id, merged_id)
        return survivor_id

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)

    def population(self) -> int:
        """Count the accounts."""
        return self._crm.population


class HubSpotWorld:
    """The HubSpot connector on a sandbox."""

    tick = 0.001

    def __init__(self, sandbox: RunningSandbox, api_version: str = "v3") -> None:
        self.sandbox = sandbox
        self.api_version = api_version
        sandbox.reset()
        sandbox.control("POST", "clock", {"now": "2026-11-22T12:00:00.000Z", "freeze": True})
        HubSpotAdmin(self.session(sandbox.token)).create_group()
        inputs = [definition(spec, "icp_fit") for spec in FIELDS]
        sandbox.api("POST", "/crm/v3/properties/companies/batch/create", {"inputs": inputs})
        self._crm = self.connect(sandbox.token)

    def session(self, token: str) -> Session:
        """Open a session whose waits take no time."""
        time = SkippedTime()
        return Session(
            token,
            host=self.sandbox.url,
            api_version=self.api_version,
            limiter=RateLimiter(share=1.0, monotonic=time, pause=time.wait),
            retry=RetryPolicy(attempts=8, total=10_000),
            pause=time.wait,
        )

    def connect(self, token: str) -> HubSpotConnector:
        """Open a connector with this token."""
        return HubSpotConnector(self.session(token))

    @property
    def crm(self) -> HubSpotConnector:
        """The connector under test."""
        return self._crm

    def name(self, field: str) -> str:
        """Fields are called as in HubSpot."""
        return "hs_object_id" if field == "read_only" else field

    def add(self, accounts: Sequence[Mapping[str, str]]) -> list[str]:
        """Make accounts by the API."""
        return self.sandbox.create(accounts)

    def edit(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Change accounts behind the API."""
        self.sandbox.control("POST", "records", {"companies": changes})

    def delete(self, account_id: str) -> None:
        """Archive a company."""
        self.sandbox.control("POST", "records", {"archive": [account_id]})

    def merge(self, survivor_id: str, merged_id: str) -> str:
        """Merge two companies."""
        body = {"primaryObjectId": survivor_id, "objectIdToMerge": merged_id}
        return str(self.sandbox.api("POST", "/crm/v3/objects/companies/merge", body)["id"])

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.sandbox.control("POST", "clock", {"advance_seconds": seconds})

    def population(self) -> int:
        """Count the companies by another application's eyes."""
        body = {"filterGroups": [], "limit": 1}
        return int(self.sandbox.api("POST", "/crm/v3/objects/companies/search", body)["total"])


SALESFORCE_FIELDS: Sequence[Mapping[str, Any]] = (
    {
        "name": "ICP_Tier__c",
        "type": "picklist",
        "restricted": True,
        "values": [option.value for option in TIERS],
    },
    {
        "name": "ICP_Codes__c",
        "type": "multipicklist",
        "restricted": True,
        "values": ["too_small", "locked_in", "competitor"],
    },
    {"name": "ICP_Score__c", "type": "double", "scale": 1},
    {"name": "ICP_Reason__c", "type": "textarea"},
    {"name": "ICP_Day__c", "type": "date"},
    {"name": "ICP_At__c", "type": "datetime"},
    {"name": "ICP_Flag__c", "type": "boolean"},
)


class SalesforceWorld:
    """The Salesforce connector on a sandbox.

    Args:
        org: the sandbox, which is reset.
        bulk: from how many accounts on bulk jobs are used; 0 for all.
        behaviour: switches of the org.

    """

    tick = 1.0

    def __init__(
        self, org: RunningOrg, bulk: int = 2000, behaviour: Mapping[str, Any] | None = None
    ) -> None:
        self.org = org
        self.bulk = bulk
        org.reset()
        org.control("POST", "clock", {"now": "2026-11-22T12:00:00.000Z", "freeze": True})
        org.behave(**(behaviour or {}))
        org.control("POST", "records", {"fields": list(SALESFORCE_FIELDS)})
        self._crm = self.connect()
        self._crm.fields()

    def session(self, credentials: Credentials | None = None) -> SalesforceSession:
        """Open a session whose waits take no time."""
        time = SkippedTime()
        org = self.org
        return SalesforceSession(
            credentials or ClientCredentials(org.instance_url, org.client_id, org.client_secret),
            api_origin=org.url,
            limiter=make_limiter(daily_share=1.0, monotonic=time, pause=time.wait),
            retry=RetryPolicy(attempts=8, total=10_000),
            pause=time.wait,
        )

    def connect(
        self, credentials: Credentials | None = None, **options: Any
    ) -> SalesforceConnector:
        """Open a connector."""
        return SalesforceConnector(
            self.session(credentials), **{"bulk_threshold": self.bulk, **options}
        )

    @property
    def crm(self) -> SalesforceConnector:
        """The connector under test."""
        return self._crm

    def name(self, field: str) -> str:
        """Custom fields have capitals and an ending."""
        if field in {"name", "read_only"}:
            return {"name": "Name", "read_only": "PhotoUrl"}[field]
        return "ICP_" + field.removeprefix("icp_").title() + "__c"

    def add(self, accounts: Sequence[Mapping[str, str]]) -> list[str]:
        """Make accounts as a person would."""
        made = {"create": [self._named(values) for values in accounts]}
        found: list[str] = self.org.control("POST", "records", made)["created"]
        return found

    def edit(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Change accounts as a person would."""
        named = {account_id: self._named(values) for account_id, values in changes.items()}
        self.org.control("POST", "records", {"Account": named})

    def delete(self, account_id: str) -> None:
        """Put an account into the recycle bin."""
        self.org.control("POST", "records", {"delete": [account_id]})

    def merge(self, survivor_id: str, merged_id: str) -> str:
        """Merge two accounts."""
        body = {"merge": [survivor_id, merged_id]}
        return str(self.org.control("POST", "records", body)["survivor"])

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.org.control("POST", "clock", {"advance_seconds": seconds})

    def population(self) -> int:
        """Count the accounts without the connector."""
        return int(self.org.control("GET", "records", type="Account", ids="")["total"])

    def _named(self, values: Mapping[str, str]) -> dict[str, str]:
        return {self.name(name): value for name, value in values.items()}


def read(
    crm: SalesforceConnector, *fields: str, window: Window | None = None
) -> list[AccountRecord]:
    """Read every account of a window."""
    return [record for page in crm.pages(window, fields) for record in page]


def ids(records: list[AccountRecord]) -> list[str]:
    """The ids of accounts, in order."""
    return sorted(record.account_id for record in records)


def recent(world: SalesforceWorld) -> Window:
    """The last hour and the next."""
    now = world.crm.now()
    return Window(now - timedelta(hours=1), now + timedelta(hours=1))
