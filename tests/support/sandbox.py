"""A sandbox process for tests: started once, reset between tests, steered over HTTP."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that is up: where it is, what opens it, and a client for its control endpoints."""

    url: str
    token: str
    portal_id: str
    http: httpx.Client
    ca_file: str | None = None

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call one of the ``/_sandbox`` endpoints and return its JSON."""
        response = self.http.request(method, f"/_sandbox/{path}", json=body, params=query)
        response.raise_for_status()
        return response.json() if response.content else None

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call HubSpot's API as another application would, and return its JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        response = self.http.request(method, path, json=body, headers=headers)
        response.raise_for_status()
        return response.json() if response.content else None

    def reset(self) -> None:
        """Go back to the seeded state: no log, no counters, no faults."""
        self.control("POST", "reset")

    def fail(self, **fault: Any) -> None:
        """Have a fault happen; see ``docs/reference/sandbox.md``."""
        self.control("POST", "faults", fault)

    def calls(self) -> list[dict[str, Any]]:
        """Return the log of the calls made since the last reset."""
        found: list[dict[str, Any]] = self.control("GET", "requests", since=0)["requests"]
        return found

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
    command = [sys.executable, "-m", "sandbox", "--hubspot-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready, "the sandbox did not start"
            told = json.loads(ready)
            found, ca_file = told["hubspot"], told["ca_file"]
            trust = ssl.create_default_context(cafile=ca_file)
            with httpx.Client(
                base_url=found["url"], timeout=10, trust_env=False, verify=trust
            ) as http:
                portal = str(found["portal_id"])
                yield RunningSandbox(found["url"], found["token"], portal, http, ca_file)
        finally:
            process.terminate()
            process.wait(10)
