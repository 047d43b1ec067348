"""An operator's desk: a shell with ``icp`` in it, a folder, and a simulated CRM to work on."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.acceptance.warm import Command, WarmShell
from tests.support.sandbox import RunningSandbox

EXAMPLE = Path("config/examples/midmarket-saas.yaml")
MARKER = "Zwickelhuber"  # a customer value that must never leave the CRM and the database
OWN = "icp_"
PATIENCE = 90.0  # seconds until a command counts as hanging
EVERYONE = (  # changes to the ICP that let nearly everyone into Tier 1
    ("min_score: 80\n    max_gaps: 1\n    min_coverage: 75\n", "min_score: 3\n"),
    ("    requires: [industry, size] # must be known and no gap\n", ""),
    ("    min_score: 65\n    max_gaps: 3\n", "    min_score: 2\n"),
    ("    min_score: 45\n", "    min_score: 1\n"),
)
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The last line of standard output as JSON."""
        assert self.out.strip(), f"exit {self.code} without output: {self.err[-2000:]}"
        return json.loads(self.out.strip().split("\n")[-1])

    @property
    def words(self) -> str:
        """What was said to a person on standard error: everything that is not a log line."""
        return "\n".join(line for line in self.err.splitlines() if not line.startswith("{"))


class Steered(Protocol):
    """A simulated CRM's control endpoints."""

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call one of them and return its JSON."""


@dataclass
class CrmDesk:
    """One operator at work on one CRM, with a database and an ICP of their own."""

    shell: WarmShell
    folder: Path

    def __post_init__(self) -> None:
        """Copy the example ICP and point everything at the sandbox."""
        self.printed.mkdir()
        self.icp_file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
        self.variables = self.wiring()

    def wiring(self) -> dict[str, str]:
        """What an operator sets."""
        raise NotImplementedError

    @property
    def crm(self) -> Steered:
        """The CRM's control endpoints."""
        raise NotImplementedError

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may ever see printed."""
        raise NotImplementedError

    @property
    def icp_file(self) -> Path:
        """The ICP document."""
        return self.folder / "icp.yaml"

    @property
    def database(self) -> Path:
        """The state database."""
        return self.folder / "state.db"

    @property
    def printed(self) -> Path:
        """Where everything that commands print is kept."""
        return self.folder / "printed"

    # -- commands --------------------------------------------------------------------------------

    def environment(self, **changed: str) -> dict[str, str]:
        """Only what an operator sets, and what a process needs to start."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        quiet = {"ICP_HTTP_ADDRESS": "off"}  # workers of several tests share this machine
        return {**kept, "HOME": str(self.folder), **quiet, **self.variables, **changed}

    def start(self, *arguments: str, **changed: str) -> Command:
        """Start ``icp`` with *arguments* and leave it running; *changed* are variables."""
        return self.shell.start(arguments, self.environment(**changed), self.printed)

    def icp(self, *arguments: str, **changed: str) -> Ended:
        """Run ``icp`` to its end, and hold what it printed to what must always be true."""
        return self.ended(self.start(*arguments, **changed))

    def ended(self, command: Command, patience: float = PATIENCE) -> Ended:
        """Wait for a command; it may not crash, nor show a token or a customer's name."""
        code = command.wait(patience)
        out, err = command.out.read_text("utf-8"), command.err.read_text("utf-8")
        for name in ("Traceback", "Unexpected", "Warning:", "incident", *self.secrets):
            assert name not in err, err[-4000:]
        assert not any(secret in out for secret in self.secrets)
        assert MARKER not in err
        return Ended(code, out, err)

    def run(self, *arguments: str, **changed: str) -> Ended:
        """Run once, with the report as JSON; a first backfill is confirmed."""
        return self.icp("run", "--yes", "--json", *arguments, **changed)

    # -- the CRM ---------------------------------------------------------------------------------

    def mark(self) -> int:
        """The number of the latest request: pass it as *since*."""
        last: int = self.crm.control("GET", "requests", since=10**9)["last"]
        return last

    def advance(self, seconds: float) -> None:
        """Let time pass in the CRM."""
        self.crm.control("POST", "clock", {"advance_seconds": seconds})

    # -- the database ----------------------------------------------------------------------------

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look into the state database."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement, parameters).fetchall()

    def query_if_there(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into a database that a command may be about to make."""
        try:
            return self.query(statement)
        except sqlite3.OperationalError:
            return []

    def produced(self) -> bytes:
        """Every byte of every file that the commands left behind."""
        return b"".join(
            path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path != self.icp_file
        )

    def edit_icp(self, *changes: tuple[str, str]) -> None:
        """Replace texts of the ICP document; each must be there."""
        text = self.icp_file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.icp_file.write_text(text, encoding="utf-8")


@dataclass
class Desk(CrmDesk):
    """A desk at a HubSpot portal."""

    sandbox: RunningSandbox

    def wiring(self) -> dict[str, str]:
        """A private-app token, and where the sandbox is."""
        return {
            "ICP_CRM": "hubspot",
            "ICP_PROFILE": str(self.icp_file),
            "ICP_HUBSPOT__ACCESS_TOKEN": self.sandbox.token,
            "ICP_HUBSPOT__API_ORIGIN": self.sandbox.url,
            "ICP_DATABASE_URL": f"sqlite:///{self.database}",
        }

    @property
    def crm(self) -> RunningSandbox:
        """The portal."""
        return self.sandbox

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.sandbox.token,)

    def export(self, *, without: str = "icp_tier_changed_at") -> dict[str, dict[str, str]]:
        """Our fields of every live company, by id; blank ones left out."""
        answer = self.sandbox.http.get("/_sandbox/export", params={"without": without})
        answer.raise_for_status()
        found = {}
        for line in answer.text.strip("\n").split("\n"):
            company = json.loads(line)
            own = company["properties"].items()
            found[company["id"]] = {k: v for k, v in own if k.startswith(OWN) and v}
        return found

    def values(self, name: str) -> dict[str, str]:
        """One property of every live company that has it, by id."""
        answer = self.sandbox.http.get("/_sandbox/export")
        companies = map(json.loads, answer.text.strip("\n").split("\n"))
        return {it["id"]: it["properties"][name] for it in companies if it["properties"].get(name)}

    def writes(self, since: int = 0) -> dict[str, int]:
        """How often each company was written by batch update, by the simulator's own log."""
        counted: dict[str, int] = {}
        for call in self.sandbox.control("GET", "requests", since=since)["requests"]:
            if call["route"].endswith("companies/batch/update"):
                for each in call["written"]:
                    counted[each] = counted.get(each, 0) + 1
        return counted

    def routes(self, since: int) -> dict[str, int]:
        """Calls by route since *since*, named as the product names them."""
        counted: dict[str, int] = {}
        for call in self.sandbox.control("GET", "requests", since=since)["requests"]:
            name = f"{call['method']} {product_route(call['route'])}"
            counted[name] = counted.get(name, 0) + 1
        return counted

    def edit(self, **body: Any) -> Any:
        """Edit the portal as a person would; see ``POST /_sandbox/records``.

        A moment passes afterwards: the CRM tells the time in whole seconds, so that an edit of the
        present second belongs to the next run.
        """
        done = self.sandbox.control("POST", "records", body)
        self.advance(2)
        return done

    def token(self, *without: str) -> str:
        """Issue a token that lacks scopes."""
        text: str = self.sandbox.control("POST", "tokens", {"without": list(without)})["token"]
        return text


def product_route(route: str) -> str:
    """``/crm/v3/objects/companies/batch/update`` as the run report names it."""
    short = re.sub(r"^/(crm/)?(v3|2026-09|objects/v3|\d{4}-\d{2})/", "", route.replace("crm/", ""))
    return short.removeprefix("objects/").lstrip("/").replace("account-info/v3", "account-info")


def until(true: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until something is *true*; looks every few milliseconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def parts(report: Mapping[str, Any]) -> int:
    """The accounts a report accounts for."""
    names = ("unchanged", "written", "rejected", "invalid", "held")
    return sum(int(report[name]) for name in names)
