"""Companies by view, searched, sorted and paged: what the page shows, before it is a page."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.store import Record
from sandbox.web.names import NUMBERS, Column, Names
from sandbox.web.query import ALL, LIST, UNASSESSED, Query
from sandbox.web.showing import Pill, Shower, tones, visible
from sandbox.web.source import SavedView, Source

PAGE_SIZE: Final = 50
TIER: Final = "tier:"
_LEADING: Final = re.compile(r"^(?:<[^>]*>|\W)+")


@dataclass(frozen=True, slots=True)
class Tab:
    """One view that can be chosen."""

    view: str
    label: str
    count: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One company in the table: texts by column key."""

    record_id: str
    name: str
    texts: dict[str, str]
    tier: Pill | None
    score: float | None
    overridden: str


@dataclass(slots=True)
class Listing:
    """One page of one view with everything around it."""

    query: Query
    title: str
    tabs: list[Tab]
    lists: list[Tab]
    columns: list[Column]
    lines: list[Line]
    order: tuple[str, bool]
    found: int
    pages: int
    total: int
    assessed: int
    set_up: bool
    known_view: bool = True

    @property
    def first(self) -> int:
        """Number of the first line on this page, from 1."""
        return (self.query.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """Number of the last line on this page."""
        return self.first + len(self.lines) - 1


@dataclass(slots=True)
class _Counts:
    """Tab counts, kept until a record, a list or the minute changes."""

    key: Hashable = ()
    tiers: Counter[str] = field(default_factory=Counter)
    lists: list[Tab] = field(default_factory=list)


class Browser:
    """Looks into the companies of one portal or org."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.names: Names = source.names
        self._columns = {column.key: column for column in self.names.columns}
        self._counts = _Counts()

    @property
    def sortable(self) -> frozenset[str]:
        """Keys of the columns, each of which sorts."""
        return frozenset(self._columns)

    @property
    def shower(self) -> Shower:
        """Shows values by the definitions of this moment."""
        source = self._source
        return Shower(source.definitions(), source.owners(), self.names.codes)

    def listing(self, query: Query) -> Listing:
        """The page that *query* asks for; one past the end is the last one."""
        total = self._source.total
        shower = self.shower
        counts = self._count()
        tabs = self._tabs(shower, counts)
        chosen = next((t for t in (*tabs, *counts.lists) if t.view == query.view), None)
        records = self._records(query) if chosen else []
        self._sort(records, query, shower)
        pages = max(1, -(-len(records) // PAGE_SIZE))
        page = min(max(query.page, 1), pages)
        shown = records[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        return Listing(
            query=Query(query.view, query.search, query.sort, query.descending, page),
            title=chosen.label if chosen else "Unknown view",
            tabs=tabs,
            lists=counts.lists,
            columns=self._used_columns(query.view, shower),
            lines=[self.line(record, shower) for record in shown],
            order=self._order(query, shower),
            found=len(records),
            pages=pages,
            total=total,
            assessed=total - counts.tiers[""],
            set_up=self.names.of("tier") in shower.definitions,
            known_view=chosen is not None,
        )

    def line(self, record: Record, shower: Shower) -> Line:
        """*record* as one line of the table."""
        raw = {key: self._value(record, column.name) for key, column in self._columns.items()}
        texts = {key: shower.text(self._columns[key].name, value) for key, value in raw.items()}
        texts["domain"] = visible(self._source.domain(record))
        record_id = self._source.id_of(record)
        one = self._source.words.one.capitalize()
        name = visible(raw["name"].strip()) or texts["domain"] or f"{one} {record_id}"
        texts["changed"] = texts["changed"][:10]
        score, priority = _number(raw["score"]), _number(raw["priority"])
        if priority is not None:
            texts["priority"] = f"{priority:.1f}"
        return Line(
            record_id, name, texts, self.pill(record, shower), score,
            self._overridden(record, shower),
        )  # fmt: skip

    def pill(self, record: Record, shower: Shower) -> Pill | None:
        """The tier of *record*, coloured; ``None`` when it was never assessed."""
        tier = self.names.of("tier")
        value = self._value(record, tier)
        if not value:
            return None
        tone = tones(shower.options(tier)).get(value, "other")
        return Pill(shower.text(tier, value), tone)

    def memberships(self, record: Record) -> list[Tab]:
        """The saved views that *record* is in."""
        return [
            Tab(f"{LIST}{view.view_id}", visible(view.name), 0)
            for view in self._source.views()
            if self._source.belongs(record, view)
        ]

    # -- inside ----------------------------------------------------------------------------------

    def _value(self, record: Record, name: str) -> str:
        return self._source.value(record, name)

    def _overridden(self, record: Record, shower: Shower) -> str:
        """The computed tier, where the tier shown is another because a person says so."""
        computed = self.names.of("computed_tier")
        value = self._value(record, computed)
        override = self._value(record, self.names.of("tier_override"))
        if not value or not override or value == self._value(record, self.names.of("tier")):
            return ""
        return shower.text(computed, value)

    def _count(self) -> _Counts:
        source = self._source
        key = source.version()
        if key != self._counts.key:
            tier = self.names.of("tier")
            self._counts = _Counts(
                key,
                Counter(self._value(record, tier) for record in source.live()),
                [
                    Tab(f"{LIST}{view.view_id}", visible(view.name), len(source.members(view)))
                    for view in source.views()
                ],
            )
        return self._counts

    def _tabs(self, shower: Shower, counts: _Counts) -> list[Tab]:
        tier = self.names.of("tier")
        options = shower.options(tier)
        definition = shower.definitions.get(tier)
        choices = definition.choices if definition else ()
        hidden = {choice.value for choice in choices if choice.hidden}
        tone = tones(options)
        tabs = [Tab(ALL, f"All {self._source.words.many}", self._source.total)]
        tabs += [
            Tab(f"{TIER}{value}", visible(label), counts.tiers[value], tone[value])
            for value, label in options.items()
            if value not in hidden or counts.tiers[value]
        ]
        tabs += [
            Tab(f"{TIER}{value}", visible(value), count, "other")
            for value, count in sorted(counts.tiers.items())
            if value and value not in options
        ]
        if definition:
            tabs.append(Tab(UNASSESSED, "Not assessed", counts.tiers[""], "none"))
        return tabs

    def _records(self, query: Query) -> list[Record]:
        source = self._source
        if query.view.startswith(LIST):
            records = list(source.members(self._view(query.view.removeprefix(LIST))))
        else:
            records = list(source.live())
        if query.view == UNASSESSED or query.view.startswith(TIER):
            wanted = "" if query.view == UNASSESSED else query.view.removeprefix(TIER)
            tier = self.names.of("tier")
            records = [record for record in records if self._value(record, tier) == wanted]
        if query.search:
            words = query.search.casefold()
            records = [
                record
                for record in records
                if words in self._value(record, self.names.own["name"]).casefold()
                or words in source.domain(record).casefold()
            ]
        return records

    def _view(self, view_id: str) -> SavedView:
        return next(view for view in self._source.views() if view.view_id == view_id)

    def _order(self, query: Query, shower: Shower) -> tuple[str, bool]:
        """The column to sort by, and whether downwards: by default as sales works the queue."""
        if query.sort:
            return query.sort, query.descending
        judged = self._columns["priority"].name in shower.definitions
        return ("priority", True) if judged else ("name", False)

    def _sort(self, records: list[Record], query: Query, shower: Shower) -> None:
        """Sort in place; empty values come last whichever way, ties by name, then by id."""
        key, descending = self._order(query, shower)
        name, called = self._columns[key].name, self.names.own["name"]
        ranks = {value: rank for rank, value in enumerate(shower.options(name))}
        keys: dict[int, Any] = {}
        for record in records:
            value = self._value(record, name)
            if key in NUMBERS:
                keys[record.id] = _number(value)
            elif key in {"tier", "disqualifier"}:
                keys[record.id] = ranks.get(value, len(ranks)) if value else None
            elif key == "domain":
                keys[record.id] = _by_name(self._source.domain(record)) or None
            else:
                keys[record.id] = _by_name(shower.text(name, value)) or None
        records.sort(key=lambda record: _by_name(self._value(record, called)))
        filled = [record for record in records if keys[record.id] is not None]
        empty = [record for record in records if keys[record.id] is None]
        filled.sort(key=lambda record: keys[record.id], reverse=descending)
        records[:] = [*filled, *empty]

    def _used_columns(self, view: str, shower: Shower) -> list[Column]:
        """Columns worth their width: a tier has no disqualifier to show."""
        tier = view.removeprefix(TIER) if view.startswith(TIER) else ""
        idle = {"disqualifier"} if tier and tier != "disqualified" else set()
        idle.add("domain")  # shown below the name
        columns = self._columns.values()
        return [c for c in columns if c.key not in idle and c.name in shower.definitions]


def _by_name(text: str) -> str:
    """What a text sorts by: accents and what comes before the first letter do not count."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return _LEADING.sub("", plain).casefold()


def _number(value: str) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None
