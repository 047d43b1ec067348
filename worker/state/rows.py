"""What goes into the state database and comes out of it.

Rows that a run handles by the million are named tuples, which cost a fraction of a dataclass to
make; the others are dataclasses. JSON travels as bytes, points in time as UTC text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Binding:
    """The portal (or org) that a connection's state belongs to."""

    crm: str
    portal_id: str
    kind: str  # "production" or "sandbox"

    def __str__(self) -> str:
        """Render as ``hubspot 12345678 (production)``."""
        return f"{self.crm} {self.portal_id} ({self.kind})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a connection has been read, and by which ICP and inputs it was judged."""

    until: str | None = None  # changes up to here are dealt with
    full_at: str | None = None  # when the last complete pass began
    profile_fingerprint: str = ""
    inputs_fingerprint: str = ""  # of what the mirror holds; empty: of several, perhaps
    backfilled: bool = False  # a first complete pass has been written


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one connection, until it expires or a higher fence is given out."""

    connection: str
    holder: str
    fence: int
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as recorded; *outcome* is empty while it lasts ``abandoned`` if it never ended."""

    run_id: str
    connection: str
    kind: str
    dry_run: bool
    as_of: str
    started_at: str
    finished_at: str | None
    outcome: str | None
    report: bytes | None  # JSON


class Standing(NamedTuple):
    """What the mirror takes over when the CRM has accepted a change."""

    outputs: bytes  # our output fields as the CRM now holds them, JSON
    fingerprint: str
    score: int | None  # hundredths of a point
    computed_tier: str
    rules_fingerprint: str
    written_at: str | None


WRITTEN_TO = "written"
"""``modified_at`` of an account that was written and not read since: equal to no revision."""


class MirrorRow(NamedTuple):
    """One account as last read and last judged.

    ``modified_at`` is the revision that was dealt with, :data:`WRITTEN_TO` after a write, and
    empty while a change is planned and not yet written.
    """

    account_id: str
    modified_at: str = ""
    inputs: bytes = b"{}"  # mapped raw inputs, JSON
    outputs: bytes = b"{}"  # our output fields as the CRM holds them, JSON
    fingerprint: str = ""  # of the profile that judged it; empty: never judged
    score: int | None = None  # hundredths of a point
    computed_tier: str = ""
    rules_fingerprint: str = ""
    written_at: str | None = None
    carried: bytes = b"{}"  # last known values of inputs that vanished, and since when, JSON
    pinned: str = ""  # profile fingerprint under which a rollback or reject pinned it
    lock_group: str = ""  # accounts that share one lock each other when written side by side
    rowid: int = 0  # given by the database, stable, never reused; ignored when saving


class ChangeState(StrEnum):
    """How far one planned change has come; the journal is every change that is not planned."""

    PLANNED = "planned"
    SENT = "sent"  # on its way: no answer yet, the CRM may hold either value
    WRITTEN = "written"
    REJECTED = "rejected"
    MISSING = "missing"
    LEFT = "left"  # looked at and never meant to be written: the code says why


class PlannedChange(NamedTuple):
    """One account's change as a run plans it: only the fields that differ."""

    account_id: str
    before: bytes  # JSON of the differing fields as read
    after: bytes  # JSON of the same fields as they should be
    tier_before: str  # empty: never assessed
    tier_after: str
    cause: str
    inputs_hash: str = ""
    standing: Standing | None = None  # for the mirror, once the CRM accepts
    lock_group: str = ""
    evidence: bytes = b""  # for the history, once the CRM accepts: what it was judged on, JSON
    summary: bytes = b""  # what it came to, JSON; both or neither
    modified_at: str = ""  # the revision that was read, for the dead letter, should the CRM refuse


class LeftAlone(NamedTuple):
    """An account that a run looked at and leaves as it is."""

    account_id: str
    tier: str  # that it shows
    code: str  # why
    detail: str = ""  # the field that says so, or the run


class Change(NamedTuple):
    """One row of the plan or journal."""

    seq: int
    account_id: str
    before: bytes
    after: bytes
    tier_before: str
    tier_after: str
    cause: str
    state: str
    code: str
    field: str
    sent_at: str | None
    answered_at: str | None
    lock_group: str
    inputs_hash: str  # of what it was judged on


class Outcome(NamedTuple):
    """How the CRM answered one change; *message* goes to the dead letter and nowhere else."""

    seq: int
    state: ChangeState
    code: str = ""
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that the CRM was given to work off, and which changes of which run it was sent."""

    run_id: str
    job: str  # opaque: how the connector finds it again
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Transition:
    """How many accounts a run moves from one tier to another for one cause, with a few ids."""

    tier_before: str
    tier_after: str
    cause: str
    accounts: int
    examples: Sequence[str]


class DeadLetter(NamedTuple):
    """An account that the CRM refuses, until a write succeeds or it needs none."""

    account_id: str
    run_id: str
    rejections: int
    code: str
    field: str
    message: str
    inputs_hash: str
    first_seen: str
    last_seen: str
    modified_at: str = ""  # the revision that was refused; empty where edits are no news


class HistoryRow(NamedTuple):
    """One changed assessment, with all that is needed to derive it again."""

    account_id: str
    run_id: str
    as_of: str  # of the run that judged it
    fingerprint: str  # of the ICPs of the connection; the inputs name each document's own
    inputs: bytes  # JSON
    summary: bytes  # JSON: tiers, score, reason, when it was written


@dataclass(frozen=True, slots=True)
class Document:
    """An ICP document as it was when a run first used it."""

    fingerprint: str
    name: str
    text: str
