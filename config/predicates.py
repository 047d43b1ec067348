"""What the keys beside an attribute mean together: exactly one *shape* per statement.

A shape is what the judge compiles. :func:`read_shape` makes it from the keys, or lists everything
that is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import re2

from config.conditions import AtLeastOf, PredicateFields
from config.problems import did_you_mean, listed
from config.shapes import (
    Adjacent,
    Bands,
    Is,
    Known,
    LaterThan,
    ListHas,
    ListLacks,
    Matches,
    Mentions,
    NotIn,
    NumberBand,
    NumberRange,
    OlderThan,
    OneOf,
    Ordered,
    Scale,
    Shape,
    Upcoming,
    Within,
)
from config.vocabularies import group_names

FAMILY = "family"
GROUP = "group:"

Members: TypeAlias = Callable[[str], tuple[str, ...] | None]
"""Look up a group's values by its name; ``None`` when there is no such group."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one key of a statement."""

    key: str
    message: str
    remedy: str


# Keys that together make one shape; a statement uses one row, and at least one key before the bar.
_ROWS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"between"}), frozenset({"fades_to"})),
    (frozenset({"at_least", "at_most", "below", "above"}), frozenset({"fades_to"})),
    (frozenset({"bands"}), frozenset()),
    (frozenset({"one_of"}), frozenset({"adjacent"})),
    (frozenset({"not_in"}), frozenset()),
    (frozenset({"any_of"}), frozenset()),
    (frozenset({"all_of"}), frozenset()),
    (frozenset({"none_of"}), frozenset()),
    (frozenset({"within", "half_life"}), frozenset()),
    (frozenset({"older_than"}), frozenset()),
    (frozenset({"later_than"}), frozenset()),
    (frozenset({"upcoming"}), frozenset()),
    (frozenset({"is"}), frozenset()),
    (frozenset({"scale"}), frozenset()),
    (frozenset({"mentions"}), frozenset()),
    (frozenset({"matches"}), frozenset()),
    (frozenset({"known"}), frozenset()),
    (frozenset({"unknown"}), frozenset()),
)
_ORDER = (
    *(field.alias or name for name, field in PredicateFields.model_fields.items()),
    "known",
    "unknown",
)


def written_keys(fields: PredicateFields) -> tuple[str, ...]:
    """Return the predicate keys that *fields* uses, in the order of the reference."""
    written = {
        field.alias or name
        for name, field in type(fields).model_fields.items()
        if getattr(fields, name) is not None
    }
    return tuple(key for key in _ORDER if key in written)


def read_shape(fields: PredicateFields, members: Members) -> tuple[Shape | None, list[Finding]]:
    """Make the one shape that *fields* describe, or say all that is wrong with them."""
    keys = written_keys(fields)
    if misfit := _misfit(keys):
        return None, [misfit]
    return _Builder(fields, members, []).build(keys)


def _misfit(keys: tuple[str, ...]) -> Finding | None:
    """Say why *keys* do not make one statement."""
    if not keys:
        return Finding("", "nothing is said about the attribute.", "Add between, one_of, is, ...")
    used = frozenset(keys)
    if any(used & main and used <= main | extra for main, extra in _ROWS):
        return None
    mains = [key for key in keys if any(key in main for main, _ in _ROWS)]
    if not mains:
        needs = next(main for main, extra in _ROWS if keys[0] in extra)
        if keys[0] == "fades_to":
            needs = needs | {"at_least", "at_most"}
        return Finding(keys[0], "it stands alone.", f"Add {listed(sorted(needs))}.")
    return Finding(
        keys[-1],
        f"{', '.join(keys)} cannot stand together.",
        "Say one thing per statement; a condition combines several under all: or any:.",
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds the shape of keys that fit together, noting what is wrong with their values."""

    fields: PredicateFields
    members: Members
    findings: list[Finding]

    def build(self, keys: tuple[str, ...]) -> tuple[Shape | None, list[Finding]]:
        shape = self._shape(keys[0])
        return (None if self.findings else shape), self.findings

    def _shape(self, key: str) -> Shape:
        fields = self.fields
        if isinstance(fields.at_least, AtLeastOf):
            return self._list_has(fields.at_least)
        made: dict[str, Callable[[], Shape]] = {
            "one_of": self._one_of,
            "not_in": lambda: NotIn(self._expand("not_in", fields.not_in or ())),
            "any_of": lambda: ListHas(self._expand("any_of", fields.any_of or ()), 1),
            "all_of": self._all_of,
            "none_of": lambda: ListLacks(self._expand("none_of", fields.none_of or ())),
            "bands": self._bands,
            "within": lambda: Within(fields.within, fields.half_life),
            "half_life": lambda: Within(None, fields.half_life),
            "older_than": lambda: OlderThan(fields.older_than or 0),
            "later_than": lambda: LaterThan(fields.later_than or 0),
            "upcoming": lambda: Upcoming(fields.upcoming or 0),
            "is": lambda: Is(bool(fields.is_)),
            "scale": lambda: Scale(fields.scale or 0),
            "mentions": lambda: Mentions(fields.mentions or ()),
            "matches": lambda: self._matches(fields.matches or ""),
            "known": lambda: Known(value=True),
            "unknown": lambda: Known(value=False),
        }
        return made[key]() if key in made else self._ordered() or self._range()

    def _list_has(self, wanted: AtLeastOf) -> ListHas:
        fields = self.fields
        if {fields.at_most, fields.below, fields.above, fields.fades_to} != {None}:
            self._add("at_least", "a list cannot be compared with a number.", "Drop the rest.")
        return ListHas(self._expand("at_least", wanted.values), wanted.count)

    def _all_of(self) -> ListHas:
        values = self._expand("all_of", self.fields.all_of or ())
        return ListHas(values, len(values))

    def _one_of(self) -> OneOf:
        values = self._expand("one_of", self.fields.one_of or ())
        return OneOf(values, self._adjacent(values))

    def _range(self) -> NumberRange:
        fields = self.fields
        low, high = fields.between or (None, None)
        if isinstance(fields.at_least, int | float):
            low = fields.at_least
        if isinstance(fields.at_most, int | float):
            high = fields.at_most
        low = fields.above if fields.above is not None else low
        high = fields.below if fields.below is not None else high
        open_ended = {fields.above, fields.below} != {None}
        if open_ended and {fields.at_least, fields.at_most} != {None}:
            self._add("above" if fields.above is not None else "below",
                      "one bound is included and the other is not.",
                      "Use at_least with at_most, or above with below.")  # fmt: skip
        if low is not None and high is not None:
            key = written_keys(fields)[0]
            if low > high:
                self._add(key, f"lower bound {low} is above upper bound {high}.", "Swap them.")
            elif low == high and open_ended:
                self._add(key, f"no number lies between {low} and {high}.", "Widen the range.")
        fade_low, fade_high = self._fades(low, high)
        return NumberRange(
            low=low,
            high=high,
            fade_low=fade_low,
            fade_high=fade_high,
            excludes_bounds=open_ended,
        )

    def _fades(
        self, low: float | None, high: float | None
    ) -> tuple[int | float | None, int | float | None]:
        fade = self.fields.fades_to
        if fade is None:
            return None, None
        both = low is not None and high is not None
        if both != (len(fade) > 1):
            self._add(
                "fades_to",
                f"{'two edges are' if both else 'one edge is'} wanted, as the range has "
                f"{'two bounds' if both else 'one bound'}.",
                "Write fades_to: [100, 2000]." if both else "Write fades_to: 100.",
            )
            return None, None
        fade_low = fade[0] if low is not None else None
        fade_high = fade[-1] if high is not None else None
        if low is not None and fade_low is not None and fade_low > low:
            self._add("fades_to", f"edge {fade_low} is inside the range, above {low}.",
                      f"Use an edge below {low}.")  # fmt: skip
        if high is not None and fade_high is not None and fade_high < high:
            self._add("fades_to", f"edge {fade_high} is inside the range, below {high}.",
                      f"Use an edge above {high}.")  # fmt: skip
        fade_low = None if fade_low == low else fade_low
        fade_high = None if fade_high == high else fade_high
        if fade_low is None and fade_high is None:
            self._add("fades_to", "both edges equal the bounds, so nothing fades.",
                      "Widen it or leave it out.")  # fmt: skip
        return fade_low, fade_high

    def _bands(self) -> Bands:
        found = [NumberBand(band.low, band.high, band.credit) for band in self.fields.bands or ()]
        for band in found:
            if band.low is not None and band.high is not None and band.low >= band.high:
                self._add(
                    "bands",
                    f"no number is from {band.low} up to but without {band.high}.",
                    "Let to: be above from:.",
                )
        if not any(band.credit for band in found):
            self._add("bands", "no band earns anything.", "Give one a credit above 0.")
        lowest = float("-inf")
        found.sort(key=lambda band: lowest if band.low is None else band.low)
        for band, following in pairwise(found):
            if band.high is None or following.low is None or band.high > following.low:
                self._add(
                    "bands",
                    f"the bands from {_end(band.low)} and from {_end(following.low)} overlap.",
                    "Let each begin where the one before ends.",
                )
        return Bands(tuple(found))

    def _ordered(self) -> Ordered | None:
        at_least, at_most = self.fields.at_least, self.fields.at_most
        steps = [value for value in (at_least, at_most) if isinstance(value, str)]
        if not steps:
            return None
        numeric = {self.fields.below, self.fields.above, self.fields.fades_to} != {None}
        if numeric or any(isinstance(value, int | float) for value in (at_least, at_most)):
            self._add("at_least", "a stage and a number are mixed.", "Use one kind of bound.")
        return Ordered(
            at_least if isinstance(at_least, str) else None,
            at_most if isinstance(at_most, str) else None,
        )

    def _adjacent(self, matching: tuple[str, ...]) -> Adjacent | None:
        written = self.fields.adjacent
        if written is None:
            return None
        values: list[tuple[str, float]] = []
        groups: list[tuple[tuple[str, ...], float]] = []
        for name, credit in written.items():
            if name.startswith(GROUP):
                groups.append((self._expand("adjacent", (name,)), credit))
            elif name in matching:
                self._add("adjacent", f'"{name}" is a full match already.', "Take it out of one.")
            elif name != FAMILY:
                values.append((name, credit))
        return Adjacent(tuple(values), tuple(groups), written.get(FAMILY))

    def _expand(self, key: str, values: tuple[str, ...]) -> tuple[str, ...]:
        expanded: list[str] = []
        for value in values:
            if not value.startswith(GROUP):
                expanded.append(value)
                continue
            found = self.members(value.removeprefix(GROUP))
            if found is None:
                group = value.removeprefix(GROUP)
                self._add(
                    key,
                    f'there is no group "{group}".',
                    did_you_mean(group, group_names())
                    or f"Define it: groups: {{{group}: [a, b]}}.",
                )
            expanded.extend(found or ())
        return tuple(dict.fromkeys(expanded))

    def _matches(self, pattern: str) -> Matches:
        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(pattern, options)
        except re2.error as error:
            reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
            self._add("matches", f"the regular expression is not valid: {reason}.",
                      "RE2 syntax has no look-around and no back references.")  # fmt: skip
        return Matches(pattern)

    def _add(self, key: str, message: str, remedy: str) -> None:
        self.findings.append(Finding(key, message, remedy))


def _end(bound: float | None) -> str:
    return "any number" if bound is None else str(bound)
