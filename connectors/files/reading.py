"""Reading a file as batches of rows, and of what could not be read."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import orjson

from connectors.errors import MisconfiguredError, Problem
from connectors.files.rows import (
    Batch,
    Format,
    LineProblem,
    Row,
    as_text,
    format_of,
    parquet_missing,
)

LONGEST_LINE = 8 * 1024 * 1024  # bytes; longer ones are left out unread
LONGEST_RECORD = 1000  # lines that one quoted CSV record may span before its quote counts as broken
LONGEST_CELL = 1024 * 1024  # characters
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"')
_BROKEN_QUOTES = "its quotes are not closed or stand in the middle of a value"


def read_rows(path: Path | str, *, batch: int = 1000) -> Iterator[Batch]:
    """Yield the rows of a CSV, TSV, JSON Lines or Parquet file, *batch* at a time.

    Text is UTF-8, with or without a byte order mark; CSV values may be parted by comma, semicolon,
    tab or bar, whichever the header uses most. Empty cells are ``None``. A file without rows yields
    one empty batch, so that its columns are known.

    Raises:
        MisconfiguredError: the file is not there, is not what its name says, or has no usable
            header. Raised when the first batch is asked for.

    """
    path = Path(path)
    kind, zipped = format_of(path)
    if kind is Format.PARQUET:
        yield from _parquet(path, batch)
        return
    read = _csv if kind is Format.CSV else _json_lines
    try:
        with _opened(path, zipped=zipped) as stream:
            lines = _Lines(stream, path)
            yield from read(path, lines, batch)
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, _why(error), "Check the path and the file.") from None


def _opened(path: Path, *, zipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if zipped else path.open("rb")


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file."
    if isinstance(error, PermissionError):
        return "it may not be read."
    if isinstance(error, IsADirectoryError):
        return "it is a directory."
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return "it is not a whole gzip file."
    return "it cannot be read."


def _unusable(path: Path, message: str, remedy: str) -> MisconfiguredError:
    return MisconfiguredError([Problem(str(path), message, remedy)])


class _Lines:
    """Physical lines as bytes, numbered; some may be put back to be read again."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._number = 0
        self._ahead: deque[tuple[int, bytes | None]] = deque()
        start = stream.peek(3) if hasattr(stream, "peek") else b""
        if start[:2] in _WIDE_BOMS:
            raise _unusable(path, "it is UTF-16.", "Save it as UTF-8.")
        if start[:3] == _BOM:
            stream.read(3)

    def next(self) -> tuple[int, bytes | None] | None:
        """Return the next line and its number; ``None`` in place of one that is far too long."""
        if self._ahead:
            return self._ahead.popleft()
        line = self._stream.readline(LONGEST_LINE)
        if not line:
            return None
        self._number += 1
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            return self._number, line
        while line and not line.endswith(b"\n"):
            line = self._stream.readline(LONGEST_LINE)
        return self._number, None

    def put_back(self, lines: Sequence[tuple[int, bytes | None]]) -> None:
        """Have *lines* read again, before any other."""
        self._ahead.extendleft(reversed(lines))


@dataclass(slots=True)
class _Collected:
    """A batch being filled."""

    size: int
    columns: dict[str, None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    given: bool = False

    def add(self, line: int, row: Row) -> None:
        """Keep a row."""
        self.rows.append(row)
        self.lines.append(line)

    def leave_out(self, line: int, message: str) -> None:
        """Keep a problem instead of a row."""
        self.problems.append(LineProblem(line, message))

    def full(self) -> bool:
        """Whether it is time to hand the batch over."""
        return len(self.rows) + len(self.problems) >= self.size

    def taken(self) -> Batch:
        """Hand over what was collected and begin anew."""
        self.given = True
        batch = Batch(tuple(self.columns), self.rows, self.lines, tuple(self.problems))
        self.rows, self.lines, self.problems = [], [], []
        return batch

    def rest(self) -> Iterator[Batch]:
        """Hand over what is left; an empty batch if there never was one."""
        if self.rows or self.problems or not self.given:
            yield self.taken()


def _csv(path: Path, lines: _Lines, size: int) -> Iterator[Batch]:
    csv.field_size_limit(LONGEST_CELL)
    columns, delimiter = _header(path, lines)
    collected = _Collected(size, dict.fromkeys(columns))
    while (record := _record(lines, delimiter)) is not None:
        line, cells = record
        if isinstance(cells, str):
            collected.leave_out(line, cells)
        elif not cells:
            continue  # a blank line
        elif len(cells) != len(columns):
            collected.leave_out(line, f"it has {len(cells)} values for {len(columns)} columns")
        else:
            row = {name: cell or None for name, cell in zip(columns, cells, strict=True)}
            collected.add(line, row)
        if collected.full():
            yield collected.taken()
    yield from collected.rest()


def _header(path: Path, lines: _Lines) -> tuple[list[str], str]:
    first = lines.next()
    if first is None:
        raise _unusable(path, "it is empty.", "The first line must name the columns.")
    text = _QUOTED.sub("", (first[1] or b"").decode("utf-8", "replace"))
    tabbed = path.name.lower().endswith((".tsv", ".tsv.gz"))
    delimiter = "\t" if tabbed else max(_DELIMITERS, key=text.count)
    lines.put_back([first])
    record = _record(lines, delimiter)
    cells = record[1] if record else []
    if isinstance(cells, str):
        raise _unusable(path, f"its header cannot be read: {cells}.", "Save it as UTF-8 CSV.")
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()  # a spreadsheet's empty columns at the right
    if not names:
        raise _unusable(path, "its first line is blank.", "The first line must name the columns.")
    names += [f"column_{place + 1}" for place in range(len(names), len(cells))]
    names = [name or f"column_{place}" for place, name in enumerate(names, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        shown = ", ".join(repr(name) for name in twice)
        raise _unusable(path, f"columns named twice: {shown}.", "Rename or remove one of each.")
    return names, delimiter


def _record(lines: _Lines, delimiter: str) -> tuple[int, list[str] | str] | None:
    """Read one record: its first line's number, and its cells or what is wrong with it."""
    taken: list[tuple[int, bytes | None]] = []
    texts: list[str] = []
    while True:
        line = lines.next()
        if line is None:
            if not taken:
                return None
            break  # the file ends inside quotes
        taken.append(line)
        text = _text(line[1])
        if text is None:
            if len(taken) > 1:
                break  # inside quotes, so it is the opening quote that is broken
            return line[0], _unreadable(line[1])
        texts.append(text)
        if len(texts) > 1 and '"' not in text and len(taken) < LONGEST_RECORD:
            continue  # still inside quotes: only a quote can end them
        try:
            return taken[0][0], next(csv.reader(texts, delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            # The only complaint that more lines can mend; the parser has no code for it.
            if "unexpected end" not in str(error) or len(taken) >= LONGEST_RECORD:
                if "field larger" in str(error):
                    lines.put_back(taken[1:])
                    return taken[0][0], f"a value is longer than {LONGEST_CELL} characters"
                break
    lines.put_back(taken[1:])
    return taken[0][0], _BROKEN_QUOTES


def _text(line: bytes | None) -> str | None:
    if line is None:
        return None
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unreadable(line: bytes | None) -> str:
    return f"it is longer than {LONGEST_LINE} bytes" if line is None else "it is not UTF-8 text"


def _json_lines(_path: Path, lines: _Lines, size: int) -> Iterator[Batch]:
    collected = _Collected(size)
    while (line := lines.next()) is not None:
        number, content = line
        if content is None or _text(content) is None:
            collected.leave_out(number, _unreadable(content))
        elif content.strip():
            try:
                data = orjson.loads(content)
            except orjson.JSONDecodeError:
                data = None
            if isinstance(data, dict):
                collected.columns.update(dict.fromkeys(data))
                collected.add(number, {name: as_text(value) for name, value in data.items()})
            else:
                collected.leave_out(number, "it is not a JSON object")
        if collected.full():
            yield collected.taken()
    yield from collected.rest()


def _parquet(path: Path, size: int) -> Iterator[Batch]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional extra, loaded when needed
        import pyarrow.parquet as pq  # noqa: PLC0415 - the same
    except ImportError:
        raise parquet_missing(path) from None
    try:
        with pq.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
            _refuse_twice(path, columns)
            line = 1
            for part in file.iter_batches(batch_size=size):
                yield Batch(columns, _rows(columns, part), list(range(line, line + part.num_rows)))
                line += part.num_rows
            if line == 1:
                yield Batch(columns, [], [])
    except (OSError, pa.ArrowException) as error:
        why = _why(error) if isinstance(error, OSError) else "it is not a Parquet file."
        raise _unusable(path, why, "Check the path and the file.") from None


def _rows(columns: Sequence[str], part: Any) -> list[Row]:
    text: Callable[[object], str | None] = as_text
    values = [[text(value) for value in column.to_pylist()] for column in part.columns]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*values, strict=True)]


def _refuse_twice(path: Path, columns: Sequence[str]) -> None:
    if len(set(columns)) != len(columns):
        raise _unusable(path, "a column is named twice.", "Rename or remove one of them.")
