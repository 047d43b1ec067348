"""Would this run do too much? Decided over the whole plan, before the first write.

Percentages are of the accounts the state knows, with an absolute floor, so that a handful of edits
never holds a run and a mistake in the ICP never empties a pipeline overnight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.icp.profile import DISQUALIFIED


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """What a run may do without being asked. The count is a floor for every percentage."""

    max_tier_changes_count: int = 50
    max_tier_changes_percent: float = 2.0
    max_disqualified_rise: float = 5.0  # percent of the population
    max_shrink: float = 10.0  # percent of the population
    max_fill_loss: float = 20.0  # percent of the population, by input

    def allowed(self, population: int) -> int:
        """How many tiers may change: the larger of the count and the share."""
        return self.at_most(self.max_tier_changes_percent, population)

    def at_most(self, percent: float, population: int) -> int:
        """The larger of the count and a share of the population."""
        return max(self.max_tier_changes_count, int(population * percent / 100))


@dataclass(frozen=True, slots=True)
class Losses:
    """What a run no longer found."""

    missing: int = 0  # mirrored accounts that the CRM no longer shows
    vanished: Mapping[str, int] = field(
        default_factory=dict
    )  # accounts, by input that is empty now
    missing_by_tier: Mapping[str, int] = field(default_factory=dict)  # as last computed


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
    losses: Losses = field(default_factory=Losses)
    ends_at: str | None = None  # when it is over by itself, and the next run writes
    tiers: Mapping[str, int] = field(default_factory=dict)  # accounts of each tier before the run

    @property
    def waits_for_a_person(self) -> bool:
        """Whether there is more to it than a pause or a freeze, which have no numbers."""
        lost = self.losses.missing or self.losses.vanished
        return bool(self.tier_changes or self.allowed or lost)


def check(
    transitions: Sequence[Transition],
    limits: GuardLimits,
    *,
    population: int,
    first_backfill: bool,
    confirmed: bool,
    exempt: bool = False,
    losses: Losses | None = None,
    agreed: Losses | None = None,
) -> Hold | None:
    """Answer why the run must be held, or ``None`` when it may write.

    Args:
        transitions: every planned tier transition with its count.
        limits: what is allowed.
        population: accounts the state knows.
        first_backfill: nothing has ever been written for this connection.
        confirmed: ``--yes``; it answers for the announced first backfill and nothing else.
        exempt: named accounts were asked for, which are never held.
        losses: what the run no longer found.
        agreed: losses that a person has agreed to, by approving a run that was held for them.
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
    losses, agreed = losses or Losses(), agreed or Losses()
    allowed = limits.allowed(population)
    moved = sum(item.accounts for item in transitions if item.before and item.before != item.after)
    reasons = []
    if moved > allowed:
        reasons.append(f"{moved} accounts of {population} would change tier, {allowed} are allowed")
    reasons += _disqualified(transitions, limits, population)
    reasons += _lost(losses, agreed, limits, population)
    if not reasons:
        return None
    return Hold(
        "; ".join(reasons),
        "If this is what you want, run `icp approve` on this run; else mend the cause.",
        moved,
        allowed,
        losses,
    )


def _disqualified(
    transitions: Sequence[Transition], limits: GuardLimits, population: int
) -> list[str]:
    entering = sum(it.accounts for it in transitions if it.before and it.after == DISQUALIFIED)
    leaving = sum(it.accounts for it in transitions if it.before == DISQUALIFIED)
    rise, most = entering - leaving, limits.at_most(limits.max_disqualified_rise, population)
    if rise <= most:
        return []
    return [f"{rise} more accounts of {population} would be disqualified, {most} are allowed"]


def _lost(losses: Losses, agreed: Losses, limits: GuardLimits, population: int) -> list[str]:
    reasons = []
    most = limits.at_most(limits.max_shrink, population)
    if losses.missing > most + agreed.missing:
        reasons.append(
            f"{losses.missing} accounts of {population} are no longer in the CRM, {most} are"
            " allowed; they would be forgotten"
        )
    most = limits.at_most(limits.max_fill_loss, population)
    reasons += [
        f"input {name} became empty in {count} accounts of {population}, {most} are allowed"
        for name, count in sorted(losses.vanished.items())
        if count > most + agreed.vanished.get(name, 0)
    ]
    return reasons
