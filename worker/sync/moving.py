"""State moved on purpose: to another portal, or an account out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connectors.base import CrmConnector
from worker.state.rows import Binding
from worker.state.store import State
from worker.sync.connection import BusyError
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER, Keeper, elapsed, is_gone


@contextmanager
def alone(state: State, name: str, holder: str) -> Iterator[Keeper]:
    """Hold a connection's lease for something that no run may go on beside.

    Raises:
        BusyError: another process is running it.
    """
    since = elapsed()
    lease = state.leases.acquire(
        name, holder, LEASE_TTL, state.now(), grace=TAKEOVER_AFTER, gone=is_gone
    )
    if lease is None:
        raise BusyError(f"connection {name} is being run by another process. Wait for it.")
    keeper = Keeper(state, lease, state.now, since=since)
    try:
        yield keeper
    finally:
        state.leases.release(keeper.lease)


def adopt(state: State, connector: CrmConnector, name: str, holder: str) -> tuple[Binding, int]:
    """Tie a connection to the portal that its credential opens; answers it, and accounts forgotten.

    Nothing known of accounts crosses from one portal to another, not even where their ids are the
    same: mirror, journal, history and checkpoint go. The next run reads everything, and takes the
    values that the new portal holds for its starting point.

    Raises:
        ConnectorError: the portal cannot be asked who it is.
        BusyError: another process is running the connection.
    """
    portal = connector.portal()
    binding = Binding(portal.crm, portal.portal_id, portal.kind)
    if state.bindings.of(name) == binding:
        return binding, 0
    with alone(state, name, holder) as keeper:
        forgotten = state.clear(keeper.lease)
        state.bindings.adopt(name, binding)
    return binding, forgotten


def forget(state: State, name: str, accounts: Sequence[str], holder: str) -> list[str]:
    """Erase accounts everywhere in the state; answers those of which something was known.

    Raises:
        BusyError: another process is running the connection.
    """
    with alone(state, name, holder):
        known = list(state.mirror.page(name, accounts))
        state.erase(name, accounts)
    return known
