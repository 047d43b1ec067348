"""Short ways to write field definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.salesforce.schema import FieldDef, PicklistValue

READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "permissionable": False}
SYSTEM: dict[str, Any] = {**READ_ONLY, "nillable": False, "defaulted": True}


def text(name: str, label: str, length: int, **more: Any) -> FieldDef:
    """A line of text."""
    return FieldDef(name=name, label=label, type="string", length=length, **more)


def area(name: str, label: str, length: int, **more: Any) -> FieldDef:
    """Several lines of text."""
    more.setdefault("extra_type", "plaintextarea")
    return FieldDef(name=name, label=label, type="textarea", length=length, **more)


def picklist(
    name: str, label: str, values: Iterable[str | tuple[str, str]] = (), **more: Any
) -> FieldDef:
    """A choice among *values*; a pair is (value, label)."""
    offered = [
        PicklistValue(value) if isinstance(value, str) else PicklistValue(*value)
        for value in values
    ]
    kind = more.pop("type", "picklist")
    more.setdefault("length", 40)
    return FieldDef(name=name, label=label, type=kind, values=offered, **more)


def number(
    name: str, label: str, precision: int, scale: int = 0, *, kind: str = "double", **more: Any
) -> FieldDef:
    """A number of *precision* digits, *scale* of them after the point."""
    return FieldDef(name=name, label=label, type=kind, precision=precision, scale=scale, **more)


def whole(name: str, label: str, digits: int, **more: Any) -> FieldDef:
    """A whole number."""
    return FieldDef(name=name, label=label, type="int", digits=digits, **more)


def flag(name: str, label: str, **more: Any) -> FieldDef:
    """A checkbox."""
    return FieldDef(name=name, label=label, type="boolean", **more)


def day(name: str, label: str, **more: Any) -> FieldDef:
    """A date."""
    return FieldDef(name=name, label=label, type="date", **more)


def moment(name: str, label: str, **more: Any) -> FieldDef:
    """A date and time."""
    return FieldDef(name=name, label=label, type="datetime", **more)


def lookup(
    name: str, label: str, to: str | tuple[str, ...], relationship: str | None, **more: Any
) -> FieldDef:
    """A reference to another record."""
    targets = (to,) if isinstance(to, str) else to
    return FieldDef(
        name=name,
        label=label,
        type="reference",
        reference_to=targets,
        relationship_name=relationship,
        **more,
    )


def record_id(label: str) -> FieldDef:
    """The Id of every object."""
    return FieldDef(name="Id", label=label, type="id", **SYSTEM)


def stamps() -> list[FieldDef]:
    """What Salesforce keeps of every record's making and changing."""
    return [
        moment("CreatedDate", "Created Date", **SYSTEM),
        lookup("CreatedById", "Created By ID", "User", "CreatedBy", **SYSTEM),
        moment("LastModifiedDate", "Last Modified Date", **SYSTEM),
        lookup("LastModifiedById", "Last Modified By ID", "User", "LastModifiedBy", **SYSTEM),
        moment("SystemModstamp", "System Modstamp", **SYSTEM),
    ]
