"""Being told to end: finish what is in hand, for as long as there is time, then leave."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn

import structlog

from config.settings import SHUTDOWN_GRACE
from worker.cli.failing import STOPPED

log = structlog.get_logger()

_SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it


@contextmanager
def stopping(grace: timedelta = SHUTDOWN_GRACE, code: int = STOPPED) -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set.

    The process leaves at once, wherever it is, when it has not ended after *grace*, or at a second
    signal. That is as safe as ``kill -9``: what was on its way is recorded as such, the lease stays
    where it is, and the next run looks.

    Args:
        grace: how long what is in hand may take.
        code: the exit code when that was not enough.
    """
    stop = threading.Event()
    # A signal handler may interrupt anything, also whoever holds the event's own lock: it only puts
    # a number where another thread is waiting for it.
    heard: SimpleQueue[int] = SimpleQueue()

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.put(number)

    def watch() -> None:
        if heard.get() == _ENDED:
            return
        stop.set()
        try:
            second = heard.get(timeout=grace.total_seconds())
        except Empty:
            _leave(code, seconds=grace.total_seconds())
        if second != _ENDED:
            _leave(128 + second)

    watcher = threading.Thread(target=watch, name="stopping", daemon=True)
    watcher.start()
    before = {it: signal.signal(it, hear) for it in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        heard.put(_ENDED)
        watcher.join()


_ENDED = 0  # no signal has this number


def _leave(code: int, **about: float) -> NoReturn:
    """End the process here and now, whatever its threads are waiting for."""
    with suppress(Exception):  # nothing that is said may keep it
        log.warning("left_unfinished", code=code, **about)
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
        sys.stderr.flush()
        sys.stdout.flush()
    os._exit(code)
