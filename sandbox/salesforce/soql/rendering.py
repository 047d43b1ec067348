"""What a query found, as the REST API's JSON and as the Bulk API's CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, Final

from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.soql.columns import Column, Hop, Reader
from sandbox.salesforce.soql.grouping import Grouped
from sandbox.salesforce.soql.running import QueryResult
from sandbox.salesforce.values import to_csv, to_json
from sandbox.store import Record

_AS_THEY_ARE: Final = frozenset(
    {"id", "reference", "string", "picklist", "multipicklist", "combobox", "textarea", "url",
     "phone", "email", "encryptedstring", "date"}
)  # fmt: skip

# -- JSON ----------------------------------------------------------------------------------------


Converter = Callable[[str | None], Any]


class _Node:
    """One object of the answer: the record itself, or a parent of it."""

    def __init__(self, sobject: SObject, base: str) -> None:
        self._type = sobject.name
        self._url = f"{base}/sobjects/{sobject.name}/"
        self._base = base
        self._cells: list[tuple[str, Reader, Converter | None]] = []
        self._parents: dict[str, tuple[Hop, _Node]] = {}
        self._order: list[str] = []

    def put(self, column: Column, depth: int = 0) -> None:
        """Make room for *column*, below its parents from *depth* on."""
        if depth == len(column.hops):
            name = column.names[-1]
            self._cells.append((name, column.leaf, _json_converter(column.field)))
        else:
            hop = column.hops[depth]
            name = hop.name
            if name not in self._parents:
                self._parents[name] = (hop, _Node(hop.target, self._base))
            self._parents[name][1].put(column, depth + 1)
        self._order.append(name)

    def shown(self, record: Record) -> dict[str, Any]:
        """*record* as JSON holds it."""
        found: dict[str, Any] = {
            "attributes": {"type": self._type, "url": f"{self._url}{record.values[2]}"}
        }
        if self._parents:
            found |= dict.fromkeys(self._order)  # keeps the places of parents
            for name, (hop, node) in self._parents.items():
                parent = hop.find(record)
                if parent is not None:
                    found[name] = node.shown(parent)
        for name, read, convert in self._cells:
            text = read(record)
            found[name] = text if convert is None else convert(text)
        return found


def json_rows(
    result: QueryResult, base: str, start: int, end: int, *, live_only: bool = False
) -> list[dict[str, Any]]:
    """Rows *start* to *end* of a result; *base* is the path of the API version.

    With *live_only*, what was deleted since it was found is left out.
    """
    if result.grouped is not None:
        return _groups(result.grouped)[start:end]
    node = _Node(result.sobject, base)
    for column in result.columns:
        node.put(column)
    shown = node.shown
    records = result.records[start:end]
    return [shown(record) for record in records if record.live or not live_only]


def _groups(grouped: Grouped) -> list[dict[str, Any]]:
    return [
        {
            "attributes": {"type": "AggregateResult"},
            **dict(zip(grouped.keys, row, strict=True)),
        }
        for row in grouped.rows
    ]


# -- CSV -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CsvStyle:
    """How a Bulk result is written."""

    delimiter: str = ","
    newline: str = "\n"
    offset_datetimes: bool = False  # "+0000" and not "Z"


class CsvRows:
    """Writes records as rows of a Bulk result: every cell quoted, the header on every page."""

    def __init__(self, columns: Sequence[Column], style: CsvStyle) -> None:
        self._style = style
        self._between = f'"{style.delimiter}"'
        self._header = [column.label for column in columns]
        slots = [2 if column.slot is None else column.slot for column in columns]
        self._width = max(slots, default=0) + 1
        self._take = itemgetter(*slots) if len(slots) > 1 else lambda values: (values[slots[0]],)
        self._reads = [
            (place, column.read) for place, column in enumerate(columns) if column.slot is None
        ]
        self._converts = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := _csv_converter(column.field, style)) is not None
        ]

    def page(self, records: Iterable[Record]) -> bytes:
        """One page of a result."""
        return self.assemble(map(self.row, records))

    def row(self, record: Record) -> str:
        """One record without its outermost quotes: what :meth:`assemble` takes."""
        values = record.values
        if len(values) < self._width:
            values = values + [None] * (self._width - len(values))
        cells = [text or "" for text in self._take(values)]
        for place, read in self._reads:
            cells[place] = read(record) or ""
        for place, convert in self._converts:
            cells[place] = convert(cells[place])
        return self._quoted(cells)

    def assemble(self, rows: Iterable[str]) -> bytes:
        """The page of *rows*."""
        newline = self._style.newline
        text = f'"{newline}"'.join([self._quoted(self._header), *rows])
        return f'"{text}"{newline}'.encode()

    def _quoted(self, cells: list[str]) -> str:
        line = self._between.join(cells)
        # Every cell but the last brings two quotes; more are a cell's own.
        if line.count('"') == 2 * len(cells) - 2:
            return line
        return self._between.join([cell.replace('"', '""') for cell in cells])


def _json_converter(definition: FieldDef) -> Converter | None:
    match definition.type:
        case "datetime":
            return lambda text: text and f"{text[:-1]}+0000"
        case "double" | "currency" | "percent":
            return lambda text: text and float(text)
        case kind if kind in _AS_THEY_ARE:
            return None
        case _:
            return partial(to_json, definition)


def _csv_converter(definition: FieldDef, style: CsvStyle) -> Callable[[str], str] | None:
    if definition.type == "datetime":
        return (
            (lambda text: f"{text[:-1]}+0000" if text else "") if style.offset_datetimes else None
        )
    if definition.type in _AS_THEY_ARE or definition.type == "int":
        return None
    return partial(to_csv, definition)
