"""Holding on to a connection while a run goes on, and hearing that it should end."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from worker.state.errors import StaleLeaseError
from worker.state.rows import Lease
from worker.state.store import State

LEASE_TTL = timedelta(minutes=10)
"""How long a lease lasts unrenewed: longer than any single call may take, retries included."""

RENEW_EVERY = timedelta(minutes=1)

TAKEOVER_AFTER = timedelta(minutes=2)
"""How long after a lease has run out another process waits before it takes the connection over.

Longer than one request may take to time out: what the old holder had sent by then has landed.
"""


class Stop(Protocol):
    """Tells whether the process was asked to stop; a ``threading.Event`` will do."""

    def is_set(self) -> bool:
        """Whether to finish what is in hand and leave."""


def elapsed() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Keeper:
    """Holds on to a lease while a run goes on.

    Whether it still holds is decided by a clock of its own, from before the lease was asked for:
    the wall clock may be set, and the process may have been stopped for any length of time.
    """

    def __init__(
        self,
        state: State,
        lease: Lease,
        clock: Callable[[], datetime],
        *,
        since: float | None = None,
        ticking: Callable[[], float] = elapsed,
    ) -> None:
        """Keep *lease*, which was asked for at *since* by *ticking* (now, where not told)."""
        self._state = state
        self._clock = clock
        self._ticking = ticking
        self.lease = lease
        self._renewed = clock()
        self._since = ticking() if since is None else since

    def now(self) -> datetime:
        """The present moment by the clock of those who share the state, for what is recorded."""
        return self._clock()

    def keep(self) -> None:
        """Renew when a minute has passed.

        Raises:
            StaleLeaseError: another process has taken the connection over.
        """
        now, ticks = self._clock(), self._ticking()
        due = ticks - self._since >= RENEW_EVERY.total_seconds()
        if due or now - self._renewed >= RENEW_EVERY:
            self.lease = self._state.leases.renew(self.lease, LEASE_TTL, now)
            self._renewed, self._since = now, ticks

    def require_held(self) -> None:
        """Make sure, immediately before a send, that nobody can have taken over.

        Raises:
            StaleLeaseError: the lease has run out, whether or not someone has taken it since.
        """
        if self._ticking() - self._since >= LEASE_TTL.total_seconds():
            raise StaleLeaseError(
                f"connection {self.lease.connection}: this process was held up for longer than its"
                " lease lasts, and another may have taken over. Nothing more is sent; the next run"
                " goes on from what is recorded."
            )


_LIFE = secrets.token_hex(4)
"""Tells this process from an earlier one with the same number: containers start at 1 each time."""


def this_holder() -> str:
    """Who holds a lease: this process on this host, and which of its lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{_LIFE}"


def is_gone(holder: str) -> bool:
    """Whether a holder was a process of this host that has ended, so that nobody need wait for it.

    A holder with our own process number is an earlier life, such as a container that was started
    again, unless it is this very one: another thread is at work then.
    """
    parts = holder.rsplit(":", 2)
    if len(parts) != len(("host", "process", "life")) or not parts[1].isdigit():
        return False
    host, process, life = parts[0], int(parts[1]), parts[2]
    if host != socket.gethostname():
        return False
    if process == os.getpid():
        return life != _LIFE
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
