"""Custom fields that a test makes, as an administrator or a package would have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.people import grant
from sandbox.salesforce.schema import FieldDef, PicklistValue

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_OWN: Final = frozenset({"object", "visible", "editable", "values"})
_KNOWN: Final = frozenset(
    {
        "name", "label", "type", "length", "precision", "scale", "digits", "nillable", "formula",
        "rollup", "restricted", "external_id", "unique", "default", "help", "description",
        "reference_to", "relationship_name",
    }
)  # fmt: skip
_TYPES: Final = frozenset(
    {
        "string", "textarea", "picklist", "multipicklist", "double", "currency", "percent",
        "boolean", "date", "datetime", "reference", "url", "phone", "email",
    }
)  # fmt: skip
_LENGTHS: Final = {
    "string": 255, "textarea": 32_768, "picklist": 255, "multipicklist": 4099, "url": 255,
    "phone": 40, "email": 80,
}  # fmt: skip


def add_custom_fields(
    org: Org, bodies: Sequence[Any], problems: list[str]
) -> list[Callable[[], None]]:
    """What makes each field; *problems* are added to for those that cannot be.

    A field is visible to the users of the sample unless ``visible`` is false, and a formula or a
    ``rollup`` is read-only.
    """
    makers = []
    for body in bodies:
        if not isinstance(body, dict):
            problems.append("fields holds {object, name, type, ...}")
            continue
        found = _problems(org, body)
        problems += found
        if not found:
            makers.append(_maker(org, body))
    return makers


def _problems(org: Org, body: Mapping[str, Any]) -> list[str]:
    name = str(body.get("name", ""))
    wrong = [f"fields: {key} is unknown" for key in sorted(set(body) - _KNOWN - _OWN)]
    if not name.endswith("__c"):
        wrong.append(f"fields: {name or 'a field without a name'} does not end in __c")
    if body.get("type", "string") not in _TYPES:
        wrong.append(f"fields: type of {name} is none of {', '.join(sorted(_TYPES))}")
    sobject = org.sobject(str(body.get("object", "Account")))
    if sobject is None:
        wrong.append(f"fields: {body.get('object')} is no object of this org")
    elif name.lower() in sobject.definition.fields:
        wrong.append(f"fields: {name} is there already")
    return wrong


def _maker(org: Org, body: Mapping[str, Any]) -> Callable[[], None]:
    def make() -> None:
        kind = str(body.get("type", "string"))
        given = {key: value for key, value in body.items() if key in _KNOWN}
        calculated = bool(body.get("formula") or body.get("rollup"))
        given["reference_to"] = tuple(body.get("reference_to", ()))
        field = FieldDef(
            **{
                "label": given["name"].removesuffix("__c").replace("_", " "),
                "type": kind,
                "length": _LENGTHS.get(kind, 0),
                "precision": 18 if kind in {"double", "currency", "percent"} else 0,
                "values": [PicklistValue(str(value)) for value in body.get("values", ())],
                "calculated": calculated,
                **given,
            }
        )
        name = str(body.get("object", "Account"))
        org.add_field(name, field)
        if body.get("visible", True):
            edit = not calculated and bool(body.get("editable", True))
            grant(org, org.sample_set, org.objects[name.lower()].name, field.name, edit=edit)

    return make
