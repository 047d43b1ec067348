"""Alerts: which situations a person is told of, in which words, and how they get there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from config.connection import ConnectionSettings
from config.settings import Settings
from worker.state.store import State

LAST_WORDS: Final = 10.0
"""Seconds that a command which ends may go on to send what it raised."""

LAST_WORDS_OF_WORKER: Final = 3.0
"""The same of a worker, which is told to stop: what is left is sent by the next one."""

Count = Callable[[str, str, str], None]
"""Told of each delivery: connection, event, and delivered, failed or dropped."""


@contextmanager
def alerting(
    settings: Settings,
    connections: Sequence[ConnectionSettings],
    state: State,
    *,
    seconds: float = LAST_WORDS,
    count: Count = lambda *_: None,
) -> Iterator[None]:
    """Raise and send alerts meanwhile, and for so many seconds afterwards.

    Does nothing where no webhook is set.
    """
    if settings.alerts.webhook_url is None:
        yield
        return
    from worker.alerting.desk import AlertDesk  # noqa: PLC0415 - most who run once have no webhook

    desk = AlertDesk(settings, connections, state, count)
    thread = threading.Thread(target=desk.serve, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        desk.end(thread, seconds)
