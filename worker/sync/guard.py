"""Would this run do too much? Decided over the whole plan, before the first write.

Percentages are of the accounts the state knows, with an absolute floor, so that a handful of edits
never holds a run and a mistake in the ICP never empties a pipeline overnight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """How many tier changes a run may make without being asked."""

    max_tier_changes_count: int = 50
    max_tier_changes_percent: float = 2.0

    def allowed(self, population: int) -> int:
        """The larger of the count and the share of the population."""
        return max(
            self.max_tier_changes_count, int(population * self.max_tier_changes_percent / 100)
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """How many accounts move from one tier to another, why, and a few of them by id."""

    before: str  # empty: never assessed
    after: str
    cause: str
    accounts: int
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a run was held, in words, with the numbers."""

    reason: str
    remedy: str
    tier_changes: int
    allowed: int


def check(
    transitions: Sequence[Transition],
    limits: GuardLimits,
    *,
    population: int,
    first_backfill: bool,
    confirmed: bool,
    exempt: bool = False,
) -> Hold | None:
    """Answer why the run must be held, or ``None`` when it may write.

    Args:
        transitions: every planned tier transition with its count.
        limits: what is allowed.
        population: accounts the state knows.
        first_backfill: nothing has ever been written for this connection.
        confirmed: ``--yes``; it answers for the announced first backfill and nothing else.
        exempt: named accounts were asked for, which are never held.
    """
    if exempt:
        return None
    changes = sum(item.accounts for item in transitions if item.before != item.after)
    if first_backfill:
        if confirmed or not changes:
            return None
        return Hold(
            f"first backfill: {changes} accounts would get their first tier",
            "Look at the table, then run again with --yes.",
            changes,
            0,
        )
    allowed = limits.allowed(population)
    moved = sum(item.accounts for item in transitions if item.before and item.before != item.after)
    if moved <= allowed:
        return None
    return Hold(
        f"{moved} accounts of {population} would change tier, {allowed} are allowed",
        "If the table is what you want, run `icp approve` on this run; else mend the cause.",
        moved,
        allowed,
    )
