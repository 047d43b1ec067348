"""One company in full: its judgement, its deals and all its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sandbox.store import Record
from sandbox.web.browsing import Browser, Line, Tab
from sandbox.web.showing import Shower, grouped, moment, visible
from sandbox.web.source import Deal, Source


@dataclass(frozen=True, slots=True)
class Fact:
    """One field with its label, its value as shown, and what it is for."""

    name: str
    label: str
    text: str
    help: str


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under one heading."""

    title: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """Everything the page of one company shows."""

    line: Line
    reason: str
    explanation: str
    coverage: str
    card: list[Group]
    groups: list[Group]
    deals: list[Deal]
    lists: list[Tab]
    created: str
    modified: str


def company_page(source: Source, browser: Browser, record: Record) -> CompanyPage:
    """*record* as a page."""
    shower = browser.shower
    values = source.values(record)
    names = browser.names
    carded = {name for _, members in names.card for name in members}
    carded |= names.in_the_head
    carded |= {names.of(key) for key in ("tier", "fit_score", "priority", "reason", "explanation")}
    return CompanyPage(
        line=browser.line(record, shower),
        reason=visible(values.get(names.of("reason"), "")),
        explanation=visible(values.get(names.of("explanation"), "")),
        coverage=grouped(values.get(names.of("data_coverage"), "")),
        card=[
            Group(title, list(_facts(shower, members, values)))
            for title, members in names.card
            if any(name in shower.definitions for name in members)
        ],
        groups=_groups(shower, values, carded),
        deals=sorted(source.deals(record), key=lambda deal: deal.closes, reverse=True),
        lists=browser.memberships(record),
        created=moment(values.get(names.created, "")),
        modified=moment(values.get(names.modified, "")),
    )


def _facts(shower: Shower, members: tuple[str, ...], values: dict[str, str]) -> Iterator[Fact]:
    for name in members:
        definition = shower.definitions.get(name)
        if definition is not None:
            text = shower.text(name, values.get(name))
            yield Fact(name, definition.label, text, definition.help)


def _groups(shower: Shower, values: dict[str, str], carded: set[str]) -> list[Group]:
    """Every other field that has a value, by the CRM's groups."""
    filled = [
        definition
        for name, definition in shower.definitions.items()
        if values.get(name) and name not in carded
    ]
    filled.sort(key=lambda definition: (definition.group, definition.label))
    found = []
    for title, members in groupby(filled, key=lambda definition: definition.group):
        names = tuple(definition.name for definition in members)
        found.append(Group(visible(title), list(_facts(shower, names, values))))
    return found
