"""Holding a connection alone: for a run, or for what no run may go on beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from worker.state.errors import DatabaseError, StaleLeaseError, StateError
from worker.state.store import State
from worker.sync.heartbeat import Heartbeat
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER, Keeper, elapsed, is_gone


class BusyError(Exception):
    """Another process is running this connection."""


@contextmanager
def alone(
    state: State,
    name: str,
    holder: str,
    clock: Callable[[], datetime] | None = None,
    ticking: Callable[[], float] = elapsed,
) -> Iterator[Keeper]:
    """Hold the lease of a connection, renew it meanwhile, and let go of it at the end.

    A process that was told to stop while something it had sent may still arrive keeps it: another
    one on another host waits until the lease has run out, and then until that has landed.

    Args:
        state: where the lease is.
        name: of the connection.
        holder: who asks; see :func:`worker.sync.keeping.this_holder`.
        clock: of leases; that of those who share the state, where not told.
        ticking: seconds on a clock that nobody sets.

    Raises:
        BusyError: another process is running the connection.
    """
    clock = clock or state.now
    since = ticking()
    lease = state.leases.acquire(
        name, holder, LEASE_TTL, clock(), grace=TAKEOVER_AFTER, gone=is_gone
    )
    if lease is None:
        held = state.leases.holder(name)
        by = f" ({held.holder})" if held is not None else ""
        raise BusyError(
            f"connection {name} is being run by another process{by}. Wait for it, or stop it first."
        )
    keeper = Keeper(state, lease, clock, since=since, ticking=ticking)
    try:
        with Heartbeat(keeper):
            yield keeper
    except BaseException as error:
        if isinstance(error, DatabaseError | StaleLeaseError):
            error.in_a_run = True
        with suppress(StateError):  # what went wrong first is what matters
            _let_go(state, keeper)
        raise
    _let_go(state, keeper)


def _let_go(state: State, keeper: Keeper) -> None:
    if not keeper.unanswered:
        state.leases.release(keeper.lease)
