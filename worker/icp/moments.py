"""Predicates on dates. Age is in whole UTC days; only these can change by time passing alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

from worker.icp.credits import ANYTHING, CREDIT, CreditOf, Undecided
from worker.icp.values import Value


@dataclass(frozen=True, slots=True)
class Within:
    """A date in the last so many days, halving in worth every *half_life* days when given."""

    days: int | None
    half_life: int | None = None

    def at(self, as_of: date) -> CreditOf:
        """Look back from the day; a date in the future cannot be read as an event."""
        today = as_of.toordinal()
        days = self.days
        decay = decay_credits(self.half_life) if self.half_life is not None else None

        def credit(value: Any) -> int | Undecided:
            age = today - value.toordinal()
            if age < 0:
                return ANYTHING
            if days is not None and age > days:
                return 0
            if decay is None:
                return CREDIT
            return decay[age] if age < len(decay) else 0

        return credit

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``within 180 days``."""
        del show
        return f"within {self.days} days" if self.days is not None else "a recent date"


@dataclass(frozen=True, slots=True)
class OlderThan:
    """A date at least so many days ago."""

    days: int

    def at(self, as_of: date) -> CreditOf:
        """Compare the age in whole days."""
        latest = as_of.toordinal() - self.days
        return lambda value: CREDIT if value.toordinal() <= latest else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``at least 365 days ago``."""
        del show
        return f"at least {self.days} days ago"


@dataclass(frozen=True, slots=True)
class LaterThan:
    """A date at least so many days ahead; the statement expires by itself as time passes."""

    days: int

    def at(self, as_of: date) -> CreditOf:
        """Compare with the day so many days ahead."""
        earliest = as_of.toordinal() + self.days
        return lambda value: CREDIT if value.toordinal() >= earliest else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``more than 180 days ahead``."""
        del show
        return f"at least {self.days} days ahead"


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A date from today to so many days ahead."""

    days: int

    def at(self, as_of: date) -> CreditOf:
        """Look ahead from the day."""
        first = as_of.toordinal()
        last = first + self.days
        return lambda value: CREDIT if first <= value.toordinal() <= last else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``in the next 90 days``."""
        del show
        return f"in the next {self.days} days"


@lru_cache(maxsize=64)
def decay_credits(half_life: int) -> tuple[int, ...]:
    """Credit by age in days, 0.5^(age / half_life), until it rounds to nothing.

    Computed in decimal arithmetic, so that every machine gets the same table.
    """
    with localcontext() as context:
        context.prec = 40
        factor = (Decimal("0.5").ln() / half_life).exp()
        table: list[int] = []
        worth = Decimal(CREDIT)
        while (credit := int((worth + Decimal("0.5")) // 1)) > 0:
            table.append(credit)
            worth *= factor
    return tuple(table)
