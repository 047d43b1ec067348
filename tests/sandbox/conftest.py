"""One in-process sandbox per test worker, reset before every test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from sandbox.seed_data import SeedData, SeedDeal
from sandbox.server import Running, RunningOrg, running_org, running_sandbox

OBJECTS = "/crm/v3/objects/companies"
DATA = "/services/data/v66.0"


class Caller:
    """Calls the simulated HubSpot as any HTTP client would."""

    def __init__(self, running: Running) -> None:
        self.url = running.url
        self.token = running.token
        self.portal_id = running.portal_id
        # Without automatic retries: a broken connection must be seen as one.
        self.http = httpx.Client(base_url=running.url, timeout=5, trust_env=False)

    def __call__(
        self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any
    ) -> httpx.Response:
        """Call the CRM's API with the default token, or *token*."""
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, path, json=body, headers=headers, params=query or None)

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call a control endpoint that must work."""
        response = self.http.request(method, f"/_sandbox/{path}", json=body, params=query or None)
        response.raise_for_status()
        return response.json()

    def ids(self) -> list[str]:
        """Ids of all live companies."""
        return [company["id"] for company in self("GET", OBJECTS, limit=100).json()["results"]]

    def update(self, *inputs: dict[str, Any]) -> httpx.Response:
        """Call batch update with these inputs."""
        return self("POST", f"{OBJECTS}/batch/update", {"inputs": list(inputs)})

    def search(self, *filters: dict[str, Any], **more: Any) -> httpx.Response:
        """Search companies by one group of filters."""
        groups = [{"filters": list(filters)}] if filters else []
        return self("POST", f"{OBJECTS}/search", {"filterGroups": groups, **more})

    def found(self, *filters: dict[str, Any], **more: Any) -> list[str]:
        """Ids that a search of up to 200 finds, in its order."""
        response = self.search(*filters, limit=200, **more)
        assert response.status_code == 200, response.text
        return [company["id"] for company in response.json()["results"]]

    def value(self, record_id: str, name: str) -> str | None:
        """One property of one company, read at once."""
        response = self("GET", f"{OBJECTS}/{record_id}", properties=name)
        value: str | None = response.json()["properties"][name]
        return value


def sample() -> SeedData:
    """Six companies and four deals, each different where a test looks."""
    return SeedData(
        properties=[
            {"name": "score", "label": "Score", "type": "number", "fieldType": "number"},
            {"name": "seen_on", "label": "Seen on", "type": "date", "fieldType": "date"},
            {"name": "seen_at", "label": "Seen at", "type": "datetime", "fieldType": "date"},
            {"name": "checked", "label": "Checked", "type": "bool", "fieldType": "booleancheckbox"},
            {
                "name": "external_ref",
                "label": "Reference",
                "type": "string",
                "fieldType": "text",
                "hasUniqueValue": True,
            },
        ],
        companies=[
            {"name": "Alder Software", "domain": "alder.example", "industry": "COMPUTER_SOFTWARE",
             "numberofemployees": "450", "country": "USA", "external_ref": "A-1",
             "web_technologies": "salesforce;slack"},
            {"name": "Birch Bank", "domain": "birch.example", "industry": "BANKING",
             "numberofemployees": "9000", "country": "Germany"},
            {"name": "Cedar Clinics", "domain": "cedar.example", "numberofemployees": "35"},
            {"name": "Dune Design", "domain": "dune.example", "industry": "DESIGN"},
            {"name": "Elm & Co", "domain": "elm.example", "country": "usa"},
            {"name": "Fjord Foods", "domain": "fjord.example", "numberofemployees": "about 20"},
        ],
        deals=[
            SeedDeal(0, {"dealname": "One", "dealstage": "closedwon", "amount": "1000"}),
            SeedDeal(0, {"dealname": "Two", "dealstage": "closedlost"}),
            SeedDeal(1, {"dealname": "Three", "dealstage": "contractsent"}),
        ],
    )  # fmt: skip


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The server, for all tests of this worker."""
    with running_sandbox(sample(), enforce_limits=False) as started:
        yield started


@pytest.fixture(scope="session")
def caller(running: Running) -> Iterator[Caller]:
    """One client with one connection."""
    caller = Caller(running)
    with caller.http:
        yield caller


@pytest.fixture
def call(caller: Caller) -> Caller:
    """The client, on a freshly reset sandbox."""
    caller.control("POST", "reset")
    return caller


class OrgCaller:
    """Calls the simulated Salesforce as any HTTP client would."""

    def __init__(self, running: RunningOrg) -> None:
        self.running = running
        self.url = running.url
        self.token = running.access_token
        self.admin_token = running.admin_token
        self.org = running.org
        # Without automatic retries: a broken connection must be seen as one.
        self.http = httpx.Client(base_url=running.url, timeout=5, trust_env=False)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """Call the API as the integration user; a *path* without a slash is below the version."""
        token = self.token if token is None else token
        path = path if path.startswith("/") else f"{DATA}/{path}"
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        sent |= headers or {}
        return self.http.request(method, path, json=body, headers=sent, params=query or None)

    def admin(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """The same as the administrator."""
        return self(method, path, body, token=self.admin_token, **query)

    def query(self, soql: str, *, admin: bool = False, **query: Any) -> list[dict[str, Any]]:
        """Records of the first page of a query that must work."""
        token = self.admin_token if admin else self.token
        response = self("GET", "query", token=token, q=soql, **query)
        assert response.status_code == 200, response.text
        records: list[dict[str, Any]] = response.json()["records"]
        for record in records:
            record.pop("attributes", None)
        return records

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call a control endpoint that must work."""
        response = self.http.request(method, f"/_sandbox/{path}", json=body, params=query or None)
        response.raise_for_status()
        return response.json()

    def behave(self, **switches: Any) -> None:
        """Set switches."""
        self.control("POST", "behaviour", switches)


@pytest.fixture(scope="session")
def org_running() -> Iterator[RunningOrg]:
    """A Salesforce org, for all tests of this worker."""
    with running_org(sample(), enforce_limits=False) as started:
        yield started


@pytest.fixture(scope="session")
def org_caller(org_running: RunningOrg) -> Iterator[OrgCaller]:
    """One client of it with one connection."""
    caller = OrgCaller(org_running)
    with caller.http:
        yield caller


@pytest.fixture
def sf(org_caller: OrgCaller) -> OrgCaller:
    """The client, on a freshly reset org."""
    org_caller.control("POST", "reset")
    return org_caller


@pytest.fixture(scope="session")
def bare_caller() -> Iterator[OrgCaller]:
    """A client of an org that has no accounts, for tests that bring their own."""
    with running_org(enforce_limits=False) as started:
        caller = OrgCaller(started)
        with caller.http:
            yield caller


@pytest.fixture
def bare(bare_caller: OrgCaller) -> OrgCaller:
    """The client of the empty org, freshly reset."""
    bare_caller.control("POST", "reset")
    return bare_caller


def messages(errors: Sequence[dict[str, Any]]) -> list[str]:
    """The messages of a list of errors."""
    return [error["message"] for error in errors]
