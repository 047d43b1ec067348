"""The retry policy: bounded twice, advice first, interruptible."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from connectors.errors import MisconfiguredError, Problem, StoppedError, TransientError
from connectors.pausing import Pause
from connectors.retrying import RetryPolicy


class Flaky:
    """Fails a number of times, then answers; remembers the attempts it saw."""

    def __init__(self, failures: int, advice: float | None = None) -> None:
        self.failures = failures
        self.advice = None if advice is None else timedelta(seconds=advice)
        self.attempts: list[int] = []

    def __call__(self, attempt: int) -> str:
        """Fail while failures are left."""
        self.attempts.append(attempt)
        if len(self.attempts) <= self.failures:
            raise TransientError("busy", retry_after=self.advice)
        return "done"


def test_a_call_that_recovers_is_answered_and_counted() -> None:
    """Two failures cost two retries and the third attempt's answer is returned."""
    waits: list[float] = []
    retries: list[int] = []
    flaky = Flaky(2)

    answer = RetryPolicy().run(flaky, pause=waits.append, on_retry=lambda: retries.append(1))

    assert (answer, flaky.attempts, len(retries)) == ("done", [1, 2, 3], 2)
    assert 0.5 <= waits[0] <= 1.0
    assert 1.0 <= waits[1] <= 1.5


def test_attempts_are_bounded() -> None:
    """The last attempt's own error comes out when the attempts are used up."""
    flaky = Flaky(99)

    with pytest.raises(TransientError, match="busy"):
        RetryPolicy(attempts=4).run(flaky, pause=lambda _seconds: None)

    assert flaky.attempts == [1, 2, 3, 4]


def test_total_time_is_bounded() -> None:
    """A wait that would pass the total is not begun, whatever attempts are left."""
    waits: list[float] = []

    with pytest.raises(TransientError):
        RetryPolicy(attempts=50, total=25).run(Flaky(99, advice=10), pause=waits.append)

    assert waits == [10, 10]


def test_the_servers_advice_comes_first_but_is_capped() -> None:
    """Advice is followed exactly up to the longest wait, and never beyond it."""
    waits: list[float] = []
    policy = RetryPolicy(longest_wait=30, total=1000)

    policy.run(Flaky(1, advice=7), pause=waits.append)
    policy.run(Flaky(1, advice=9000), pause=waits.append)

    assert waits == [7, 30]


def test_only_transient_errors_are_tried_again() -> None:
    """An error that only a person can mend is raised at once."""
    attempts: list[int] = []

    def refuse(attempt: int) -> None:
        attempts.append(attempt)
        raise MisconfiguredError([Problem("token", "refused")])

    with pytest.raises(MisconfiguredError):
        RetryPolicy().run(refuse, pause=lambda _seconds: None)

    assert attempts == [1]


def test_a_stop_ends_a_backoff_at_once() -> None:
    """A worker told to stop does not sit out a wait of an hour."""
    stop = threading.Event()
    threading.Timer(0.005, stop.set).start()

    with pytest.raises(StoppedError):
        RetryPolicy(longest_wait=3600, total=9999).run(Flaky(9, advice=3600), pause=Pause(stop))


def test_a_stop_already_asked_for_ends_the_wait_even_with_a_sleep_from_outside() -> None:
    """The stop signal is looked at before an injected sleep is begun."""
    stop = threading.Event()
    stop.set()
    slept: list[float] = []

    with pytest.raises(StoppedError):
        Pause(stop, slept.append)(5)

    assert slept == []
