"""The attribute catalogue: what a company can be judged by, and where each CRM keeps it.

An attribute has one type, which says how CRM text is read (``worker.icp.values``), and at most one
field per CRM. Operators add their own and override these in the ICP document. The catalogue
describes companies, never persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


class AttributeType(StrEnum):
    """How the text of an attribute is read; see ``docs/reference/attributes.md``."""

    TEXT = "text"
    CATEGORY = "category"
    NUMBER = "number"
    INTERVAL = "interval"  # a count that may come as a band: 51-200
    MONEY = "money"  # an amount that may come as a band: $10M-$25M
    DATE = "date"
    FLAG = "flag"
    COUNTRY = "country"  # ISO 3166 alpha-2
    DOMAIN = "domain"
    LIST = "list"
    STAGE = "stage"  # a category whose values have an order


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSpec:
    """One attribute: its type, its fields, and what its values mean.

    ``hubspot`` and ``salesforce`` name the account field that holds it, ``None`` where a CRM has
    none. A ``custom`` attribute is in no CRM out of the box: its field names are the ones we
    suggest. ``headers`` are the column headers that name it in a file, besides its id and fields.
    """

    id: str
    type: AttributeType
    label: str
    dimension: str
    hubspot: str | None = None
    salesforce: str | None = None
    headers: tuple[str, ...] = ()
    vocabulary: str | None = None  # a name that config.taxonomies.vocabulary knows
    closed: bool = False  # text outside the vocabulary is unreadable; else it stands for itself
    complete: bool = True  # what a known list leaves out is absent; else only unknown
    false_is_unknown: bool = False  # a checkbox nobody ticked says nothing
    zero_is_unknown: bool = False  # CRMs and vendors write 0 for empty
    custom: bool = False
    aliases: Mapping[str, str] = field(default_factory=lambda: NOTHING)  # text -> value
    order: tuple[str, ...] = ()  # values from lowest to highest, where they have an order
    currency: str | None = None  # ISO 4217; None takes any amount as it stands
    unit: str = ""  # for people: "%", "employees"


@cache
def catalogue() -> Mapping[str, AttributeSpec]:
    """Give every well-known attribute by id, in the order of the reference page."""
    return MappingProxyType({spec.id: spec for spec in _SPECS})


_SPECS: tuple[AttributeSpec, ...] = (
    AttributeSpec(
        id="employees", type=AttributeType.INTERVAL, label="Employees", dimension="firmographic",
        hubspot="numberofemployees", salesforce="NumberOfEmployees", zero_is_unknown=True,
    ),
)  # fmt: skip
