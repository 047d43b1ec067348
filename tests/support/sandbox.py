"""A sandbox process for tests: started once, reset between tests, steered over HTTP."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.simulators import Steered, started


@dataclass(frozen=True)
class RunningSandbox(Steered):
    """A sandbox that is up: where it is, what opens it, and a client for its control endpoints."""

    url: str
    token: str
    portal_id: str
    http: httpx.Client
    ca_file: str | None = None

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call HubSpot's API as another application would, and return its JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        response = self.http.request(method, path, json=body, headers=headers)
        response.raise_for_status()
        return response.json() if response.content else None

    def create(self, companies: Sequence[Mapping[str, str]]) -> list[str]:
        """Create companies by the API, a hundred at a time, and return their ids in order."""
        ids = []
        for start in range(0, len(companies), 100):
            inputs = [
                {"properties": dict(values), "objectWriteTraceId": str(place)}
                for place, values in enumerate(companies[start : start + 100])
            ]
            made = self.api("POST", "/crm/v3/objects/companies/batch/create", {"inputs": inputs})
            ids += sorted((each["id"] for each in made["results"]), key=int)
        return ids


@contextlib.contextmanager
def running_sandbox(*options: str) -> Iterator[RunningSandbox]:
    """Run ``python -m sandbox`` on free loopback ports until the block ends."""
    with started("--hubspot-port", "0", *options) as told:
        found, ca_file = told["hubspot"], told["ca_file"]
        trust = ssl.create_default_context(cafile=ca_file)
        with httpx.Client(base_url=found["url"], timeout=10, trust_env=False, verify=trust) as http:
            portal = str(found["portal_id"])
            yield RunningSandbox(found["url"], found["token"], portal, http, ca_file)
