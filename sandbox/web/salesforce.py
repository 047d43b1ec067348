"""A Salesforce org as the pages see it: accounts, fields and list views."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sandbox.salesforce.list_views import ListView, ListViews
from sandbox.salesforce.org import Org
from sandbox.salesforce.schema import FieldDef
from sandbox.store import Record
from sandbox.web.names import Names, salesforce_names
from sandbox.web.showing import compact, visible
from sandbox.web.source import Choice, Deal, Definition, Kind, SavedView, Words

_MINUTE_MS: Final = 60_000
_KINDS: Final[Mapping[str, Kind]] = {
    "datetime": "moment",
    "int": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "picklist": "choice",
    "multipicklist": "choice",
    "boolean": "choice",
}
_YES_NO: Final = (Choice("true", "Yes"), Choice("false", "No"))
_BEFORE_HOST: Final = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?/*(?:www\.)?", re.IGNORECASE)
_AFTER_HOST: Final = re.compile(r"[/?#\s].*$", re.DOTALL)


class SalesforceSource:
    """Looks into one org, as its administrator would: field-level security hides nothing here."""

    words: Final = Words(
        where="Simulated Salesforce org",
        place="org",
        one="account",
        many="accounts",
        field="field",
        views="List views",
        deals="Opportunities",
        gone="It may have been deleted.",
    )

    def __init__(self, org: Org, names: Names | None = None) -> None:
        self._org = org
        self._accounts = org.objects["account"]
        self._list_views = ListViews(org)
        self._most = (-1, "")  # of which version of the accounts, and who owns most of them
        self.names = names or salesforce_names()

    @property
    def place_id(self) -> str:
        """The org's id."""
        return self._org.org_id

    @property
    def total(self) -> int:
        """How many accounts are live."""
        return self._accounts.table.live_count

    def version(self) -> Hashable:
        """Another one when a record, a list view or the minute changes."""
        self._org.jobs.advance()
        return (
            self._accounts.table.version,
            self._org.objects["listview"].table.version,
            self._org.now_ms() // _MINUTE_MS,
        )

    def definitions(self) -> Mapping[str, Definition]:
        """The account's fields, by name."""
        fields = self._accounts.definition.fields.values()
        found = {field.name: _definition(field) for field in fields if field.type != "address"}
        types = self._org.objects["recordtype"]
        named = tuple(Choice(types.id_of(r), types.value(r, "Name") or "") for r in types.live())
        type_of = found["RecordTypeId"]
        found["RecordTypeId"] = replace(type_of, kind="choice", choices=named)
        return found

    def owners(self) -> Mapping[str, str]:
        """User id to full name."""
        users = self._org.objects["user"]
        return {users.id_of(user): users.value(user, "Name") or "" for user in users.live()}

    def live(self) -> Iterator[Record]:
        """Every live account."""
        return self._accounts.live()

    def find(self, record_id: str) -> Record | None:
        """The live account with this id, through merges."""
        self._org.jobs.advance()
        record = self._accounts.get(record_id)
        if record is not None and record.merged_into is not None:
            record = self._accounts.table.resolve(record.id)
        return record if record is not None and record.live else None

    def id_of(self, record: Record) -> str:
        """The record's id in 18 characters."""
        return self._accounts.id_of(record)

    def value(self, record: Record, name: str) -> str:
        """One value; ``""`` for none."""
        return self._accounts.table.value(record, name) or ""

    def values(self, record: Record) -> dict[str, str]:
        """All values that are set."""
        return self._accounts.table.as_dict(record)

    def domain(self, record: Record) -> str:
        """The host that the website names."""
        return _AFTER_HOST.sub("", _BEFORE_HOST.sub("", self.value(record, "Website"))).lower()

    def views(self) -> Sequence[SavedView]:
        """List views of accounts that somebody made."""
        return [
            SavedView(view.view_id, self._name(view))
            for view in self._list_views.all("Account")
            if not view.standard
        ]

    def members(self, view: SavedView) -> Sequence[Record]:
        """The accounts that *view* shows now."""
        return self._list_views.members(self._view(view), self._viewer(), all_seeing=True)

    def belongs(self, record: Record, view: SavedView) -> bool:
        """Whether *view* shows *record*."""
        return self._list_views.test(self._view(view), self._viewer())(record)

    def deals(self, record: Record) -> Iterator[Deal]:
        """The opportunities of *record*."""
        opportunities = self._org.objects["opportunity"]
        for found in opportunities.find("AccountId", self.id_of(record)):
            amount = opportunities.value(found, "Amount")
            closed = opportunities.value(found, "IsClosed") == "true"
            yield Deal(
                name=visible(opportunities.value(found, "Name") or "Opportunity"),
                stage=visible(opportunities.value(found, "StageName") or ""),
                won=opportunities.value(found, "IsWon") == "true" if closed else None,
                amount=compact(amount) if amount else "",
                closes=opportunities.value(found, "CloseDate") or "",
            )

    def _view(self, view: SavedView) -> ListView:
        return next(v for v in self._list_views.all("Account") if v.view_id == view.view_id)

    def _viewer(self) -> str:
        """Who looks at "my accounts" here: the user who owns the most."""
        version = self._accounts.table.version
        if self._most[0] != version:
            owners = Counter(self.value(record, "OwnerId") for record in self.live())
            most = max(owners, key=lambda owner: (owners[owner], owner), default="")
            self._most = (version, most)
        return self._most[1]

    def _name(self, view: ListView) -> str:
        if view.scope != "mine":
            return view.label
        owner = self._org.user(self._viewer())
        name = self._org.objects["user"].value(owner, "Name") if owner is not None else None
        return f"{view.label} ({name or 'nobody'})"


def _definition(field: FieldDef) -> Definition:
    kind = _KINDS.get(field.type, "text")
    choices = tuple(Choice(v.value, v.label, hidden=not v.active) for v in field.values)
    return Definition(
        name=field.name,
        label=field.label.removesuffix(" ID") if field.reference_to else field.label,
        kind="owner" if "User" in field.reference_to else kind,
        help=field.help or field.description,
        group="Custom fields"
        if field.custom
        else "Address"
        if (field.compound or "").endswith("Address")
        else "Account",
        choices=_YES_NO if field.type == "boolean" else choices,
    )
