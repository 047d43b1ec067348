"""A Salesforce sandbox process for tests: started once, reset between tests, steered over HTTP."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.simulators import Steered, started

API = "/services/data/v66.0"


@dataclass(frozen=True)
class Admin:
    """What the set-up logs in with."""

    client_id: str
    client_secret: str
    username: str
    access_token: str


@dataclass(frozen=True)
class RunningOrg(Steered):
    """An org that is up: where it is, what opens it, and a client for its control endpoints."""

    url: str
    instance_url: str
    client_id: str
    client_secret: str
    username: str
    private_key_file: Path
    access_token: str
    refresh_token: str
    password: str
    security_token: str
    org_id: str
    admin: Admin
    http: httpx.Client
    ca_file: str | None = None

    def api(self, method: str, path: str, body: Any = None, *, admin: bool = False) -> Any:
        """Call Salesforce's API, *path* below the version, as another application would."""
        token = self.admin.access_token if admin else self.access_token
        headers = {"Authorization": f"Bearer {token}"}
        response = self.http.request(method, f"{API}/{path}", json=body, headers=headers)
        response.raise_for_status()
        return response.json() if response.content else None

    def query(self, soql: str, *, admin: bool = False) -> list[dict[str, Any]]:
        """Records of the first page that a query answers, without their ``attributes``."""
        path = f"query?{httpx.QueryParams(q=soql)}"
        records: list[dict[str, Any]] = self.api("GET", path, admin=admin)["records"]
        for record in records:
            record.pop("attributes", None)
        return records

    def behave(self, **switches: Any) -> None:
        """Set switches; see ``docs/reference/sandbox.md``."""
        self.control("POST", "behaviour", switches)


@contextlib.contextmanager
def running_org(*options: str) -> Iterator[RunningOrg]:
    """Run ``python -m sandbox`` with an org on a free loopback port until the block ends.

    Its main credential is an API-only user's: what is not granted is missed.
    """
    with (
        started("--salesforce-port", "0", "--least-privilege", *options) as ready,
        _client(ready) as running,
    ):
        yield running


@contextlib.contextmanager
def _client(ready: dict[str, Any]) -> Iterator[RunningOrg]:
    found = ready["salesforce"]
    url, key_file = found["url"], Path(found.pop("private_key_file"))
    ca_file = ready["ca_file"]
    admin = Admin(**found.pop("admin"))
    trust = ssl.create_default_context(cafile=ca_file)
    with httpx.Client(base_url=url, timeout=10, trust_env=False, verify=trust) as http:
        yield RunningOrg(
            **found, private_key_file=key_file, admin=admin, http=http, ca_file=ca_file
        )
