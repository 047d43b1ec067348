"""A connector that reads and never writes: a dry run is a connector, not an ``if``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import CrmConnector, JobLog
from connectors.records import (
    AccountRecord,
    AccountUpdate,
    CallCounts,
    FieldDescription,
    Forecast,
    Gone,
    Inspection,
    Page,
    Portal,
    Window,
    WriteOutcome,
    WriteResult,
)


@dataclass(slots=True)
class WouldWrite:
    """What a dry run would have written. Counts only, never values."""

    updates: int = 0
    by_field: dict[str, int] = field(default_factory=dict)


class DryRunConnector:
    """Reads through *inner*; answers every write as written without sending it.

    A CRM might still refuse what a dry run accepts: nobody asked it.
    """

    def __init__(self, inner: CrmConnector) -> None:
        self._inner = inner
        self.would_write = WouldWrite()

    @property
    def calls(self) -> CallCounts:
        """Calls made by the inner connector; none of them writes."""
        return self._inner.calls

    @property
    def tells_of_deletions(self) -> bool:
        """Whether the CRM says what was deleted."""
        return self._inner.tells_of_deletions

    def batch_size(self, planned: int) -> int:
        """How many updates a real write would send at once."""
        return self._inner.batch_size(planned)

    def portal(self) -> Portal:
        """Say which CRM account the credential opens."""
        return self._inner.portal()

    def account_id(self, text: str) -> str:
        """Spell an account's id as records carry it."""
        return self._inner.account_id(text)

    def now(self) -> datetime:
        """Tell the time by the CRM's clock."""
        return self._inner.now()

    def check_writing(self) -> None:
        """Need no right to write: a read-only credential is enough for a dry run."""

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field of the account object, by name."""
        return self._inner.fields()

    def count(self) -> int:
        """How many accounts the credential can see."""
        return self._inner.count()

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Yield accounts changed within *window*, or all."""
        return self._inner.pages(window, fields)

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named accounts as they are now."""
        return self._inner.fetch(account_ids, fields)

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:
        """Yield accounts deleted or merged away within *window*."""
        return self._inner.gone(window)

    def inspect(self, options: Mapping[str, Sequence[str]]) -> Inspection:
        """Look around; reads definitions only."""
        return self._inner.inspect(options)

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Estimate what a real run would take."""
        return self._inner.forecast(reads, writes)

    def resume(
        self,
        job: str,  # noqa: ARG002 - a dry run touches no job of a real one
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[WriteOutcome | None]:
        """Know nothing of jobs."""
        return [None] * len(updates)

    def write(
        self,
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,  # noqa: ARG002 - nothing is sent
    ) -> Sequence[WriteOutcome]:
        """Count *updates* and answer that all were written; nothing is sent."""
        self.would_write.updates += len(updates)
        by_field = self.would_write.by_field
        for update in updates:
            for name in update.fields:
                by_field[name] = by_field.get(name, 0) + 1
        return [WriteOutcome(update.account_id, WriteResult.WRITTEN) for update in updates]
