"""What a SOQL statement says, as plain data. Positions point into the text, for error messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Path:
    """A field by name, through parents: ``Owner.Manager.Email``."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """The path as written, without spaces."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one field, or of nothing: ``SUM(Amount)``, ``COUNT()``."""

    function: str  # in capitals
    argument: Operand | None
    at: int

    @property
    def text(self) -> str:
        """The call as Salesforce repeats it in messages."""
        return f"{self.function}({self.argument.text if self.argument else ''})"


Operand = Path | Call


@dataclass(frozen=True, slots=True)
class Money:
    """``USD5000``: an amount in one currency."""

    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """``LAST_N_DAYS:30``: a stretch of time relative to now."""

    name: str  # in capitals
    count: int | None


Kind = Literal["text", "number", "boolean", "null", "moment", "day", "money", "period"]


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. A *moment* is in epoch milliseconds; ``raw`` is the text as written."""

    kind: Kind
    value: str | Decimal | bool | int | date | Money | Period | None
    raw: str
    at: int


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the SELECT list."""

    what: Operand | Statement
    alias: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``Name = 'x'``; the operator is one of ``= != < <= > >= LIKE``."""

    left: Operand
    operator: str
    right: Value


@dataclass(frozen=True, slots=True)
class Membership:
    """``IN`` and ``NOT IN``: a list of values, or the rows of another statement."""

    left: Operand
    negated: bool
    among: tuple[Value, ...] | Statement


@dataclass(frozen=True, slots=True)
class Selection:
    """``INCLUDES`` and ``EXCLUDES`` of a multi-select picklist."""

    left: Operand
    negated: bool
    among: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions joined by AND."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions joined by OR."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold."""

    part: Condition


Condition = Comparison | Membership | Selection | AllOf | AnyOf | Negation


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of ORDER BY; empty values come first unless said otherwise."""

    by: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A whole SELECT."""

    text: str
    items: tuple[Item, ...]
    source: str
    source_at: int
    alias: str | None = None
    where: Condition | None = None
    clause: str | None = None  # what follows WITH
    groups: tuple[Operand, ...] = ()
    having: Condition | None = None
    orders: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    all_rows: bool = False
    lock: str | None = None  # what follows FOR
