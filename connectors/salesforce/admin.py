"""Salesforce for set-up: fields, access, list views, and what only a person can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.records import (
    AdminStep,
    FieldCap,
    FieldDescription,
    FieldSpec,
    Option,
    ViewSpec,
)
from connectors.salesforce import describing, fields, grants, metadata, record_types
from connectors.salesforce.definitions import OBJECT
from connectors.salesforce.list_views import ListViews
from connectors.salesforce.permission_sets import PermissionSets
from connectors.salesforce.record_types import RecordTypeFindings
from connectors.salesforce.session import Session

PAGE_LAYOUT: Final = (
    "Page layout: fields made through the API are on no page. In Setup > Object Manager > Account >"
    " Page Layouts, put ICP tier, score, reason and the three override fields where people look."
)
BYPASS: Final = (
    "Validation rules and flows: to let the worker's updates pass, add"
    f" {grants.BYPASS_FORMULA} to a rule's condition (AND) or a flow's entry condition."
)
READERS: Final = (
    "People: assign the permission set ICP Reader to everybody who should see the ICP fields."
)


class SalesforceAdmin:
    """Set-up of an org; keeps the promises of :class:`connectors.base.CrmAdmin`.

    Args:
        session: the line to the org, with the rights of an administrator.
        run_as: id or user name of the user that the worker runs as, who gets ICP Sync.

    """

    def __init__(self, session: Session, *, run_as: str = "") -> None:
        self._session = session
        self._access = PermissionSets(session, run_as)
        self._views = ListViews(session)
        self._known: fields.KnownFields | None = None
        self._specs: Sequence[FieldSpec] = ()
        self._has_people: bool | None = None

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field of Account, those hidden from the user included."""
        visible = self._visible()
        self._known = fields.known_fields(self._session, visible)
        return self._known

    def group_exists(self) -> bool:
        """Salesforce has no field groups."""
        return True

    def create_group(self) -> None:
        """Do nothing: there are no groups."""

    def create_field(self, spec: FieldSpec) -> None:
        """Make one field, visible to nobody yet; an existing one is left as it is."""
        self._known = None
        fields.create_field(self._session, spec)

    def set_options(self, name: str, options: Sequence[Option]) -> None:
        """Bring a picklist's values to *options*; what is left out becomes inactive."""
        self._known = None
        fields.set_options(self._session, name, options)

    def view_exists(self, name: str) -> bool:
        """Whether there is a list view of that name, whoever made it."""
        return self._views.exists(name)

    def create_view(self, view: ViewSpec) -> None:
        """Make one public list view."""
        known = self._known if self._known is not None else self.fields()
        self._views.create(view, known)

    def field_cap(self) -> FieldCap | None:
        """How full the allowance for custom fields is; ``None`` when Salesforce does not say."""
        return fields.field_cap(self._session)

    def steps(self, fields: Sequence[FieldSpec], read_only: Sequence[str]) -> Sequence[AdminStep]:
        """Two permission sets, what they grant, to whom, and the custom permission."""
        self._specs = fields
        return self._access.steps(fields, read_only)

    def take(self, step: AdminStep) -> None:
        """Carry out one step; doing it again is fine."""
        self._known = None  # a grant shows fields that were hidden
        self._access.take(step)

    def notes(self) -> Sequence[str]:
        """What only a person can do, with the record types that lack our values."""
        return [PAGE_LAYOUT, READERS, BYPASS, *self._record_type_notes()]

    def export(
        self, fields: Sequence[FieldSpec], views: Sequence[ViewSpec], read_only: Sequence[str]
    ) -> Mapping[str, bytes]:
        """Everything as a metadata package, with the record types that lack our values."""
        found = self._gaps(fields)
        return metadata.package(
            fields, views, read_only, found.record_types, version=self._session.api_version
        )

    def _visible(self) -> Mapping[str, FieldDescription]:
        found = describing.get(self._session, OBJECT).fields
        self._has_people = describing.PERSON in found
        return found

    def _record_type_notes(self) -> list[str]:
        found = self._gaps(self._specs)
        lacking: dict[str, list[str]] = {}
        for gap in found.gaps:
            lacking.setdefault(gap.record_type.label, []).append(gap.field)
        return [
            f"Record type {label}: it lacks values of {', '.join(names)}, and Salesforce refuses"
            f" values that a record type lacks. {record_types.remedy(label)}"
            for label, names in lacking.items()
        ]

    def _gaps(self, specs: Sequence[FieldSpec]) -> RecordTypeFindings:
        options = {spec.name: [it.value for it in spec.options if not it.hidden] for spec in specs}
        if self._has_people is None:
            self._visible()
        # Whether people are read is the run's business; their record types are left to `icp check`.
        return record_types.check(self._session, options, skip_person_types=bool(self._has_people))
