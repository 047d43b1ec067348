"""The only retry policy: transient errors, bounded twice, the server's advice first.

The vendor clients' own retries are switched off, so that attempts do not multiply and every
attempt passes the rate limiter. Nothing is logged here: callers count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_any,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

from connectors.errors import StoppedError, TransientError
from connectors.pausing import Pause

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long one call is tried again. Times are seconds."""

    attempts: int = 6
    total: float = 300.0  # attempts and waits together; a wait that would pass it is not begun
    longest_wait: float = 60.0  # caps the server's advice too
    first_wait: float = 0.5  # doubles with each attempt, plus jitter

    def run(
        self,
        operation: Callable[[int], T],
        *,
        pause: Callable[[float], None] | None = None,
        on_retry: Callable[[], None] = lambda: None,
    ) -> T:
        """Call *operation* with the attempt's number, from 1, until it succeeds or a bound is met.

        Args:
            operation: one attempt; only :class:`TransientError` makes it run again.
            pause: waits between attempts, and may raise to give up (see :class:`Pause`).
            on_retry: called once for every attempt after the first.

        Raises:
            TransientError: the last one, when the attempts or the time are used up.
            StoppedError: a stop was asked for during a wait.

        """
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_any(stop_after_attempt(self.attempts), _OutOfTime(self.total)),
            wait=self._wait,
            sleep=pause or Pause(),
            before_sleep=None,
            reraise=True,
        )
        attempt = 0
        in_doubt = False  # whether what an attempt sent may still arrive

        def attempted() -> T:
            nonlocal attempt, in_doubt
            attempt += 1
            if attempt > 1:
                on_retry()
            try:
                return operation(attempt)
            except TransientError as error:
                in_doubt |= error.may_have_applied
                raise

        try:
            return retrying(attempted)
        except StoppedError as error:
            if not in_doubt:
                raise
            words = str(error)
        raise StoppedError(words, may_have_applied=True)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        advised = error.retry_after if isinstance(error, TransientError) else None
        if advised is not None:
            return max(0.0, min(advised.total_seconds(), self.longest_wait))
        backoff = wait_exponential_jitter(
            multiplier=self.first_wait, max=self.longest_wait, jitter=self.first_wait
        )
        return float(backoff(state))


class _OutOfTime(stop_base):
    """Stop before a wait that would pass the total."""

    def __init__(self, total: float) -> None:
        self._total = total

    def __call__(self, retry_state: RetryCallState) -> bool:
        # Whichever is longer: measured time, or the waits handed out (a test's sleep is instant).
        spent = max(retry_state.seconds_since_start or 0.0, retry_state.idle_for)
        return spent + retry_state.upcoming_sleep > self._total
