"""Holding on to a connection while a run goes on, and hearing that it should end."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from worker.state.rows import Lease
from worker.state.store import State

LEASE_TTL = timedelta(minutes=10)
"""How long a lease lasts unrenewed: longer than any single call may take, retries included."""

RENEW_EVERY = timedelta(minutes=1)


class Stop(Protocol):
    """Tells whether the process was asked to stop; a ``threading.Event`` will do."""

    def is_set(self) -> bool:
        """Whether to finish what is in hand and leave."""


class Keeper:
    """Holds on to a lease while a run goes on."""

    def __init__(self, state: State, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock
        self.lease = lease
        self._renewed = clock()

    def keep(self) -> None:
        """Renew when a minute has passed.

        Raises:
            StaleLeaseError: another process has taken the connection over.
        """
        now = self._clock()
        if now - self._renewed >= RENEW_EVERY:
            self.lease = self._state.leases.renew(self.lease, LEASE_TTL, now)
            self._renewed = now


def this_holder() -> str:
    """Who holds a lease: this process on this host, and which of its lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_gone(holder: str) -> bool:
    """Whether a holder was a process of this host that has ended, so that nobody need wait for it.

    A holder with our own process number is an earlier life: a container that was started again.
    """
    parts = holder.rsplit(":", 2)
    if len(parts) != len(("host", "process", "life")) or not parts[1].isdigit():
        return False
    host, process = parts[0], int(parts[1])
    if host != socket.gethostname():
        return False
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
