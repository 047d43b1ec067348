"""What a value can be, and what a reader of text may look up; see :mod:`worker.icp.values`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple


class Interval(NamedTuple):
    """A count or amount known to lie between two bounds, both inclusive.

    A plain number is an interval with equal bounds. ``high`` is ``None`` where the top is open.
    """

    low: int | float
    high: int | float | None


class Unreadable(Enum):
    """The type of :data:`UNREADABLE`."""

    UNREADABLE = "unreadable"


UNREADABLE = Unreadable.UNREADABLE
"""The answer to text that says something we cannot read: unknown, but counted and listed."""

Value = str | int | float | bool | date | frozenset[str] | Interval
"""A normalised value. ``interval`` and ``money`` attributes always give :class:`Interval`."""

Parser = Callable[[str], "Value | Unreadable | None"]
"""Reads one text: a value, ``None`` where it says nothing, or :data:`UNREADABLE`. Never raises."""

_NO_WORDS: frozenset[str] = frozenset()
_NO_TABLE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What the reader of one attribute is handed: data and choices, never code that does I/O.

    ``vocabulary`` maps folded text (:func:`~worker.icp.values.fold`, for countries
    :func:`~worker.icp.values.fold_place`) to the canonical value; build it with
    :func:`~worker.icp.values.lookup_table`. For numbers, intervals, money and flags it maps to the
    text to read instead, such as a code to its band.
    """

    empty: frozenset[str] = _NO_WORDS  # words that say nothing: n/a, unknown
    vocabulary: Mapping[str, str] = field(default_factory=lambda: _NO_TABLE)
    closed: bool = False  # text outside the vocabulary is unreadable; else it stands for itself
    zero_is_unknown: bool = False
    false_is_unknown: bool = False
    currency: str | None = None  # an amount that names another currency is unreadable
    domain: Callable[[str], str | None] | None = None  # host to registrable domain, or None
    hosts: frozenset[str] = _NO_WORDS  # domains that identify nobody: free mail, social networks
    list_labels: frozenset[str] = _NO_WORDS  # headings inside lists: "Backend: Go, PHP"
