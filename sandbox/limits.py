"""Counting calls against rate limits, on real (monotonic) time.

The record clock may be moved by a test; how fast a client really calls may not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable


class RollingLimit:
    """At most *most* calls in any *seconds*, counted per key (a token, a portal)."""

    def __init__(
        self, most: int, seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._monotonic = monotonic
        self._taken: dict[Hashable, deque[float]] = {}

    def take(self, key: Hashable) -> bool:
        """Count one call; ``False`` (and not counted) when the window is full."""
        window = self._window(key)
        if len(window) >= self.most:
            return False
        window.append(self._monotonic())
        return True

    def count(self, key: Hashable) -> None:
        """Count one call whether or not there is room."""
        self._window(key).append(self._monotonic())

    def remaining(self, key: Hashable) -> int:
        """Calls left in the present window."""
        return max(0, self.most - len(self._window(key)))

    def clear(self) -> None:
        """Forget every call."""
        self._taken.clear()

    def _window(self, key: Hashable) -> deque[float]:
        window = self._taken.setdefault(key, deque())
        horizon = self._monotonic() - self.seconds
        while window and window[0] <= horizon:
            window.popleft()
        return window


class DailyLimit:
    """At most *most* calls in one calendar day, as *today* names it."""

    def __init__(self, most: int, today: Callable[[], str]) -> None:
        self.most = most
        self._today = today
        self._day = today()
        self._used = 0

    @property
    def used(self) -> int:
        """Calls counted today."""
        if (today := self._today()) != self._day:
            self._day, self._used = today, 0
        return self._used

    @property
    def remaining(self) -> int:
        """Calls left today."""
        return max(0, self.most - self.used)

    def take(self) -> bool:
        """Count one call; ``False`` (and not counted) when the day is used up."""
        if self.used >= self.most:
            return False
        self._used += 1
        return True

    def count(self) -> None:
        """Count one call whether or not there is room."""
        self._used = self.used + 1

    def clear(self) -> None:
        """Forget today's calls."""
        self._used = 0
