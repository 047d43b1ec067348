"""Reading what an ingest job uploads, as strictly as Salesforce does."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Final

_QUOTED: Final = re.compile(r'"[^"]*(?:""[^"]*)*"')
_MARK: Final = "\x01"  # stands for a quoted cell while what is around them is looked at
_LONGEST_CELL: Final = 131_072


class UploadError(Exception):
    """Why the whole upload cannot be used; the message is the job's ``errorMessage``."""


@dataclass(slots=True)
class Upload:
    """The columns and rows of an upload."""

    header: list[str]
    rows: list[list[str]]


def read_upload(data: bytes, delimiter: str, newline: str, *, strict: bool) -> Upload:
    """Read the CSV in *data*; when *strict*, no cell may hold a line break.

    Raises:
        UploadError: the line ends are others than was said, or it is no CSV.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UploadError("ClientInputError : Invalid UTF-8 in user data") from None
    outside = text
    if '"' in text:
        outside = _QUOTED.sub(_MARK, text.replace(_MARK, " "))
        _refuse_stray_quotes(outside, delimiter)
    _refuse_line_ends(text if strict else outside, newline)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as problem:
        raise UploadError(f"InvalidBatch : Failed to parse CSV. {problem}") from None
    if not rows:
        raise UploadError("InvalidBatch : Failed to parse CSV header. The upload is empty")
    header, *rows = rows
    width = len(header)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise UploadError(
                f"InvalidBatch : Failed to parse CSV. Row {number} has {len(row)} columns, the "
                f"header has {width}"
            )
        if max(map(len, row)) > _LONGEST_CELL:
            raise UploadError(
                f"InvalidBatch : Failed to parse CSV. Row {number} has a cell above "
                f"{_LONGEST_CELL} characters"
            )
    return Upload(header, rows)


def write_rows(header: list[str], rows: list[list[str]], delimiter: str, newline: str) -> bytes:
    """Result rows: every cell quoted, the uploaded names in the header as they came."""
    lines = [delimiter.join(f'"{name}"' if name.startswith("sf__") else name for name in header)]
    between = f'"{delimiter}"'
    lines += [f'"{quoted(row, between)}"' for row in rows]
    return "".join([line + newline for line in lines]).encode()


def quoted(cells: list[str], between: str) -> str:
    """*cells* joined by ``"`` + delimiter + ``"``, the quotes that they hold doubled."""
    line = between.join(cells)
    # Every cell but the last brings two quotes; more are a cell's own.
    if line.count('"') == 2 * len(cells) - 2:
        return line
    return between.join([cell.replace('"', '""') for cell in cells])


def _refuse_stray_quotes(outside: str, delimiter: str) -> None:
    edge = re.escape(delimiter)
    if re.search(rf"[^{edge}\r\n{_MARK}]{_MARK}|{_MARK}[^{edge}\r\n]", outside):
        raise UploadError(
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should "
            "be within a quote"
        )
    if '"' in outside:
        raise UploadError(
            "InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote"
        )


def _refuse_line_ends(outside: str, newline: str) -> None:
    pairs = outside.count("\r\n")
    wrong = pairs if newline == "\n" else outside.count("\n") - pairs
    if wrong or outside.count("\r") != pairs:
        name = "LF" if newline == "\n" else "CRLF"
        raise UploadError(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            f"{name}"
        )
