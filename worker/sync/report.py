"""What a run did: each account counted where it happens, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.records import Automation, CallCounts, Forecast
from worker.sync.guard import Hold, Losses, Transition


class RunOutcome(StrEnum):
    """How a run ended; each has an exit code."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def exit_code(self) -> int:
        """The exit code of the command that ran it."""
        return {"succeeded": 0, "failed": 1, "partial": 3, "held": 4, "stopped": 5}[self.value]


class RunKind(StrEnum):
    """What a run set out to read."""

    FULL = "full"
    INCREMENTAL = "incremental"
    ACCOUNTS = "accounts"  # named ones only
    REJUDGE = "rejudge"  # nothing: accounts are judged again from the mirror
    ROLLBACK = "rollback"  # those that an earlier run wrote, to restore what it overwrote
    UNSTARTED = "unstarted"  # failed before that was known


class Failure(StrEnum):
    """What kept a run from beginning, or ended it without a word of its own."""

    ICP = "icp"  # the document, or another part of the configuration
    SETUP = "setup"  # credential, permissions, fields: a person must mend them
    QUOTA = "quota"  # the day's calls are used up
    CRM = "crm"  # it did not answer, or not as documented
    STATE = "state"  # the database, or the portal that it belongs to
    UNEXPECTED = "unexpected"  # an error nobody foresaw


@dataclass(slots=True)
class Counters:
    """Counts of one run. ``read`` is the sum of the five that follow it."""

    read: int = 0  # accounts read and judged, and those of the mirror that must be written
    unchanged: int = 0
    written: int = 0
    rejected: int = 0  # refused by the CRM; see the dead letter
    invalid: int = 0  # passed over: gone, or changed between planning and an approved write
    held: int = 0  # planned and not sent: the run was held or stopped
    gone: int = 0  # of invalid: deleted or merged away between reading and writing
    deferred: int = 0  # of rejected: refused before, nothing new since, not sent again yet
    not_kept: int = 0  # of deferred: accepted each time and not there when read next
    unechoed: int = 0  # read by id, for nothing showed that their write had arrived
    served: int = 0  # planned, and settled by a resync that was served meanwhile; see interludes
    repeated: int = 0  # rows the CRM sent again, of an account already dealt with
    rejudged: int = 0  # judged again from the mirror, without asking the CRM
    quiet: int = 0  # moved by time alone and not yet written: at most weekly
    pinned: int = 0  # left as they are, because a person rejected or rolled back a run
    erased: int = 0  # accounts the CRM no longer has, removed from the state
    overrides: int = 0
    overrides_ignored: int = 0
    stale: int = 0  # accounts judged on a last known value
    tiers: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)  # by attribute
    lacking: Counter[str] = field(default_factory=Counter)  # by attribute, of Needs data accounts

    def reconcile(self) -> list[str]:
        """Say what does not add up; nothing when every account was counted once."""
        parts = {
            "unchanged": self.unchanged,
            "written": self.written,
            "rejected": self.rejected,
            "invalid": self.invalid,
            "held": self.held,
        }
        total = sum(parts.values())
        if total == self.read:
            return []
        listed = ", ".join(f"{name} {count}" for name, count in parts.items())
        return [f"{self.read} accounts were read but {total} are accounted for ({listed})"]


@dataclass(slots=True, kw_only=True)
class RunReport:
    """Everything a run has to say for itself; ids and counts only."""

    run: str
    connection: str
    kind: RunKind
    dry_run: bool
    as_of: str
    icp: str = ""  # fingerprint of the ICPs it judged by
    mapping: str = ""  # fingerprint of the fields it read and writes
    inputs: Mapping[str, str] = field(default_factory=dict)  # CRM field by attribute, for people
    limited: bool = False  # read some accounts only: never moves the checkpoint
    rolls_back: str | None = None  # of a rollback: the run whose writes it undoes
    left: Counter[str] = field(default_factory=Counter)  # not restored, by reason
    outcome: RunOutcome = RunOutcome.FAILED
    counters: Counters = field(default_factory=Counters)
    transitions: list[Transition] = field(default_factory=list)
    hold: Hold | None = None
    agreed: Losses | None = None  # what the person who approved it agreed to lose
    failure: Failure | None = None  # of a run that failed before it began, or unforeseen
    attempts: int = 1  # starts that failed alike, one after the other, and are recorded as one
    resumes_at: str | None = None  # when a run that the day's calls ended can go on
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    automations: list[Automation] = field(default_factory=list)  # what a write fires, where seen
    forecast: Forecast | None = None  # of the calls it takes to read and write, as estimated
    calls: CallCounts = field(default_factory=CallCounts)

    def as_json(self) -> dict[str, Any]:
        """The run report as ``--json`` prints it and the state keeps it."""
        counters = self.counters
        return {
            "run": self.run,
            "connection": self.connection,
            "kind": self.kind.value,
            "dry_run": self.dry_run,
            "as_of": self.as_of,
            "icp": self.icp,
            "mapping": self.mapping,
            "limited": self.limited,
            "rolls_back": self.rolls_back,
            "left": dict(self.left.most_common()),
            "outcome": self.outcome.value,
            "read": counters.read,
            "unchanged": counters.unchanged,
            "written": counters.written,
            "rejected": counters.rejected,
            "invalid": counters.invalid,
            "held": counters.held,
            "gone": counters.gone,
            "deferred": counters.deferred,
            "not_kept": counters.not_kept,
            "unechoed": counters.unechoed,
            "served": counters.served,
            "repeated": counters.repeated,
            "rejudged": counters.rejudged,
            "quiet": counters.quiet,
            "pinned": counters.pinned,
            "erased": counters.erased,
            "overrides": counters.overrides,
            "overrides_ignored": counters.overrides_ignored,
            "stale": counters.stale,
            "tiers": dict(sorted(counters.tiers.items())),
            "unreadable": dict(sorted(counters.unreadable.items())),
            "lacking": dict(counters.lacking.most_common()),
            "transitions": [
                {
                    "from": item.before,
                    "to": item.after,
                    "cause": item.cause,
                    "accounts": item.accounts,
                    "examples": list(item.examples),
                }
                for item in self.transitions
            ],
            "hold": None
            if self.hold is None
            else {
                "reason": self.hold.reason,
                "remedy": self.hold.remedy,
                "tier_changes": self.hold.tier_changes,
                "allowed": self.hold.allowed,
                **losses_json(self.hold.losses),
                "ends_at": self.hold.ends_at,
                "tiers": dict(sorted(self.hold.tiers.items())),
            },
            "agreed": None if self.agreed is None else losses_json(self.agreed),
            "failure": None if self.failure is None else self.failure.value,
            "attempts": self.attempts,
            "resumes_at": self.resumes_at,
            "problems": self.problems,
            "warnings": self.warnings,
            "automations": [{"kind": it.kind, "name": it.name} for it in self.automations],
            "forecast": None
            if self.forecast is None
            else {
                "calls": self.forecast.calls,
                "remaining": self.forecast.remaining,
                "limit": self.forecast.limit,
            },
            "calls": calls_json(self.calls),
        }


def losses_json(losses: Losses) -> Mapping[str, Any]:
    """What a run no longer found: accounts, and inputs that became empty."""
    return {
        "missing": losses.missing,
        "missing_by_tier": dict(sorted(losses.missing_by_tier.items())),
        "vanished": dict(sorted(losses.vanished.items())),
    }


def hold_in(report: Mapping[str, Any]) -> Hold | None:
    """Why a run was held, as its report keeps it; ``None`` where it was not."""
    told = report.get("hold")
    if not told:
        return None
    return Hold(
        told["reason"],
        told["remedy"],
        told["tier_changes"],
        told["allowed"],
        Losses(
            told.get("missing", 0), told.get("vanished") or {}, told.get("missing_by_tier") or {}
        ),
        told.get("ends_at"),
        told.get("tiers") or {},
    )


def transitions_in(report: Mapping[str, Any]) -> list[Transition]:
    """Who was to move where and why, as a report keeps it."""
    return [
        Transition(it["from"], it["to"], it["cause"], it["accounts"], tuple(it["examples"]))
        for it in report.get("transitions", ())
    ]


def calls_json(calls: CallCounts) -> Mapping[str, Any]:
    """Calls made, by endpoint and by answer."""
    return {
        "total": calls.total,
        "retried": calls.retried,
        "by_route": dict(sorted(calls.by_route.items())),
        "by_status": dict(sorted(calls.by_status.items())),
    }
