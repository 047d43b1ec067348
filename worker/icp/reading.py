"""What one value of one attribute means to a profile, looked up rather than worked out.

A CRM repeats itself: a few dozen countries, a few hundred industries, head counts that recur. What
a profile says about a value (its credits, its gaps, which tests it passes) is one :class:`Reading`.
There are few distinct readings per attribute, they are shared, and each text or value met is
remembered with the one it leads to. Judging an account is then one dictionary look-up and one
addition per attribute that is filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from worker.icp.conditions import ConditionBits
from worker.icp.ledger import Ledger, Totals
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


Step = tuple[int, int, int, int]
"""What a value changes, as the judge adds it.

Where the ledger's number differs from that of an unknown value; the points of the best criterion;
the points lost on the worst gap; the strength of the strongest trigger. The last three are ranked.
"""


class Reading(NamedTuple):
    """What some value of one attribute means; see the module's words."""

    totals: Totals
    step: Step


class Memo(dict[Key, Step]):
    """A bounded memory from texts or values to steps; what is new is read when asked for."""

    def __init__(self, read: Callable[[Key], Step]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: Key) -> Step:
        """Read what was not met before, and keep it unless it is long."""
        step = self._read(key)
        if not isinstance(key, str) or len(key) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[key] = step
        return step


def ranked(amount: int, place: int) -> int:
    """An amount that goes before an equal one of a later place."""
    return amount * _RANKS + _RANKS - 1 - place if amount else 0


def place_of(amount: int) -> int:
    """The place that an amount was ranked by."""
    return _RANKS - 1 - amount % _RANKS


def unranked(amount: int) -> int:
    """The amount alone."""
    return amount // _RANKS


class Reader:
    """Reads the values of one attribute for one profile on one day."""

    def __init__(
        self,
        attribute: Attribute,
        criteria: Sequence[tuple[int, Criterion]],
        triggers: Sequence[tuple[int, Trigger]],
        tests: Sequence[Comparison | IsKnown],
        bits: ConditionBits,
        as_of: date,
        ledger: Ledger,
    ) -> None:
        self.attribute = attribute
        self._ledger = ledger
        self._criteria = list(criteria)
        self._triggers = list(triggers)
        self._tests = [(bits.true(test), bits.unsure(test)) for test in tests]
        self._questions: list[CreditOf] = [
            *(item.predicate.at(as_of) for _, item in criteria),
            *(item.predicate.at(as_of) for _, item in triggers),
            *(
                test.predicate.at(as_of) if isinstance(test, Comparison) else _known
                for test in tests
            ),
        ]
        self._is_known = [isinstance(test, IsKnown) for test in tests]
        self._shared: dict[tuple[int | Undecided, ...], Reading] = {}
        self._shown: dict[Value, str] = {}
        silent = [ANYTHING] * (len(criteria) + len(triggers)) + [
            0 if is_known else ANYTHING for is_known in self._is_known
        ]
        self.unknown = self._totals(silent)
        self._unknown = ledger.pack(self.unknown)

    def read(self, value: Value | None) -> Totals:
        """Say what a value, or its absence, means to the profile."""
        return self.unknown if value is None else self._reading(value).totals

    def by_value(self) -> Memo[Value]:
        """Give the steps by typed value."""
        return Memo(lambda value: self._reading(value).step)

    def by_text(self, parse: Parser, unreadable: int) -> Memo[str]:
        """Give the steps by raw text; *unreadable* is the bit that text without sense sets."""
        silent: Step = (0, 0, 0, 0)
        senseless: Step = (self._ledger.pack(Totals(unreadable=unreadable)), 0, 0, 0)

        def read(raw: str) -> Step:
            value = parse(raw)
            if value is None:
                return silent
            return senseless if isinstance(value, Unreadable) else self._reading(value).step

        return Memo(read)

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

    def _reading(self, value: Value) -> Reading:
        answers = tuple([question(value) for question in self._questions])
        reading = self._shared.get(answers)
        if reading is None:
            if len(self._shared) >= REMEMBERED:
                self._shared.clear()
            reading = self._shared[answers] = self._work_out(answers)
        return reading

    def _work_out(self, answers: Sequence[int | Undecided]) -> Reading:
        gain = loss = seen = 0
        credits_ = iter(answers)
        for place, criterion in self._criteria:
            credit = next(credits_)
            if isinstance(credit, int):
                is_gap = credit < criterion.gap_below
                worth = ranked(criterion.weight * credit, place)
                gain = max(gain, worth if is_gap or not worth else worth + _FITS)
                if is_gap:
                    loss = max(loss, ranked(criterion.weight * (CREDIT - credit), place))
        for place, trigger in self._triggers:
            credit = next(credits_)
            if isinstance(credit, int):
                seen = max(seen, ranked(trigger.strength * credit, place))
        totals = self._totals(answers)
        return Reading(totals, (self._ledger.pack(totals) - self._unknown, gain, loss, seen))

    def _totals(self, answers: Sequence[int | Undecided]) -> Totals:
        known = earned = gaps = unknown = floor = ceiling = tests = 0
        for (place, criterion), credit in zip(self._criteria, answers, strict=False):
            bit, weight = 1 << place, criterion.weight
            if isinstance(credit, tuple):
                unknown |= bit
                floor += weight * credit[0]
                ceiling += weight * credit[1]
            else:
                known += weight
                earned += weight * credit
                gaps |= bit if credit < criterion.gap_below else 0
        asked = len(self._criteria) + len(self._triggers)
        for (true, unsure), credit in zip(self._tests, answers[asked:], strict=True):
            if isinstance(credit, tuple):
                tests |= unsure
            elif credit == CREDIT:
                tests |= true
        return Totals(known, earned, gaps, unknown, floor, ceiling, tests)


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


def readers(
    profile: Profile, bits: ConditionBits, as_of: date, ledger: Ledger
) -> Mapping[str, Reader]:
    """Build a reader for every attribute that the profile looks at, in a fixed order."""
    criteria: dict[str, list[tuple[int, Criterion]]] = {}
    for index, criterion in enumerate(in_order_of_weight(profile)):
        criteria.setdefault(criterion.attribute, []).append((index, criterion))
    triggers: dict[str, list[tuple[int, Trigger]]] = {}
    for index, trigger in enumerate(profile.triggers):
        triggers.setdefault(trigger.attribute, []).append((index, trigger))
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
            ledger,
        )
        for name in used
    }
