"""A small portal, an ICP over it and a state database: what a test of a whole run needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.freezing import Freeze
from connectors.base import CrmConnector, JobLog
from connectors.dry_run import DryRunConnector
from connectors.memory import InMemoryCrm
from connectors.records import AccountUpdate, FieldDescription, FieldKind, Option, WriteOutcome
from tests.support.databases import fresh
from tests.support.profiles import FUNDING, SECTOR, SIZE, TIERS, disqualifier, profile
from worker.icp.predicates import InRange
from worker.icp.profile import Comparison, Profile
from worker.icp.reading import Parser
from worker.icp.values import Lookups, make_parser
from worker.state.rows import Document
from worker.state.store import State, open_state
from worker.sync.approving import Approval
from worker.sync.connection import Connection, RunRequest, RunResult
from worker.sync.fields import FieldMap, OutputTarget
from worker.sync.guard import GuardLimits
from worker.sync.interludes import Service
from worker.sync.preflight import needed_options
from worker.sync.report import RunOutcome, RunReport
from worker.sync.run import SyncRun

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

ANY_CHANGE = GuardLimits(max_tier_changes_count=1_000, max_tier_changes_percent=100)
NO_CHANGE = GuardLimits(max_tier_changes_count=0, max_tier_changes_percent=0)

ICP = profile(
    SECTOR,
    SIZE,
    disqualifiers=[disqualifier("too_small", Comparison("size", InRange(high=19)))],
    triggers=[FUNDING],
)
TYPES = {"sector": "category", "size": "interval", "funded": "date"}
INPUTS = {"sector": "industry", "size": "employees", "funded": "funded_on"}

OUTPUTS: Mapping[str, FieldKind] = {
    "fit_score": FieldKind.NUMBER,
    "tier": FieldKind.CHOICE,
    "disqualifier": FieldKind.CHOICE,
    "disqualifiers": FieldKind.CHOICES,
    "reason": FieldKind.TEXT,
    "missing": FieldKind.TEXT,
    "data_coverage": FieldKind.NUMBER,
    "trigger_strength": FieldKind.NUMBER,
    "priority": FieldKind.NUMBER,
    "profile": FieldKind.CHOICE,
    "version": FieldKind.TEXT,
    "computed_tier": FieldKind.CHOICE,
    "tier_changed_at": FieldKind.DATETIME,
}

FIELDS = FieldMap(
    inputs=INPUTS,
    outputs={key: OutputTarget(key, f"icp_{key}", kind) for key, kind in OUTPUTS.items()},
    overrides={
        name: f"icp_{name}" for name in ("tier_override", "override_reason", "override_expires")
    },
    name_field="name",
)


@dataclass
class Clock:
    """A clock that a test moves by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


class Quiet:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Nothing to show."""

    def advance(self, count: int) -> None:
        """Nothing to show."""


def parsers(
    types: Mapping[str, str], inputs: Mapping[str, str]
) -> Callable[[Mapping[str, FieldDescription]], Mapping[str, tuple[str, Parser]]]:
    """Readers for plain attributes."""
    made = {
        name: (inputs[name], make_parser(kind, Lookups(zero_is_unknown=True)))
        for name, kind in types.items()
    }
    return lambda _described: made


def portal_fields(icp: Profile = ICP) -> list[FieldDescription]:
    """The account object of a portal that set-up has prepared."""
    options = needed_options([icp])

    def described(name: str, kind: FieldKind, key: str = "") -> FieldDescription:
        return FieldDescription(
            name=name,
            label=name,
            kind=kind,
            writable=True,
            options=tuple(Option(value, label) for value, label in options.get(key, {}).items()),
        )

    return [
        described("name", FieldKind.TEXT),
        described("industry", FieldKind.TEXT),
        described("employees", FieldKind.NUMBER),
        described("funded_on", FieldKind.DATE),
        *(described(f"icp_{key}", kind, key) for key, kind in OUTPUTS.items()),
        described("icp_tier_override", FieldKind.CHOICE, "tier_override"),
        described("icp_override_reason", FieldKind.TEXT),
        described("icp_override_expires", FieldKind.DATE),
    ]


def companies(count: int) -> dict[str, dict[str, str]]:
    """Companies of every tier, some with gaps in what is known."""
    sectors = ["software", "services", "farming", ""]
    sizes = ["500", "1500", "50", "5", "", "300"]
    return {
        str(place): {
            "name": f"Company {place}",
            "industry": sectors[place % len(sectors)],
            "employees": sizes[place % len(sizes)],
        }
        for place in range(1, count + 1)
    }


@dataclass
class Desk:
    """Everything to run one connection again and again."""

    state: State
    crm: InMemoryCrm
    clock: Clock
    icp: Profile = ICP
    fields: FieldMap = FIELDS
    guard: GuardLimits = field(default_factory=GuardLimits)
    connector: CrmConnector | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    runs: int = 0
    scope: str = ""
    freezes: Sequence[Freeze] = ()
    service: Service | None = None  # serves requests while a run goes on
    partial: bool = False  # whether a credential that sees only some accounts will do

    def connection(self) -> Connection:
        """The connection as configured now."""
        return Connection(
            name="main",
            profiles=[self.icp],
            documents=[Document(self.icp.fingerprint, self.icp.id, "text")],
            fields=self.fields,
            types=TYPES,
            parsers=parsers(TYPES, self.fields.inputs),
            guard=self.guard,
            scope=self.scope,
            allow_partial_visibility=self.partial,
            freezes=self.freezes,
        )

    def run(
        self,
        *,
        full: bool = False,
        accounts: Sequence[str] = (),
        selected: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
        rejudge: bool = False,
        yes: bool = True,
        due: datetime | None = None,
    ) -> RunResult:
        """Run once."""
        self.runs += 1
        connector = self.connector or self.crm
        state = self.state.scratch() if dry_run else self.state
        try:
            return SyncRun(
                self.connection(),
                DryRunConnector(connector) if dry_run else connector,
                state,
                run_id=f"run-{self.runs}",
                holder="test",
                stop=self.stop,
                progress=Quiet(),
                clock=self.clock,
                service=self.service,
            ).execute(
                RunRequest(
                    full=full,
                    accounts=accounts,
                    selected=selected,
                    limit=limit,
                    dry_run=dry_run,
                    rejudge=rejudge,
                    confirmed=yes,
                    due=due,
                )
            )
        finally:
            if dry_run:
                state.close()

    def approval(self) -> Approval:
        """A person at a shell, about to approve what is held."""
        return Approval(
            self.connection(),
            self.connector or self.crm,
            self.state,
            holder="a person",
            stop=self.stop,
            progress=Quiet(),
            clock=self.clock,
        )

    def approve(self, run_id: str = "", *, reason: str = "") -> RunReport:
        """Let a held run, the latest unless another is named, have its way."""
        run_id = run_id or f"run-{self.runs}"
        return self.approval().carry_out(run_id, who="Ada", reason=reason)

    def edit(self, *names: str) -> None:
        """Change what accounts are judged on: they fit now."""
        for name in names:
            self.crm.edit(name, {"employees": "600", "industry": "software"})

    def change_icp(self, **changes: object) -> None:
        """Edit the ICP: a new document with a new fingerprint."""
        self.icp = replace(
            self.icp,
            fingerprint=self.icp.fingerprint + "'",
            version=self.icp.version + "'",
            **changes,  # type: ignore[arg-type]
        )

    def tiers(self) -> dict[str, str]:
        """The tier that each account shows in the CRM."""
        return {name: self.crm.stored(name).get("icp_tier", "") for name in self.ids()}

    def ids(self) -> list[str]:
        """Every account of the portal."""
        return [record.account_id for page in self.crm.pages(None, []) for record in page]


class OneByOne(DryRunConnector):
    """The CRM of a desk, taking one account a batch; after each, *then* happens."""

    def __init__(self, desk: Desk, then: Callable[[], None]) -> None:
        super().__init__(desk.crm)
        self._crm = desk.crm
        self._then = then

    def batch_size(self, planned: int) -> int:
        """One."""
        del planned
        return 1

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write, and let it happen."""
        answers = self._crm.write(updates, jobs)
        self._then()
        return answers


def desk(
    folder: Path,
    count: int = 60,
    *,
    clock: Clock | None = None,
    guard: GuardLimits | None = None,
) -> Desk:
    """A desk over a fresh portal of *count* companies."""
    clock = clock or Clock()
    crm = InMemoryCrm(portal_fields(), companies(count), clock=clock)
    state = open_state(f"sqlite:///{fresh(folder / 'state.db')}")
    return Desk(state=state, crm=crm, clock=clock, guard=guard or GuardLimits())


def synced(
    folder: Path,
    count: int = 60,
    *,
    clock: Clock | None = None,
    guard: GuardLimits | None = None,
) -> Desk:
    """A desk over a portal whose companies have been read and written once."""
    made = desk(folder, count, clock=clock, guard=guard)
    assert made.run().report.outcome is RunOutcome.SUCCEEDED
    return made


def held(folder: Path) -> Desk:
    """A desk whose second run is held: a bulk edit would change many tiers."""
    made = synced(folder)
    made.guard = GuardLimits(max_tier_changes_count=5, max_tier_changes_percent=0)
    made.clock.advance(hours=1)
    for name in made.ids():
        made.crm.edit(name, {"employees": "5"})
    assert made.run().report.outcome is RunOutcome.HELD
    return made


__all__ = [
    "TIERS",
    "Clock",
    "Desk",
    "OneByOne",
    "Quiet",
    "companies",
    "desk",
    "held",
    "parsers",
    "portal_fields",
    "synced",
]
