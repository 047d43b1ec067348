"""Judging: a pure function of (profile, attributes, day, standing).

``Judge`` is a profile compiled for one day. Same inputs, same bytes, on any machine: no clock, no
random numbers, no floating-point sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any as Anything
from typing import NamedTuple, TypeVar

from worker.icp.assessment import Assessment
from worker.icp.conditions import ConditionBits, Conditions
from worker.icp.ledger import Ledger
from worker.icp.predicates import CREDIT
from worker.icp.profile import (
    DISQUALIFIED,
    NEEDS_DATA,
    OUT_OF_SCOPE,
    Criterion,
    Profile,
    Standing,
    Trigger,
)
from worker.icp.reading import Parser, Step, in_order_of_weight, place_of, readers, unranked
from worker.icp.reasons import Evidence, Reasons
from worker.icp.tiers import TierRules
from worker.icp.values import Unreadable, Value

TRIGGER_UNIT = CREDIT // 100
"""Strength times credit comes in ten-thousandths; strengths are kept in hundredths."""

Show = Callable[[Anything], str]
"""Names a raw text or a value for people."""


class _Face(NamedTuple):
    """How a judge looks at accounts: as typed values, or as raw records."""

    memos: tuple[tuple[str, Mapping[Anything, Step]], ...]  # by key of what is looked at
    shows: Mapping[str, tuple[str, Show]]  # by attribute: its key, and what names what is there


class Judge:
    """A profile compiled for one day; judges accounts given as typed attributes."""

    def __init__(self, profile: Profile, as_of: date) -> None:
        self.profile = profile
        self.as_of = as_of
        conditions = [item.when for item in profile.disqualifiers]
        if profile.segment is not None:
            conditions.append(profile.segment)
        self.bits = ConditionBits(conditions)
        self._ledger = Ledger(len(profile.criteria), len(self.bits.tests))
        self.readers = readers(profile, self.bits, as_of, self._ledger)
        self.attributes = tuple(self.readers)
        self._ranked = in_order_of_weight(profile)
        self.criterion_bits = {item.id: 1 << place for place, item in enumerate(self._ranked)}
        self.conditions = Conditions(self.bits, profile.segment, profile.disqualifiers)
        self.tiers = TierRules(
            profile.tiers, profile.rules, profile.hysteresis, self.criterion_bits
        )
        self._gap_names = _Names([item.id for item in self._ranked])
        self._missing = _Names([item.attribute for item in self._ranked])
        self._asked_by = _AskedBy(self._ranked)
        self._not_yet = _NotYet()
        self._reasons = Reasons(profile, self.bits)
        self._total = sum(criterion.weight for criterion in profile.criteria)
        self._min_known = profile.min_coverage * self._total
        self._nothing_known = sum(self._ledger.pack(it.unknown) for it in self.readers.values())
        self._face = _Face(
            tuple((name, reader.by_value()) for name, reader in self.readers.items()),
            {name: (name, reader.show_value) for name, reader in self.readers.items()},
        )

    def judge(
        self,
        values: Mapping[str, Value],
        standing: Standing | None = None,
        stale: Sequence[str] = (),
    ) -> Assessment:
        """Judge an account given as attribute values; an absent attribute is unknown."""
        return self._judge(values.get, self._face, standing, stale)

    def bind(self, sources: Mapping[str, tuple[str, Parser]]) -> BoundJudge:
        """Make a judge of raw records: *sources* names each attribute's field and parser.

        An attribute without a source is unknown for every account.
        """
        return BoundJudge(self, sources)

    def _judge(
        self,
        get: Callable[[str], Anything],
        face: _Face,
        standing: Standing | None,
        stale: Sequence[str],
    ) -> Assessment:
        number, gain, loss, trigger = self._nothing_known, 0, 0, 0
        for key, memo in face.memos:
            raw = get(key)
            if raw is not None:
                change, gained, lost, seen = memo[raw]
                number += change
                if gained > gain:  # noqa: PLR1730 - max() costs a call a million times over
                    gain = gained
                if lost > loss:  # noqa: PLR1730 - max() costs a call a million times over
                    loss = lost
                if seen > trigger:  # noqa: PLR1730 - max() costs a call a million times over
                    trigger = seen
        known, earned, gaps, unknown, floor, ceiling, tests, unreadable = self._ledger.unpack(
            number
        )

        verdict = self.conditions.verdict(tests)
        total = self._total
        coverage = 100 * known // total
        strength = unranked(trigger) // TRIGGER_UNIT
        not_read = self._name_unreadable(unreadable) if unreadable else ()
        if not verdict.in_scope:
            reason = self._reasons.out_of_scope(tests, self._shown(get, face))
            return Assessment(
                OUT_OF_SCOPE, None, coverage, (), (), (), 0, None, 0, 0, reason, not_read, ()
            )
        missing = verdict.missing
        if unknown:
            missing += self._missing.of(unknown & ~self._asked_by[missing] if missing else unknown)
        if verdict.later:
            missing += self._not_yet[missing, verdict.later]
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
                verdict.fired,
                gaps,
                unknown,
                _whose(gain, self._ranked, face, get),
                _whose(loss, self._ranked, face, get),
                _whose(trigger, self.profile.triggers, face, get),
                missing,
                coverage,
                low,
                high,
                stale,
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
        number, trigger = self._nothing_known, 0
        for name, memo in self._face.memos:
            value = values.get(name)
            if value is not None:
                change, _, _, seen = memo[value]
                number += change
                trigger = max(trigger, seen)
        known, earned, gaps, unknown, _, _, tests, _ = self._ledger.unpack(number)
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
            unranked(trigger) // TRIGGER_UNIT,
            undecided=self.conditions.verdict(tests).undecided,
        )

    def _priority(self, score: int, strength: int) -> int:
        share = self.profile.trigger_share
        blend = (CREDIT - share) * score + share * strength
        return (2 * blend + CREDIT) // (2 * CREDIT)

    def _name_unreadable(self, bits: int) -> tuple[str, ...]:
        return tuple(name for place, name in enumerate(self.attributes) if bits >> place & 1)

    def _shown(self, get: Callable[[str], Anything], face: _Face) -> dict[str, str]:
        """Name every known value; only the rare account outside the segment needs it."""
        return {
            name: show(raw)
            for name, (key, show) in face.shows.items()
            if (raw := get(key)) is not None and show(raw)
        }


class BoundJudge:
    """A judge that reads raw CRM fields: one look-up takes a text straight to its meaning."""

    def __init__(self, judge: Judge, sources: Mapping[str, tuple[str, Parser]]) -> None:
        self.of_values = judge
        self._sources = sources
        self._judge = judge._judge  # noqa: SLF001 - one class in two faces
        known = [
            (1 << place, name, reader, *sources[name])
            for place, (name, reader) in enumerate(judge.readers.items())
            if name in sources
        ]
        self._face = _Face(
            tuple((field, reader.by_text(parse, bit)) for bit, _, reader, field, parse in known),
            {name: (field, reader.show_text(parse)) for _, name, reader, field, parse in known},
        )

    def judge(
        self,
        record: Mapping[str, str | None],
        standing: Standing | None = None,
        stale: Sequence[str] = (),
    ) -> Assessment:
        """Judge an account given as raw text by field name."""
        return self._judge(record.get, self._face, standing, stale)

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


Part = TypeVar("Part", Criterion, Trigger)


def _whose(
    amount: int, parts: Sequence[Part], face: _Face, get: Callable[[str], Anything]
) -> tuple[Part, str] | None:
    """Which criterion or trigger a ranked amount comes from, and the value behind it as shown."""
    if not amount:
        return None
    part = parts[place_of(amount)]
    key, show = face.shows[part.attribute]
    return part, show(get(key))


class _NotYet(dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]]):
    """Which of some later names are not among those named before, remembered."""

    REMEMBERED = 8_192

    def __missing__(self, key: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[str, ...]:
        """Work out a pair that was not met before."""
        before, later = key
        if len(self) >= self.REMEMBERED:
            self.clear()
        self[key] = names = tuple(name for name in later if name not in before)
        return names


class _AskedBy(dict[tuple[str, ...], int]):
    """The bits of the criteria that look at some attributes, worked out when first asked for."""

    def __init__(self, criteria: Sequence[Criterion]) -> None:
        super().__init__()
        self._attributes = [criterion.attribute for criterion in criteria]

    def __missing__(self, attributes: tuple[str, ...]) -> int:
        """Unite the bits; as many sets of attributes are asked for as conditions leave open."""
        bits = sum(1 << place for place, it in enumerate(self._attributes) if it in attributes)
        self[attributes] = bits
        return bits


class _Names:
    """Turns a set of bits into names, each once, in the order of the bits.

    Bits are looked up ten at a time, so that no set, however rare, is worked out anew. Bits of one
    name lie side by side.
    """

    _CHUNK = 10
    _MASK = (1 << _CHUNK) - 1

    def __init__(self, names: Sequence[str]) -> None:
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
                    for bits in range(1 << min(self._CHUNK, len(names) - start))
                ],
            )
            for start in range(0, len(names), self._CHUNK)
        ]

    def of(self, bits: int) -> tuple[str, ...]:
        """Name every bit that is set."""
        found: tuple[str, ...] = ()
        for start, table in self._tables:
            more = table[bits >> start & self._MASK]
            found += more[1:] if more and found and more[0] == found[-1] else more
        return found
