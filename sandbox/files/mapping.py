"""The optional JSON beside a file that says what its columns mean.

``{column: entry}``, where an entry is ``null`` (leave the column out), an object, or a list of
objects (the column fills several properties). In an object:

``property``  the HubSpot property to fill; the only key that must be there
``type``      for a new property: string, number, date, bool, enumeration or checkbox
``label``     its label
``values``    what a value of the file becomes: ``{"Software": "COMPUTER_SOFTWARE", "Other": null}``
``unlisted``  ``keep`` (the default) or ``drop`` values that ``values`` does not list
``split``     the text between the items of a list
``constant``  the same text for every company; such an entry's column need not exist
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from sandbox.files.headers import property_name
from sandbox.files.rows import LoadError
from sandbox.files.values import as_text, joined

TYPES: Final = ("string", "number", "date", "bool", "enumeration", "checkbox")
_KEYS: Final = {"property", "type", "label", "values", "unlisted", "split", "constant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What becomes of one column."""

    property: str
    type: str | None = None
    label: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)
    drop_unlisted: bool = False
    split: str | None = None
    constant: str | None = None

    def apply(self, value: Any) -> Any:
        """The value of the file as the mapping wants it; ``None`` where it is to be dropped."""
        if self.constant is not None:
            return self.constant
        if self.split and isinstance(value, str):
            value = [part.strip() for part in value.split(self.split)]
        if not isinstance(value, list):
            return self._one(as_text(value)) if self.values else value
        items = [self._one(as_text(item)) for item in value] if self.values else value
        if self.type in {None, "checkbox"} and not self.drop_unlisted:
            return items
        if self.type == "checkbox":
            return joined(filter(None, items))
        # One value is wanted of several: the first that means anything.
        return next((item for item in items if item), None)

    def _one(self, text: str) -> str | None:
        if text in self.values:
            return self.values[text]
        return None if self.drop_unlisted else text


def read_mapping(path: Path, columns: Sequence[str]) -> dict[str, tuple[Entry, ...]]:
    """Read the mapping at *path* for a file with these *columns*.

    Raises:
        LoadError: unreadable, or wrong somewhere: every mistake is in the message.
    """
    try:
        raw = orjson.loads(path.read_bytes())
    except OSError as error:
        raise LoadError(f"{path}: cannot be read ({error.strerror}).") from None
    except orjson.JSONDecodeError as error:
        raise LoadError(f"{path}:{error.lineno}: is not JSON at character {error.colno}.") from None
    if not isinstance(raw, dict):
        raise LoadError(f"{path}: must be one JSON object, from column to what becomes of it.")
    wrong: list[str] = []
    mapping = {column: _entries(column, spec, columns, wrong) for column, spec in raw.items()}
    if wrong:
        raise LoadError("\n".join(f"{path}: {problem}" for problem in wrong))
    return mapping


def _entries(
    column: str, spec: object, columns: Sequence[str], wrong: list[str]
) -> tuple[Entry, ...]:
    specs = [] if spec is None else spec if isinstance(spec, list) else [spec]
    constant = bool(specs) and all(isinstance(item, dict) and "constant" in item for item in specs)
    if column not in columns and not constant:
        wrong.append(f'"{column}": the file has no such column. It has: {", ".join(columns)}.')
    found: list[Entry] = []
    for item in specs:
        problems = list(_problems(item))
        wrong += [f'"{column}": {problem}' for problem in problems]
        if not problems:
            found.append(_entry(item))
    return tuple(found)


def _entry(item: Any) -> Entry:
    return Entry(
        property=item["property"],
        type=item.get("type"),
        label=item.get("label"),
        values=item.get("values", {}),
        drop_unlisted=item.get("unlisted") == "drop",
        split=item.get("split"),
        constant=item.get("constant"),
    )


def _problems(item: object) -> Iterable[str]:
    if not isinstance(item, dict):
        yield "an entry is an object with at least a property, a list of such objects, or null."
        return
    unknown = sorted(item.keys() - _KEYS)
    if unknown:
        yield f"unknown {', '.join(unknown)}. An entry takes {', '.join(sorted(_KEYS))}."
    name = item.get("property")
    if not isinstance(name, str) or (property_name(name) != name and not name.startswith("hs_")):
        yield "property must be a HubSpot name: lower-case letters, digits and underscores."
    if item.get("type", "string") not in TYPES:
        yield f"type must be one of {', '.join(TYPES)}."
    if item.get("unlisted", "keep") not in ("keep", "drop"):
        yield "unlisted must be keep or drop."
    for key in ("label", "split", "constant"):
        if key in item and (not isinstance(item[key], str) or not item[key]):
            yield f"{key} must be text."
    values = item.get("values", {})
    if not isinstance(values, dict) or not all(
        v is None or isinstance(v, str) for v in values.values()
    ):
        yield "values must be an object from the file's text to an option, or null for none."
