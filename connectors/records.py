"""What crosses the port between the worker and a CRM.

Every field value crosses as *canonical text* or ``None`` for empty, whatever the CRM stores:

========== ==========================================================
kind       canonical text
========== ==========================================================
text       as stored
number     plain decimal, no exponent, no thousands mark: ``87``, ``87.5``
boolean    ``true`` or ``false``
choice     the option's internal value
choices    internal values joined by ``;``, in no promised order
date       ``2026-11-22``
datetime   ``2026-11-22T04:00:00.000Z``
========== ==========================================================

An empty string and ``None`` both mean empty. Connectors encode and decode by the described kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connectors.errors import Problem


class FieldKind(StrEnum):
    """What a CRM field holds, in the terms both CRMs share."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a choice field: the stored value and the label people see."""

    value: str
    label: str
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescription:
    """A field of the account object as the CRM describes it."""

    name: str
    label: str
    kind: FieldKind
    writable: bool
    options: tuple[Option, ...] = ()
    calculated: bool = False
    formula: str | None = None
    max_length: int | None = None
    description: str = ""
    native_type: str = ""  # the CRM's own word for the type, shown in messages
    scale: int | None = None  # decimal places that the CRM keeps of a number
    restricted: bool = False  # of a choice: takes no value but its options, hidden ones left out
    volatile: bool = False  # may change without moving the account's modification time


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account as read: its id, the requested fields as canonical text, when it last changed."""

    account_id: str
    fields: Mapping[str, str | None]
    modified_at: str  # names the revision, for example by its time: equal text, same revision
    lock_group: str = ""  # accounts that share one lock each other when written side by side


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """Absolute values to store on one existing account; ``None`` or ``""`` clears a field."""

    account_id: str
    fields: Mapping[str, str | None]
    lock_group: str = ""  # as read with the account; empty where not known


@dataclass(frozen=True, slots=True)
class Gone:
    """An account that was deleted, or merged into another."""

    account_id: str
    survivor_id: str = ""  # for a merged account: the id it lives on under, where known


class WriteResult(StrEnum):
    """How the CRM answered one update."""

    WRITTEN = "written"
    REJECTED = "rejected"  # the CRM refused this record; see code and message
    MISSING = "missing"  # no such account any more: deleted, or merged into another


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """The answer for one update.

    ``message`` is the CRM's own wording. It may quote customer values, so it goes to the dead
    letter in the database and nowhere else: never to a log, an exception or an alert.
    """

    account_id: str
    result: WriteResult
    code: str = ""  # the CRM's error code, such as INVALID_OPTION
    field: str = ""  # the field at fault, when the CRM names one
    message: str = ""
    survivor_id: str = ""  # for a merged account: the id it lives on under, where known

    @property
    def accepted(self) -> bool:
        """Whether the CRM now holds the values."""
        return self.result is WriteResult.WRITTEN


@dataclass(frozen=True, slots=True)
class Window:
    """A frozen span of modification time, both ends inclusive, aware and UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """Which CRM account a credential opens: what state is bound to."""

    crm: str  # "hubspot", "salesforce", "memory"
    portal_id: str
    kind: str  # "production" or "sandbox"
    time_zone: str = "UTC"
    currency: str | None = None
    record_url: str | None = None  # a template with {id}, for people to click


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A field that set-up should make on the account object."""

    name: str
    label: str
    kind: FieldKind
    description: str
    options: tuple[Option, ...] = ()
    multiline: bool = False
    scale: int = 0  # decimal places of a number


@dataclass(frozen=True, slots=True)
class Visibility:
    """Whether the credential was shown to see every account."""

    complete: bool
    detail: str = ""  # what proves it, or why it could not be proved and what to do


@dataclass(frozen=True, slots=True)
class Automation:
    """Something an administrator built that a write to an account fires."""

    kind: str  # "trigger", "flow", "validation rule", "assignment rule"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a look around the CRM found, beyond the fields themselves."""

    visibility: Visibility
    problems: tuple[Problem, ...] = ()  # writes would be refused
    warnings: tuple[Problem, ...] = ()  # a person should know
    automations: tuple[Automation, ...] = ()
    unseen: tuple[str, ...] = ()  # what could not be looked at, and why, one sentence each


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run is going to cost in calls, against what is left of the day."""

    calls: int
    remaining: int | None = None  # before we reach the floor; unknown until an answer told
    limit: int | None = None

    def __str__(self) -> str:
        """Render as ``needs about 40 calls, 0.3% of the 12,000 left today``."""
        text = f"needs about {self.calls:,} calls"
        if self.remaining is None:
            return text
        if self.remaining <= 0:
            return f"{text}; none are left today"
        share = 100 * self.calls / self.remaining
        return f"{text}, {share:.1f}% of the {self.remaining:,} left today"


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRecord:
    """One deal (Salesforce: opportunity) of an account."""

    deal_id: str
    account_id: str
    closed: bool
    won: bool
    stage: str = ""
    amount: str | None = None  # plain decimal, in the portal's currency; None: empty or no rate
    created_on: str | None = None  # ISO date
    closed_on: str | None = None  # ISO date; of an open deal, when it is expected to close


class Operator(StrEnum):
    """How a saved view tests one field."""

    IS = "is"  # any of the values
    IS_NOT = "is_not"  # none of the values
    AT_LEAST = "at_least"
    BELOW = "below"
    KNOWN = "known"
    UNKNOWN = "unknown"
    LAST_DAYS = "last_days"  # a date within the last n days
    NEXT_DAYS = "next_days"  # a date within the next n days


@dataclass(frozen=True, slots=True)
class ViewFilter:
    """One test of a saved view; a view's filters all hold."""

    field: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSpec:
    """A saved view (company list in HubSpot, list view in Salesforce) that set-up should make."""

    name: str
    filters: tuple[ViewFilter, ...]
    columns: tuple[str, ...] = ()
    mine: bool = False  # only the accounts of the person who looks, where the CRM can say so


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminStep:
    """Something else that set-up should see to: a permission set, what it grants, to whom."""

    what: str  # "permission set", "field access", "assignment", "custom permission"
    name: str
    done: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FieldCap:
    """How many custom fields the plan allows on the account object, and how many exist."""

    used: int
    limit: int


@dataclass(slots=True)
class CallCounts:
    """Calls made through one connector, by endpoint and answer. Counts only, never contents."""

    by_route: dict[str, int] = field(default_factory=dict)  # "POST companies/batch/update" -> n
    by_status: dict[str, int] = field(default_factory=dict)  # "200" -> n, "error" -> n
    retried: int = 0
    throttled_seconds: float = 0.0
    on_call: Callable[[str, str, int], None] | None = field(default=None, compare=False)
    """Told of each call once it has ended: route, status, when it began in nanoseconds."""

    @property
    def total(self) -> int:
        """Every call sent, retries included."""
        return sum(self.by_route.values())

    def count(self, route: str, status: str) -> None:
        """Count one call."""
        self.by_route[route] = self.by_route.get(route, 0) + 1
        self.by_status[status] = self.by_status.get(status, 0) + 1

    def copy(self) -> CallCounts:
        """These counts as they are now."""
        return replace(self, by_route=dict(self.by_route), by_status=dict(self.by_status))

    def less(self, others: CallCounts) -> CallCounts:
        """These counts without *others*, which are some of them."""
        return CallCounts(
            _less(self.by_route, others.by_route),
            _less(self.by_status, others.by_status),
            self.retried - others.retried,
            self.throttled_seconds - others.throttled_seconds,
        )

    def add(self, others: CallCounts) -> None:
        """Count *others* in."""
        for mine, more in (
            (self.by_route, others.by_route),
            (self.by_status, others.by_status),
        ):
            for name, count in more.items():
                mine[name] = mine.get(name, 0) + count
        self.retried += others.retried
        self.throttled_seconds += others.throttled_seconds


def _less(counts: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    left = {name: count - others.get(name, 0) for name, count in counts.items()}
    return {name: count for name, count in left.items() if count}


Page = Sequence[AccountRecord]
