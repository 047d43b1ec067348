"""Credits, and what every predicate promises.

A *credit* is a whole number of ten-thousandths, so that sums are exact and their order can never
matter. A value that is an interval (a head count given as a band) may leave a predicate undecided;
it then answers the least and the most the credit could be. Predicates never see an unknown value:
the caller settles that before it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

from worker.icp.values import Value

CREDIT = 10_000
"""The credit of a full match: credits are quantised at one ten-thousandth."""

Number = int | float
Undecided = tuple[int, int]
"""The least and the most a credit could be, where the value does not settle it."""

CreditOf = Callable[[Any], "int | Undecided"]
"""Takes a value of the type that the predicate is for; documents are checked to pair them so."""

ANYTHING: Undecided = (0, CREDIT)


class Predicate(Protocol):
    """A comparison that can be bound to a day and can say in words what it wants."""

    def at(self, as_of: date) -> CreditOf:
        """Bind to the day of judging; only date predicates use it."""

    def want(self, show: Callable[[Value], str]) -> str:
        """Say what would match, for people; *show* renders one value of the attribute."""


def ratio(part: Number, whole: Number) -> int:
    """Quantise part / whole to a credit, half up; exact for whole numbers."""
    if type(part) is int and type(whole) is int:
        return (2 * CREDIT * part + whole) // (2 * whole)
    return int(part / whole * CREDIT + 0.5)
