"""Which CRM field holds what: the inputs a connection reads and the outputs it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from connectors.records import FieldKind


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """One output: the CRM field it goes to and what that field holds."""

    key: str
    name: str
    kind: FieldKind


OVERRIDE_KEYS = ("tier_override", "override_reason", "override_expires")
"""Fields that people write and the worker only reads."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The fields of one connection.

    Attributes:
        inputs: CRM field by attribute id.
        outputs: what the worker writes, by output key.
        overrides: CRM fields that people write, by output key; only those that exist.
        name_field: the field that names an account for people, where there is one.
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, OutputTarget]
    overrides: Mapping[str, str]
    name_field: str | None = None

    def read_fields(self) -> tuple[str, ...]:
        """Every field a pull asks for: inputs, our own outputs, overrides, the name."""
        names = [*self.inputs.values(), *(target.name for target in self.outputs.values())]
        names += self.overrides.values()
        if self.name_field is not None:
            names.append(self.name_field)
        return tuple(dict.fromkeys(names))

    def kinds(self) -> Mapping[str, FieldKind]:
        """What each CRM field that the worker writes holds."""
        return {target.name: target.kind for target in self.outputs.values()}


def holds(
    fields: Mapping[str, str | None],
    wanted: Mapping[str, str | None],
    kinds: Mapping[str, FieldKind],
) -> bool:
    """Whether an account's *fields* hold what is *wanted*, as the CRM would compare them."""
    return differing(fields, wanted, kinds) is None


def differing(
    fields: Mapping[str, str | None],
    wanted: Mapping[str, str | None],
    kinds: Mapping[str, FieldKind],
) -> str | None:
    """The first field that holds something else than is *wanted*; ``None`` when all hold it."""
    for name, value in wanted.items():
        if not same(kinds.get(name, FieldKind.TEXT), fields.get(name) or "", value or ""):
            return name
    return None


def same(kind: FieldKind, left: str, right: str) -> bool:
    """Whether a CRM would hold the two texts as one value of this kind.

    Numbers are compared by value, multi-selects as sets, datetimes by instant.
    """
    if left == right:
        return True
    return bool(left and right) and _ALIKE.get(kind, _never)(left, right)


def _numbers(left: str, right: str) -> bool:
    try:
        return Decimal(left) == Decimal(right)
    except InvalidOperation:
        return False


def _choices(left: str, right: str) -> bool:
    return {*left.split(";")} - {""} == {*right.split(";")} - {""}


def _instants(left: str, right: str) -> bool:
    try:
        return datetime.fromisoformat(left) == datetime.fromisoformat(right)
    except (ValueError, TypeError):
        return False


def _texts(left: str, right: str) -> bool:
    """Both CRMs may trim or fold white space."""
    return left.split() == right.split()


def _never(_left: str, _right: str) -> bool:
    return False


_ALIKE = {
    FieldKind.NUMBER: _numbers,
    FieldKind.CHOICES: _choices,
    FieldKind.DATETIME: _instants,
    FieldKind.TEXT: _texts,
}
