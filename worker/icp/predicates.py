"""The comparisons: each turns a known value into a credit, or says that it cannot decide.

A *credit* is a whole number of ten-thousandths, so that sums are exact and their order can never
matter. A value that is an interval (a head count given as a band) may leave a predicate undecided;
it then answers the least and the most the credit could be. Predicates never see an unknown value:
the caller settles that before it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any, ClassVar, Protocol

from worker.icp.values import Interval, Value

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


@dataclass(frozen=True, slots=True)
class InRange:
    """A number inside a sweet spot, with linear partial credit out to the fade edges.

    A bound of ``None`` is open. ``above`` and ``below`` exclude their bound; all others include it.
    """

    low: Number | None = None
    high: Number | None = None
    fade_low: Number | None = None
    fade_high: Number | None = None
    excludes_bounds: bool = False

    def at(self, as_of: date) -> CreditOf:
        """Give full credit inside, less outside, nothing beyond the fade edge."""
        del as_of

        def credit(value: Any) -> int | Undecided:
            if type(value) is Interval:
                low, high = value
                if low == high:
                    return self._point(low)
                return _settled(self._span(low, high))
            return self._point(value)

        return credit

    def _point(self, x: Number) -> int:
        low, high = self.low, self.high
        if low is not None and (x < low or (self.excludes_bounds and x == low)):
            return _fade(x, self.fade_low, low)
        if high is not None and (x > high or (self.excludes_bounds and x == high)):
            return _fade(x, self.fade_high, high)
        return CREDIT

    def _span(self, low: Number, high: Number | None) -> Undecided:
        """Bound the credit over an interval: the curve rises once and falls once."""
        at_low = self._point(low)
        at_high = self._point(high) if high is not None else (CREDIT if self.high is None else 0)
        peak = max(at_low, at_high)
        nearest = low if self.low is None else max(low, self.low)
        if high is None or nearest <= high:
            peak = max(peak, self._point(nearest))
            if self.excludes_bounds and self.low is not None and nearest == self.low:
                # an open bound: anything just beyond it already matches
                peak = CREDIT if high is None or high > self.low else peak
        return min(at_low, at_high), peak

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``200-1,000``, ``at least 20``, ``below 50``."""
        low, high = self.low, self.high
        if low is not None and high is not None:
            return f"{show(low)}-{show(high)}"
        if low is not None:
            return f"{'above' if self.excludes_bounds else 'at least'} {show(low)}"
        if high is not None:
            return f"{'below' if self.excludes_bounds else 'at most'} {show(high)}"
        return "any number"


@dataclass(frozen=True, slots=True)
class Band:
    """A range of numbers, from inclusive and to exclusive, and what it is worth."""

    low: Number | None
    high: Number | None
    credit: int

    def holds(self, x: Number) -> bool:
        """Whether *x* lies in the band."""
        return (self.low is None or x >= self.low) and (self.high is None or x < self.high)


@dataclass(frozen=True, slots=True)
class InBands:
    """A number valued by the band it falls in; between bands it is a miss."""

    bands: tuple[Band, ...]

    def at(self, as_of: date) -> CreditOf:
        """Give the credit of the first band that holds the value."""
        del as_of

        def credit(value: Any) -> int | Undecided:
            if type(value) is not Interval:
                return self._point(value)
            low, high = value
            if low == high:
                return self._point(low)
            edges = {low} | {
                edge
                for band in self.bands
                for edge in (band.low, band.high)
                if edge is not None and edge > low and (high is None or edge <= high)
            }
            if high is not None:
                edges.add(high)
            worth = [self._point(edge) for edge in edges]
            return _settled((min(worth), max(worth)))

        return credit

    def _point(self, x: Number) -> int:
        return next((band.credit for band in self.bands if band.holds(x)), 0)

    def want(self, show: Callable[[Value], str]) -> str:
        """Name the band worth most."""
        best = max(self.bands, key=lambda band: band.credit)
        if best.low is None:
            return f"below {show(best.high)}" if best.high is not None else "any number"
        return f"at least {show(best.low)}" + (
            f" and below {show(best.high)}" if best.high is not None else ""
        )


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
        names = [show(item) for item in sorted(self.items)]
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
class Within:
    """A date in the last so many days, halving in worth every *half_life* days when given."""

    days: int | None
    half_life: int | None = None
    time_bound: ClassVar[bool] = True

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
    time_bound: ClassVar[bool] = True

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
    time_bound: ClassVar[bool] = True

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
    time_bound: ClassVar[bool] = True

    def at(self, as_of: date) -> CreditOf:
        """Look ahead from the day."""
        first = as_of.toordinal()
        last = first + self.days
        return lambda value: CREDIT if first <= value.toordinal() <= last else 0

    def want(self, show: Callable[[Value], str]) -> str:
        """Render as ``in the next 90 days``."""
        del show
        return f"in the next {self.days} days"


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
            return _ratio(value - 1, top - 1)

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


def is_time_bound(predicate: Predicate) -> bool:
    """Whether the answer can change by time passing alone."""
    return getattr(predicate, "time_bound", False)


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


def _fade(x: Number, edge: Number | None, bound: Number) -> int:
    """Credit of *x* outside *bound*: falls linearly to nothing at *edge*, never quite full."""
    if edge is None or edge == bound:
        return 0
    part, whole = (x - edge, bound - edge) if bound > edge else (edge - x, edge - bound)
    if part <= 0:
        return 0
    return min(_ratio(part, whole), CREDIT - 1)


def _ratio(part: Number, whole: Number) -> int:
    """Quantise part / whole to a credit, half up; exact for whole numbers."""
    if type(part) is int and type(whole) is int:
        return (2 * CREDIT * part + whole) // (2 * whole)
    return int(part / whole * CREDIT + 0.5)


def _settled(span: Undecided) -> int | Undecided:
    return span[0] if span[0] == span[1] else span


_LISTED = 4


def _listed(names: list[str] | tuple[str, ...], word: str) -> str:
    """Join names for people, shortened when many."""
    if len(names) > _LISTED:
        return ", ".join(names[: _LISTED - 1]) + f" {word} {len(names) - _LISTED + 1} more"
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + f" {word} {names[-1]}" if names else "nothing"
