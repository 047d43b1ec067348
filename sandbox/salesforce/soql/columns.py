"""Names of a statement bound to fields: what one user may read, and how to read it quickly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.schema import CHOICES, FieldDef
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.statement import Call, Operand, Path
from sandbox.salesforce.values import plain
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.salesforce.sobject import SObject

Reader = Callable[[Record], str | None]

_DEEPEST: Final = 5  # parents that a path may go through
_UNKNOWN: Final = object()
AGGREGATES: Final = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
# Parts of dates, by where they stand in the text that is kept.
_DATE_PARTS: Final[dict[str, Callable[[str], int]]] = {
    "CALENDAR_YEAR": lambda text: int(text[:4]),
    "CALENDAR_QUARTER": lambda text: (int(text[5:7]) + 2) // 3,
    "CALENDAR_MONTH": lambda text: int(text[5:7]),
    "DAY_IN_MONTH": lambda text: int(text[8:10]),
    "FISCAL_YEAR": lambda text: int(text[:4]),
    "FISCAL_QUARTER": lambda text: (int(text[5:7]) + 2) // 3,
    "FISCAL_MONTH": lambda text: int(text[5:7]),
    "HOUR_IN_DAY": lambda text: int(text[11:13] or 0),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field as a statement reads it."""

    names: tuple[str, ...]  # as the API spells them, through parents
    field: FieldDef
    at: int
    leaf: Reader  # reads it from the record that has it
    read: Reader  # reads it from the record that is selected
    hops: tuple[Hop, ...] = ()
    slot: int | None = None  # where the value lies in the record itself, when it lies there

    @property
    def label(self) -> str:
        """The dotted name, which heads the column of a CSV."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step to a parent."""

    name: str
    target: SObject
    find: Callable[[Record], Record | None]


class Scope:
    """The object of a statement as one user sees it."""

    def __init__(self, org: Org, user_id: str, sobject: SObject, text: str, *aliases: str) -> None:
        self.org = org
        self.user_id = user_id
        self.sobject = sobject
        self.text = text
        self._own_names = {sobject.name.lower(), *(alias.lower() for alias in aliases)}
        self._hops: dict[tuple[str, ...], Hop] = {}

    def operand(self, operand: Operand) -> Column:
        """The column that a name or a scalar function stands for.

        Raises:
            ApiError: no such field, relationship or function for this user.
        """
        return self.path(operand) if isinstance(operand, Path) else self._call(operand)

    def path(self, path: Path) -> Column:
        """The column of a field, perhaps of a parent's."""
        names = path.names
        if len(names) > 1 and names[0].lower() in self._own_names and not self._is_parent(names[0]):
            names = names[1:]
        if len(names) - 1 > _DEEPEST:
            raise problems.malformed(
                f"The path {path.text} reaches through more than {_DEEPEST} relationships."
            )
        sobject, hops = self.sobject, []
        for depth in range(1, len(names)):
            hop = self._hop(sobject, names[:depth], path.at)
            hops.append(hop)
            sobject = hop.target
        field = self.org.access.visible_field(self.user_id, sobject, names[-1])
        if field is None:
            raise problems.no_column(self.text, path.at, names[-1], sobject.name)
        spelled = (*(hop.name for hop in hops), field.name)
        leaf = sobject.getter(field)
        slot = None if hops else sobject.slot(field)
        return Column(spelled, field, path.at, leaf, _through(hops, leaf), tuple(hops), slot)

    def own(self, field: FieldDef, at: int) -> Column:
        """A field of the object itself that is known to be visible."""
        leaf, slot = self.sobject.getter(field), self.sobject.slot(field)
        return Column((field.name,), field, at, leaf, leaf, slot=slot)

    # -- parents ---------------------------------------------------------------------------------

    def _is_parent(self, name: str) -> bool:
        return self.sobject.definition.relationship(name) is not None

    def _hop(self, sobject: SObject, names: tuple[str, ...], at: int) -> Hop:
        key = tuple(name.lower() for name in names)
        known = self._hops.get(key)
        if known is not None:
            return known
        access = self.org.access
        lookup = sobject.definition.relationship(names[-1])
        target = None
        if lookup is not None and access.can_read(self.user_id, sobject.name, lookup.name):
            target = access.readable(self.user_id, lookup.reference_to[0])
        if lookup is None or target is None:
            raise problems.no_relationship(self.text, at, names[-1])
        name = lookup.relationship_name or names[-1]
        hop = self._hops[key] = Hop(name, target, _finder(sobject.getter(lookup), target))
        return hop

    # -- functions -------------------------------------------------------------------------------

    def _call(self, call: Call) -> Column:
        if call.argument is None or call.function in AGGREGATES:
            raise self._misplaced(call)
        column = self.operand(call.argument)
        kind, leaf = column.field.type, column.leaf
        if part := _DATE_PARTS.get(call.function):
            if kind not in {"date", "datetime"}:
                raise self._misplaced(call)
            field = FieldDef(name=column.field.name, label=call.text, type="int", digits=8)
            return _reading(column, _partly(leaf, part), field)
        match call.function:
            case "DAY_ONLY" if kind == "datetime":
                field = FieldDef(name=column.field.name, label=call.text, type="date")
                return _reading(column, lambda record: (leaf(record) or "")[:10] or None, field)
            case "TOLABEL" if kind in CHOICES:
                labels = {value.value: value.label for value in column.field.values}
                field = FieldDef(name=column.field.name, label=call.text, type="string", length=255)
                return _reading(column, _labelled(leaf, labels), field)
            case "CONVERTCURRENCY" if kind == "currency":
                return _reading(column, self.converted(column), column.field)
            case "TOLABEL" | "FORMAT" | "CONVERTTIMEZONE":
                return column
            case _:
                raise self._misplaced(call)

    def _misplaced(self, call: Call) -> ApiError:
        return problems.unexpected(self.text, call.at, call.function)

    def converted(self, column: Column) -> Reader:
        """Amounts in the corporate currency, which is that of all users here."""
        rates = currency_rates(self.org)
        code_field = self.sobject.definition.field("CurrencyIsoCode")
        if code_field is None or column.hops:
            return column.leaf
        code_of = self.sobject.getter(code_field)

        def read(record: Record) -> str | None:
            text = column.read(record)
            rate = rates.get(code_of(record) or "")
            return plain(Decimal(text) / rate) if text and rate else text

        return read


def currency_rates(org: Org) -> dict[str, Decimal]:
    """How much of each currency one unit of the corporate currency is; empty with only one."""
    sobject = org.sobject("CurrencyType")
    if sobject is None or not org.behaviour.multi_currency:
        return {}
    rates: dict[str, Decimal] = {}
    for record in sobject.live():
        code, rate = sobject.value(record, "IsoCode"), sobject.value(record, "ConversionRate")
        if code and rate and Decimal(rate):
            rates[code] = Decimal(rate)
    return rates


def _finder(read: Reader, target: SObject) -> Callable[[Record], Record | None]:
    known: dict[str, Any] = {}

    def find(record: Record) -> Record | None:
        parent_id = read(record)
        if not parent_id:
            return None
        found: Any = known.get(parent_id, _UNKNOWN)
        if found is _UNKNOWN:
            found = known[parent_id] = target.get(parent_id)
        parent: Record | None = found
        return parent

    return find


def _reading(column: Column, leaf: Reader, field: FieldDef) -> Column:
    """*column*, its value made anew by *leaf*."""
    read = _through(column.hops, leaf)
    return Column(column.names, field, column.at, leaf, read, column.hops)


def _through(hops: Sequence[Hop], read: Reader) -> Reader:
    if not hops:
        return read
    finders = [hop.find for hop in hops]

    def reach(record: Record) -> str | None:
        at = record
        for find in finders:
            parent = find(at)
            if parent is None:
                return None
            at = parent
        return read(at)

    return reach


def _partly(read: Reader, part: Callable[[str], int]) -> Reader:
    def read_part(record: Record) -> str | None:
        text = read(record)
        return str(part(text)) if text else None

    return read_part


def _labelled(read: Reader, labels: dict[str, str]) -> Reader:
    def read_label(record: Record) -> str | None:
        text = read(record)
        if not text:
            return None
        return ";".join(labels.get(value, value) for value in text.split(";"))

    return read_label
