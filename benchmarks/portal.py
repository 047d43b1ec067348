"""A simulated CRM and the worker beside it, each a process of its own, as in production."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.crms import HUBSPOT, Crm, Ready
from benchmarks.processes import Taken, measure

PROFILE: Final = Path(__file__).parents[1] / "config" / "examples" / "midmarket-saas.yaml"
PREFLIGHT: Final = 4
"""Calls of a preflight of HubSpot: account, properties, count, and the list limit with it."""

LIMIT_CALLS: Final = 190
LIMIT_SECONDS: Final = 10.0
"""The limit that the simulator enforces, as HubSpot does: so many calls in any ten seconds."""

_HOUR: Final = 3600
_LATEST_START: Final = 20  # o'clock: the hours a benchmark lets pass must not reach midnight


@dataclass(frozen=True, slots=True)
class Run:
    """One ``icp run``: its report, what it took, and what the simulator saw of it."""

    report: Mapping[str, Any]
    taken: Taken
    seen: Mapping[str, int]  # calls by route, by the simulator's own count
    unbilled: int  # of them, those that the CRM does not count as API calls
    refused: int  # of them, those that came too early

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the worker, user and system."""
        return self.taken.cpu_seconds

    @property
    def peak_bytes(self) -> int:
        """Peak memory of the worker."""
        return self.taken.peak_bytes

    @property
    def calls(self) -> int:
        """All API calls, by the simulator's own count."""
        return sum(self.seen.values()) - self.unbilled

    @property
    def agrees(self) -> bool:
        """Whether the report counts the same calls and retries as the simulator."""
        return bool(self.report["calls"]["total"] == self.calls + self.unbilled)


class Portal:
    """A CRM of sample companies, set up, with a worker that has its own fresh state."""

    def __init__(self, crm: Crm, ready: Ready, folder: Path) -> None:
        self.crm = crm
        self.ready = ready
        self.folder = folder
        self._url: str = ready["url"]
        config = folder / "worker.yaml"
        config.write_text(crm.worker(str(PROFILE), ready))
        kept = {name: text for name, text in os.environ.items() if not name.startswith("ICP_")}
        self.environment: Mapping[str, str] = {
            **kept,
            **crm.secrets(ready),
            "ICP_CONFIG": str(config),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        self._set_up()

    def control(self, path: str, body: object = None) -> Any:
        """Call one of the simulator's control endpoints."""
        request = urllib.request.Request(  # noqa: S310 - the simulator, on this machine
            f"{self._url}/_sandbox/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    def hold_nothing_back(self) -> None:
        """Let the portal's limits be so wide that they never pace a run."""
        self.control("limits", self.crm.free)

    def let_the_window_pass(self) -> None:
        """Wait until the calls of set-up no longer count: two processes would share the limit."""
        time.sleep(LIMIT_SECONDS)

    def let_an_hour_pass(self) -> None:
        """Move the portal's clock, so that what was written lies outside the overlap."""
        self.control("clock", {"advance_seconds": _HOUR})

    def begin_again(self) -> None:
        """Put the CRM back to how it was made, set up, and the worker to knowing nothing."""
        self.control("reset", {})
        for left in self.folder.glob("state.db*"):
            left.unlink()
        self._set_up()

    def state_bytes(self) -> int:
        """How large the state database is."""
        return sum(part.stat().st_size for part in self.folder.glob("state.db*"))

    def run(self, *options: str) -> Run:
        """Run the worker once and hold its report against what the simulator saw."""
        before = self._stats()
        taken = self._icp("run", "--json", "--yes", *options)
        after = self._stats()
        refusal = self.crm.refusal
        seen = self._seen(before, after)
        return Run(
            report=json.loads(taken.out.splitlines()[-1]),
            taken=taken,
            seen=seen,
            unbilled=self._unbilled(seen),
            refused=after["statuses"].get(refusal, 0) - before["statuses"].get(refusal, 0),
        )

    def calls_of(self, work: Callable[[], None]) -> int:
        """Count the API calls that somebody's *work* takes."""
        before = self._stats()
        work()
        seen = self._seen(before, self._stats())
        return sum(seen.values()) - self._unbilled(seen)

    def arrivals(self, run: Run) -> list[float]:
        """When the calls of the run just ended arrived, in seconds; searches have their own limit.

        The simulator remembers the latest 10,000 calls.
        """
        found = self.control("requests?since=0")["requests"][-run.calls :]
        return [
            datetime.fromisoformat(entry["at"]).timestamp()
            for entry in found
            if not entry["path"].endswith("/search")
        ]

    def _set_up(self) -> None:
        now = datetime.now(UTC)
        if now.hour >= _LATEST_START:
            self.control("clock", {"now": now.replace(hour=_LATEST_START).isoformat()})
        self.control("behaviour", self.crm.switches)
        self._icp("setup", "--apply")

    def _seen(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, int]:
        seen = {
            route: count - before["calls"].get(route, 0) for route, count in after["calls"].items()
        }
        return {route: count for route, count in seen.items() if count}

    def _unbilled(self, seen: Mapping[str, int]) -> int:
        return sum(count for route, count in seen.items() if route in self.crm.unbilled)

    def _stats(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("stats?by_record=false")
        return found

    def _icp(self, *arguments: str) -> Taken:
        return measure(
            sys.executable,
            "benchmarks.measured",
            arguments,
            environment=self.environment,
            folder=self.folder,
        )


@contextmanager
def portal(
    companies: int, folder: Path, options: Sequence[str] = (), *, crm: Crm = HUBSPOT
) -> Iterator[Portal]:
    """A CRM of so many companies, until the block ends."""
    command = [sys.executable, "-m", "sandbox", crm.port, "0"]
    command += ["--accounts", str(companies), *options]
    folder.mkdir()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the simulator did not start")
            yield Portal(crm, json.loads(line)[crm.name], folder)
        finally:
            process.terminate()
