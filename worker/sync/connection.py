"""What a run is about: the connection it serves, what was asked of it, what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from config.freezing import Freeze
from connectors.base import CrmConnector
from connectors.records import FieldDescription, Portal
from worker.icp.profile import Profile
from worker.icp.reading import Parser
from worker.state.rows import Document
from worker.state.store import State
from worker.sync.examples import Example
from worker.sync.fields import FieldMap
from worker.sync.guard import GuardLimits
from worker.sync.keeping import Stop
from worker.sync.panel import BEST
from worker.sync.report import RunReport
from worker.sync.undisturbed import Undisturbed


class Progress(Protocol):
    """Shows a person how far a run has come."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins."""

    def advance(self, count: int) -> None:
        """So many more accounts are through the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a run needs to know of one connection, apart from the CRM itself."""

    name: str
    profiles: Sequence[Profile]
    documents: Sequence[Document]
    fields: FieldMap
    types: Mapping[str, str]  # attribute type by attribute id
    parsers: Callable[[Mapping[str, FieldDescription]], Mapping[str, tuple[str, Parser]]]
    scope: str = ""  # which accounts are read, where that can be chosen
    choose: str = BEST
    guard: GuardLimits = field(default_factory=GuardLimits)
    overlap: timedelta = timedelta(minutes=15)
    full_every: timedelta = timedelta(days=7)
    formula_every: timedelta = timedelta(days=1)  # full passes for inputs that change unannounced
    allow_partial_visibility: bool = False
    freezes: Sequence[Freeze] = ()  # when nothing is written

    def fingerprint(self) -> str:
        """Changes whenever an answer could: of the ICPs and how one is chosen."""
        return _digest(self.choose, *(profile.fingerprint for profile in self.profiles))

    def inputs_fingerprint(self) -> str:
        """Changes whenever the mirror no longer holds what is asked for."""
        inputs = sorted((it, name, self.types[it]) for it, name in self.fields.inputs.items())
        outputs = [(key, target.name) for key, target in self.fields.outputs.items()]
        read = [inputs, outputs, sorted(self.fields.overrides.items())]
        return _digest(orjson.dumps([*read, self.scope] if self.scope else read))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked of this run."""

    full: bool = False
    accounts: Sequence[str] = ()
    selected: bool = False  # by a rule, not named one by one: the guard looks at what it changes
    limit: int | None = None
    dry_run: bool = False
    confirmed: bool = False  # --yes
    rejudge: bool = False  # from the mirror alone
    due: datetime | None = None  # the scheduled tick that this run is, begun once by all replicas


@dataclass(slots=True)
class RunResult:
    """The report, and the account names that only a terminal may show."""

    report: RunReport
    examples: Mapping[tuple[str, str, str], Sequence[Example]]
    portal: Portal


class TickDoneError(Exception):
    """The scheduled tick was begun before, by another replica or an earlier life of this one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The live objects one run works with, put together by composition."""

    connection: Connection
    connector: CrmConnector
    state: State
    run_id: str
    stop: Stop
    progress: Progress
    clock: Callable[[], datetime]
    interludes: Undisturbed = field(default_factory=Undisturbed)  # what goes on in between


def _digest(*parts: str | bytes) -> str:
    """A short fingerprint of some texts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]
