"""How a field's value reads on the page: labels for codes, grouped digits, visible oddities."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sandbox.web.source import Definition

# Pictures of the control characters, so that a name that holds a BEL shows that it does.
_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_PICTURES[0x7F] = "␡"
_JOINERS: Final = "\u200c\u200d"  # parts of emoji and of some scripts
_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Pill:
    """A coloured label of a tier; *tone* is one of the stylesheet's."""

    text: str
    tone: str


def visible(text: str) -> str:
    """*text* with invisible characters made visible: they could hide parts or turn them around."""
    if text.isprintable():
        return text
    shown = text.translate(_PICTURES)
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in {"Cf", "Cc", "Co", "Cs"}
        and char not in f"{_JOINERS}\t\n\r"
        else char
        for char in shown
    )


class Shower:
    """Shows values of one object type, by the definitions that hold at the time of the request."""

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        owners: Mapping[str, str],
        codes: frozenset[str] = frozenset(),
    ) -> None:
        """Take the CRM's definitions and owners; *codes* are texts that hold ids with ``;``."""
        self.definitions = definitions
        self._codes = codes
        self._labels: dict[str, dict[str, str]] = {}
        self._owners = owners

    def label(self, name: str) -> str:
        """What the CRM calls field *name*."""
        definition = self.definitions.get(name)
        return definition.label if definition else name

    def options(self, name: str) -> dict[str, str]:
        """Option value to label, in the CRM's order."""
        found = self._labels.get(name)
        if found is None:
            definition = self.definitions.get(name)
            choices = definition.choices if definition else ()
            found = self._labels[name] = {choice.value: choice.label for choice in choices}
        return found

    def text(self, name: str, value: str | None) -> str:
        """*value* of field *name* as people read it; ``""`` for none."""
        if not value:
            return ""
        if name in self._codes:
            return visible(value.replace("_", " ").replace(";", ", "))
        definition = self.definitions.get(name)
        match definition.kind if definition else "text":
            case "owner":
                return visible(self._owners.get(value, value))
            case "moment":
                return moment(value)
            case "number":
                return grouped(value)
            case "choice":
                labels = self.options(name)
                parts = (labels.get(part, part) for part in value.split(";") if part)
                return visible(", ".join(parts))
            case _:
                return visible(value)


def grouped(value: str) -> str:
    """A number with its thousands apart; anything else as it is."""
    whole, point, rest = value.partition(".")
    digits = whole.removeprefix("-")
    if not digits.isdecimal() or (point and not rest.isdecimal()):
        return visible(value)
    rest = rest.rstrip("0")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(digits):,}{'.' + rest if rest else ''}"


def compact(value: str) -> str:
    """A large amount in three digits: ``36900000`` is shown as ``36.9M``."""
    try:
        amount = float(value)
    except ValueError:
        return visible(value)
    for unit in ("", "K", "M", "B"):
        if abs(amount) < _THOUSAND or unit == "B":
            return f"{amount:.3g}{unit}" if abs(amount) < _THOUSAND else f"{amount:,.0f}{unit}"
        amount /= _THOUSAND
    raise AssertionError("the last unit always answers")


def moment(value: str) -> str:
    """An ISO datetime as ``2026-11-24 16:50``, in UTC."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return visible(value)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


RESERVED_TONES: Final = {
    "disqualified": "stop",
    "needs_data": "data",
    "out_of_scope": "out",
    "not_icp": "no",
}


def tones(options: Iterable[str]) -> dict[str, str]:
    """Tier id to tone: the tiers in their order, then the outcomes that are not tiers."""
    found: dict[str, str] = {}
    rank = 0
    for value in options:
        if value in RESERVED_TONES:
            found[value] = RESERVED_TONES[value]
        else:
            rank += 1
            found[value] = f"tier{min(rank, 4)}"
    return found
