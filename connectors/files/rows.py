"""What a file is made of: rows of text with their line numbers, problems, and file formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import orjson

from connectors.errors import MisconfiguredError, Problem

Row = dict[str, str | None]

_PARQUET_REMEDY = 'Install it with: pip install "icp-sync[parquet]"'


class Format(StrEnum):
    """How a file's rows are stored."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that was left out: its number, from 1, and why. Never its contents."""

    line: int
    message: str

    def __str__(self) -> str:
        """Render as one line."""
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file, in order.

    ``columns`` are those seen so far, which only JSON Lines can add to. ``lines`` holds each row's
    number: the line it begins on (CSV, JSON Lines), or its place from 1 (Parquet).
    """

    columns: tuple[str, ...]
    rows: list[Row]
    lines: list[int]
    problems: tuple[LineProblem, ...] = ()

    @property
    def first_line(self) -> int:
        """The number of the first row; 0 when every line of the batch was left out."""
        return self.lines[0] if self.lines else 0


def format_of(path: Path) -> tuple[Format, bool]:
    """Tell a file's format by its name, and whether it is compressed with gzip.

    Raises:
        MisconfiguredError: the name says nothing that is known.

    """
    zipped = path.suffix.lower() == ".gz"
    suffix = Path(path.stem if zipped else path.name).suffix.lower()
    found = _BY_SUFFIX.get(suffix)
    if found is None or (zipped and found is Format.PARQUET):
        known = ", ".join(_BY_SUFFIX)
        raise MisconfiguredError(
            [
                Problem(
                    str(path),
                    "the file's name does not say what it is.",
                    f"Use one of {known}; text files may end in .gz as well.",
                )
            ]
        )
    return found, zipped


def parquet_missing(path: Path) -> MisconfiguredError:
    """Say that Parquet needs a package that is not installed, and how to get it."""
    return MisconfiguredError(
        [Problem(str(path), "Parquet needs the extra 'parquet'.", _PARQUET_REMEDY)]
    )


def as_text(value: object) -> str | None:  # noqa: PLR0911 - one return per type reads best
    """Return a JSON or Parquet value as the text that a CRM field would hold; ``None`` for empty.

    Numbers are plain decimals, lists are joined with ``;``, anything nested deeper is JSON.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _plain(Decimal(repr(value)) if isinstance(value, float) else value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value):
        return ";".join(text for item in value if (text := as_text(item)) is not None) or None
    return orjson.dumps(value, default=str).decode()


def _plain(number: Decimal) -> str | None:
    if not number.is_finite():
        return None
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
