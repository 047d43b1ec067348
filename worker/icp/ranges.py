"""Predicates on numbers: a sweet spot that fades, and bands with a credit each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from worker.icp.credits import CREDIT, CreditOf, Number, Undecided, ratio
from worker.icp.values import Interval, Value


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


def _fade(x: Number, edge: Number | None, bound: Number) -> int:
    """Credit of *x* outside *bound*: falls linearly to nothing at *edge*, never quite full."""
    if edge is None or edge == bound:
        return 0
    part, whole = (x - edge, bound - edge) if bound > edge else (edge - x, edge - bound)
    if part <= 0:
        return 0
    return min(ratio(part, whole), CREDIT - 1)


def _settled(span: Undecided) -> int | Undecided:
    return span[0] if span[0] == span[1] else span
