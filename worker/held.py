"""What a run would have done, as a person reads it before deciding: moves, causes, tiers.

Made from a run's report as the state keeps it, so that a terminal, ``icp status`` and the page for
approving tell the same. Ids and counts only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from worker.state.rows import Run
from worker.state.runs import HELD, SUPERSEDED
from worker.state.store import State
from worker.sync.plan import Cause

STAYS: Final = "(tier stays)"
GONE: Final = "gone"
NOT_ASSESSED: Final = "not assessed"
NO_LONGER: Final = "no longer in the CRM"

_HINTS: Final[Mapping[str, str]] = {
    Cause.ICP_CHANGED: "someone edited the ICP",
    Cause.INPUT_CHANGED: "a bulk edit or import in the CRM",
    Cause.INPUT_VANISHED: "a field was emptied, or an integration stopped filling it",
    Cause.OVERRIDDEN: "people set or ended overrides",
    Cause.DRIFT: "someone edited our fields",
    Cause.TIME: "triggers aged, or contracts came nearer",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the matrix, with labels; a few account ids as examples."""

    before: str
    after: str
    accounts: int
    cause: str
    examples: tuple[str, ...] = ()
    key: tuple[str, str, str] = ("", "", "")  # tiers and cause as the report has them


@dataclass(frozen=True, slots=True)
class TierLine:
    """How many accounts a tier holds, and would hold."""

    tier: str
    now: int
    then: int


def moves(report: Mapping[str, Any], labels: Mapping[str, str]) -> list[Move]:
    """Who would move where and why; accounts whose tier stays are one line per cause."""
    order = {name: place for place, name in enumerate(["", *labels])}
    staying: dict[str, list[Mapping[str, Any]]] = {}
    found: list[Move] = []
    ranked = sorted(
        report["transitions"], key=lambda it: (order.get(it["to"], 99), order.get(it["from"], 99))
    )
    for it in ranked:
        if it["from"] == it["to"]:
            staying.setdefault(it["cause"], []).append(it)
            continue
        found.append(
            Move(
                labels.get(it["from"], it["from"]) or NOT_ASSESSED,
                labels.get(it["to"], it["to"]) or NOT_ASSESSED,
                it["accounts"],
                it["cause"],
                tuple(it["examples"]),
                (it["from"], it["to"], it["cause"]),
            )
        )
    found += [
        Move(labels.get(tier, tier) or NOT_ASSESSED, GONE, accounts, NO_LONGER)
        for tier, accounts in sorted(_gone(report).items(), key=lambda it: order.get(it[0], 99))
    ]
    for cause, some in staying.items():
        first = max(some, key=lambda it: it["accounts"])
        found.append(
            Move(
                STAYS,
                "",
                sum(it["accounts"] for it in some),
                cause,
                tuple(first["examples"]),
                (first["from"], first["to"], cause),
            )
        )
    return found


def tier_lines(report: Mapping[str, Any], labels: Mapping[str, str]) -> list[TierLine]:
    """How many accounts each tier holds now, and would hold then; of all that are remembered."""
    change: Counter[str] = Counter()
    for it in report["transitions"]:
        change[it["to"]] += it["accounts"]
        change[it["from"]] -= it["accounts"]
    change.subtract(_gone(report))
    now = (report.get("hold") or {}).get("tiers")
    if not now:
        return []
    return [
        TierLine(label, now.get(name, 0), max(now.get(name, 0) + change[name], 0))
        for name, label in labels.items()
    ]


def why(report: Mapping[str, Any], inputs: Mapping[str, str] | None = None) -> list[str]:
    """What is behind it, the largest first: ``ICP changed, 154 accounts: someone edited the ICP``.

    *inputs* names the CRM's field of an attribute, where that is known.
    """
    hold = report.get("hold") or {}
    counted: Counter[str] = Counter()
    for it in report["transitions"]:
        if it["from"] and it["from"] != it["to"]:
            counted[it["cause"]] += it["accounts"]
    vanished = hold.get("vanished") or {}
    found = [
        f"{cause}, {_accounts(count)}: {_HINTS[cause]}"
        for cause, count in counted.most_common()
        if cause in _HINTS and not (vanished and cause == Cause.INPUT_VANISHED)
    ]
    for name, count in sorted(vanished.items(), key=lambda it: -it[1]):
        field = (inputs or {}).get(name)
        named = f"{name} ({field})" if field else name
        found.append(f"{named} emptied, {_accounts(count)}: {_HINTS[Cause.INPUT_VANISHED]}")
    if hold.get("missing"):
        found.append(
            f"{_accounts(hold['missing'])} gone: deleted or merged in the CRM, or hidden from the"
            " credential"
        )
    return found


def causes(report: Mapping[str, Any]) -> frozenset[str]:
    """What is behind a held run, without numbers: the same for one that is held for the same."""
    hold = report.get("hold") or {}
    moved = (it["cause"] for it in report["transitions"] if it["from"] != it["to"])
    gone = [NO_LONGER] if hold.get("missing") else []
    return frozenset([report.get("icp", ""), *moved, *(hold.get("vanished") or ()), *gone])


def successor(state: State, run: Run) -> Run | None:
    """The run that is held for the same in place of this one, which it superseded."""
    if run.outcome != SUPERSEDED:
        return None
    for it in state.runs.latest(run.connection, 1, outcome=HELD):
        if causes(orjson.loads(it.report or b"{}")) == causes(orjson.loads(run.report or b"{}")):
            return it
    return None


def not_held(state: State, run: Run, decision: str) -> str:
    """Say that there is nothing to *decision*, and which run is held in place of this one."""
    instead = successor(state, run)
    named = f" Held now is {instead.run_id}." if instead is not None else ""
    return (
        f"run {run.run_id}: is {run.outcome or 'not finished'}, not held; there is nothing to"
        f" {decision}.{named}"
    )


def _gone(report: Mapping[str, Any]) -> Mapping[str, int]:
    return (report.get("hold") or {}).get("missing_by_tier") or {}


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count:,} accounts"
