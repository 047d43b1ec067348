"""Custom fields of Account: what there is, seen or hidden, and making what is missing.

A field made through the API is visible to nobody until field-level security grants it, and the
describe call leaves it out as if it did not exist. So whatever describe does not know is looked up
among the custom fields' definitions before it is called absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.records import FieldCap, FieldDescription, FieldSpec, Option
from connectors.salesforce.definitions import (
    OBJECT,
    SUFFIX,
    definition,
    description,
    developer_name,
    full_name,
    native_values,
    value_name,
    values_of,
)
from connectors.salesforce.session import Session
from connectors.salesforce.setup_calls import DUPLICATE, Right, ask, codes_of, rows

LIST_ROUTE: Final = "GET tooling/query CustomField"
GET_ROUTE: Final = "GET tooling/sobjects/CustomField/{id}"
CREATE_ROUTE: Final = "POST tooling/sobjects/CustomField"
UPDATE_ROUTE: Final = "PATCH tooling/sobjects/CustomField/{id}"
LIMIT_ROUTE: Final = "GET tooling/query EntityLimit"
# Which of them the Tooling API reads is not documented; answers show either.
_VALUE_KEYS: Final = ("fullName", "valueName")
_MISREAD: Final = frozenset(
    {"JSON_PARSER_ERROR", "FIELD_INTEGRITY_EXCEPTION", "REQUIRED_FIELD_MISSING", "INVALID_INPUT"}
)


class KnownFields(Mapping[str, FieldDescription]):
    """Every field of Account by name: those the user sees, and those hidden from it.

    Hidden ones cost a call each, so they are read when asked for.

    Args:
        visible: as the describe call tells them.
        hidden: the ids of all other custom fields, by name.
        load: reads the metadata of one by its id.

    """

    def __init__(
        self,
        visible: Mapping[str, FieldDescription],
        hidden: Mapping[str, str],
        load: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._visible = visible
        self._hidden = hidden
        self._load = load
        self._loaded: dict[str, FieldDescription] = {}
        self._names = {name.lower(): name for name in (*hidden, *visible)}

    def __getitem__(self, name: str) -> FieldDescription:
        """Describe one field; Salesforce does not tell names apart by case."""
        own = self._names[name.lower()]
        if own in self._visible:
            return self._visible[own]
        if own not in self._loaded:
            self._loaded[own] = description(own, self._load(self._hidden[own]))
        return self._loaded[own]

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self._names.values())

    def __len__(self) -> int:
        """Count the fields."""
        return len(self._names)


def known_fields(session: Session, visible: Mapping[str, FieldDescription]) -> KnownFields:
    """Return every field of Account, given those that the user sees.

    Raises:
        MisconfiguredError: the user may not look at definitions, so that hidden and absent fields
            could not be told apart.

    """
    seen = {name.lower() for name in visible}
    hidden = {
        name: field_id
        for name, field_id in custom_field_ids(session).items()
        if name.lower() not in seen
    }
    return KnownFields(visible, hidden, lambda field_id: read_metadata(session, field_id))


def custom_field_ids(session: Session) -> dict[str, str]:
    """Return the id of every custom field of Account by name, whoever may see it."""
    soql = (
        f"SELECT Id, DeveloperName, NamespacePrefix FROM CustomField"  # noqa: S608 - no input in it
        f" WHERE TableEnumOrId = '{OBJECT}'"
    )
    found = {}
    for row in rows(session, Right.SETUP, soql, route=LIST_ROUTE, tooling=True):
        space = row.get("NamespacePrefix")
        prefix = f"{space}__" if space else ""
        found[f"{prefix}{row.get('DeveloperName')}{SUFFIX}"] = str(row.get("Id") or "")
    return found


def read_metadata(session: Session, field_id: str) -> Mapping[str, Any]:
    """Return the metadata of one custom field; Salesforce gives it one at a time."""
    answer = ask(
        session,
        Right.SETUP,
        "GET",
        f"sobjects/CustomField/{field_id}",
        route=GET_ROUTE,
        tooling=True,
    )
    found = answer.data.get("Metadata") if isinstance(answer.data, Mapping) else None
    if not isinstance(found, Mapping):
        raise ProtocolError(f"Salesforce answered {GET_ROUTE} without metadata.")
    return found


def create_field(session: Session, spec: FieldSpec) -> None:
    """Make one field; an existing one of that name is left as it is.

    Raises:
        MisconfiguredError: the user may not customise the org.
        ProtocolError: Salesforce refuses the definition; says which field.

    """
    keys = _VALUE_KEYS if spec.options else _VALUE_KEYS[:1]
    for key in keys:
        body = {"FullName": full_name(spec.name), "Metadata": definition(spec, value_key=key)}
        last = key == keys[-1]
        answer = ask(
            session,
            Right.FIELDS,
            "POST",
            "sobjects/CustomField",
            route=f"{CREATE_ROUTE} ({spec.name})",
            json=body,
            tooling=True,
            fine=DUPLICATE if last else DUPLICATE | _MISREAD,
        )
        if not codes_of(answer) & _MISREAD:
            return


def set_options(session: Session, name: str, options: Sequence[Option]) -> None:
    """Bring the values of a picklist to *options*; others stay, inactive, whatever they are.

    Raises:
        MisconfiguredError: the user may not customise the org, or the values are shared with other
            fields.

    """
    field_id = _id_of(session, name)
    metadata = read_metadata(session, field_id)
    values = merged_values(metadata, options)
    if values is None:
        raise MisconfiguredError(
            [
                Problem(
                    name,
                    "it takes its values from a global value set, which other fields may share.",
                    f"Add {', '.join(it.value for it in options)} to that set by hand.",
                )
            ]
        )
    owned = dict(metadata["valueSet"])
    owned["valueSetDefinition"] = dict(owned["valueSetDefinition"]) | {"value": values}
    ask(
        session,
        Right.FIELDS,
        "PATCH",
        f"sobjects/CustomField/{field_id}",
        route=f"{UPDATE_ROUTE} ({name})",
        json={"Metadata": dict(metadata) | {"valueSet": owned}},
        tooling=True,
    )


def merged_values(
    metadata: Mapping[str, Any], options: Sequence[Option]
) -> list[dict[str, Any]] | None:
    """Return the value list that holds *options* in order, then whatever else is there, inactive.

    The describe call may leave inactive values out, so *options* may not name all there are. The
    key of a value's name is the one that Salesforce's own answer uses. ``None`` where the field
    has no value set of its own.
    """
    if not (metadata.get("valueSet") or {}).get("valueSetDefinition"):
        return None
    present = {value_name(value): value for value in values_of(metadata)}
    key = next((it for it in _VALUE_KEYS for value in present.values() if it in value), "fullName")
    named = {option.value for option in options}
    labels = {option.label.casefold() for option in options}
    left = []
    for name, value in present.items():
        if name in named:
            continue
        label = str(value.get("label") or name)
        while label.casefold() in labels:
            label = f"{label} ({name})"
        labels.add(label.casefold())
        left.append(Option(name, label, hidden=True))
    return [
        dict(present.get(value[key], {})) | {"isActive": True} | value
        for value in native_values([*options, *left], key)
    ]


def _id_of(session: Session, name: str) -> str:
    found = {known.lower(): it for known, it in custom_field_ids(session).items()}
    try:
        return found[name.lower()]
    except KeyError:
        raise MisconfiguredError(
            [
                Problem(
                    name,
                    "it is no custom field of Account, so set-up cannot change its values.",
                    f"Create the field {developer_name(name)}, or choose another name.",
                )
            ]
        ) from None


def field_cap(session: Session) -> FieldCap | None:
    """Return how full the allowance for custom fields on Account is; ``None`` when refused.

    https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/tooling_api_objects_entitylimit.htm
    """
    soql = (
        f"SELECT Max, Remaining FROM EntityLimit"  # noqa: S608 - no input in it
        f" WHERE EntityDefinitionId = '{OBJECT}' AND Type = 'CustomFields'"
    )
    try:
        found = list(rows(session, Right.SETUP, soql, route=LIMIT_ROUTE, tooling=True))
    except (MisconfiguredError, ProtocolError):
        return None  # an extra that nothing depends on
    for row in found:
        most, left = row.get("Max"), row.get("Remaining")
        if isinstance(most, int) and isinstance(left, int):
            return FieldCap(most - left, most)
    return None
