"""List views: who sees which accounts in which columns, kept as records and really evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import orjson

from sandbox.salesforce.errors import ApiError, no_access, not_found
from sandbox.salesforce.list_view_filters import (
    Condition,
    Test,
    column,
    compiled,
    unfit,
)
from sandbox.salesforce.list_view_logic import joined
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

SCOPES: Final = {"everything": "All {plural}", "mine": "My {plural}"}
VISIBILITIES: Final = ("Private", "Public", "Shared")
_MOST_COLUMNS, _MOST_CONDITIONS, _LONGEST = 15, 10, 40
_NAME: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_STANDARD: Final = (
    ("AllAccounts", "All Accounts", "everything", ()),
    ("MyAccounts", "My Accounts", "mine", ()),
    ("NewThisWeek", "New This Week", "everything", (("CreatedDate", "THIS_WEEK"),)),
    ("NewLastWeek", "New Last Week", "everything", (("CreatedDate", "LAST_WEEK"),)),
)
_STANDARD_COLUMNS: Final = ("Name", "Site", "BillingState", "Phone", "Type", "Owner.Alias")
# Columns of the ListView table that are no fields: SOQL does not see them.
_BODY, _KIND = "Body", "Kind"
_OURS: Final = "Standard"


@dataclass(frozen=True, slots=True)
class ListView:
    """One list view of one object."""

    api_name: str
    label: str
    columns: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    logic: str = ""
    scope: str = "everything"
    visibility: str = "Private"
    object_name: str = "Account"
    owner_id: str = ""
    view_id: str = ""
    standard: bool = False

    def packed(self) -> str:
        """What of it is kept beside the fields of its record."""
        body = {
            "columns": self.columns,
            "conditions": [asdict(condition) for condition in self.conditions],
            "logic": self.logic,
            "scope": self.scope,
            "visibility": self.visibility,
        }
        return orjson.dumps(body).decode()


class ListViews:
    """The list views of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._sobject = org.objects["listview"]

    def all(self, object_name: str) -> Iterator[ListView]:
        """Every view of an object, in the order they were made."""
        for record in self._sobject.live():
            if (self._sobject.value(record, "SobjectType") or "").lower() == object_name.lower():
                yield self._unpacked(record)

    def seen_by(self, user_id: str, object_name: str) -> list[ListView]:
        """The views that a user may choose, by label."""
        found = [
            view
            for view in self.all(object_name)
            if view.visibility != "Private" or view.owner_id == user_id
        ]
        return sorted(found, key=lambda view: view.label.casefold())

    def find(self, user_id: str, object_name: str, name: str) -> ListView:
        """The view with this API name or id.

        Raises:
            ApiError: the user sees none.
        """
        for view in self.seen_by(user_id, object_name):
            if view.api_name.lower() == name.lower() or name[:15] == view.view_id[:15]:
                return view
        raise not_found(f"The list view {name} does not exist, or you cannot see it")

    def create(self, user_id: str, view: ListView, *, deployed: bool = False) -> ListView:
        """Make a view, once it is sure that *user_id* may and that it can be evaluated.

        One that is *deployed* may show fields that whoever deploys it does not see.

        Raises:
            ApiError: what speaks against it.
        """
        self._check(user_id, view, deployed=deployed)
        if any(other.api_name.lower() == view.api_name.lower() for other in self._same(view)):
            message = f"The list view API name {view.api_name} is already in use"
            raise ApiError(400, "DUPLICATE_DEVELOPER_NAME", message)
        at = self._org.stamp_ms()
        record = self._sobject.table.add(self.row(view, user_id), at)
        if self._org.journal is not None:
            self._org.journal.made(self._sobject, record)
        return self._unpacked(record)

    def change(self, user_id: str, view: ListView, *, deployed: bool = False) -> ListView:
        """Keep another version of a view that is there.

        Raises:
            ApiError: what speaks against it.
        """
        self._check(user_id, view, deployed=deployed)
        record = self._sobject.get(view.view_id)
        if record is None:
            raise not_found()
        if self._org.journal is not None:
            self._org.journal.changing(self._sobject, record)
        self._sobject.table.update(record, self.row(view, user_id), self._org.stamp_ms())
        return self._unpacked(record)

    def delete(self, user_id: str, view: ListView) -> None:
        """Take a view away."""
        self._may(user_id, view)
        record = self._sobject.get(view.view_id)
        if record is not None:
            self._sobject.table.archive(record, self._org.stamp_ms())

    # -- evaluation ------------------------------------------------------------------------------

    def members(self, view: ListView, viewer: str, *, all_seeing: bool = False) -> list[Record]:
        """The records that *viewer* finds in the view; *all_seeing* leaves sharing aside."""
        sobject = self._org.objects[view.object_name.lower()]
        shared = None if all_seeing else self._org.access.visible(viewer, sobject)
        test = self.test(view, viewer)
        return [
            record
            for record in sobject.live()
            if (shared is None or shared(record)) and test(record)
        ]

    def test(self, view: ListView, viewer: str) -> Test:
        """Whether a record is in the view, for one who looks."""
        sobject = self._org.objects[view.object_name.lower()]
        tests = self._tests(sobject, view, None)
        filtered = joined(view.logic, tests)
        if view.scope != "mine":
            return filtered
        table = sobject.table
        return lambda record: table.value(record, "OwnerId") == viewer and filtered(record)

    def _tests(self, sobject: SObject, view: ListView, user_id: str | None) -> list[Test]:
        today = self._org.clock.now().date()
        return [
            compiled(*column(sobject, each.field, self._org, user_id), each, today)
            for each in view.conditions
        ]

    # -- checks ----------------------------------------------------------------------------------

    def _check(self, user_id: str, view: ListView, *, deployed: bool) -> None:
        if len(view.label) > _LONGEST or len(view.api_name) > _LONGEST:
            raise ApiError(400, "STRING_TOO_LONG", f"View Name: over {_LONGEST} characters")
        if not _NAME.fullmatch(view.api_name):
            raise unfit(f"{view.api_name} cannot be the API name of a list view")
        if not view.columns or len(view.columns) > _MOST_COLUMNS:
            raise unfit(f"A list view has 1 to {_MOST_COLUMNS} columns")
        if len(view.conditions) > _MOST_CONDITIONS:
            raise unfit(f"A list view has {_MOST_CONDITIONS} filters at most")
        sobject = self._org.objects[view.object_name.lower()]
        names = [name.lower() for name in view.columns]
        if len(set(names)) < len(names):
            raise unfit("A column is listed twice")
        looks = None if deployed else user_id
        for name in view.columns:
            column(sobject, name, self._org, looks)
        joined(view.logic, self._tests(sobject, view, looks))
        self._may(user_id, view)

    def _may(self, user_id: str, view: ListView) -> None:
        has = self._org.access.user_has
        if not has(user_id, "CreateCustomizeFilters"):
            raise no_access("You need the permission Create and Customize List Views")
        if view.visibility != "Private" and not has(user_id, "ManagePublicListviews"):
            raise no_access("You need the permission Manage Public List Views")

    def _same(self, view: ListView) -> Iterator[ListView]:
        return self.all(view.object_name)

    # -- records ---------------------------------------------------------------------------------

    def row(self, view: ListView, user_id: str) -> dict[str, str]:
        """The values of the record that keeps *view*."""
        return {
            "Name": view.label,
            "DeveloperName": view.api_name,
            "SobjectType": view.object_name,
            "IsSoqlCompatible": "true",
            "CreatedById": view.owner_id or user_id,
            "LastModifiedById": user_id,
            _BODY: view.packed(),
            _KIND: _OURS if view.standard else "",
        }

    def _unpacked(self, record: Record) -> ListView:
        table = self._sobject.table
        body = orjson.loads(table.value(record, _BODY) or "{}")
        return ListView(
            api_name=table.value(record, "DeveloperName") or "",
            label=table.value(record, "Name") or "",
            columns=tuple(body.get("columns", _STANDARD_COLUMNS)),
            conditions=tuple(
                Condition(each["field"], each["operator"], tuple(each["operands"]))
                for each in body.get("conditions", ())
            ),
            logic=body.get("logic", ""),
            scope=body.get("scope", "everything"),
            visibility=body.get("visibility", "Public"),
            object_name=table.value(record, "SobjectType") or "Account",
            owner_id=table.value(record, "CreatedById") or "",
            view_id=self._sobject.id_of(record),
            standard=table.value(record, _KIND) == _OURS,
        )


def add_standard_views(org: Org, owner_id: str) -> None:
    """The views that every org starts with."""
    views = ListViews(org)
    table = org.objects["listview"].table
    for api_name, label, scope, filters in _STANDARD:
        conditions = tuple(Condition(field, "Equals", (value,)) for field, value in filters)
        view = ListView(
            api_name, label, _STANDARD_COLUMNS, conditions,
            scope=scope, visibility="Public", owner_id=owner_id, standard=True,
        )  # fmt: skip
        table.add(views.row(view, owner_id), org.stamp_ms())
