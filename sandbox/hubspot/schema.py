"""Property definitions of one object type: what may be created, changed and written."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.hubspot.definitions import Definition

FIELD_TYPES = {
    "string": {"text", "textarea", "html", "phonenumber", "file", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "bool": {"booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "phone_number": {"phonenumber"},
}
UNIQUE_PROPERTIES = 10

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CHANGEABLE = (
    "label",
    "type",
    "fieldType",
    "groupName",
    "description",
    "options",
    "displayOrder",
    "hidden",
    "formField",
    "numberDisplayHint",
    "textDisplayHint",
    "calculationFormula",
)


class DefinitionError(Exception):
    """A property or group that HubSpot would not accept. ``code`` is its sub-category."""

    def __init__(self, message: str, *, code: str = "Properties.INVALID", name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name


class NameTakenError(DefinitionError):
    """The name exists already."""


def _options(raw: Any) -> list[dict[str, Any]]:
    if not isinstance(raw, list):
        return []
    options: list[dict[str, Any]] = []
    for order, option in enumerate(raw):
        if not isinstance(option, Mapping) or not option.get("value") or not option.get("label"):
            raise DefinitionError("Every option needs a label and a value.")
        given = option.get("displayOrder")
        options.append(
            {
                "label": str(option["label"]),
                "value": str(option["value"]),
                "displayOrder": given if isinstance(given, int) else order,
                "hidden": bool(option.get("hidden", False)),
                **({"description": option["description"]} if "description" in option else {}),
            }
        )
    for key in ("value", "label"):
        seen = [option[key] for option in options]
        twice = sorted({text for text in seen if seen.count(text) > 1})
        if twice:
            raise DefinitionError(f"Property option {key}s must be unique; repeated: {twice}")
    return options


class Schema:
    """Live and archived property definitions, and property groups, of one object type."""

    def __init__(self, defaults: Iterable[Definition], groups: Mapping[str, str]) -> None:
        self.custom_limit = 1000
        self.live: dict[str, Definition] = {d["name"]: d for d in defaults}
        self.archived: dict[str, Definition] = {}
        self.groups: dict[str, dict[str, Any]] = {
            name: {"name": name, "label": label, "displayOrder": order, "archived": False}
            for order, (name, label) in enumerate(groups.items())
        }
        self._seeded: tuple[Any, ...] | None = None
        self._values: dict[str, frozenset[str]] = {}

    # -- groups ----------------------------------------------------------------------------------

    def create_group(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add a property group.

        Raises:
            DefinitionError: name or label missing or malformed, or taken (:class:`NameTakenError`).
        """
        name, label = body.get("name"), body.get("label")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DefinitionError(f"Property group name '{name}' is not valid.")
        if not isinstance(label, str) or not label:
            raise DefinitionError("A property group needs a label.")
        if name in self.groups:
            raise NameTakenError(
                f"A property group named '{name}' already exists.",
                code="Properties.GROUP_WITH_NAME_EXISTS",
                name=name,
            )
        order = body.get("displayOrder")
        group = {
            "name": name,
            "label": label,
            "displayOrder": order if isinstance(order, int) else -1,
            "archived": False,
        }
        self.groups[name] = group
        return group

    # -- properties ------------------------------------------------------------------------------

    @property
    def custom_count(self) -> int:
        """Live properties that are not HubSpot's own."""
        return sum(not definition["hubspotDefined"] for definition in self.live.values())

    def options_of(self, name: str) -> frozenset[str]:
        """The option values of *name*."""
        values = self._values.get(name)
        if values is None:
            values = frozenset(option["value"] for option in self.live[name]["options"])
            self._values[name] = values
        return values

    def create(self, body: Mapping[str, Any], at: str) -> Definition:
        """Add a custom property, created *at*.

        Raises:
            DefinitionError: what is wrong with *body*; :class:`NameTakenError` for a known name.
        """
        name = body.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DefinitionError(
                f"Property name '{name}' is not valid: it starts with a lower-case letter "
                "and holds lower-case letters, digits and underscores.",
                code="Properties.INVALID_NAME",
            )
        if name in self.live:
            raise NameTakenError(
                f"A property named '{name}' already exists.",
                code="Properties.PROPERTY_WITH_NAME_EXISTS",
                name=name,
            )
        if name.startswith("hs_"):
            raise DefinitionError("Property names starting with 'hs_' are reserved.", name=name)
        for required in ("label", "groupName", "type", "fieldType"):
            if not body.get(required):
                raise DefinitionError(f"Property '{name}' needs '{required}'.", name=name)
        self._check(name, body)
        if self.custom_count >= self.custom_limit:
            raise DefinitionError(
                f"The limit of {self.custom_limit} custom properties has been reached.",
                code="Properties.PROPERTY_LIMIT_REACHED",
                name=name,
            )
        unique = bool(body.get("hasUniqueValue", False))
        if unique and sum(d["hasUniqueValue"] for d in self.live.values()) >= UNIQUE_PROPERTIES:
            raise DefinitionError(
                f"At most {UNIQUE_PROPERTIES} properties may have unique values.", name=name
            )
        definition: Definition = {
            "updatedAt": at,
            "createdAt": at,
            "name": name,
            "label": str(body["label"]),
            "type": body["type"],
            "fieldType": body["fieldType"],
            "description": str(body.get("description") or ""),
            "groupName": body["groupName"],
            "options": _options(body.get("options")),
            "createdUserId": "9586504",
            "updatedUserId": "9586504",
            "displayOrder": body.get("displayOrder", -1),
            "calculated": body["fieldType"] == "calculation_equation",
            "externalOptions": bool(body.get("externalOptions", False)),
            "archived": False,
            "hasUniqueValue": unique,
            "hidden": bool(body.get("hidden", False)),
            "hubspotDefined": False,
            "modificationMetadata": {
                "archivable": True,
                "readOnlyDefinition": False,
                "readOnlyOptions": False,
                "readOnlyValue": body["fieldType"] == "calculation_equation",
            },
            "formField": bool(body.get("formField", False)),
            "dataSensitivity": body.get("dataSensitivity") or "non_sensitive",
        }
        for hint in ("numberDisplayHint", "textDisplayHint", "calculationFormula"):
            if hint in body:
                definition[hint] = body[hint]
        self.live[name] = definition
        self.archived.pop(name, None)
        self._values.pop(name, None)
        return definition

    def change(self, name: str, body: Mapping[str, Any], at: str) -> Definition:
        """Overwrite the given fields of *name*; ``options`` replaces the whole list.

        Raises:
            KeyError: no such property.
            DefinitionError: the change is not allowed.
        """
        current = self.live[name]
        changes = {key: body[key] for key in _CHANGEABLE if key in body}
        locked = current["modificationMetadata"]
        only_options = set(changes) <= {"options"} and not locked["readOnlyOptions"]
        if changes and locked["readOnlyDefinition"] and not only_options:
            raise DefinitionError(f"The definition of '{name}' is read-only.", name=name)
        self._check(name, {**current, **changes})
        if "options" in changes:
            changes["options"] = _options(changes["options"])
        self.live[name] = {**current, **changes, "updatedAt": at}
        self._values.pop(name, None)
        return self.live[name]

    def archive(self, name: str, at: str) -> bool:
        """Archive a custom property; ``False`` when there was nothing to do.

        Raises:
            DefinitionError: HubSpot's own properties stay.
        """
        definition = self.live.get(name)
        if definition is None:
            return False
        if not definition["modificationMetadata"]["archivable"]:
            raise DefinitionError(f"Property '{name}' cannot be archived.", name=name)
        del self.live[name]
        self.archived[name] = {**definition, "archived": True, "archivedAt": at}
        return True

    # -- seeded state ----------------------------------------------------------------------------

    def mark_seeded(self) -> None:
        """Remember the present definitions as what :meth:`reset` goes back to."""
        state = (self.live, self.archived, self.groups, self.custom_limit)
        self._seeded = copy.deepcopy(state)

    def reset(self) -> None:
        """Go back to the seeded definitions."""
        if self._seeded is not None:
            state = copy.deepcopy(self._seeded)
            self.live, self.archived, self.groups, self.custom_limit = state
        self._values.clear()

    def _check(self, name: str, body: Mapping[str, Any]) -> None:
        kind, field_type = body.get("type"), body.get("fieldType")
        if kind not in FIELD_TYPES:
            raise DefinitionError(f"'{kind}' is not a property type.", name=name)
        if field_type not in FIELD_TYPES[kind]:
            raise DefinitionError(
                f"Field type '{field_type}' does not go with property type '{kind}'.", name=name
            )
        if body.get("groupName") not in self.groups:
            raise DefinitionError(
                f"Property group '{body.get('groupName')}' does not exist.",
                code="Properties.GROUP_DOESNT_EXIST",
                name=name,
            )
