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
    CallCounts,
    FieldCap,
    FieldDescription,
    FieldSpec,
    Option,
    Page,
    Portal,
    ViewSpec,
    Window,
    WriteOutcome,
)


class CrmConnector(Protocol):
    """One CRM, seen as pages of accounts out and field updates in."""

    @property
    def calls(self) -> CallCounts:
        """Calls made so far, counted where they are sent."""

    @property
    def batch_size(self) -> int:
        """How many updates one call of :meth:`write` sends at once."""

    def portal(self) -> Portal:
        """Say which CRM account the credential opens; proves that it opens one at all.

        Raises:
            MisconfiguredError: the credential is refused, or lacks the right to read accounts.

        """

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
        """

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named accounts as they are now; those that no longer exist are left out.

        A merged account comes back under its survivor's id.
        """

    def write(self, updates: Sequence[AccountUpdate]) -> Sequence[WriteOutcome]:
        """Answer for each update, in order; one bad record never fails its neighbours.

        Safe to repeat: values are absolute. Never creates an account.

        Raises:
            TransientError: after the last retry; some updates may have been applied.
            QuotaExhaustedError, MisconfiguredError: nothing further was sent.
            StoppedError: a stop was asked for while waiting; some updates may have been applied.

        """


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
