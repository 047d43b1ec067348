"""Connections: which portal each one's state belongs to, and how far it has been read."""

from __future__ import annotations

from sqlalchemy import select, update

from worker.state.database import Database, insert_or
from worker.state.errors import StateError
from worker.state.rows import Binding, Checkpoint, Lease
from worker.state.tables import checkpoints, connections

_CHECKPOINT = select(
    checkpoints.c.until,
    checkpoints.c.full_at,
    checkpoints.c.profile_fingerprint,
    checkpoints.c.inputs_fingerprint,
    checkpoints.c.backfilled,
)


class Bindings:
    """Ties a connection's state to one portal, so that journals and plans never cross portals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bind(self, connection: str, binding: Binding) -> None:
        """Tie *connection* to a portal; the same one again is fine.

        Raises:
            StateError: it belongs to another portal, or to another kind of portal.

        """
        bound = self.of(connection)
        if bound is None:
            self.adopt(connection, binding)
        else:
            require_same(connection, bound, binding)

    def adopt(self, connection: str, binding: Binding) -> None:
        """Tie *connection* to a portal whatever it was tied to before: a person said so."""
        self._database.register(connection)
        with self._database.write() as transaction:
            transaction.execute(
                update(connections)
                .where(connections.c.name == connection)
                .values(crm=binding.crm, portal_id=binding.portal_id, kind=binding.kind)
            )

    def of(self, connection: str) -> Binding | None:
        """Name the portal that *connection* is tied to; ``None`` before its first run."""
        with self._database.read() as transaction:
            row = transaction.execute(
                select(connections.c.crm, connections.c.portal_id, connections.c.kind).where(
                    connections.c.name == connection, connections.c.portal_id.is_not(None)
                )
            ).one_or_none()
        return Binding(*row) if row else None

    def names(self) -> list[str]:
        """Every connection that this database knows, by name."""
        with self._database.read() as transaction:
            return list(transaction.execute(select(connections.c.name).order_by("name")).scalars())


def require_same(connection: str, bound: Binding, offered: Binding) -> None:
    """Refuse to let state made for one portal act on another."""
    if bound != offered:
        raise StateError(
            f"connection {connection}: its state belongs to {bound}, but the credential opens"
            f" {offered}. Nothing was read. Give the other portal a connection name of its own or"
            f" another state database; if it has replaced the first, `icp adopt` moves the state."
        )


class Checkpoints:
    """How far each connection has been read and written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, connection: str) -> Checkpoint:
        """Fetch the latest checkpoint; an empty one before the first complete run."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            found = transaction.execute(_CHECKPOINT.where(checkpoints.c.connection == number))
            row = found.mappings().one_or_none()
        return Checkpoint(**row) if row else Checkpoint()

    def save(self, lease: Lease, checkpoint: Checkpoint) -> None:
        """Move the checkpoint; raises :class:`StaleLeaseError` for a holder that was overtaken."""
        values = {
            "until": checkpoint.until,
            "full_at": checkpoint.full_at,
            "profile_fingerprint": checkpoint.profile_fingerprint,
            "inputs_fingerprint": checkpoint.inputs_fingerprint,
            "backfilled": checkpoint.backfilled,
        }
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            transaction.execute(
                insert_or(checkpoints)
                .values(connection=number, **values)
                .on_conflict_do_update(index_elements=["connection"], set_=values)
            )

    def forget_inputs(self, lease: Lease) -> None:
        """Say that nobody knows any more which fields' values the mirror holds.

        Until a complete pass has read them all again.
        """
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            transaction.execute(
                update(checkpoints)
                .where(checkpoints.c.connection == number)
                .values(inputs_fingerprint="")
            )
