"""The heartbeat of a run: a thread that renews its lease, so that leases can be short.

It stops with its process, however that is stopped; and it lets go of a run that stands still.
"""

from __future__ import annotations

import contextvars
import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from worker.state.errors import StaleLeaseError, StateError
from worker.sync.keeping import STANDSTILL, Keeper

RENEW_EVERY = timedelta(seconds=20)

AGAIN_AFTER = timedelta(seconds=5)
"""How soon a renewal that the database did not answer is tried again."""

_PARTING = 10.0
"""Seconds in which a last renewal may end. One that ends later renews nothing: see `release`."""

log = structlog.get_logger()


class Heartbeat:
    """Renews a lease until the block ends, the lease is lost, or the process is."""

    def __init__(
        self, keeper: Keeper, *, every: timedelta = RENEW_EVERY, again: timedelta = AGAIN_AFTER
    ) -> None:
        """Prepare to renew what *keeper* keeps, *every* so often."""
        self._keeper = keeper
        self._every = every.total_seconds()
        self._again = again.total_seconds()
        self._over = threading.Event()
        self._stood_still = False
        context = contextvars.copy_context()  # its log lines name the run, too
        self._thread = threading.Thread(
            target=context.run, args=(self._go_on,), name="heartbeat", daemon=True
        )

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End before the lease is released."""
        self._over.set()
        self._thread.join(_PARTING)

    def _go_on(self) -> None:
        wait = self._every
        while not self._over.wait(wait):
            wait = self._beat()

    def _beat(self) -> float:
        """Renew once; answers how many seconds to wait until the next time."""
        name = self._keeper.lease.connection
        stands_still = self._keeper.stands_still()
        if stands_still and not self._stood_still:
            minutes = int(STANDSTILL.total_seconds() // 60)
            log.error("lease_let_go", connection=name, minutes_without_progress=minutes)
        self._stood_still = stands_still
        if stands_still:
            return self._every
        try:
            self._keeper.renew()
        except StaleLeaseError as error:
            log.error("lease_lost", connection=name, reason=str(error))  # noqa: TRY400 - no traceback: expected
            self._over.set()
        except StateError as error:
            log.warning("lease_not_renewed", connection=name, reason=str(error))
            return self._again
        return self._every
