"""Writing rows to a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, cast

import orjson

from connectors.errors import MisconfiguredError, Problem
from connectors.files.rows import Format, format_of, parquet_missing


class RowWriter(Protocol):
    """Where rows go while a file is open."""

    def write(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        """Add rows; a column that a row lacks is empty, one that is not a column is left out."""


@contextlib.contextmanager
def open_writer(path: Path | str, columns: Sequence[str]) -> Iterator[RowWriter]:
    """Open a CSV, TSV, JSON Lines or Parquet file for rows of *columns*.

    The rows go to a temporary file beside it, which takes its place when the block ends without an
    exception; until then, and after an exception, whatever was there before stays.

    Raises:
        MisconfiguredError: the name's ending is not known, or the file cannot be made there.

    """
    path = Path(path)
    kind, zipped = format_of(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError:
        raise _unwritable(path) from None
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            with _writer(path, stream, kind, columns, zipped=zipped) as writer:
                yield writer
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o666 & ~_umask())  # a temporary file is for its owner alone; this one is not
        try:
            part.replace(path)
        except OSError:
            raise _unwritable(path) from None
    finally:
        part.unlink(missing_ok=True)


def _unwritable(path: Path) -> MisconfiguredError:
    remedy = "Check that its directory exists and may be written to."
    return MisconfiguredError([Problem(str(path), "it cannot be written.", remedy)])


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _writer(
    path: Path, stream: IO[bytes], kind: Format, columns: Sequence[str], *, zipped: bool
) -> Iterator[RowWriter]:
    with contextlib.ExitStack() as stack:
        if zipped:
            # Without name and time, so that equal rows make equal files.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
            stream = stack.enter_context(contextlib.closing(cast("IO[bytes]", packed)))
        if kind is Format.CSV:
            tabs = path.name.lower().endswith((".tsv", ".tsv.gz"))
            yield stack.enter_context(contextlib.closing(_Csv(stream, columns, tabs=tabs)))
        elif kind is Format.JSON_LINES:
            yield _JsonLines(stream, columns)
        else:
            yield stack.enter_context(contextlib.closing(_Parquet(path, stream, columns)))


class _Lines:
    """Ends the lines of a CSV file as the rest of the system does."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def write(self, line: str) -> int:
        """Take one line as the csv module makes it."""
        return self._text.write(line.removesuffix("\r\n") + "\n")


class _Csv:
    def __init__(self, stream: IO[bytes], columns: Sequence[str], *, tabs: bool) -> None:
        self._columns = columns
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        delimiter = "\t" if tabs else ","
        # the line end it is told decides which cells it quotes: one that holds a \r must be, too
        self._csv = csv.writer(_Lines(self._text), delimiter=delimiter, lineterminator="\r\n")
        self._csv.writerow(columns)

    def write(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        """Add rows."""
        columns = self._columns
        self._csv.writerows([row.get(name) or "" for name in columns] for row in rows)

    def close(self) -> None:
        """Hand everything to the stream and leave it open."""
        self._text.detach()


class _JsonLines:
    def __init__(self, stream: IO[bytes], columns: Sequence[str]) -> None:
        self._stream = stream
        self._columns = columns

    def write(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        """Add rows; an empty value is null."""
        for row in rows:
            cells = {name: row.get(name) or None for name in self._columns}
            self._stream.write(orjson.dumps(cells) + b"\n")


class _Parquet:
    def __init__(self, path: Path, stream: IO[bytes], columns: Sequence[str]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 - an optional extra, loaded when needed
            import pyarrow.parquet as pq  # noqa: PLC0415 - the same
        except ImportError:
            raise parquet_missing(path) from None
        self._columns = columns
        self._arrow: Any = pa
        self._schema: Any = pa.schema([(name, pa.string()) for name in columns])
        self._file: Any = pq.ParquetWriter(stream, self._schema)

    def write(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        """Add rows as one group."""
        rows = list(rows)
        arrays = [
            self._arrow.array([row.get(name) or None for row in rows], self._arrow.string())
            for name in self._columns
        ]
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the file's footer."""
        self._file.close()
