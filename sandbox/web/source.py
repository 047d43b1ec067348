"""What the pages need to know of a simulated CRM, whichever it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sandbox.store import Record
from sandbox.web.names import Names

Kind = Literal["text", "number", "moment", "choice", "owner"]


@dataclass(frozen=True, slots=True)
class Words:
    """How this CRM calls things, where a page speaks of them."""

    where: str  # before the number of the portal or org
    place: str  # "portal"
    one: str  # "company"; also the part of a record's address
    many: str  # "companies"
    field: str  # "property"
    views: str  # "Lists"
    deals: str  # "Deals"
    gone: str  # what may have happened to a record that is not there


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an enumeration."""

    value: str
    label: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """One field as the pages show it."""

    name: str
    label: str
    kind: Kind
    help: str = ""
    group: str = ""
    choices: tuple[Choice, ...] = ()  # in the CRM's order


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list or list view that somebody made."""

    view_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal or opportunity of a company; *won* is ``None`` while it is open."""

    name: str
    stage: str
    won: bool | None
    amount: str
    closes: str


class Source(Protocol):
    """One portal or org, looked into."""

    @property
    def words(self) -> Words:
        """How it calls things."""

    @property
    def names(self) -> Names:
        """The fields that the pages show."""

    @property
    def place_id(self) -> str:
        """The number of the portal or org."""

    @property
    def total(self) -> int:
        """How many companies are live."""

    def version(self) -> Hashable:
        """Another one whenever a count may have changed."""

    def definitions(self) -> Mapping[str, Definition]:
        """The fields that exist at this moment, by name."""

    def owners(self) -> Mapping[str, str]:
        """Owner id to name."""

    def live(self) -> Iterator[Record]:
        """Every live company."""

    def find(self, record_id: str) -> Record | None:
        """The live company with this id, reached through merges; ``None`` for none."""

    def id_of(self, record: Record) -> str:
        """The id of *record* as people see it."""

    def value(self, record: Record, name: str) -> str:
        """One value; ``""`` for none."""

    def values(self, record: Record) -> dict[str, str]:
        """All values that are set."""

    def domain(self, record: Record) -> str:
        """The company's domain, as shown below its name."""

    def views(self) -> Sequence[SavedView]:
        """Lists of companies, in the order they were made."""

    def members(self, view: SavedView) -> Sequence[Record]:
        """Who is in *view* now."""

    def belongs(self, record: Record, view: SavedView) -> bool:
        """Whether *record* is in *view*, which is quicker than looking among its members."""

    def deals(self, record: Record) -> Iterator[Deal]:
        """The deals of *record*."""
