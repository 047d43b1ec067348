"""A simulator in a process of its own: started by its command, steered over HTTP."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx


class Steered:
    """A simulator that is up, by its control endpoints."""

    http: httpx.Client

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call one of the ``/_sandbox`` endpoints and return its JSON."""
        response = self.http.request(method, f"/_sandbox/{path}", json=body, params=query)
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


@contextlib.contextmanager
def started(*options: str) -> Iterator[dict[str, Any]]:
    """Run ``python -m sandbox`` until the block ends; answers what it tells when it is ready."""
    command = [sys.executable, "-m", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready, "the sandbox did not start"
            told: dict[str, Any] = json.loads(ready)
            yield told
        finally:
            process.terminate()
            process.wait(10)
