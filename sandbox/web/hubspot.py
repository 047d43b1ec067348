"""A HubSpot portal as the pages see it: companies, properties and lists."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.hubspot.list_store import DYNAMIC
from sandbox.hubspot.portal import Portal
from sandbox.store import Record
from sandbox.web.names import Names, hubspot_names
from sandbox.web.showing import compact, moment, visible
from sandbox.web.source import Choice, Deal, Definition, Kind, SavedView, Words

_MINUTE_MS: Final = 60_000
_KINDS: Final[Mapping[str, Kind]] = {
    "datetime": "moment",
    "number": "number",
    "enumeration": "choice",
    "bool": "choice",
}


class HubSpotSource:
    """Looks into one portal."""

    words: Final = Words(
        where="Simulated HubSpot portal",
        place="portal",
        one="company",
        many="companies",
        field="property",
        views="Lists",
        deals="Deals",
        gone="It may have been archived.",
    )

    def __init__(self, portal: Portal, names: Names | None = None) -> None:
        self._portal = portal
        self.names = names or hubspot_names()

    @property
    def place_id(self) -> str:
        """The portal's number."""
        return str(self._portal.portal_id)

    @property
    def total(self) -> int:
        """How many companies are live."""
        return self._portal.companies.table.live_count

    def version(self) -> Hashable:
        """Another one when a record, a list or the minute changes."""
        portal = self._portal
        return (
            portal.companies.table.version,
            portal.clock.now_ms() // _MINUTE_MS,
            tuple(
                (list_id, stored.name, stored.fields.get("filtersUpdatedAt"))
                for list_id, stored in portal.lists.by_id.items()
            ),
        )

    def definitions(self) -> Mapping[str, Definition]:
        """The live properties, by name."""
        schema = self._portal.companies.schema
        return {
            name: _definition(body, str(schema.groups.get(group, {}).get("label", group)))
            for name, body in schema.live.items()
            for group in (body["groupName"],)
        }

    def owners(self) -> Mapping[str, str]:
        """Owner id to full name."""
        return {
            owner_id: f"{owner['firstName']} {owner['lastName']}".strip()
            for owner_id, owner in self._portal.owners.items()
        }

    def live(self) -> Iterator[Record]:
        """Every live company."""
        return self._portal.companies.table.live()

    def find(self, record_id: str) -> Record | None:
        """The live company with this id, through merges."""
        if not (record_id.isascii() and record_id.isdigit()):
            return None
        record = self._portal.companies.table.resolve(int(record_id))
        return record if record is not None and record.live else None

    def id_of(self, record: Record) -> str:
        """The record's number."""
        return str(record.id)

    def value(self, record: Record, name: str) -> str:
        """One value; ``""`` for none."""
        return self._portal.companies.table.value(record, name) or ""

    def values(self, record: Record) -> dict[str, str]:
        """All values that are set."""
        return self._portal.companies.table.as_dict(record)

    def domain(self, record: Record) -> str:
        """The domain property."""
        return self.value(record, "domain")

    def views(self) -> Sequence[SavedView]:
        """The lists of companies."""
        portal = self._portal
        return [
            SavedView(str(list_id), stored.name)
            for list_id, stored in portal.lists.by_id.items()
            if stored.kind is portal.companies
        ]

    def members(self, view: SavedView) -> Sequence[Record]:
        """Who is in the list now."""
        lists = self._portal.lists
        return list(lists.member_records(lists.by_id[view.view_id]))

    def belongs(self, record: Record, view: SavedView) -> bool:
        """Ask the list about one record."""
        stored = self._portal.lists.by_id[view.view_id]
        if stored.fields["processingType"] != DYNAMIC:
            return record.id in stored.chosen
        return stored.test is not None and stored.test(
            lambda name: self.value(record, name) or None
        )

    def deals(self, record: Record) -> Iterator[Deal]:
        """The deals of *record*."""
        portal = self._portal
        table = portal.deals.table
        stages = _labels(portal.deals.schema.live["dealstage"])
        for deal_id in portal.deals_of.get(record.id, ()):
            deal = table.get(deal_id)
            if deal is None or not deal.live:
                continue
            values = table.as_dict(deal)
            closed = values.get("hs_is_closed") == "true"
            stage = values.get("dealstage", "")
            yield Deal(
                name=visible(values.get("dealname", "")) or f"Deal {deal.id}",
                stage=visible(stages.get(stage, stage)),
                won=values.get("hs_is_closed_won") == "true" if closed else None,
                amount=compact(values["amount"]) if values.get("amount") else "",
                closes=moment(values.get("closedate", ""))[:10],
            )


def _definition(body: Mapping[str, Any], group: str) -> Definition:
    name = body["name"]
    options = sorted(body.get("options", ()), key=lambda option: option["displayOrder"])
    return Definition(
        name=name,
        label=str(body["label"]),
        kind="owner" if name == "hubspot_owner_id" else _KINDS.get(body["type"], "text"),
        help=body["description"],
        group=group,
        choices=tuple(Choice(o["value"], o["label"], o["hidden"]) for o in options),
    )


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    return {option["value"]: option["label"] for option in body.get("options", ())}
