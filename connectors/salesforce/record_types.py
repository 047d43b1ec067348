"""Record types of Account, each of which has its own selection of every picklist's values.

A new picklist's values belong to no record type until someone assigns them, and a restricted
picklist refuses a value that the record's type does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.salesforce.definitions import OBJECT
from connectors.salesforce.session import Session

LIST_ROUTE: Final = "GET query RecordType"
VALUES_ROUTE: Final = "GET ui-api/object-info/Account/picklist-values/{recordTypeId}"
_ABSENT: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class RecordType:
    """An active record type of Account."""

    id: str
    developer_name: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Values of one picklist that a record type lacks."""

    record_type: RecordType
    field: str
    values: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        """Say what is missing and how to mend it."""
        return Problem(
            f"field {self.field}, record type {self.record_type.label}",
            f"the record type does not have the value{'s' if len(self.values) > 1 else ''}"
            f" {', '.join(self.values)}, so Salesforce refuses them on its accounts.",
            remedy(self.record_type.label),
        )


def remedy(label: str) -> str:
    """Say where the values of the record type called *label* are assigned."""
    return (
        f"In Setup > Object Manager > Account > Record Types > {label}, edit the field's values and"
        " move them to Selected; or deploy what `icp setup --export` writes."
    )


@dataclass(frozen=True, slots=True)
class RecordTypeFindings:
    """What a look at the record types found."""

    gaps: tuple[Gap, ...] = ()
    unseen: tuple[str, ...] = ()  # one sentence each

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One problem for each field of each record type that lacks values."""
        return tuple(gap.problem for gap in self.gaps)

    @property
    def record_types(self) -> tuple[RecordType, ...]:
        """The record types that lack values, in their order."""
        return tuple(dict.fromkeys(gap.record_type for gap in self.gaps))


def check(
    session: Session, options: Mapping[str, Sequence[str]], *, skip_person_types: bool = False
) -> RecordTypeFindings:
    """Look up which values every active record type of Account lacks.

    Args:
        session: the line to the org; its user needs no more than to read accounts.
        options: for each picklist, the values it must take.
        skip_person_types: leave out record types of person accounts, whose accounts are not read;
            only for orgs that have person accounts.

    """
    wanted = {field: tuple(values) for field, values in options.items() if values}
    if not wanted:
        return RecordTypeFindings()
    gaps: list[Gap] = []
    unseen: list[str] = []
    try:
        types = active(session, skip_person_types=skip_person_types)
    except (MisconfiguredError, ProtocolError):
        return RecordTypeFindings(unseen=("Record types of Account: the user may not read them.",))
    for record_type in types:
        assigned = picklist_values(session, record_type)
        if assigned is None:
            unseen.append(
                f"Picklist values of the record type {record_type.label}: the user may not read"
                " them."
            )
        else:
            gaps += _gaps(record_type, wanted, assigned)
    return RecordTypeFindings(tuple(gaps), tuple(unseen))


def active(session: Session, *, skip_person_types: bool = False) -> list[RecordType]:
    """Return the active record types of Account, by label."""
    soql = (
        f"SELECT Id, DeveloperName, Name, Description FROM RecordType"  # noqa: S608 - no input
        f" WHERE SobjectType = '{OBJECT}' AND IsActive = true"
        f"{' AND IsPersonType = false' if skip_person_types else ''} ORDER BY Name"
    )
    answer = session.call("GET", "query", route=LIST_ROUTE, params={"q": soql})
    found = answer.data.get("records") if isinstance(answer.data, Mapping) else None
    if not isinstance(found, list):
        raise ProtocolError(f"Salesforce answered {LIST_ROUTE} without records.")
    return [
        RecordType(
            str(row.get("Id") or ""),
            str(row.get("DeveloperName") or ""),
            str(row.get("Name") or row.get("DeveloperName") or ""),
            str(row.get("Description") or ""),
        )
        for row in found
    ]


def picklist_values(session: Session, record_type: RecordType) -> Mapping[str, set[str]] | None:
    """Return the values of every picklist that the user sees; ``None`` when refused."""
    try:
        answer = session.call(
            "GET",
            f"ui-api/object-info/{OBJECT}/picklist-values/{record_type.id}",
            route=VALUES_ROUTE,
            allow=_ABSENT,
        )
    except (MisconfiguredError, ProtocolError):
        return None
    found = answer.data.get("picklistFieldValues") if isinstance(answer.data, Mapping) else None
    if answer.status in _ABSENT or not isinstance(found, Mapping):
        return None
    return {name: _values(field) for name, field in found.items() if isinstance(field, Mapping)}


def _values(field: Mapping[str, Any]) -> set[str]:
    listed = field.get("values") or ()
    return {str(each.get("value")) for each in listed if isinstance(each, Mapping)}


def _gaps(
    record_type: RecordType,
    wanted: Mapping[str, tuple[str, ...]],
    assigned: Mapping[str, set[str]],
) -> Iterator[Gap]:
    by_name = {name.lower(): values for name, values in assigned.items()}
    for field, values in wanted.items():
        offered = by_name.get(field.lower())
        if offered is None:
            continue  # no picklist, or hidden from the user: the preflight says so
        lacking = tuple(value for value in values if value not in offered)
        if lacking:
            yield Gap(record_type, field, lacking)
