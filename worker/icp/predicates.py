"""The comparisons: each turns a known value into a credit, or says that it cannot decide.

Those on categories, lists, flags, ratings and text stand here; numbers are in
:mod:`worker.icp.ranges`, dates in :mod:`worker.icp.moments`, and what all of them promise in
:mod:`worker.icp.credits`. All are importable from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from worker.icp.credits import (
    ANYTHING,
    CREDIT,
    CreditOf,
    Number,
    Predicate,
    Undecided,
    ratio,
)
from worker.icp.moments import LaterThan, OlderThan, Upcoming, Within, decay_credits
from worker.icp.ranges import Band, InBands, InRange
from worker.icp.values import Value

__all__ = [
    "ANYTHING",
    "CREDIT",
    "Band",
    "CreditOf",
    "Holding",
    "HoldingNone",
    "InBands",
    "InOrder",
    "InRange",
    "IsFlag",
    "Known",
    "LaterThan",
    "NotIn",
    "Number",
    "OlderThan",
    "OneOf",
    "Predicate",
    "Rating",
    "TextTest",
    "Undecided",
    "Upcoming",
    "Within",
    "decay_credits",
]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A category with a credit of its own: full for the wanted, partial for near ones."""

    wanted: tuple[str, ...]
    credits: Mapping[str, int]  # every value worth anything, the wanted included
    named: tuple[str, ...] = ()  # how the operator wrote the wanted: groups stay groups

    def at(self, as_of: date) -> CreditOf:
        """Look the value up."""
        del as_of
        worth = dict(self.credits)
        return lambda value: worth.get(value, 0)

    def want(self, show: Callable[[Value], str]) -> str:
        """List the wanted values, shortened when many."""
        return _listed(self.named or [show(value) for value in self.wanted], "or")


@dataclass(frozen=True, slots=True)
class NotIn:
    """A category that is none of the refused."""

    refused: frozenset[str]

    def at(self, as_of: date) -> CreditOf:
        """Match anything that is not refused."""
        del as_of
        refused = self.refused
        return lambda value: 0 if value in refused else CREDIT

    def want(self, show: Callable[[Value], str]) -> str:
        """List the refused values."""
        return "not " + _listed([show(value) for value in sorted(self.refused)], "or")


@dataclass(frozen=True, slots=True)
class InOrder:
    """An ordered category, such as a funding stage, within its bounds (inclusive)."""

    order: tuple[str, ...]
    at_least: str | None = None
    at_most: str | None = None

    def at(self, as_of: date) -> CreditOf:
        """Compare positions; a value outside the order cannot be compared."""
        del as_of
        place = {value: index for index, value in enumerate(self.order)}
        low = place[self.at_least] if self.at_least is not None else 0
        high = place[self.at_most] if self.at_most is not None else len(place)

        def credit(value: Any) -> int | Undecided:
            index = place.get(value)
            if index is None:
                return ANYTHING
            return CREDIT if low <= index <= high else 0

        return credit

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``Series B or later``."""
        if self.at_least is not None and self.at_most is not None:
            return f"{show(self.at_least)} to {show(self.at_most)}"
        if self.at_least is not None:
            return f"{show(self.at_least)} or later"
        return f"{show(self.at_most)} or earlier" if self.at_most is not None else "any"


@dataclass(frozen=True, slots=True)
class Holding:
    """A list that holds at least so many of the named items.

    On a list that is not known to be complete, an item that is not seen may still be there, so
    only what *is* seen decides.
    """

    items: frozenset[str]
    count: int
    complete: bool = True
    named: tuple[str, ...] = ()  # the items for people, in the document's order

    def at(self, as_of: date) -> CreditOf:
        """Count the named items on the list."""
        del as_of
        items, count = self.items, self.count
        short: int | Undecided = 0 if self.complete else ANYTHING
        if count == 1:
            return lambda value: short if items.isdisjoint(value) else CREDIT
        return lambda value: CREDIT if len(items & value) >= count else short

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``Salesforce or HubSpot``, ``all of ...``, ``2 of ...``."""
        names = list(self.named) or [show(item) for item in sorted(self.items)]
        if self.count == 1:
            return _listed(names, "or")
        if self.count == len(names):
            return _listed(names, "and")
        return f"{self.count} of {_listed(names, 'or')}"


@dataclass(frozen=True, slots=True)
class HoldingNone:
    """A list that holds none of the named items; absence counts only on a complete list."""

    items: frozenset[str]
    complete: bool = True

    def at(self, as_of: date) -> CreditOf:
        """Match when nothing named is on the list."""
        del as_of
        items = self.items
        absent: int | Undecided = CREDIT if self.complete else ANYTHING
        return lambda value: absent if items.isdisjoint(value) else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``no Salesforce or HubSpot``."""
        return "no " + _listed([show(item) for item in sorted(self.items)], "or")


@dataclass(frozen=True, slots=True)
class IsFlag:
    """A yes-or-no field that has the wanted answer."""

    wanted: bool

    def at(self, as_of: date) -> CreditOf:
        """Compare the flag."""
        del as_of
        wanted = self.wanted
        return lambda value: CREDIT if value is wanted else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``yes`` or ``no``."""
        return show(self.wanted)


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating from 1 to *top* kept in the CRM: credit (v - 1) / (top - 1)."""

    top: int

    def at(self, as_of: date) -> CreditOf:
        """Scale the rating; one outside the scale says nothing."""
        del as_of
        top = self.top

        def credit(value: Any) -> int | Undecided:
            if not 1 <= value <= top:
                return ANYTHING
            return ratio(value - 1, top - 1)

        return credit

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``5 of 5``."""
        del show
        return f"{self.top} of {self.top}"


@dataclass(frozen=True, slots=True)
class TextTest:
    """Free text that passes a matcher handed in from outside (words or a linear-time pattern)."""

    passes: Callable[[str], bool]
    wanted: str

    def at(self, as_of: date) -> CreditOf:
        """Ask the matcher."""
        del as_of
        passes = self.passes
        return lambda value: CREDIT if passes(value) else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Name what is looked for."""
        del show
        return self.wanted


@dataclass(frozen=True, slots=True)
class Known:
    """Any value at all; only conditions use it."""

    def at(self, as_of: date) -> CreditOf:
        """Match every known value."""
        del as_of
        return lambda _value: CREDIT

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``any value``."""
        del show
        return "any value"


_LISTED = 4


def _listed(names: list[str] | tuple[str, ...], word: str) -> str:
    """Join names for people, shortened when many."""
    if len(names) > _LISTED:
        return ", ".join(names[: _LISTED - 1]) + f" {word} {len(names) - _LISTED + 1} more"
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + f" {word} {names[-1]}" if names else "nothing"
