"""Judging: a pure function of (profile, attributes, day, standing).

``Judge`` is a profile compiled for one day. Same inputs, same bytes, on any machine: no clock, no
random numbers, no floating-point sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any as Anything

from worker.icp.assessment import Assessment
from worker.icp.conditions import ConditionBits, Conditions
from worker.icp.predicates import CREDIT
from worker.icp.profile import DISQUALIFIED, NEEDS_DATA, OUT_OF_SCOPE, Profile, Standing
from worker.icp.reading import Parser, Reader, Reading, in_order_of_weight, readers
from worker.icp.reasons import Evidence, Reasons
from worker.icp.tiers import TierRules
from worker.icp.values import Unreadable, Value

TRIGGER_UNIT = CREDIT // 100
"""Strength times credit comes in ten-thousandths; strengths are kept in hundredths."""

_Input = tuple[
    str, Callable[[Anything], "Reading | None"], Callable[[Anything], Reading], Callable[..., str]
]
"""A field's key, its remembered readings, what reads a new text or value, what names one."""


class Judge:
    """A profile compiled for one day; judges accounts given as typed attributes."""

    def __init__(self, profile: Profile, as_of: date) -> None:
        self.profile = profile
        self.as_of = as_of
        conditions = [item.when for item in profile.disqualifiers]
        if profile.segment is not None:
            conditions.append(profile.segment)
        self.bits = ConditionBits(conditions)
        self.readers = readers(profile, self.bits, as_of)
        self.attributes = tuple(self.readers)
        ranked = in_order_of_weight(profile)
        self.criterion_bits = {item.id: 1 << place for place, item in enumerate(ranked)}
        self.conditions = Conditions(self.bits, profile.segment, profile.disqualifiers)
        self.tiers = TierRules(
            profile.tiers, profile.rules, profile.hysteresis, self.criterion_bits
        )
        self._gap_names = _Names([item.id for item in ranked])
        self._missing = _Names([item.attribute for item in ranked])
        self._reasons = Reasons(profile, self.bits)
        self._total = sum(criterion.weight for criterion in profile.criteria)
        self._min_known = profile.min_coverage * self._total
        self._inputs = tuple(
            (name, *_recall(*reader.by_value()), reader.show_value)
            for name, reader in self.readers.items()
        )

    def judge(
        self,
        values: Mapping[str, Value],
        standing: Standing | None = None,
        stale: Sequence[str] = (),
    ) -> Assessment:
        """Judge an account given as attribute values; an absent attribute is unknown."""
        return self._judge(values.get, self._inputs, standing, stale)

    def bind(self, sources: Mapping[str, tuple[str, Parser]]) -> BoundJudge:
        """Make a judge of raw records: *sources* names each attribute's field and parser.

        An attribute without a source is unknown for every account.
        """
        return BoundJudge(self, sources)

    def _judge(
        self,
        get: Callable[[str], Anything],
        inputs: Sequence[_Input],
        standing: Standing | None,
        stale: Sequence[str],
    ) -> Assessment:
        known = earned = gaps = gain = loss = 0
        unknown = floor = ceiling = tests = trigger = unreadable = 0
        best = worst = seen = None
        for key, recall, read, show in inputs:
            raw = get(key)
            reading = recall(raw) or read(raw)
            known += reading.known
            earned += reading.earned
            if reading.gain > gain:
                gain = reading.gain
                best = reading.gain_by, show, raw
            if reading.loss:
                gaps |= reading.gaps
                if reading.loss > loss:
                    loss = reading.loss
                    worst = reading.loss_by, show, raw
            if reading.plain:
                continue
            unknown |= reading.unknown
            floor += reading.floor
            ceiling += reading.ceiling
            tests |= reading.tests
            unreadable |= reading.unreadable
            if reading.trigger > trigger:
                trigger = reading.trigger
                seen = reading.trigger_by, show, raw

        verdict = self.conditions.verdict(tests)
        total = self._total
        coverage = 100 * known // total
        strength = trigger // TRIGGER_UNIT
        not_read = self._name_unreadable(unreadable) if unreadable else ()
        if not verdict.in_scope:
            reason = self._reasons.out_of_scope(tests, self._shown(get, inputs))
            return Assessment(
                OUT_OF_SCOPE, None, coverage, (), (), (), 0, None, 0, 0, reason, not_read, ()
            )
        missing = self._missing.of(unknown) if unknown else ()
        if verdict.missing:
            missing = (*verdict.missing, *(name for name in missing if name not in verdict.missing))
        score = (2 * earned + known) // (2 * known) if known else None
        low = (2 * (earned + floor) + total) // (2 * total)
        high = (2 * (earned + ceiling) + total) // (2 * total)
        if verdict.fired:
            tier = DISQUALIFIED
        elif score is None or 100 * known < self._min_known:
            tier = NEEDS_DATA
            score = None
        else:
            tier = self.tiers.place(
                standing, score, gaps, unknown, coverage, strength, undecided=verdict.undecided
            )
        reason = self._reasons.line(
            tier,
            Evidence(
                verdict.fired, gaps, unknown, best, worst, seen, missing, coverage, low, high, stale
            ),
        )
        return Assessment(
            tier,
            score,
            coverage,
            verdict.fired,
            self._gap_names.of(gaps) if gaps else (),
            missing,
            strength,
            None if score is None else self._priority(score, strength),
            low,
            high,
            reason,
            not_read,
            tuple(stale),
        )

    def place_with(
        self,
        values: Mapping[str, Value],
        attribute: str,
        credit: int,
        standing: Standing | None = None,
    ) -> str:
        """The tier an account would be in if one unknown attribute turned out to earn *credit*.

        Disqualifiers are left as they are: only the criteria on the attribute are supposed.
        """
        known = earned = gaps = unknown = tests = trigger = 0
        for name, reader in self.readers.items():
            reading = reader.read(values.get(name))
            known += reading.known
            earned += reading.earned
            gaps |= reading.gaps
            unknown |= reading.unknown
            tests |= reading.tests
            trigger = max(trigger, reading.trigger)
        for criterion in self.profile.criteria:
            bit = self.criterion_bits[criterion.id]
            if criterion.attribute == attribute and unknown & bit:
                unknown &= ~bit
                known += criterion.weight
                earned += criterion.weight * credit
                gaps |= bit if credit < criterion.gap_below else 0
        if not known or 100 * known < self._min_known:
            return NEEDS_DATA
        return self.tiers.place(
            standing,
            (2 * earned + known) // (2 * known),
            gaps,
            unknown,
            100 * known // self._total,
            trigger // TRIGGER_UNIT,
            undecided=self.conditions.verdict(tests).undecided,
        )

    def _priority(self, score: int, strength: int) -> int:
        share = self.profile.trigger_share
        blend = (CREDIT - share) * score + share * strength
        return (2 * blend + CREDIT) // (2 * CREDIT)

    def _name_unreadable(self, bits: int) -> tuple[str, ...]:
        return tuple(name for place, name in enumerate(self.attributes) if bits >> place & 1)

    def _shown(self, get: Callable[[str], Anything], inputs: Sequence[_Input]) -> dict[str, str]:
        """Name every known value; only the rare account outside the segment needs it."""
        return {
            name: text
            for name, (key, _, _, show) in zip(self.attributes, inputs, strict=True)
            if (text := show(get(key)))
        }


class BoundJudge:
    """A judge that reads raw CRM fields: one look-up takes a text straight to its meaning."""

    def __init__(self, judge: Judge, sources: Mapping[str, tuple[str, Parser]]) -> None:
        self.of_values = judge
        self._sources = sources
        self._judge = judge._judge  # noqa: SLF001 - one class in two faces
        self._inputs = tuple(
            _input(name, reader, sources.get(name)) for name, reader in judge.readers.items()
        )

    def judge(
        self,
        record: Mapping[str, str | None],
        standing: Standing | None = None,
        stale: Sequence[str] = (),
    ) -> Assessment:
        """Judge an account given as raw text by field name."""
        return self._judge(record.get, self._inputs, standing, stale)

    def values(self, record: Mapping[str, str | None]) -> dict[str, Value]:
        """The known attribute values of a raw record."""
        values: dict[str, Value] = {}
        for name in self.of_values.attributes:
            if name in self._sources:
                field, parse = self._sources[name]
                value = parse(record.get(field) or "")
                if value is not None and not isinstance(value, Unreadable):
                    values[name] = value
        return values


def _recall(memo: Anything, read: Callable[[Anything], Reading]) -> tuple[Anything, Anything]:
    return memo.get, read


def _input(name: str, reader: Reader, source: tuple[str, Parser] | None) -> _Input:
    if source is None:
        unknown = reader.unknown
        return f"\0{name}", {None: unknown}.get, lambda _raw: unknown, lambda _raw: ""
    field, parse = source
    return (field, *_recall(*reader.by_text(parse)), reader.show_text(parse))


class _Names:
    """Turns a set of bits into names, each once, in the order of the bits.

    Bits are looked up eight at a time, so that no set, however rare, is worked out anew.
    """

    _CHUNK = 8

    def __init__(self, names: Sequence[str]) -> None:
        size = 1 << self._CHUNK
        self._tables = [
            (
                start,
                [
                    tuple(
                        dict.fromkeys(
                            name
                            for place, name in enumerate(names[start : start + self._CHUNK])
                            if bits >> place & 1
                        )
                    )
                    for bits in range(size)
                ],
            )
            for start in range(0, len(names), self._CHUNK)
        ]
        self._unique = len(set(names)) == len(names)

    def of(self, bits: int) -> tuple[str, ...]:
        """Name every bit that is set."""
        found: tuple[str, ...] = ()
        for start, table in self._tables:
            found += table[bits >> start & 255]
        return found if self._unique else tuple(dict.fromkeys(found))
