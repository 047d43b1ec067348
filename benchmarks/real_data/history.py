"""Eight weeks of a company list, rewound to their first day and told again day by day.

The list shows how things stood at the end; the log of changes says what changed on which day. Going
back through the log gives the list of the first day, going forward again gives every day between.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.real_data import beside
from sandbox.loading import load
from sandbox.seed_data import SeedData

Row = dict[str, Any]
Company = dict[str, str]

LIST: Final = "companies.json.gz"
LOG: Final = "changes.csv"
MAPPING: Final = "yc_companies.mapping.json"
_RECORD: Final = "(record)"  # the field under which the log says that a company came or went
_LISTS: Final = {"tags", "regions", "former_names", "industries", "tags_highlighted"}


@dataclass(frozen=True, slots=True)
class Day:
    """What one day did: companies by key as they were after it; ``None`` where one went away."""

    date: date
    edits: int  # lines of the log
    after: Mapping[str, Company | None]


@dataclass(frozen=True, slots=True)
class History:
    """The list of the first day, ready for a simulator, and the days that followed."""

    seed: SeedData
    keys: Sequence[str]  # of the seed's companies, in their order
    days: Sequence[Day]


def read_history(folder: Path, scratch: Path) -> History:
    """Read the list and its log, both turned into HubSpot properties by the simulator's loader.

    Args:
        folder: holds the list and the log.
        scratch: where to put one file of every version of every company, for the loader.

    Raises:
        OSError: the data is not there.
    """
    rows: dict[str, Row] = {
        str(row["id"]): row for row in orjson.loads(gzip.decompress((folder / LIST).read_bytes()))
    }
    with (folder / LOG).open(encoding="utf-8", newline="") as file:
        log = list(csv.DictReader(file))
    told = [(day, list(lines)) for day, lines in groupby(log, lambda line: line["date"])]
    versions: list[tuple[str, int, dict[str, Row | None]]] = []
    for day, lines in reversed(told):
        touched = dict.fromkeys(line["id"] for line in lines)
        versions.append((day, len(lines), {key: _copy(rows.get(key)) for key in touched}))
        for line in reversed(lines):
            _undo(rows, line)
    versions.reverse()
    return _loaded(rows, versions, scratch)


def _undo(rows: dict[str, Row], line: Mapping[str, str]) -> None:
    key, field = line["id"], line["field"]
    if field == _RECORD and line["new"] == "added":
        rows.pop(key, None)
    elif field == _RECORD:
        # of the few that are gone for good, the log holds a name and nothing else
        rows.setdefault(key, {"id": int(key), "name": line["slug"]})
    elif key in rows:
        rows[key][field] = _value(field, line["old"])


def _value(field: str, text: str) -> Any:
    """A value of the log as the list has it: the log writes lists with ``; `` and True as text."""
    if field in _LISTS:
        return [part for part in text.split("; ") if part]
    if text in {"True", "False"}:
        return text == "True"
    return int(text) if field == "team_size" and text else text or None


def _copy(row: Row | None) -> Row | None:
    return None if row is None else dict(row)


def _loaded(
    rows: Mapping[str, Row],
    versions: Sequence[tuple[str, int, Mapping[str, Row | None]]],
    scratch: Path,
) -> History:
    """Load every version as a company of one file, so that all share one set of properties."""
    later = [row for _, _, after in versions for row in after.values() if row is not None]
    path = scratch / "every-version.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, [*rows.values(), *later])) + b"\n")
    data = load(path, beside(MAPPING))
    companies = iter(data.companies[len(rows) :])
    days = [
        Day(
            date.fromisoformat(day),
            edits,
            {key: None if row is None else next(companies) for key, row in after.items()},
        )
        for day, edits, after in versions
    ]
    seed = SeedData(properties=data.properties, companies=data.companies[: len(rows)])
    return History(seed, list(rows), days)
