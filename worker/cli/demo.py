"""``icp demo``: the whole job on this machine, by the very commands an operator would type.

The CRM is the simulator, started as a process of its own; nothing else in the product knows it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from config.problems import listed
from worker.cli.failing import CONFIGURATION, FAILED, fail, failures
from worker.cli.simulating import KINDS, Simulator

EXPLAINED = 3

_NO_SIMULATOR = (
    "icp demo: the simulators are not installed. Run `make demo` in a clone, or install icp-sync"
    " with its extra `sandbox`."
)


def run_demo(*, crm: str, accounts: Path | None, folder: Path, hold: bool) -> None:
    """Start the simulator, run every step, print what each shows, and stop the simulator."""
    with failures():
        kind = KINDS.get(crm)
        if kind is None:
            fail([f"CRM={crm}: there is no such CRM. Use {listed(KINDS)}."], CONFIGURATION)
        if accounts is not None and not accounts.is_file():
            fail([f"ACCOUNTS={accounts}: no such file."], CONFIGURATION)
        if find_spec("starlette") is None:  # the image leaves out what only the simulators need
            fail([_NO_SIMULATOR], CONFIGURATION)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            why = error.strerror or type(error).__name__
            words = f"{folder}: cannot be written ({why}). Name another with --folder."
            fail([words], CONFIGURATION)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the simulator outlives us
        with Simulator(kind, accounts) as simulator:
            demo = Demo(simulator, folder)
            demo.steps()
            page = simulator.web
            typer.echo(f"\nThe saved views, as sales would see them: {page}")
            if hold:
                typer.echo("The simulator stays up. Press Ctrl-C to stop it.")
                typer.echo(f"To try commands against it: {demo.environment_line()}")
                simulator.wait()
            else:
                saved = folder / "views.html"
                saved.write_text(_page_with_its_style(page), encoding="utf-8")
                typer.echo(
                    f"(That address is gone now; a copy is in {saved}."
                    " `HOLD=1 make demo` keeps it up.)"
                )


class Demo:
    """The steps, each a real command whose output is shown as it is."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self._folder = folder
        self.document = folder / "icp.yaml"
        database = folder / "icp-sync.db"
        for stale in folder.glob(f"{database.name}*"):
            stale.unlink()
        if not self.document.exists():
            shutil.copyfile(
                str(files("config") / "examples" / "midmarket-saas.yaml"), self.document
            )
        self._set_up = simulator.kind.set_up
        self._settings = {
            **simulator.settings,
            "ICP_PROFILE": str(self.document),
            "ICP_DATABASE_URL": f"sqlite:///{database}",
            "ICP_LOG_LEVEL": "warning",
        }

    def environment_line(self) -> str:
        """The settings as a person would export them."""
        return " ".join(f"{name}={value}" for name, value in self._settings.items())

    def environment(self) -> dict[str, str]:
        """Ours, with none of the person's own settings, which may be of a real CRM."""
        others = {it: text for it, text in os.environ.items() if not it.upper().startswith("ICP_")}
        return others | self._settings

    def steps(self) -> None:
        """Run every step; the first that does not do what it should ends the demo."""
        self._say("1. Is the ICP sound?")
        self._icp(["lint", str(self.document)])
        self._say(f"2. {self._set_up}")
        self._icp(["setup", "--apply"])
        self._say("3. Is everything there that a run needs?")
        self._icp(["check"])
        self._say("4. What would happen? (writes nothing)")
        self._icp(["run", "--dry-run"])
        self._say("5. The real run; --yes allows the announced first backfill")
        self._icp(["run", "--yes"])
        first = self._latest()
        self._say("6. The same again: only what changed is written, so nothing is")
        self._icp(["run"])
        second = self._latest()
        if second["written"] != 0:
            fail([f"the second run wrote {second['written']} accounts; it should write none"], 1)
        self._say("7. Why? Three accounts, line by line")
        for account in self._three(first):
            self._icp(["explain", account])
            typer.echo("")

    def _latest(self) -> dict[str, Any]:
        """The report of the run that just ended."""
        [run] = self._quietly(["runs", "--limit", "1", "--json"])
        return dict(run["report"])

    def _three(self, report: Mapping[str, Any]) -> list[str]:
        """One account of the best tier reached, one disqualified, one that needs data."""
        wanted = ["tier_1", "disqualified", "needs_data", "tier_2", "tier_3", "not_icp"]
        examples = {it["to"]: it["examples"] for it in report["transitions"] if it["examples"]}
        order = [*wanted, *(name for name in examples if name not in wanted)]
        return [self._best_known(examples[it]) for it in order if it in examples][:EXPLAINED]

    def _best_known(self, accounts: Sequence[str]) -> str:
        """The one of which most is known: the most there is to explain."""
        found = [(self._quietly(["explain", it, "--json"])["coverage"], it) for it in accounts]
        return max(found)[1]

    def _quietly(self, arguments: Sequence[str]) -> Any:
        """Ask a command for its data, without showing that."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "worker", *arguments],
            env=self.environment(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout)

    def _icp(self, arguments: Sequence[str]) -> None:
        typer.echo(f"$ icp {shlex.join(arguments)}")
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "worker", *arguments],
            env=self.environment(),
            check=False,
        )
        if done.returncode != 0:
            fail([f"icp {arguments[0]} ended with exit code {done.returncode}"], FAILED)

    def _say(self, words: str) -> None:
        sys.stdout.flush()
        typer.echo(f"\n{words}")
        sys.stdout.flush()


_STYLESHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


def _page_with_its_style(url: str) -> str:
    """A page that can be opened as a file after its server has gone."""

    def inlined(found: re.Match[str]) -> str:
        return f"<style>{_fetch(urllib.parse.urljoin(url, found[1]))}</style>"

    return _STYLESHEET.sub(inlined, _fetch(url))


def _fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own simulator
            body: bytes = answer.read()
            return body.decode()
    except (urllib.error.URLError, OSError) as error:
        return f"The page could not be fetched: {type(error).__name__}"
