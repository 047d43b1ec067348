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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account as read: its id, the requested fields as canonical text, when it last changed."""

    account_id: str
    fields: Mapping[str, str | None]
    modified_at: str  # canonical datetime text; equal text means the same revision


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """Absolute values to store on one existing account; ``None`` or ``""`` clears a field."""

    account_id: str
    fields: Mapping[str, str | None]


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

    @property
    def total(self) -> int:
        """Every call sent, retries included."""
        return sum(self.by_route.values())


Page = Sequence[AccountRecord]
