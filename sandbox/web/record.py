"""One company in full: its judgement, its deals and all its properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sandbox.hubspot.portal import Portal
from sandbox.store import Record
from sandbox.web.browsing import Browser, Line, Tab
from sandbox.web.showing import Shower, compact, grouped, moment, visible

_IN_THE_HEAD: Final = {"hs_object_id", "createdate", "hs_lastmodifieddate"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One property with its label, its value as shown, and what it is for."""

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
class Deal:
    """One deal of the company."""

    name: str
    stage: str
    tone: str
    amount: str
    closes: str


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """Everything the page of one company shows."""

    line: Line
    website: str
    reason: str
    explanation: str
    coverage: str
    card: list[Group]
    groups: list[Group]
    deals: list[Deal]
    lists: list[Tab]
    created: str
    modified: str


def company_page(portal: Portal, browser: Browser, record: Record) -> CompanyPage:
    """*record* as a page."""
    shower = browser.shower
    values = portal.companies.table.as_dict(record)
    names = browser.names
    carded = {name for _, members in names.card for name in members}
    carded |= _IN_THE_HEAD
    carded |= {names.of(key) for key in ("tier", "fit_score", "priority", "reason", "explanation")}
    return CompanyPage(
        line=browser.line(record, shower),
        website=visible(values.get("website", "")),
        reason=visible(values.get(names.of("reason"), "")),
        explanation=visible(values.get(names.of("explanation"), "")),
        coverage=grouped(values.get(names.of("data_coverage"), "")),
        card=[
            Group(title, list(_facts(portal, shower, members, values)))
            for title, members in names.card
            if any(name in portal.companies.schema.live for name in members)
        ],
        groups=_groups(portal, shower, values, carded),
        deals=sorted(_deals(portal, record), key=lambda deal: deal.closes, reverse=True),
        lists=browser.memberships(record),
        created=moment(values.get("createdate", "")),
        modified=moment(values.get("hs_lastmodifieddate", "")),
    )


def _facts(
    portal: Portal, shower: Shower, members: tuple[str, ...], values: dict[str, str]
) -> Iterator[Fact]:
    for name in members:
        definition = portal.companies.schema.live.get(name)
        if definition is not None:
            text = shower.text(name, values.get(name))
            yield Fact(name, shower.label(name), text, definition["description"])


def _groups(
    portal: Portal, shower: Shower, values: dict[str, str], carded: set[str]
) -> list[Group]:
    """Every other property that has a value, by the portal's property groups."""
    schema = portal.companies.schema
    filled = [
        definition
        for name, definition in schema.live.items()
        if values.get(name) and name not in carded
    ]
    filled.sort(key=lambda definition: (definition["groupName"], definition["label"]))
    found = []
    for group_name, members in groupby(filled, key=lambda definition: definition["groupName"]):
        names = tuple(definition["name"] for definition in members)
        title = schema.groups.get(group_name, {}).get("label", group_name)
        found.append(Group(visible(title), list(_facts(portal, shower, names, values))))
    return found


def _deals(portal: Portal, record: Record) -> Iterator[Deal]:
    table = portal.deals.table
    shower = Shower(portal.deals.schema.live, portal.owners)
    for deal_id in portal.deals_of.get(record.id, ()):
        deal = table.get(deal_id)
        if deal is None or not deal.live:
            continue
        values = table.as_dict(deal)
        won = values.get("hs_is_closed_won") == "true"
        lost = values.get("hs_is_closed") == "true" and not won
        yield Deal(
            name=visible(values.get("dealname", "")) or f"Deal {deal.id}",
            stage=shower.text("dealstage", values.get("dealstage")),
            tone="tier1" if won else "stop" if lost else "other",
            amount=compact(values["amount"]) if values.get("amount") else "",
            closes=moment(values.get("closedate", ""))[:10],
        )
