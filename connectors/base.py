"""The port: what a run needs of a CRM, in as few verbs as it needs.

Every connector (memory, HubSpot, and those to come) passes the same conformance suite in
``tests/conformance``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connectors.records import (
    AccountRecord,
    AccountUpdate,
    AdminStep,
    CallCounts,
    DealRecord,
    FieldCap,
    FieldDescription,
    FieldSpec,
    Forecast,
    Gone,
    Inspection,
    Option,
    Page,
    Portal,
    ViewSpec,
    Window,
    WriteOutcome,
)


class JobLog(Protocol):
    """Remembers jobs that the CRM works off by itself, so that a restart can come back to them."""

    def opened(self, job: str) -> None:
        """Remember *job*, on disk before this returns; called before the CRM may begin.

        Args:
            job: whatever the connector needs to find the job again; opaque to everyone else.

        """

    def closed(self, job: str) -> None:
        """Forget *job*: it was called off before it began, and nothing of it was applied."""

    def waiting(self) -> None:
        """Called before each wait for a job: whoever watches over the run sees that it goes on.

        May raise to end the wait; the job goes on.
        """

    def sending(self) -> None:
        """Called immediately before each request that changes accounts leaves, repeated ones too.

        Whoever holds a lease makes sure of it: one that was lost ends the write, by whatever this
        raises, before anything more is sent.
        """


class CrmConnector(Protocol):
    """One CRM, seen as pages of accounts out and field updates in."""

    @property
    def calls(self) -> CallCounts:
        """Calls made so far, counted where they are sent."""

    @property
    def tells_of_deletions(self) -> bool:
        """Whether :meth:`gone` says what was deleted; else a complete pass alone finds it."""

    def batch_size(self, planned: int) -> int:
        """How many updates one :meth:`write` should hold when *planned* of them are waiting."""

    def portal(self) -> Portal:
        """Say which CRM account the credential opens; proves that it opens one at all.

        Raises:
            MisconfiguredError: the credential is refused, or lacks the right to read accounts.

        """

    def account_id(self, text: str) -> str:
        """Spell an account's id as records carry it; what cannot be one comes back as it is."""

    def now(self) -> datetime:
        """Tell the time by the CRM's clock, from its latest answer; local time before the first.

        Windows and as-of dates are taken from it, so that a worker whose clock is wrong neither
        skips nor repeats changes.
        """

    def check_writing(self) -> None:
        """Prove, without writing anything, that the credential may write accounts.

        Raises:
            MisconfiguredError: it may not; says which right is missing.

        """

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field of the account object, by name."""

    def count(self) -> int:
        """How many accounts the credential can see."""

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Yield accounts changed within *window* (``None``: every account), in no promised order.

        An account may come more than once. Only *fields* are requested; a field that the CRM does
        not know comes back empty, which is why a run checks names against :meth:`fields` first.
        A page may be empty: it says that the CRM is still at work, and gives a reader the chance
        to renew a lease or to stop.
        """

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named accounts as they are now; those that no longer exist are left out.

        A merged account comes back under its survivor's id.
        """

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:
        """Yield accounts deleted or merged away within *window*, where the CRM can say so.

        Nothing where it cannot: a complete pass finds them by their absence.
        """

    def inspect(self, options: Mapping[str, Sequence[str]]) -> Inspection:
        """Look around: what the credential sees, what writes will meet. Reads definitions only.

        Args:
            options: for each choice field that is written, the values it must take.

        """

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Estimate the calls that reading and writing so many accounts takes; sends nothing."""

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Answer for each update, in order; one bad record never fails its neighbours.

        Safe to repeat: values are absolute. Never creates an account.

        Args:
            updates: what to store.
            jobs: told of every request, and of every job that the CRM works off by itself; see
                :meth:`resume`.

        Raises:
            TransientError: after the last retry; some updates may have been applied.
            QuotaExhaustedError, MisconfiguredError: nothing further was sent; the latter may hold
                outcomes of what was.
            StoppedError: a stop was asked for while waiting; some updates may have been applied.

        """

    def resume(
        self, job: str, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome | None]:
        """Wait for a job that an earlier process began and answer for each of its updates.

        ``None`` for an update says that nothing is known of it: look at the account again. A job
        that had not begun is called off.

        Args:
            job: as :meth:`JobLog.opened` was given it.
            updates: what the job was sent, as far as known.
            jobs: told of waits, and of a job that was called off.

        Raises:
            ConnectorError: as :meth:`write`; the job is still there to be resumed.

        """


class DealSource(Protocol):
    """A CRM whose deals can be read, for learning from what was won and lost."""

    def deals(self, window: Window | None) -> Iterator[Sequence[DealRecord]]:
        """Yield deals that belong to an account: those changed within *window*, or all."""


class CrmAdmin(Protocol):
    """What set-up needs of a CRM; it may run with stronger credentials than a run does."""

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field of the account object, by name."""

    def group_exists(self) -> bool:
        """Whether the field group of our fields is there; true where the CRM has no groups."""

    def create_group(self) -> None:
        """Make the field group; an existing one is fine."""

    def create_field(self, spec: FieldSpec) -> None:
        """Make one field; an existing one of the same name is left as it is."""

    def set_options(self, name: str, options: Sequence[Option]) -> None:
        """Store the complete option list of a choice field; callers never leave one out."""

    def view_exists(self, name: str) -> bool:
        """Whether a saved view of that name is there, whoever made it."""

    def create_view(self, view: ViewSpec) -> None:
        """Make one saved view."""

    def field_cap(self) -> FieldCap | None:
        """How full the custom-field allowance is; ``None`` where the CRM does not say."""

    def steps(self, fields: Sequence[FieldSpec], read_only: Sequence[str]) -> Sequence[AdminStep]:
        """What else must be there for the worker to write and people to see: access, mostly.

        Args:
            fields: every field of ours, made or not yet.
            read_only: of them, those that people may not edit (the worker writes them).

        """

    def take(self, step: AdminStep) -> None:
        """Carry out one step that is not done; doing it again is fine."""

    def notes(self) -> Sequence[str]:
        """What only a person can do in the CRM, one instruction each."""

    def export(
        self, fields: Sequence[FieldSpec], views: Sequence[ViewSpec], read_only: Sequence[str]
    ) -> Mapping[str, bytes]:
        """Everything set-up would make as files for review or deployment, by relative path.

        Changes nothing; may look for what the CRM has of its own that the files must speak of.
        """
