"""State moved on purpose: to another portal, or an account out of it."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import CrmConnector
from worker.state.actions import Action
from worker.state.rows import Binding
from worker.state.store import State
from worker.sync.holding import alone


def adopt(
    state: State, connector: CrmConnector, name: str, *, who: str, holder: str
) -> tuple[Binding, int]:
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
        state.actions.add(Action(name, "adopt", who, str(binding), accounts=forgotten), state.now())
    return binding, forgotten


def forget(state: State, name: str, accounts: Sequence[str], *, who: str, holder: str) -> list[str]:
    """Erase accounts everywhere in the state; answers those of which something was known.

    Who did it is recorded, and how many; which ones is forgotten too.

    Raises:
        BusyError: another process is running the connection.
    """
    with alone(state, name, holder) as keeper:
        known = list(state.mirror.page(name, accounts))
        state.erase(keeper.lease, accounts)
        state.actions.add(Action(name, "forget", who, accounts=len(known)), state.now())
    return known
