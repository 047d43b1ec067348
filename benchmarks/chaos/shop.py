"""A portal of companies, half of which turn from good customers into small ones at each tick."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.chaos.processes import BrokenError
from tests.support.sandbox import RunningSandbox, running_sandbox

ACCOUNTS: Final = 32
NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
MANY, FEW = "500", "5"
TIERS: Final = {MANY: "tier_1", FEW: "disqualified"}
ICP: Final = """\
icp: replicas
label: Replicas
owner: revops@example.com
reviewed: 2026-11-01
criteria:
  - {id: size, attribute: employees, weight: 100, between: [200, 1000], fades_to: [100, 2000]}
disqualifiers:
  - {id: too_small, reason: Too small to see a return, when: {attribute: employees, below: 20}}
tiers:
  - {id: tier_1, label: Tier 1, min_score: 80}
  - {id: tier_2, label: Tier 2, min_score: 50}
min_coverage: 50
hysteresis: 0
"""


@dataclass
class Segment:
    """What the portal was asked for since the last look at its log."""

    runs: int
    batches: list[list[str]] = field(default_factory=list)

    @property
    def written(self) -> Counter[str]:
        """How often each account was."""
        return Counter(account for batch in self.batches for account in batch)


class Shop:
    """The portal, what its companies are, and what they show."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        """Set it up by ``icp setup``; all companies are good customers."""
        self.sandbox = sandbox
        self.icp = folder / "icp.yaml"
        self.icp.write_text(ICP, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "worker", "setup", "--apply", "--json"],
            cwd=Path(__file__).parents[2],
            env={
                "ICP_CRM": "hubspot",
                "ICP_PROFILE": str(self.icp),
                "ICP_HUBSPOT__ACCESS_TOKEN": sandbox.token,
                "ICP_HUBSPOT__API_ORIGIN": sandbox.url,
                "ICP_DATABASE_URL": f"sqlite:///{folder / 'unused.db'}",
            },
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise BrokenError(f"set-up ended with {done.returncode}")
        self._shown: dict[str, str] = {}
        self.look()
        self.accounts = sorted(self._shown)
        self._employees = dict.fromkeys(self.accounts, FEW)
        self.turn(self.accounts)
        self._mark: int = sandbox.control("GET", "requests", since=10**9)["last"]

    def turn(self, accounts: Sequence[str]) -> None:
        """Make good customers of small ones, and the other way round."""
        edits = {it: FEW if self._employees[it] == MANY else MANY for it in accounts}
        companies = {it: {"numberofemployees": number} for it, number in edits.items()}
        self.sandbox.control("POST", "records", {"companies": companies})
        self._employees |= edits

    def look(self) -> None:
        """See which tier each account shows."""
        lines = self.sandbox.http.get("/_sandbox/export").text.strip("\n").split("\n")
        found = map(json.loads, lines)
        self._shown = {it["id"]: it["properties"].get("icp_tier") or "" for it in found}

    def wrong(self) -> set[str]:
        """Accounts that did not show the tier that they should, when last looked at."""
        return {it for it, number in self._employees.items() if self._shown[it] != TIERS[number]}

    def tell_the_time(self, now: datetime) -> None:
        """Set the portal's clock: it tells whole seconds, so nothing happens in the same one."""
        text = now.isoformat().replace("+00:00", "Z")
        self.sandbox.control("POST", "clock", {"now": text})

    def read_on(self) -> Segment:
        """Read on in the portal's log; look at the accounts where some were written."""
        found = self.sandbox.control("GET", "requests", since=self._mark)
        if found["last"] - self._mark > found["kept"]:
            raise BrokenError("the portal's log is too short")
        self._mark = found["last"]
        segment = Segment(0)
        for call in found["requests"]:
            segment.runs += "account-info" in call["route"]
            if call["route"].endswith("companies/batch/update") and call["written"]:
                segment.batches.append(call["written"])
        if segment.batches:
            self.look()
        return segment


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    """Serve such a portal."""
    start = NOON.isoformat().replace("+00:00", "Z")
    with running_sandbox("--accounts", str(ACCOUNTS), "--limits", "off", "--now", start) as sandbox:
        yield Shop(sandbox, folder)
