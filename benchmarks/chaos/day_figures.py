"""What a simulated day comes to: how fresh tiers are, and whether memory grows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

_TWO_SIDED = 1.96  # standard errors to either side of 95%


class Slope(NamedTuple):
    """Growth per unit of time by least squares, and where it lies in 19 cases of 20."""

    value: float
    low: float
    high: float


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit a line; of fewer than three points nothing is known, and that is what is answered."""
    if len(times) < 3:  # noqa: PLR2004 - two points always lie on a line
        return Slope(0.0, -math.inf, math.inf)
    line = statistics.linear_regression(times, values)
    left = sum(
        (value - line.intercept - line.slope * at) ** 2
        for at, value in zip(times, values, strict=True)
    )
    middle = statistics.fmean(times)
    spread = sum((at - middle) ** 2 for at in times)
    error = _TWO_SIDED * math.sqrt(left / (len(times) - 2) / spread)
    return Slope(line.slope, line.slope - error, line.slope + error)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share do not pass; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


@dataclass
class Ledger:
    """Which edits call for another tier, and how long each took to arrive.

    An edit that is taken back before anything was written calls for nothing.

    Attributes:
        seconds: from an edit to the write that answered it.
    """

    seconds: list[float] = field(default_factory=list)
    _shown: dict[str, str] = field(default_factory=dict)
    _present: dict[str, str] = field(default_factory=dict)
    _waiting: dict[str, list[datetime]] = field(default_factory=dict)

    def know(self, values: Mapping[str, str]) -> None:
        """These hold now what their tier was judged by."""
        self._shown.update(values)
        self._present.update(values)

    def edit(self, account: str, value: str, at: datetime) -> None:
        """Somebody changed it, or made it."""
        self._present[account] = value
        if self._shown.get(account) == value:
            self._waiting.pop(account, None)
        else:
            self._waiting.setdefault(account, []).append(at)

    def remove(self, account: str) -> None:
        """It is gone: nothing is due any more."""
        self._waiting.pop(account, None)

    def write(self, account: str, at: datetime) -> None:
        """Its tier was written."""
        edits = [it for it in self._waiting.get(account, ()) if it <= at]
        self.seconds += [(at - edited).total_seconds() for edited in edits]
        if edits:
            del self._waiting[account]
            self._shown[account] = self._present[account]

    @property
    def waiting(self) -> list[str]:
        """Accounts whose new tier has not been written."""
        return sorted(self._waiting)

    def is_waiting(self, account: str) -> bool:
        """Whether something is due to it."""
        return account in self._waiting
