"""Rows of CSV, JSON and Parquet files, with what could not be read, line by line."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

Row = dict[str, Any]

DELIMITERS: Final = ",;\t"
_CSV_SUFFIXES: Final = {".csv", ".tsv", ".txt"}
_LINES_SUFFIXES: Final = {".jsonl", ".ndjson"}
# A record that spans more lines than this has an unclosed quote rather than a long text.
_LONGEST_RECORD: Final = 5000
_LARGEST_FIELD: Final = 1 << 30


class LoadError(ValueError):
    """The file as a whole, or its mapping, cannot be used; the message says what to do."""


@dataclass(slots=True)
class Rows:
    """What a file holds: columns in order, rows by column, and what was left out and why."""

    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, row: Row, place: str) -> None:
        """Append *row*, read at *place* (such as ``companies.csv:14``)."""
        self.rows.append(row)
        self.places.append(place)


def read_rows(path: Path) -> Rows:
    """Read the file at *path*, whose kind follows from its name (``.gz`` may come last).

    Raises:
        LoadError: missing, unreadable, empty, or of a kind that is not known.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    if kind[0] == ".parquet" and not packed:
        return _parquet(path)
    if kind[0] not in _CSV_SUFFIXES | _LINES_SUFFIXES | {".json"}:
        raise LoadError(
            f"{path}: cannot tell what it holds. Name it .csv, .tsv, .json, .jsonl (each also with "
            ".gz) or .parquet."
        )
    content = _content(path, packed=packed)
    if kind[0] in _CSV_SUFFIXES:
        return _csv(path, content)
    if kind[0] == ".json" and content.lstrip()[:1] == b"[":
        return _json_array(path, content)
    return _json_lines(path, content)


def _content(path: Path, *, packed: bool) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if packed else content
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise LoadError(f"{path}: is not a complete gzip file. Pack it again.") from None
    except OSError as error:
        raise LoadError(f"{path}: cannot be read ({error.strerror}).") from None


def _text(path: Path, content: bytes, problems: list[str]) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(
            f"{path.name}:{line}: is not UTF-8; the file was read as Windows-1252. "
            "Save it as UTF-8 if names look wrong."
        )
        return content.decode("cp1252", errors="replace")


# -- CSV -------------------------------------------------------------------------------------------


def _csv(path: Path, content: bytes) -> Rows:
    found = Rows()
    lines = list(io.StringIO(_text(path, content, found.problems), newline=""))
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise LoadError(f"{path}: is empty. It needs a header line and a line per company.")
    delimiter = max(DELIMITERS, key=lines[first].count)
    with _fields_of_any_size():
        for line, cells in _records(path, lines, first, delimiter, found):
            if not found.columns:
                found.columns = _columns(path, line, cells, found)
            else:
                row = dict(zip(found.columns, cells, strict=True))
                found.add(row, f"{path.name}:{line}")
    return found


def _records(
    path: Path, lines: list[str], start: int, delimiter: str, found: Rows
) -> Iterator[tuple[int, list[str]]]:
    """Records that have as many cells as the header, with the line each starts at.

    After a broken record reading goes on at the very next line, so that one stray quote does not
    swallow the rest of the file.
    """
    while start < len(lines):
        stop = min(start + _LONGEST_RECORD, len(lines))
        # A slice by index: copying the list's tail after every broken line would be quadratic.
        reader = csv.reader(
            (lines[i] for i in range(start, stop)), delimiter=delimiter, strict=True
        )
        begin = start
        while True:
            try:
                cells = next(reader, None)
            except csv.Error:
                if begin == start:
                    if not found.columns:
                        raise LoadError(
                            f"{path}:{begin + 1}: the header's quotes do not match."
                        ) from None
                    _broken(found, path, begin, "its quotes do not match")
                    begin += 1
                break
            if cells is None:
                begin = stop
                break
            end = start + reader.line_num
            width = len(found.columns)
            if any(cells) and width and len(cells) != width:
                _broken(found, path, begin, f"it has {len(cells)} values under {width} columns")
                begin += 1
                if begin < end:
                    break
            elif any(cells):
                yield begin + 1, cells
            begin = end
        start = begin


def _broken(found: Rows, path: Path, index: int, what: str) -> None:
    found.problems.append(
        f"{path.name}:{index + 1}: {what}; the line is left out. Put values that hold the "
        "delimiter, a quote or a line break in quotes, and double the quotes inside."
    )


def _columns(path: Path, line: int, cells: list[str], found: Rows) -> list[str]:
    columns: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column_{position}"
        if name in columns:
            found.problems.append(
                f'{path.name}:{line}: column "{name}" occurs twice; the one at position {position} '
                f'is loaded as "{name}_{position}".'
            )
            name = f"{name}_{position}"
        columns.append(name)
    return columns


@contextmanager
def _fields_of_any_size() -> Iterator[None]:
    """Lift the csv module's limit on field size, which is global, for a while."""
    before = csv.field_size_limit(_LARGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


# -- JSON ------------------------------------------------------------------------------------------


def _json_lines(path: Path, content: bytes) -> Rows:
    found = Rows()
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            found.problems.append(
                f"{place}: is not JSON at character {error.colno}; the line is left out. "
                "Every line must be one JSON object."
            )
            continue
        _add_object(found, row, place)
    return _with_columns(path, found)


def _json_array(path: Path, content: bytes) -> Rows:
    try:
        items = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise LoadError(
            f"{path}:{error.lineno}: is not JSON at character {error.colno}, and an array is read "
            "whole or not at all. Mend it, or save the file as JSON Lines."
        ) from None
    found = Rows()
    for number, row in enumerate(items, start=1):
        _add_object(found, row, f"{path.name}, item {number}")
    return _with_columns(path, found)


def _add_object(found: Rows, row: object, place: str) -> None:
    if isinstance(row, dict):
        found.add(row, place)
    else:
        found.problems.append(f"{place}: is not a JSON object; it is left out.")


def _with_columns(path: Path, found: Rows) -> Rows:
    if not found.rows and not found.problems:
        raise LoadError(f"{path}: holds no companies.")
    found.columns = list(dict.fromkeys(name for row in found.rows for name in row))
    return found


# -- Parquet ---------------------------------------------------------------------------------------


def _parquet(path: Path) -> Rows:
    if importlib.util.find_spec("pyarrow") is None:
        raise LoadError(f"{path}: reading Parquet needs pyarrow. Install icp-sync[parquet].")
    import pyarrow.lib  # noqa: PLC0415 - an extra that need not be installed
    import pyarrow.parquet  # noqa: PLC0415

    found = Rows()
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            found.columns = list(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=10_000):
                for row in batch.to_pylist():
                    found.add(row, f"{path.name}, row {len(found.rows) + 1}")
    except OSError as error:
        raise LoadError(f"{path}: cannot be read ({error.strerror or 'not Parquet'}).") from None
    except pyarrow.lib.ArrowException:
        raise LoadError(f"{path}: is not a Parquet file that pyarrow can read.") from None
    return found
