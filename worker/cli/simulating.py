"""The simulated CRM that ``icp demo`` starts: a process of its own, and what opens it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import typer

from worker.cli.failing import FAILED, fail

COMPANIES: Final = 2_000
SEED: Final = 20261124
_STARTS_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One CRM as the demo shows it.

    Attributes:
        crm: the word an operator writes.
        portal: what the CRM calls the thing that a credential opens, with the CRM's name.
        set_up: what set-up makes there, for people.
        settings: the variables that open it, out of what the simulator says when it is ready.
        identity: which of these words identifies it.
        behaviour: what the simulator is told to do otherwise than it does by itself.
    """

    crm: str
    portal: str
    set_up: str
    identity: str
    settings: Callable[[Mapping[str, Any]], Mapping[str, str]]


def _portal_settings(ready: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "ICP_HUBSPOT__ACCESS_TOKEN": ready["token"],
        "ICP_HUBSPOT__API_ORIGIN": ready["url"],
    }


def _org_settings(ready: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "ICP_SALESFORCE__INSTANCE_URL": ready["instance_url"],
        "ICP_SALESFORCE__CLIENT_ID": ready["client_id"],
        "ICP_SALESFORCE__CLIENT_SECRET": ready["client_secret"],
        "ICP_SALESFORCE__SETUP_CLIENT_ID": ready["admin"]["client_id"],
        "ICP_SALESFORCE__SETUP_CLIENT_SECRET": ready["admin"]["client_secret"],
        "ICP_SALESFORCE__API_ORIGIN": ready["url"],
    }


KINDS: Final[Mapping[str, Kind]] = {
    kind.crm: kind
    for kind in (
        Kind(
            crm="hubspot",
            portal="HubSpot portal",
            set_up="Make the fields, options and lists",
            identity="portal_id",
            settings=_portal_settings,
        ),
        Kind(
            crm="salesforce",
            portal="Salesforce org",
            set_up="Make the fields, picklists, access and list views, as an administrator",
            identity="org_id",
            settings=_org_settings,
        ),
    )
}


class Simulator:
    """The simulated CRM as a subprocess; ends with the block that opened it."""

    def __init__(self, kind: Kind, accounts: Path | None) -> None:
        self.kind = kind
        command = [sys.executable, "-m", "sandbox", f"--{kind.crm}-port", "0", "--limits", "real"]
        command += ["--accounts", str(accounts or COMPANIES), "--seed", str(SEED)]
        typer.echo(f"$ {shlex.join(['python', *command[1:]])}")
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        try:
            self._meet()
        except BaseException:  # a signal while it starts must not leave it behind
            self.__exit__()
            raise

    def _meet(self) -> None:
        """Wait until it says that it is ready, and where it is."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.wait(_STARTS_WITHIN)
            fail(["The simulator did not start; its own words are above."], FAILED)
        ready: dict[str, Any] = json.loads(line)
        own = ready[self.kind.crm]
        self.settings = {"ICP_CRM": self.kind.crm, **self.kind.settings(own)}
        self.web: str = ready["web"]
        typer.echo(f"simulated {self.kind.portal} {own[self.kind.identity]} at {own['url']}")

    def __enter__(self) -> Self:
        """Use as a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it to stop, and make sure."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Stay until Ctrl-C."""
        try:
            self._process.wait()
        except KeyboardInterrupt:
            typer.echo("\nStopping.")
