"""A file of companies as the companies of a sandbox.

``load("prospects.csv")`` reads CSV (comma, semicolon or tab), JSON Lines or a JSON array, each also
packed with gzip, and Parquet where pyarrow is installed. What a column means:

- A header that means a HubSpot property fills it (``sandbox/files/headers.py`` has the table); a
  web address fills ``website`` and ``domain``.
- Any other column becomes a custom property named after its header: number, date or true/false
  when every value is one, a multi-checkbox for lists, else text.
- What a property cannot hold is kept beside it as text and never bent: an industry that is none of
  HubSpot's, by value or label, goes to ``industry_text``, a head count of ``51-200`` to
  ``numberofemployees_text``. A portal has such fields too, and an ICP can be pointed at them.
- ``FILE.mapping.json`` beside the file, or ``mapping=``, overrules all of that by column
  (``sandbox/files/mapping.py``).

A line that cannot be read is left out and named in ``SeedData.problems``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.files.headers import property_name, well_known
from sandbox.files.mapping import Entry, read_mapping
from sandbox.files.rows import LoadError, read_rows
from sandbox.files.targets import LONGEST_VALUE, Company, DomainOf, Own, Target, known_target
from sandbox.hubspot.definitions import default_properties
from sandbox.seed_data import SeedData

__all__ = ["LoadError", "load"]

# What HubSpot keeps itself, except for the two times that a seed may set.
_SETTABLE: Final = frozenset({"createdate", "hs_lastmodifieddate"})
_SUFFIX: Final = ".mapping.json"


def load(path: str | Path, mapping: str | Path | None = None) -> SeedData:
    """Read the companies in the file at *path*.

    Args:
        path: the file; its kind follows from its name.
        mapping: what its columns mean; by default ``FILE.mapping.json`` or the same without the
            file's own suffixes, when there is one.

    Raises:
        LoadError: the file or the mapping as a whole cannot be used.
    """
    path = Path(path)
    rows = read_rows(path)
    beside = Path(mapping) if mapping else _mapping_beside(path)
    entries = read_mapping(beside, rows.columns) if beside else {}
    plan = _Plan(rows.columns, entries)
    data = SeedData(problems=rows.problems)
    for row, place in zip(rows.rows, rows.places, strict=True):
        company = plan.company(row, place, data.problems)
        if company:
            data.companies.append(company)
        else:
            data.problems.append(f"{place}: has no values; it is left out.")
    data.properties.extend(plan.properties(data.companies))
    return data


def _mapping_beside(path: Path) -> Path | None:
    stem = path.name.split(".")[0]
    for name in (f"{path.name}{_SUFFIX}", f"{stem}{_SUFFIX}"):
        if (path.parent / name).is_file():
            return path.parent / name
    return None


class _Plan:
    """Which targets each column fills, better columns first."""

    def __init__(self, columns: Sequence[str], entries: Mapping[str, tuple[Entry, ...]]) -> None:
        self._known = {
            body["name"]: body
            for body in default_properties("companies", "")
            if not body["modificationMetadata"]["readOnlyValue"] or body["name"] in _SETTABLE
        }
        self._all = {body["name"] for body in default_properties("companies", "")}
        self._steps: list[tuple[str, Entry | None, Target]] = []
        self._targets: dict[str, Target] = {}
        for column, column_entries in entries.items():
            for entry in column_entries:
                self._add(column, entry, entry.property, entry.label or _label(column))
        means = well_known([column for column in columns if column not in entries])
        for column in columns:
            if column not in entries:
                name = means.get(column)
                if name is None or name in self._targets:
                    name = self._free(property_name(column))
                self._add(column, None, name, _label(column))
        # Added last, because a column that holds domains is better than addresses.
        if "website" in self._targets:
            websites = [step for step in self._steps if step[2].name == "website"]
            self._steps += [(column, entry, DomainOf()) for column, entry, _ in websites]

    def company(self, row: Mapping[str, Any], place: str, problems: list[str]) -> Company:
        """The company of one row; what is too long for HubSpot is left out and reported."""
        company: Company = {}
        for column, entry, target in self._steps:
            value = row.get(column)
            if isinstance(value, str) and len(value) > LONGEST_VALUE:
                problem = (
                    f'{place}: column "{column}" holds {len(value):,} characters, and HubSpot '
                    f"takes {LONGEST_VALUE:,}; the value is left out."
                )
                if problem not in problems[-1:]:
                    problems.append(problem)
                continue
            target.put(value if entry is None else entry.apply(value), company)
        return company

    def properties(self, companies: Sequence[Company]) -> list[dict[str, Any]]:
        """Definitions of all that the portal does not have yet."""
        return [body for target in self._targets.values() for body in target.finish(companies)]

    def _add(self, column: str, entry: Entry | None, name: str, label: str) -> None:
        target = self._targets.get(name)
        if target is None:
            definition = self._known.get(name)
            if definition is not None:
                if entry is not None:
                    _refuse_options(column, entry, definition)
                target = known_target(definition)
            elif name in self._all or name.startswith("hs_"):
                raise LoadError(f'"{column}": property {name} is HubSpot\'s own and read-only.')
            else:
                target = Own(name, label, entry.type if entry else None)
            self._targets[name] = target
        self._steps.append((column, entry, target))

    def _free(self, name: str) -> str:
        """*name*, or the first like it that neither another column nor every portal has."""
        name = f"source_{name}" if name in self._all else name
        free, count = name, 1
        while free in self._targets:
            count += 1
            free = f"{name}_{count}"
        return free


def _refuse_options(column: str, entry: Entry, definition: Mapping[str, Any]) -> None:
    """A mapping to options that the property does not have is a mistake, not dirty data.

    Raises:
        LoadError: naming every such option.
    """
    offered = {option["value"] for option in definition["options"]}
    texts = [*entry.values.values(), entry.constant]
    wrong = sorted({text for text in texts if text is not None} - offered)
    if wrong and definition["fieldType"] in {"select", "radio"} and offered:
        raise LoadError(
            f'mapping of "{column}": {", ".join(wrong)}: not an option of {definition["name"]}.'
        )


def _label(column: str) -> str:
    text = column.strip(" _-")
    return text[:1].upper() + text[1:] if text else column
