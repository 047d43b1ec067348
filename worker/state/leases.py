"""Leases: who may run a connection. The fence number tells a late holder from the present one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from worker.state.database import Database, insert_or, stale
from worker.state.errors import StaleLeaseError
from worker.state.instants import instant_text
from worker.state.rows import Lease
from worker.state.tables import leases


class Leases:
    """Gives each connection to one holder at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(
        self,
        connection: str,
        holder: str,
        ttl: timedelta,
        now: datetime,
        *,
        grace: timedelta = timedelta(0),
        gone: Callable[[str], bool] = lambda _: False,
    ) -> Lease | None:
        """Take *connection* until *now* + *ttl*; ``None`` while someone else holds it.

        An expired lease is taken over only *grace* later: by then the old holder's last request
        has ended. The fence is higher than any before, so that what the old holder still tries to
        record is refused. A holder that is *gone* for certain is not waited for.
        """
        present = self.holder(connection)
        if present is not None and _in_force(present, now - grace, gone):
            return None  # without waiting for what the holder is writing
        self._database.register(connection)
        with self._database.write(durable=True) as transaction:
            # or two first-ever holders would both find no lease and take the same fence
            number = self._database.turn(transaction, connection)
            held = transaction.execute(
                select(leases.c.fence, leases.c.holder, leases.c.expires_at)
                .where(leases.c.connection == number)
                .with_for_update()
            ).one_or_none()
            if held and held.holder is not None:
                present = Lease(connection, held.holder, held.fence, held.expires_at)
                if _in_force(present, now - grace, gone):
                    return None
            lease = Lease(
                connection, holder, (held.fence if held else 0) + 1, instant_text(now + ttl)
            )
            values = {"fence": lease.fence, "holder": holder, "expires_at": lease.expires_at}
            transaction.execute(
                insert_or(leases)
                .values(connection=number, **values)
                .on_conflict_do_update(index_elements=["connection"], set_=values)
            )
            return lease

    def renew(self, lease: Lease, ttl: timedelta, now: datetime) -> Lease:
        """Hold on until *now* + *ttl*; raises :class:`StaleLeaseError` when it was taken over."""
        renewed = replace(lease, expires_at=instant_text(now + ttl))
        with self._database.write() as transaction:
            number = self._database.number(transaction, lease.connection)
            # The fence is not read before: a server would have this wait for the run's own writers.
            found = transaction.execute(
                update(leases)
                .where(
                    leases.c.connection == number,
                    leases.c.fence == lease.fence,
                    leases.c.holder.is_not(None),
                )
                .values(expires_at=renewed.expires_at)
            )
            if not found.rowcount:
                raise stale(lease)
        return renewed

    def release(self, lease: Lease) -> None:
        """Let the next holder in at once; a lease that was taken over is left alone."""
        try:
            with self._database.write(lease, changing=True) as transaction:
                number = self._database.number(transaction, lease.connection)
                transaction.execute(
                    update(leases).where(leases.c.connection == number).values(holder=None)
                )
        except StaleLeaseError:
            return

    def holder(self, connection: str) -> Lease | None:
        """Who holds *connection* now, expired or not; ``None`` when nobody does."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            row = transaction.execute(
                select(leases.c.holder, leases.c.fence, leases.c.expires_at).where(
                    leases.c.connection == number, leases.c.holder.is_not(None)
                )
            ).one_or_none()
        return Lease(connection, *row) if row else None


def _in_force(lease: Lease, at: datetime, gone: Callable[[str], bool]) -> bool:
    return lease.expires_at > instant_text(at) and not gone(lease.holder)
