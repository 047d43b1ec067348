"""Company properties: what there is, and making what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.hubspot.reading import results_of
from connectors.hubspot.session import Session
from connectors.records import FieldCap, FieldDescription, FieldKind, FieldSpec, Option

COMPANIES = "companies"
COMPANY_TYPE = "0-2"  # HubSpot's number for the company object
LONGEST_TEXT = 65_536
ROUTE = "GET properties/companies"
_EXISTS = frozenset({HTTPStatus.CONFLICT})
_ABSENT = frozenset({HTTPStatus.NOT_FOUND})
_KINDS = {
    "number": FieldKind.NUMBER,
    "bool": FieldKind.BOOLEAN,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATETIME,
    "enumeration": FieldKind.CHOICE,
}
_NATIVE = {
    FieldKind.TEXT: ("string", "text"),
    FieldKind.NUMBER: ("number", "number"),
    FieldKind.BOOLEAN: ("bool", "booleancheckbox"),
    FieldKind.CHOICE: ("enumeration", "select"),
    FieldKind.CHOICES: ("enumeration", "checkbox"),
    FieldKind.DATE: ("date", "date"),
    FieldKind.DATETIME: ("datetime", "date"),
}
_YES_NO = (Option("true", "Yes"), Option("false", "No"))


def describe(session: Session) -> dict[str, FieldDescription]:
    """Describe every company property that is not archived, by name."""
    answer = session.call(
        ROUTE,
        lambda: session.client.crm.properties.core_api.get_all(
            COMPANIES, archived=False, _preload_content=False
        ),
    )
    described = [_description(each) for each in results_of(answer.data, ROUTE)]
    return {description.name: description for description in described}


def _description(found: Mapping[str, Any]) -> FieldDescription:
    name, native = found.get("name"), found.get("type")
    if not isinstance(name, str) or not isinstance(native, str):
        raise ProtocolError(f"HubSpot answered {ROUTE} with a property without name or type.")
    control = str(found.get("fieldType") or "")
    calculated = bool(found.get("calculated"))
    rights = found.get("modificationMetadata") or {}
    return FieldDescription(
        name=name,
        label=str(found.get("label") or name),
        kind=_kind(native, control),
        writable=not (calculated or rights.get("readOnlyValue")),
        options=tuple(_option(option) for option in found.get("options") or ()),
        calculated=calculated,
        formula=found.get("calculationFormula") or None,
        max_length=LONGEST_TEXT if native == "string" else None,
        description=str(found.get("description") or ""),
        native_type=f"{native}/{control}" if control else native,
    )


def _kind(native: str, control: str) -> FieldKind:
    if native == "enumeration" and control == "checkbox":
        return FieldKind.CHOICES
    if native == "enumeration" and control == "booleancheckbox":
        return FieldKind.BOOLEAN
    return _KINDS.get(native, FieldKind.TEXT)


def _option(option: Mapping[str, Any]) -> Option:
    value = str(option.get("value") or "")
    return Option(value, str(option.get("label") or value), hidden=bool(option.get("hidden")))


def group_exists(session: Session, name: str) -> bool:
    """Whether the property group *name* is there."""
    answer = session.call(
        "GET properties/companies/groups/{name}",
        lambda: session.client.crm.properties.groups_api.get_by_name(
            COMPANIES, name, _preload_content=False
        ),
        allow=_ABSENT,
    )
    return answer.status != HTTPStatus.NOT_FOUND


def create_group(session: Session, name: str, label: str) -> None:
    """Make a property group; an existing one is fine."""
    body = {"name": name, "label": label, "displayOrder": -1}
    session.call(
        "POST properties/companies/groups",
        lambda: session.client.crm.properties.groups_api.create(
            COMPANIES, body, _preload_content=False
        ),
        allow=_EXISTS,
    )


def create_property(session: Session, spec: FieldSpec, group: str) -> None:
    """Make one property; an existing one of that name is left as it is."""
    body = definition(spec, group)
    session.call(
        "POST properties/companies",
        lambda: session.client.crm.properties.core_api.create(
            COMPANIES, body, _preload_content=False
        ),
        allow=_EXISTS,
    )


def definition(spec: FieldSpec, group: str) -> dict[str, Any]:
    """Return the property that *spec* describes, as HubSpot takes it."""
    native, control = _NATIVE[spec.kind]
    body: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label,
        "groupName": group,
        "type": native,
        "fieldType": "textarea" if spec.multiline and spec.kind is FieldKind.TEXT else control,
        "description": spec.description,
        "formField": False,
    }
    options = spec.options or (_YES_NO if spec.kind is FieldKind.BOOLEAN else ())
    return body | ({"options": native_options(options)} if options else {})


def set_options(session: Session, name: str, options: Sequence[Option]) -> None:
    """Store the complete option list of *name*: HubSpot forgets whatever is left out."""
    body = {"options": native_options(options)}
    session.call(
        "PATCH properties/companies/{name}",
        lambda: session.client.crm.properties.core_api.update(
            COMPANIES, name, body, _preload_content=False
        ),
    )


def native_options(options: Sequence[Option]) -> list[dict[str, Any]]:
    """Return *options* as HubSpot takes them, in their order."""
    return [
        {"value": o.value, "label": o.label, "displayOrder": place, "hidden": o.hidden}
        for place, o in enumerate(options)
    ]


def field_cap(session: Session) -> FieldCap | None:
    """Return how full the company object's allowance is; ``None`` where HubSpot does not say."""
    try:
        answer = session.call(
            "GET limits/custom-properties",
            lambda: session.raw("GET", "/crm/v3/limits/custom-properties"),
        )
    except (MisconfiguredError, ProtocolError):
        return None  # an extra that some plans and credentials do not have
    for each in answer.data.get("byObjectType") or ():
        if isinstance(each, Mapping) and each.get("objectTypeId") == COMPANY_TYPE:
            used, limit = each.get("usage"), each.get("limit")
            if isinstance(used, int) and isinstance(limit, int):
                return FieldCap(used, limit)
    return None
