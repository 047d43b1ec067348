"""What a query found, as the REST API's JSON and as the Bulk API's CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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
# Between cells and between rows while a page is put together: no text holds them, or nearly none.
_CELL, _ROW = "\x1f", "\x1e"

# -- JSON ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """One object of the answer: the record itself, or a parent of it."""

    sobject: SObject
    base: str
    cells: dict[str, tuple[Reader, Callable[[str | None], Any] | None]] = field(
        default_factory=dict
    )
    parents: dict[str, tuple[Hop, _Node]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def put(self, column: Column) -> None:
        """Make room for *column*, below its parents."""
        node = self
        for hop in column.hops:
            if hop.name not in node.parents:
                node.parents[hop.name] = (hop, _Node(hop.target, self.base))
                node.order.append(hop.name)
            node = node.parents[hop.name][1]
        definition = column.field
        convert = None if definition.type in _AS_THEY_ARE else partial(to_json, definition)
        node.cells[column.names[-1]] = (column.leaf, convert)
        node.order.append(column.names[-1])

    def shown(self, record: Record) -> dict[str, Any]:
        """*record* as JSON holds it."""
        name = self.sobject.name
        found: dict[str, Any] = {
            "attributes": {
                "type": name,
                "url": f"{self.base}/sobjects/{name}/{record.values[2]}",
            }
        }
        cells, parents = self.cells, self.parents
        for key in self.order:
            cell = cells.get(key)
            if cell is not None:
                read, convert = cell
                text = read(record)
                found[key] = text if convert is None else convert(text)
            else:
                hop, node = parents[key]
                parent = hop.find(record)
                found[key] = None if parent is None else node.shown(parent)
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
        return self.assemble([self.row(record) for record in records])

    def row(self, record: Record) -> list[str]:
        """The cells of one record, not quoted yet: what :meth:`assemble` takes."""
        values = record.values
        if len(values) < self._width:
            values = values + [None] * (self._width - len(values))
        cells = [text or "" for text in self._take(values)]
        for place, read in self._reads:
            cells[place] = read(record) or ""
        for place, convert in self._converts:
            cells[place] = convert(cells[place])
        return cells

    def assemble(self, rows: Sequence[list[str]]) -> bytes:
        """The page of *rows*, quoted."""
        style, count = self._style, len(self._header)
        text = _ROW.join([_CELL.join(self._header), *map(_CELL.join, rows)])
        if text.count(_ROW) != len(rows) or text.count(_CELL) != (count - 1) * (len(rows) + 1):
            return self._carefully(rows)
        text = text.replace('"', '""')
        text = text.replace(_CELL, f'"{style.delimiter}"').replace(_ROW, f'"{style.newline}"')
        return f'"{text}"{style.newline}'.encode()

    def _carefully(self, rows: Sequence[list[str]]) -> bytes:
        """The same, for texts that hold the separators themselves."""
        style = self._style
        between = f'"{style.delimiter}"'
        lines = [
            between.join(cell.replace('"', '""') for cell in row) for row in [self._header, *rows]
        ]
        return "".join(f'"{line}"{style.newline}' for line in lines).encode()


def _csv_converter(definition: FieldDef, style: CsvStyle) -> Callable[[str], str] | None:
    if definition.type == "datetime":
        return (
            (lambda text: f"{text[:-1]}+0000" if text else "") if style.offset_datetimes else None
        )
    if definition.type in _AS_THEY_ARE or definition.type == "int":
        return None
    return partial(to_csv, definition)
