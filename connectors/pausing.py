"""Waiting that a stop signal can end: one place, used by retries and by the rate limiter.

A worker told to stop must not sit out a long backoff, so every wait is made on its stop event.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from connectors.errors import StoppedError


class Pause:
    """Wait some seconds; raise :class:`StoppedError` as soon as *stop* is set.

    Args:
        stop: the worker's stop signal; without one, waits run their full length.
        sleep: what really waits, for tests; the stop signal is then looked at before and after.

    """

    def __init__(
        self,
        stop: threading.Event | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._stop = stop or threading.Event()
        self._sleep = sleep

    def __call__(self, seconds: float) -> None:
        """Wait *seconds*.

        Raises:
            StoppedError: the stop signal was set, before or during the wait.

        """
        if self._sleep is None or self._stop.is_set():
            stopped = self._stop.wait(seconds)
        else:
            self._sleep(seconds)
            stopped = self._stop.is_set()
        if stopped:
            raise StoppedError("Stopped on request while waiting for the CRM.")
