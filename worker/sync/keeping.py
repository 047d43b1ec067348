"""Holding on to a connection while a run goes on, and hearing that it should end."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

from worker.state.errors import StaleLeaseError
from worker.state.rows import Lease
from worker.state.store import State

LEASE_TTL = timedelta(seconds=90)
"""How long a lease lasts unrenewed: several renewals may fail before it runs out."""

TAKEOVER_AFTER = timedelta(seconds=170)
"""How long after a lease has run out another process waits before it takes the connection over.

Longer than any connector's request may take to time out: what the old holder had sent by then has
landed.
"""

STANDSTILL = timedelta(minutes=15)
"""How long a run may go without a sign of progress before it is let go.

Longer than the longest thing that it does without one: a call with all its repetitions.
"""


class Stop(Protocol):
    """Tells whether the process was asked to stop; a ``threading.Event`` will do."""

    def is_set(self) -> bool:
        """Whether to finish what is in hand and leave."""


def elapsed() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Keeper:
    """What a run knows of its lease, and what its heartbeat knows of the run.

    Whether the lease still holds is decided by a clock of its own, from before it was asked for:
    the wall clock may be set, and the process may have been stopped for any length of time. Safe
    to share between threads.
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
        self.unanswered = False  # whether something that was sent may still arrive
        self._progressed = ticking()
        self._since = self._progressed if since is None else since
        self._lost: StaleLeaseError | None = None

    def now(self) -> datetime:
        """The present moment by the clock of those who share the state, for what is recorded."""
        return self._clock()

    def keep(self) -> None:
        """Say that the run makes progress, so that its lease is renewed.

        Raises:
            StaleLeaseError: another process has taken the connection over.
        """
        self._progressed = self._ticking()
        if self._lost is not None:
            raise self._lost

    def require_held(self) -> None:
        """Make sure, immediately before a send, that nobody can have taken over.

        Raises:
            StaleLeaseError: the lease has run out, whether or not someone has taken it since.
        """
        self.keep()
        if self._ticking() - self._since >= LEASE_TTL.total_seconds():
            raise StaleLeaseError(
                f"connection {self.lease.connection}: this process was held up for longer than its"
                " lease lasts, and another may have taken over. Nothing more is sent; the next run"
                " goes on from what is recorded."
            )

    def stands_still(self) -> bool:
        """Whether the run has shown no progress for so long that it counts as hung."""
        return self._ticking() - self._progressed >= STANDSTILL.total_seconds()

    def renew(self) -> None:
        """Hold on for another while, from now. For the heartbeat.

        Raises:
            StaleLeaseError: another process has taken the connection over; the run hears of it.
            StateError: the database does not answer.
        """
        ticks = self._ticking()  # before the moment is asked for: never later than what is stored
        try:
            self.lease = self._state.leases.renew(self.lease, LEASE_TTL, self._clock())
        except StaleLeaseError as error:
            self._lost = error
            raise
        self._since = ticks


_LIFE = secrets.token_hex(4)
"""Tells this process from an earlier one with the same number: containers start at 1 each time."""

_UNKNOWN = "/unknown"
"""Ends a place that may be several: of a process there, nobody knows whether it has ended."""


def place(proc: Path = Path("/proc"), platform: str = sys.platform) -> str:
    """Where a process number means one process: this host, since it was started, in this container.

    Two containers may have one host name and number their processes alike, and so may two machines.
    """
    host = socket.gethostname()
    if platform != "linux":  # processes are not shut in there
        return host
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text("ascii")
        inside = (proc / "self/ns/pid").readlink()
    except OSError:  # some sandboxes do not say
        return host + _UNKNOWN
    return f"{host}/{hashlib.sha256(f'{boot} {inside}'.encode()).hexdigest()[:8]}"


_here = cache(place)


def this_holder() -> str:
    """Who holds a lease: this process on this host, and which of its lives."""
    return f"{_here()}:{os.getpid()}:{_LIFE}"


def is_gone(holder: str, here: str | None = None) -> bool:
    """Whether a holder was a process of this host that has ended, so that nobody need wait for it.

    A holder with our own process number is an earlier life, unless it is this very one: another
    thread is at work then. Of a process in another container, one started again included, nobody
    knows: its lease has to run out. *Here* is where this process is, found out where not told.
    """
    parts = holder.rsplit(":", 2)
    if len(parts) != len(("host", "process", "life")) or not parts[1].isdigit():
        return False
    there, process, life = parts[0], int(parts[1]), parts[2]
    if there != (here or _here()) or there.endswith(_UNKNOWN):
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
