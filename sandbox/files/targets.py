"""Where a column's values go: a HubSpot property that exists, or one declared for the column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from sandbox.files.headers import fold, fold_option
from sandbox.files.values import PLAIN_NUMBER, as_text, host, iso_date, joined, number
from sandbox.seeds.properties import property_body, with_more_options

Company = dict[str, str]

MOST_OPTIONS: Final = 500
"""A list with more different items than this is loaded as plain text."""
LONGEST_ITEM: Final = 60
LONGEST_VALUE: Final = 65_536
"""HubSpot refuses longer text, so a longer value is left out and reported."""
_LIST_SHARE: Final = 10
_LINE: Final = 200


class Target(Protocol):
    """One property that a column fills."""

    name: str

    def put(self, value: Any, company: Company) -> None:
        """Set the property of *company* from *value* of the file; nothing when it is empty."""

    def finish(self, companies: Iterable[Company]) -> list[dict[str, Any]]:
        """Once every row was put: settle the spelling, answer the definitions to declare."""


class _Beside:
    """The text property ``NAME_text`` that keeps what the property itself cannot hold."""

    def __init__(self, name: str, label: str) -> None:
        self.name = f"{name}_text"
        self._label = f"{label} (text)"
        self._used = False

    def put(self, text: str, company: Company) -> None:
        self._used = True
        company[self.name] = text

    def bodies(self) -> list[dict[str, Any]]:
        return [property_body(self.name, self._label)] if self._used else []


class Known:
    """A property that every portal has; what does not fit it is kept beside it as text."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.name = str(definition["name"])
        self._kind = definition["type"]
        self._options = _by_fold(definition["options"])
        self._beside = _Beside(self.name, str(definition["label"]))

    def put(self, value: Any, company: Company) -> None:
        """Set the property, or its text companion."""
        text = as_text(value)
        if not text:
            return
        fitting = self._fitting(text)
        if fitting is None:
            self._beside.put(text, company)
        else:
            company[self.name] = fitting

    def finish(self, companies: Iterable[Company]) -> list[dict[str, Any]]:
        """Declare the text companion if anything went there."""
        del companies  # spelled right as they were put
        return self._beside.bodies()

    def _fitting(self, text: str) -> str | None:
        if self._kind == "number":
            return number(text)
        if self._options:
            return self._options.get(fold_option(text))
        return text


class Technologies:
    """A multi-checkbox that every portal has and that takes further options."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.name = str(definition["name"])
        self._options = _by_fold(definition["options"])
        self._more: dict[str, None] = {}

    def put(self, value: Any, company: Company) -> None:
        """Set the property to the options that the items mean, new ones included."""
        text = as_text(value)
        parts = text.split(";") if ";" in text else text.split(",")
        values = [self._options.get(fold_option(part)) or fold(part) for part in parts]
        self._more.update(dict.fromkeys(filter(None, values)))
        if any(values):
            company[self.name] = joined(values)

    def finish(self, companies: Iterable[Company]) -> list[dict[str, Any]]:
        """Declare the property with the options it now needs."""
        del companies  # spelled right as they were put
        return [with_more_options(self.name, self._more)] if self._more else []


class DomainOf:
    """The domain, taken from a web address."""

    name = "domain"

    def put(self, value: Any, company: Company) -> None:
        """Set the domain, unless a better column has set it."""
        found = host(as_text(value))
        if found:
            company.setdefault(self.name, found)

    def finish(self, companies: Iterable[Company]) -> list[dict[str, Any]]:
        """Nothing to declare."""
        del companies  # spelled right as they were put
        return []


class Own:
    """A custom property declared for the column; its type follows from the values unless given."""

    def __init__(self, name: str, label: str, kind: str | None = None) -> None:
        self.name = name
        self._label = label
        self._kind = kind
        self._beside = _Beside(name, label)
        self._filled = self._listed = self._longest = 0
        self._could_be = {"number", "bool", "date"}
        self._lists = False
        self._items: dict[str, None] | None = {}

    def put(self, value: Any, company: Company) -> None:
        """Set the property, noting what its values have in common."""
        text = as_text(value)
        if not text:
            return
        if self._kind in {"number", "date"}:
            fitting = number(text) if self._kind == "number" else iso_date(text)
            if fitting is None:
                self._beside.put(text, company)
                return
            text = fitting
        company[self.name] = text
        self._lists = self._lists or isinstance(value, list)
        self._note(text)

    def finish(self, companies: Iterable[Company]) -> list[dict[str, Any]]:
        """Settle the type and declare the property."""
        kind = self._kind or self._inferred()
        if kind == "checkbox":
            self._respell(companies, lambda text: joined(text.split(";")))
        elif kind == "bool":
            self._respell(companies, str.lower)
        return [self._body(kind), *self._beside.bodies()]

    def _note(self, text: str) -> None:
        self._filled += 1
        self._longest = max(self._longest, len(text))
        plain = text.strip()
        if self._could_be and not PLAIN_NUMBER.fullmatch(plain):
            self._could_be.discard("number")
        if "bool" in self._could_be and plain.lower() not in {"true", "false"}:
            self._could_be.discard("bool")
        if "date" in self._could_be and (len(plain) != 10 or not iso_date(plain)):  # noqa: PLR2004 - 2026-11-24
            self._could_be.discard("date")
        if self._items is not None:
            parts = [part.strip() for part in text.split(";")]
            self._listed += len(parts) > 1
            self._items.update(dict.fromkeys(filter(None, parts)))
            # A declared choice keeps long options; a guess gives up and stays text.
            too_long = self._kind is None and max(map(len, parts)) > LONGEST_ITEM
            if len(self._items) > MOST_OPTIONS or too_long:
                self._items = None

    def _inferred(self) -> str:
        for kind in ("number", "bool", "date"):
            if self._filled and kind in self._could_be:
                return kind
        often = self._lists or self._listed * _LIST_SHARE >= self._filled > 0
        if self._items and often and self._listed:
            return "checkbox"
        return "string"

    def _respell(self, companies: Iterable[Company], spell: Any) -> None:
        for company in companies:
            if self.name in company:
                company[self.name] = spell(company[self.name])

    def _body(self, kind: str) -> dict[str, Any]:
        if kind in {"checkbox", "enumeration"} and self._items is not None:
            field_type = "checkbox" if kind == "checkbox" else "select"
            options = [(item, item) for item in self._items]
            return property_body(self.name, self._label, "enumeration", field_type, options=options)
        if kind == "bool":
            options = [("true", "True"), ("false", "False")]
            return property_body(self.name, self._label, "bool", "booleancheckbox", options=options)
        if kind in {"number", "date"}:
            return property_body(self.name, self._label, kind, kind)
        field_type = "textarea" if self._longest > _LINE else "text"
        return property_body(self.name, self._label, "string", field_type)


def known_target(definition: Mapping[str, Any]) -> Target:
    """The target for a property that every portal has."""
    if definition["fieldType"] == "checkbox" and not _fixed(definition):
        return Technologies(definition)
    return Known(definition)


def _fixed(definition: Mapping[str, Any]) -> bool:
    return bool(definition["modificationMetadata"]["readOnlyOptions"])


def _by_fold(options: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Folded value or label to option value."""
    found: dict[str, str] = {}
    for option in options:
        found.setdefault(fold_option(option["value"]), option["value"])
        found.setdefault(fold_option(option["label"]), option["value"])
    return found
