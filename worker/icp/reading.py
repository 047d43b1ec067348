"""What one value of one attribute means to a profile, looked up rather than worked out.

A CRM repeats itself: a few dozen countries, a few hundred industries, head counts that recur. What
a profile says about a value (its credits, its gaps, which tests it passes) is one :class:`Reading`.
There are few distinct readings per attribute, they are shared, and each text or value met is
remembered with the one it leads to. Judging an account is then one dictionary look-up per
attribute and a handful of additions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from worker.icp.conditions import ConditionBits
from worker.icp.predicates import ANYTHING, CREDIT, CreditOf, Undecided
from worker.icp.profile import Attribute, Comparison, Criterion, IsKnown, Profile, Trigger
from worker.icp.values import Unreadable, Value

Parser = Callable[[str], "Value | Unreadable | None"]
"""Raw CRM text to a value, to ``None`` when it says nothing, or to ``UNREADABLE``."""

REMEMBERED = 8_192
"""Distinct texts or values remembered per attribute before starting afresh: bounds memory."""

LONGEST_REMEMBERED = 256
"""Longer texts are read anew each time: they rarely repeat and would fill memory."""

_RANKS = 4_096
"""Room for the tie-break below the points of a gain or loss; more criteria than anyone writes."""

_FITS = 1 << 60
"""Added to the gain of a criterion that is no gap: what fits is named before what nearly does."""

_SHOWN = 60
"""Characters of a value that a reason shows."""

Key = TypeVar("Key", bound=Hashable)


class Reading:
    """What some value of one attribute contributes; see the module's words."""

    __slots__ = (
        "ceiling", "earned", "floor", "gain", "gain_by", "gaps", "known", "loss", "loss_by",
        "plain", "tests", "trigger", "trigger_by", "unknown", "unreadable",
    )  # fmt: skip

    def __init__(self) -> None:
        self.known = 0  # weight of the criteria the value settles
        self.earned = 0  # weight x credit of those
        self.gaps = 0  # criterion bits
        self.gain = 0  # points of the best criterion, with its rank below
        self.gain_by: Criterion | None = None
        self.loss = 0  # points lost on the worst gap, with its rank below
        self.loss_by: Criterion | None = None
        self.unknown = 0  # criterion bits left open
        self.floor = 0  # least those could earn
        self.ceiling = 0  # most those could earn
        self.tests = 0  # condition bits, see conditions.ConditionBits
        self.trigger = 0  # strength x credit of the strongest trigger seen
        self.trigger_by: Trigger | None = None
        self.unreadable = 0  # attribute bit
        self.plain = True  # nothing but known criteria: the common case, summed quickest


class Memo(dict[Key, Reading]):
    """A bounded memory from texts or values to readings."""

    def __init__(self, always: Mapping[Key, Reading]) -> None:
        super().__init__(always)
        self._always = dict(always)

    def remember(self, key: Key, reading: Reading) -> None:
        """Keep one more, starting afresh when full."""
        if isinstance(key, str) and len(key) > LONGEST_REMEMBERED:
            return
        if len(self) >= REMEMBERED:
            self.clear()
            self.update(self._always)
        self[key] = reading


class Reader:
    """Reads the values of one attribute for one profile on one day."""

    def __init__(
        self,
        attribute: Attribute,
        criteria: Sequence[tuple[int, Criterion]],
        triggers: Sequence[Trigger],
        tests: Sequence[Comparison | IsKnown],
        bits: ConditionBits,
        as_of: date,
        place: int,
    ) -> None:
        self.attribute = attribute
        self._criteria = [(1 << index, _RANKS - 1 - index, item) for index, item in criteria]
        self._triggers = list(triggers)
        self._tests = [(bits.true(test), bits.unsure(test)) for test in tests]
        self._questions: list[CreditOf] = [
            *(item.predicate.at(as_of) for _, item in criteria),
            *(item.predicate.at(as_of) for item in triggers),
            *(
                test.predicate.at(as_of) if isinstance(test, Comparison) else _known
                for test in tests
            ),
        ]
        self._is_known = [isinstance(test, IsKnown) for test in tests]
        self._place = 1 << place
        self._shared: dict[tuple[int | Undecided, ...], Reading] = {}
        self._shown: dict[Value, str] = {}
        silent = [ANYTHING] * (len(criteria) + len(triggers)) + [
            0 if is_known else ANYTHING for is_known in self._is_known
        ]
        self.unknown = self._work_out(silent)
        self.unreadable = self._work_out(silent)
        self.unreadable.unreadable = self._place
        self.unreadable.plain = False

    def read(self, value: Value | None) -> Reading:
        """Say what a value, or its absence, means to the profile."""
        if value is None:
            return self.unknown
        answers = tuple([question(value) for question in self._questions])
        reading = self._shared.get(answers)
        if reading is None:
            if len(self._shared) >= REMEMBERED:
                self._shared.clear()
            reading = self._shared[answers] = self._work_out(answers)
        return reading

    def by_value(self) -> tuple[Memo[Value | None], Callable[[Value | None], Reading]]:
        """Give the remembered readings by typed value, and what to call for a new one."""
        memo: Memo[Value | None] = Memo({None: self.unknown})

        def read(value: Value | None) -> Reading:
            reading = self.read(value)
            memo.remember(value, reading)
            return reading

        return memo, read

    def by_text(self, parse: Parser) -> tuple[Memo[str | None], Callable[[str | None], Reading]]:
        """Give the remembered readings by raw text, and what to call for a new one."""
        memo: Memo[str | None] = Memo({None: self.unknown, "": self.unknown})

        def read(raw: str | None) -> Reading:
            value = parse(raw or "")
            reading = self.unreadable if isinstance(value, Unreadable) else self.read(value)
            memo.remember(raw, reading)
            return reading

        return memo, read

    def show_value(self, value: Value | None) -> str:
        """Name a value for people, shortened and free of control characters."""
        if value is None:
            return ""
        shown = self._shown.get(value)
        if shown is None:
            if len(self._shown) >= REMEMBERED:
                self._shown.clear()
            shown = self._shown[value] = self._show(value)
        return shown

    def _show(self, value: Value) -> str:
        text = " ".join(self.attribute.show(value).split())
        if not text.isprintable():
            text = "".join(character for character in text if character.isprintable())
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def show_text(self, parse: Parser) -> Callable[[str | None], str]:
        """Give a function that names what a raw text says."""
        seen: dict[str, str] = {}

        def show(raw: str | None) -> str:
            if not raw:
                return ""
            text = seen.get(raw)
            if text is None:
                value = parse(raw)
                text = "" if isinstance(value, Unreadable) else self.show_value(value)
                if len(raw) <= LONGEST_REMEMBERED:
                    if len(seen) >= REMEMBERED:
                        seen.clear()
                    seen[raw] = text
            return text

        return show

    def _work_out(self, answers: Sequence[int | Undecided]) -> Reading:
        reading = Reading()
        ask = iter(answers)
        for bit, rank, criterion in self._criteria:
            self._add_criterion(reading, bit, rank, criterion, next(ask))
        for trigger in self._triggers:
            credit = next(ask)
            if isinstance(credit, int) and trigger.strength * credit > reading.trigger:
                reading.trigger, reading.trigger_by = trigger.strength * credit, trigger
        for true, unsure in self._tests:
            credit = next(ask)
            if isinstance(credit, tuple):
                reading.tests |= unsure
            elif credit == CREDIT:
                reading.tests |= true
        reading.plain = not (reading.unknown or reading.tests or reading.trigger)
        return reading

    def _add_criterion(
        self, reading: Reading, bit: int, rank: int, criterion: Criterion, credit: int | Undecided
    ) -> None:
        weight = criterion.weight
        if isinstance(credit, tuple):
            reading.unknown |= bit
            reading.floor += weight * credit[0]
            reading.ceiling += weight * credit[1]
            return
        reading.known += weight
        reading.earned += weight * credit
        is_gap = credit < criterion.gap_below
        gain = weight * credit * _RANKS + rank + (0 if is_gap else _FITS)
        if credit and gain > reading.gain:
            reading.gain, reading.gain_by = gain, criterion
        if is_gap:
            reading.gaps |= bit
            loss = weight * (CREDIT - credit) * _RANKS + rank
            if loss > reading.loss:
                reading.loss, reading.loss_by = loss, criterion


def _known(_value: Value) -> int:
    return CREDIT


def in_order_of_weight(profile: Profile) -> list[Criterion]:
    """A profile's criteria, those that could move the tier most first.

    What some tier requires can decide a tier alone and comes first, then the heavier attribute
    before the lighter, then by attribute and criterion id: the order of gaps and missing inputs.
    """
    required = frozenset().union(*(tier.requires for tier in profile.tiers))
    weights: dict[str, int] = {}
    deciding: set[str] = set()
    for item in profile.criteria:
        weights[item.attribute] = weights.get(item.attribute, 0) + item.weight
        if item.id in required:
            deciding.add(item.attribute)
    return sorted(
        profile.criteria,
        key=lambda item: (
            item.attribute not in deciding,
            -weights[item.attribute],
            item.attribute,
            item.id,
        ),
    )


def readers(profile: Profile, bits: ConditionBits, as_of: date) -> Mapping[str, Reader]:
    """Build a reader for every attribute that the profile looks at, in a fixed order."""
    criteria: dict[str, list[tuple[int, Criterion]]] = {}
    for index, criterion in enumerate(in_order_of_weight(profile)):
        criteria.setdefault(criterion.attribute, []).append((index, criterion))
    triggers: dict[str, list[Trigger]] = {}
    for trigger in profile.triggers:
        triggers.setdefault(trigger.attribute, []).append(trigger)
    tests = bits.by_attribute()
    used = dict.fromkeys([*criteria, *triggers, *tests])
    return {
        name: Reader(
            profile.attributes[name],
            criteria.get(name, ()),
            triggers.get(name, ()),
            tests.get(name, ()),
            bits,
            as_of,
            place,
        )
        for place, name in enumerate(used)
    }
