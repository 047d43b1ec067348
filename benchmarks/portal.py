"""A simulated portal and the worker beside it, each a process of its own, as in production."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

PROFILE: Final = Path(__file__).parents[1] / "config" / "examples" / "midmarket-saas.yaml"
NOTHING_HELD_BACK: Final = {"burst": 1_000_000, "search": 1_000_000}
PREFLIGHT: Final = 4
"""Calls of a preflight: account, properties, count, and the list limit that comes with it."""

LIMIT_CALLS: Final = 190
LIMIT_SECONDS: Final = 10.0
"""The limit that the simulator enforces, as HubSpot does: so many calls in any ten seconds."""

_HOUR: Final = 3600
_LATEST_START: Final = 20  # o'clock: the hours a benchmark lets pass must not reach midnight
_WORKER: Final = """\
database: sqlite:///state.db
log_level: warning
connections:
  - name: bench
    crm: hubspot
    profiles: [{profile}]
    hubspot: {{api_origin: "{url}"}}
    rate: {{burst_share: 1, search_share: 1, daily_share: 1}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One ``icp run``: its report, what it took, and what the simulator saw of it."""

    report: Mapping[str, Any]
    cpu_seconds: float
    peak_bytes: int
    seen: Mapping[str, int]  # calls by route, by the simulator's own count
    refused: int  # of them answered 429

    @property
    def calls(self) -> int:
        """All calls, by the simulator's own count."""
        return sum(self.seen.values())

    @property
    def agrees(self) -> bool:
        """Whether the report counts the same calls and retries as the simulator."""
        return bool(self.report["calls"]["total"] == self.calls)


class Portal:
    """A portal of sample companies, set up, with a worker that has its own fresh state."""

    def __init__(self, ready: Mapping[str, Any], folder: Path) -> None:
        self._url: str = ready["url"]
        self._folder = folder
        self._state = folder / "state.db"
        config = folder / "worker.yaml"
        config.write_text(_WORKER.format(profile=PROFILE, url=self._url))
        kept = {name: text for name, text in os.environ.items() if not name.startswith("ICP_")}
        self._environment = {
            **kept,
            "ICP_CONFIG": str(config),
            "ICP_HUBSPOT__ACCESS_TOKEN": ready["token"],
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        now = datetime.now(UTC)
        if now.hour >= _LATEST_START:
            self.control("clock", {"now": now.replace(hour=_LATEST_START).isoformat()})
        self._icp("setup", "--apply")

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
        self.control("limits", NOTHING_HELD_BACK)

    def let_the_window_pass(self) -> None:
        """Wait until the calls of set-up no longer count: two processes would share the limit."""
        time.sleep(LIMIT_SECONDS)

    def let_an_hour_pass(self) -> None:
        """Move the portal's clock, so that what was written lies outside the overlap."""
        self.control("clock", {"advance_seconds": _HOUR})

    def forget_state(self) -> None:
        """Begin again with an empty state database."""
        for left in self._folder.glob("state.db*"):
            left.unlink()

    def state_bytes(self) -> int:
        """How large the state database is."""
        return sum(part.stat().st_size for part in self._folder.glob("state.db*"))

    def run(self, *options: str) -> Run:
        """Run the worker once and hold its report against what the simulator saw."""
        before = self._stats()
        taken, out = self._icp("run", "--json", "--yes", *options)
        after = self._stats()
        seen = {
            route: count - before["calls"].get(route, 0) for route, count in after["calls"].items()
        }
        return Run(
            report=json.loads(out.splitlines()[-1]),
            cpu_seconds=taken["cpu_seconds"],
            peak_bytes=taken["peak_bytes"],
            seen={route: count for route, count in seen.items() if count},
            refused=after["statuses"].get("429", 0) - before["statuses"].get("429", 0),
        )

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

    def _stats(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("stats?by_record=false")
        return found

    def _icp(self, *arguments: str) -> tuple[dict[str, Any], str]:
        note = self._folder / "note.json"
        command = [sys.executable, "-m", "benchmarks.measured", str(note), *arguments]
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=self._environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"icp {' '.join(arguments)} ended with {done.returncode}")
        return json.loads(note.read_text()), done.stdout


@contextmanager
def portal(companies: int, folder: Path, options: Sequence[str] = ()) -> Iterator[Portal]:
    """A portal of so many companies, until the block ends."""
    command = [sys.executable, "-m", "sandbox", "--hubspot-port", "0"]
    command += ["--accounts", str(companies), *options]
    folder.mkdir()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the simulator did not start")
            yield Portal(json.loads(line)["hubspot"], folder)
        finally:
            process.terminate()
