"""One limiter per portal, shared by its threads: the burst, the search budget and the day.

A CRM counts calls as they arrive, we count them as they leave. A call that left may arrive a
little later, so it is held against the window until it was answered or a small margin has passed,
whichever comes first, and only then does its window begin to run. The margin bounds what the
caution can cost; the answer proves the arrival.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.errors import QuotaExhaustedError
from connectors.records import Forecast

MARGIN = 0.04  # of a window's length: the most of it that waiting for arrivals may cost


@dataclass(slots=True)
class Slot:
    """One call that counts against a window until *frees_at* (monotonic seconds)."""

    window: RollingWindow
    frees_at: float


class RollingWindow:
    """At most *limit* calls in any *seconds*, as the server sees them. Not locked by itself.

    Without a *limit* only :meth:`close` holds calls back.
    """

    def __init__(self, limit: int | None, seconds: float) -> None:
        self.limit = None if limit is None else max(1, limit)
        self.seconds = seconds
        self._slots: list[Slot] = []
        self._closed_until = float("-inf")

    def wait(self, now: float) -> float:
        """Return the seconds to wait before one more call may leave; 0 for none."""
        self._slots = [slot for slot in self._slots if slot.frees_at > now]
        wait = max(0.0, self._closed_until - now)
        if self.limit is None:
            return wait
        excess = len(self._slots) - self.limit
        if excess >= 0:
            frees = sorted(slot.frees_at for slot in self._slots)
            wait = max(wait, frees[excess] - now)
        return wait

    def take(self, now: float) -> Slot:
        """Count one call that leaves *now*."""
        slot = Slot(self, now + self.seconds * (1 + MARGIN))
        if self.limit is not None:
            self._slots.append(slot)
        return slot

    def close(self, until: float) -> None:
        """Let nothing leave before *until*: the server said that the window is full."""
        self._closed_until = max(self._closed_until, until)


@dataclass(slots=True)
class DailyBudget:
    """What is left of the account's day, by the latest answer that said so.

    Args:
        share: how much of the day may be used up before we stop, 0 to 1; the rest is left to the
            customer's other applications. It bounds everyone's use together, as the CRM reports
            it, not ours alone.
        rolling: how soon to look again where the day is the last 24 hours, of which calls drop
            out one by one; ``None`` where it ends at midnight in *time_zone*.

    """

    share: float = 1.0
    rolling: timedelta | None = None
    limit: int | None = None
    remaining: int | None = None
    time_zone: str = "UTC"
    resets_at: datetime | None = None

    def observe(self, limit: int, remaining: int, now: datetime) -> None:
        """Keep what an answer said; *now* is the CRM's time."""
        self.limit, self.remaining = limit, remaining
        self.resets_at = (
            next_midnight(now, self.time_zone) if self.rolling is None else now + self.rolling
        )

    @property
    def floor(self) -> int:
        """How many of the day's calls stay untouched."""
        return 0 if self.limit is None else round(self.limit * (1 - self.share))

    def check(self, now: datetime) -> None:
        """Count one call about to be sent.

        Raises:
            QuotaExhaustedError: it would go below the floor; says when the day ends.

        """
        if self.remaining is None or self.resets_at is None:
            return
        if now >= self.resets_at:
            self.remaining = None  # a new day: the next answer says how much it holds
            return
        if self.remaining <= self.floor:
            when = (
                f"go on at midnight ({self.time_zone}), {self.resets_at.isoformat()}"
                if self.rolling is None
                else f"are tried again from {self.resets_at.isoformat(timespec='seconds')}"
            )
            raise QuotaExhaustedError(
                f"The CRM account has {self.remaining} of {self.limit} API calls left today and"
                f" {self.floor} are kept for other applications; calls {when}.",
                resumes_at=self.resets_at,
            )
        self.remaining -= 1


class RateLimiter:
    """Everything that bounds the calls to one portal. Share one among all threads of a portal.

    Args:
        share: of the burst, 0 to 1; others use the rest.
        search_share: of the search budget; by default the same.
        daily_share: of the day; see :class:`DailyBudget`.
        burst: calls per *burst_seconds* until an answer says what the account really has;
            ``None`` where the CRM does not bound them.
        search: search calls per second, all applications of the account together.
        rolling: for a CRM whose day is the last 24 hours; see :class:`DailyBudget`.
        monotonic: the clock that windows run on, in seconds.
        pause: waits, and may raise to give up (see :class:`connectors.pausing.Pause`).

    """

    def __init__(  # noqa: PLR0913 - every bound comes from outside, by name
        self,
        *,
        share: float = 0.7,
        search_share: float | None = None,
        daily_share: float = 0.9,
        burst: int | None = 100,
        burst_seconds: float = 10.0,
        search: int = 5,
        rolling: timedelta | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        search_share = share if search_share is None else search_share
        if not all(0 < part <= 1 for part in (share, search_share, daily_share)):
            raise ValueError("each share must be above 0 and at most 1")
        self._share = share
        self._monotonic = monotonic
        self._pause = pause
        self._lock = threading.Lock()
        self._burst = RollingWindow(None if burst is None else int(burst * share), burst_seconds)
        # A share of a small whole number is taken as a longer window: 70% of 5 a second is 5 in
        # 1.43 seconds, not 3 a second.
        self._search = RollingWindow(search, 1.0 / search_share)
        self.daily = DailyBudget(daily_share, rolling)
        self.waited = 0.0

    @property
    def burst(self) -> tuple[int | None, float]:
        """How many calls may leave in how many seconds, our share already taken."""
        return self._burst.limit, self._burst.seconds

    def acquire(self, now: datetime, *, search: bool = False) -> Slot:
        """Wait for a free place and take it. *now* is the CRM's time, for the daily budget.

        Raises:
            QuotaExhaustedError: the day is used up; nothing was sent.
            StoppedError: a stop was asked for while waiting.

        """
        window = self._search if search else self._burst
        while True:
            with self._lock:
                current = self._monotonic()
                wait = window.wait(current)
                if wait <= 0:
                    self.daily.check(now)
                    return window.take(current)
                self.waited += wait
            self._pause(wait)

    def arrived(self, slot: Slot) -> None:
        """Say that the call of *slot* was answered, so it reached the server before now."""
        with self._lock:
            slot.frees_at = min(slot.frees_at, self._monotonic() + slot.window.seconds)

    def forecast(self, calls: int) -> Forecast:
        """Hold *calls* against what is left of the day above the floor."""
        daily = self.daily
        left = None if daily.remaining is None else max(0, daily.remaining - daily.floor)
        return Forecast(calls, left, daily.limit)

    def resize(self, limit: int, seconds: float) -> None:
        """Size the burst by what an answer says the account has: *limit* per *seconds*."""
        with self._lock:
            self._burst.limit = max(1, int(limit * self._share))
            self._burst.seconds = seconds

    def refused(self, seconds: float, *, search: bool = False) -> None:
        """Hold every thread's calls back for *seconds*: the server said that there are too many."""
        with self._lock:
            window = self._search if search else self._burst
            window.close(self._monotonic() + seconds)


def next_midnight(now: datetime, time_zone: str) -> datetime:
    """Return the end of *now*'s day in *time_zone*, in UTC; an unknown zone counts as UTC."""
    try:
        zone: ZoneInfo | None = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    local = now.astimezone(zone or UTC)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC)
