"""The limiter against a server that counts arrivals, on a clock that only the test moves."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import QuotaExhaustedError, StoppedError
from connectors.pausing import Pause
from connectors.throttling import RateLimiter, next_midnight

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """Monotonic seconds that pass only when someone waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += max(seconds, 1e-9)


class ArrivalWindow:
    """A server's rolling window: counts what arrives and how much it had to refuse."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.arrivals: list[float] = []
        self.refused = 0

    def arrive(self, now: float) -> None:
        """Take or refuse one call."""
        recent = [at for at in self.arrivals[-self.limit :] if at > now - self.seconds]
        if len(recent) >= self.limit:
            self.refused += 1
        else:
            self.arrivals.append(now)


def drive(limiter: RateLimiter, clock: Clock, server: ArrivalWindow, *, search: bool) -> float:
    """Call as fast as the limiter lets us for ten windows; return calls over the possible."""
    rng = random.Random(7)  # noqa: S311 - a latency, not a secret
    started = clock()
    while clock() < started + 10 * server.seconds:
        slot = limiter.acquire(NOW, search=search)
        out = rng.uniform(0.0005, 0.002)
        server.arrive(clock() + out)
        clock.wait(out + rng.uniform(0.001, 0.01))
        limiter.arrived(slot)
    return len(server.arrivals) / (10 * server.limit)


@pytest.mark.parametrize(("limit", "seconds", "search"), [(190, 10.0, False), (5, 1.0, True)])
def test_at_full_share_the_limit_is_used_and_never_passed(
    *, limit: int, seconds: float, search: bool
) -> None:
    """At least 95% of the limit, and not one call refused."""
    clock = Clock()
    limiter = RateLimiter(share=1.0, burst=limit, monotonic=clock, pause=clock.wait)
    server = ArrivalWindow(limit, seconds)

    used = drive(limiter, clock, server, search=search)

    assert used >= 0.95
    assert server.refused == 0


@pytest.mark.parametrize(("limit", "seconds", "search"), [(190, 10.0, False), (5, 1.0, True)])
def test_a_share_leaves_the_rest_to_others(*, limit: int, seconds: float, search: bool) -> None:
    """With a share of 70%, between 66% and 70% of the limit is used (plus the first window)."""
    clock = Clock()
    limiter = RateLimiter(share=0.7, burst=limit, monotonic=clock, pause=clock.wait)
    server = ArrivalWindow(limit, seconds)

    assert 0.66 <= drive(limiter, clock, server, search=search) <= 0.77


def test_the_budget_is_shared_by_threads() -> None:
    """However many threads ask at once, together they get one window's places."""
    stop = threading.Event()
    limiter = RateLimiter(share=1.0, burst=20, pause=Pause(stop))
    got: list[int] = []

    def take() -> None:
        try:
            while True:
                limiter.acquire(NOW)
                got.append(1)
        except StoppedError:
            return

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(got) < 20:
        stop.wait(0.001)
    stop.set()
    for thread in threads:
        thread.join(5)

    assert len(got) == 20


def test_headers_resize_the_window() -> None:
    """What the account really has replaces the cautious first guess, in both directions."""
    clock = Clock()
    limiter = RateLimiter(share=1.0, burst=2, monotonic=clock, pause=clock.wait)
    limiter.acquire(NOW)
    limiter.resize(5, 10.0)

    for _ in range(4):
        limiter.acquire(NOW)
    assert clock() == 1000.0

    limiter.resize(1, 10.0)
    limiter.acquire(NOW)
    assert clock() >= 1010.0


def test_search_and_burst_do_not_share_places() -> None:
    """A full search window does not hold up ordinary calls."""
    clock = Clock()
    limiter = RateLimiter(share=1.0, monotonic=clock, pause=clock.wait)
    for _ in range(5):
        limiter.acquire(NOW, search=True)

    limiter.acquire(NOW)
    assert clock() == 1000.0

    limiter.acquire(NOW, search=True)
    assert clock() > 1000.9


def test_a_refusal_holds_every_thread_back() -> None:
    """After the server said too many, nobody sends until the wait is over."""
    clock = Clock()
    limiter = RateLimiter(monotonic=clock, pause=clock.wait)

    limiter.refused(10)
    limiter.acquire(NOW)

    assert clock() >= 1010.0
    assert limiter.waited == pytest.approx(10)


def test_the_days_floor_stops_cleanly_and_says_when_to_go_on() -> None:
    """Calls stop at the floor, in the portal's own day, and go on after its midnight."""
    limiter = RateLimiter(daily_share=0.9)
    limiter.daily.time_zone = "America/New_York"
    limiter.daily.observe(1000, 102, NOW)

    limiter.acquire(NOW)
    limiter.acquire(NOW)
    with pytest.raises(QuotaExhaustedError, match="100 are kept for other") as caught:
        limiter.acquire(NOW)

    assert caught.value.resumes_at == datetime(2026, 11, 23, 5, tzinfo=UTC)
    limiter.acquire(NOW + timedelta(hours=18))


def test_a_day_of_24_hours_is_looked_at_again_after_a_while() -> None:
    """Where calls drop out one by one there is no midnight; the next answer tells what is left."""
    limiter = RateLimiter(daily_share=0.9, burst=None, rolling=timedelta(hours=1))
    limiter.daily.observe(1000, 101, NOW)

    limiter.acquire(NOW)
    with pytest.raises(QuotaExhaustedError, match=r"are tried again from .*13:00:00") as caught:
        limiter.acquire(NOW)

    assert caught.value.resumes_at == NOW + timedelta(hours=1)
    limiter.acquire(NOW + timedelta(hours=1))
    limiter.daily.observe(1000, 100, NOW + timedelta(hours=1))
    with pytest.raises(QuotaExhaustedError):
        limiter.acquire(NOW + timedelta(hours=1))


def test_without_a_burst_only_a_refusal_holds_calls_back() -> None:
    """A CRM that bounds long calls at once, and not calls by time, says so when it must."""
    clock = Clock()
    limiter = RateLimiter(burst=None, monotonic=clock, pause=clock.wait)

    for _ in range(10_000):
        limiter.arrived(limiter.acquire(NOW))
    began = clock.seconds
    limiter.refused(5)
    limiter.acquire(NOW)

    assert limiter.burst[0] is None
    assert clock.seconds - began == pytest.approx(5)


def test_midnight_is_the_portals_own_even_when_the_clock_changes() -> None:
    """The night the clocks go back still ends at local midnight; an unknown zone counts as UTC."""
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert next_midnight(before, "Europe/Berlin") == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert next_midnight(before, "Mars/Olympus") == datetime(2026, 10, 26, tzinfo=UTC)


@pytest.mark.parametrize("share", [0, -1, 1.1])
def test_a_senseless_share_is_refused(share: float) -> None:
    """A share is above nothing and at most everything."""
    with pytest.raises(ValueError, match="above 0"):
        RateLimiter(share=share)
