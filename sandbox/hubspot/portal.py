"""One simulated HubSpot account: its objects, associations, lists, tokens and odd behaviours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock, parse_ms
from sandbox.hubspot.auth import Tokens
from sandbox.hubspot.definitions import (
    COMPANY_GROUPS,
    DEAL_GROUPS,
    OWNERS,
    STAGE_OUTCOMES,
    default_properties,
)
from sandbox.hubspot.list_store import ListStore
from sandbox.hubspot.quota import Quota
from sandbox.hubspot.schema import Schema
from sandbox.seed_data import SeedData
from sandbox.store import Record, Table

_SYSTEM = ("createdate", "hs_lastmodifieddate", "hs_object_id", "hs_merged_object_ids")
_DAY_MS = 86_400_000


class ObjectType:
    """Companies or deals: the records and the properties they may have."""

    def __init__(self, name: str, type_id: str, first_id: int, clock: Clock) -> None:
        self.name = name
        self.type_id = type_id
        self.singular = {"companies": "COMPANY", "deals": "DEAL"}[name]
        self.default_reads = {"companies": ("name", "domain"), "deals": _DEAL_READS}[name]
        groups = COMPANY_GROUPS if name == "companies" else DEAL_GROUPS
        self.schema = Schema(default_properties(name, clock.now_iso()), groups)
        self.table = Table(_SYSTEM, first_id, clock.now_ms)
        for property_name in self.schema.live:
            self.table.column(property_name)


_DEAL_READS = ("amount", "closedate", "dealname", "dealstage", "pipeline")


@dataclass(slots=True)
class Behaviour:
    """Switches for what HubSpot does only sometimes, or what nobody has confirmed."""

    # "Property X is required when Y = v": {"property", "when": {"property", "value"}, "versions"}
    required_when: list[dict[str, Any]] = field(default_factory=list)
    # Writes to these answer "ok" and do nothing.
    ignored_properties: set[str] = field(default_factory=set)
    # Writes to these records answer "ok" and do nothing; no stamp moves.
    swallowed_records: list[str] = field(default_factory=list)
    # By company: what a workflow sets after each write through the API.
    resets: dict[str, dict[str, str | None]] = field(default_factory=dict)
    merge_gives_new_id: bool = False
    shuffle_results: bool = True
    max_url_bytes: int = 16_000


class Portal:
    """Everything one HubSpot account knows."""

    def __init__(self, clock: Clock, *, seed: int = 0, enforce_limits: bool = True) -> None:
        self.clock = clock
        self.seed = seed
        self.origin = ""
        chooser = random.Random(f"portal:{seed}")  # noqa: S311 - deterministic, not a secret
        self.portal_id = chooser.randrange(20_000_000, 60_000_000)
        self.shuffler = random.Random(f"shuffle:{seed}")  # noqa: S311 - deterministic by design
        self.account_type = "STANDARD"
        self.companies = ObjectType("companies", "0-2", 5_281_147_580, clock)
        self.deals = ObjectType("deals", "0-3", 13_790_204_400, clock)
        self.tokens = Tokens(seed)
        self.quota = Quota(clock, self.portal_id, enforce=enforce_limits)
        self.behaviour = Behaviour()
        self.lists = ListStore(self)
        self.owners: dict[str, dict[str, Any]] = {}
        self.companies_of: dict[int, list[int]] = {}
        self.deals_of: dict[int, list[int]] = {}
        self._seeded_links: dict[int, list[int]] = {}

    # -- look-up ---------------------------------------------------------------------------------

    def object_type(self, name: str) -> ObjectType | None:
        """The object type a path names (plural, singular or type id)."""
        if name in {"companies", "company", "0-2"}:
            return self.companies
        if name in {"deals", "deal", "0-3"}:
            return self.deals
        return None

    def companies_live(self) -> Iterator[dict[str, str]]:
        """Every live company as set values by property name, ``hs_object_id`` among them."""
        return (self.companies.table.as_dict(record) for record in self.companies.table.live())

    # -- associations ----------------------------------------------------------------------------

    def link(self, deal: Record, company: Record) -> None:
        """Make *company* the primary company of *deal*."""
        known = self.companies_of.setdefault(deal.id, [])
        if company.id not in known:
            known.append(company.id)
            self.deals_of.setdefault(company.id, []).append(deal.id)

    def move_links(self, loser: int, survivor: int) -> None:
        """Deals follow a merged company."""
        for deal_id in self.deals_of.pop(loser, []):
            linked = self.companies_of[deal_id]
            linked[linked.index(loser)] = survivor
            self.companies_of[deal_id] = list(dict.fromkeys(linked))
            theirs = self.deals_of.setdefault(survivor, [])
            if deal_id not in theirs:
                theirs.append(deal_id)

    def count_deals(self, company: Record) -> None:
        """Keep the calculated number of deals of *company*."""
        count = str(len(self.deals_of.get(company.id, [])))
        self.companies.table.derive(company, "num_associated_deals", count)

    def derive_deal(self, record: Record) -> None:
        """Set the calculated closed and won flags from the stage."""
        table = self.deals.table
        closed, won = STAGE_OUTCOMES.get(table.value(record, "dealstage") or "", (False, False))
        table.derive(record, "hs_is_closed", str(closed).lower())
        table.derive(record, "hs_is_closed_won", str(won).lower())

    # -- seeding and reset -----------------------------------------------------------------------

    def fill(self, data: SeedData) -> None:
        """Load *data*, then remember the result as the state :meth:`reset` returns to.

        The companies are taken out of *data* as they are loaded, so that they are not held twice.
        """
        now = self.clock.now_ms()
        schema = self.companies.schema
        for body in data.properties:
            known = schema.live.get(body["name"])
            if known is None:
                full = {"groupName": "companyinformation", "label": body["name"], **body}
                schema.create(full, self.clock.now_iso())
            elif body.get("options") and not known["modificationMetadata"]["readOnlyOptions"]:
                # A seed may widen HubSpot's own enumeration, as an administrator may.
                schema.change(body["name"], {"options": body["options"]}, self.clock.now_iso())
        companies = list(self._fill_companies(data, now))
        deals = self.deals.table
        for number, seed in enumerate(data.deals):
            properties = {"pipeline": "default", **seed.properties}
            created = _moment(properties.pop("createdate", None)) or now - (number % 700) * _DAY_MS
            modified = _moment(properties.pop("hs_lastmodifieddate", None)) or created
            record = deals.add(properties, modified, created=created)
            self.derive_deal(record)
            self.link(record, companies[seed.company_index])
        for company_id in self.deals_of:
            self.count_deals(self.companies.table.records[company_id])
        self._find_owners()
        for kind in (self.companies, self.deals):
            kind.table.mark_seeded()
            kind.schema.mark_seeded()
        self._seeded_links = {deal: list(linked) for deal, linked in self.companies_of.items()}

    def reset(self) -> None:
        """Go back to the seeded state, limits, tokens and switches included."""
        for kind in (self.companies, self.deals):
            kind.table.reset()
            kind.schema.reset()
        self.companies_of = {deal: list(linked) for deal, linked in self._seeded_links.items()}
        self.deals_of = {}
        for deal, linked in self.companies_of.items():
            for company in linked:
                self.deals_of.setdefault(company, []).append(deal)
        self.tokens.reset()
        self.quota.reset()
        self.behaviour = Behaviour()
        self.account_type = "STANDARD"
        self.lists.reset()
        self.shuffler.seed(f"shuffle:{self.seed}")

    def _fill_companies(self, data: SeedData, now: int) -> Iterator[Record]:
        table = self.companies.table
        data.companies.reverse()
        number = 0
        while data.companies:
            values = data.companies.pop()
            # Two years of creation and a month of changes, all before now, the same for a seed.
            created = _moment(values.get("createdate")) or now - (30 + number * 37 % 700) * _DAY_MS
            modified = _moment(values.get("hs_lastmodifieddate"))
            if modified is None:
                modified = max(created, now - _DAY_MS - number * 7_919_993 % (29 * _DAY_MS))
            yield table.add(values, modified, created=created)
            number += 1

    def _find_owners(self) -> None:
        table = self.companies.table
        used = {table.value(record, "hubspot_owner_id") for record in table.records.values()}
        known = {owner[0]: owner for owner in OWNERS}
        for owner_id in sorted(filter(None, used)):
            known.setdefault(
                owner_id, (owner_id, f"owner{owner_id}@example.com", "Owner", owner_id)
            )
        at = self.clock.now_iso()
        self.owners = {
            owner_id: {
                "id": owner_id,
                "email": email,
                "type": "PERSON",
                "firstName": first,
                "lastName": last,
                "userId": 9_586_500 + number,
                "userIdIncludingInactive": 9_586_500 + number,
                "createdAt": at,
                "updatedAt": at,
                "archived": False,
            }
            for number, (owner_id, email, first, last) in enumerate(known.values())
        }


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_ms(text)
    except ValueError:
        return None
