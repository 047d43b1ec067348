"""The record clock: what time it is inside the simulated CRM, and how times are spelled there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - spelling a time zone only to cut it off is slow


@lru_cache(maxsize=4096)  # records of one batch share their stamp, and then its text
def iso_ms(milliseconds: int) -> str:
    """Spell epoch *milliseconds* as CRMs do: ``2026-11-22T04:00:00.000Z``."""
    moment = _NAIVE_EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def parse_ms(text: str) -> int:
    """Read an ISO 8601 date or datetime (UTC where no offset is given) as epoch milliseconds.

    Raises:
        ValueError: *text* is not a date.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class Clock:
    """Real time plus a shift, or one frozen moment. Rate limits never look at it."""

    def __init__(self, now_ms: int | None = None) -> None:
        self._shift = 0
        self._frozen: int | None = None
        if now_ms is not None:
            self.set(now_ms)

    def now_ms(self) -> int:
        """Milliseconds since the epoch, on this clock."""
        if self._frozen is not None:
            return self._frozen
        return time.time_ns() // 1_000_000 + self._shift

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.now_ms())

    def now_iso(self) -> str:
        """Now, as the CRM spells it."""
        return iso_ms(self.now_ms())

    def http_date(self) -> str:
        """Now, as the HTTP ``Date`` header spells it (whole seconds)."""
        return format_datetime(self.now(), usegmt=True)

    def advance(self, seconds: float) -> None:
        """Move by *seconds*; negative goes back."""
        step = round(seconds * 1000)
        if self._frozen is not None:
            self._frozen += step
        else:
            self._shift += step

    def set(self, now_ms: int) -> None:
        """Make it *now_ms*; time goes on from there unless the clock is frozen."""
        if self._frozen is not None:
            self._frozen = now_ms
        else:
            self._shift = now_ms - time.time_ns() // 1_000_000

    def freeze(self, frozen: bool) -> None:  # noqa: FBT001 - one switch, read aloud at the call
        """Stop the clock where it is, or let it go on from there."""
        now = self.now_ms()
        self._frozen = now if frozen else None
        if not frozen:
            self.set(now)

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    def reset(self, now_ms: int | None = None) -> None:
        """Go back to running real time, or to *now_ms*."""
        self._frozen = None
        self._shift = 0
        if now_ms is not None:
            self.set(now_ms)
