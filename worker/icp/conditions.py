"""Three-valued conditions: surely true, surely false, or undecided because something is unknown.

Every single test of a profile owns two bits of one number, ``true`` and ``unsure``. An account's
tests arrive as that number, so a whole condition is settled by a few operations on it, and equal
numbers need settling only once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from worker.icp.profile import All, Any, Comparison, Condition, Disqualifier, IsKnown, Not, tests_of


class Truth(Enum):
    """The three answers a condition can give."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"


Settle = Callable[[int], Truth]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an account's conditions came to."""

    in_scope: bool
    fired: tuple[str, ...]  # disqualifiers that are surely true, in document order
    undecided: bool  # some disqualifier could still turn out true
    missing: tuple[str, ...]  # attributes that alone could move the tier, by id
    later: tuple[str, ...]  # attributes that could only together with another, by id


class ConditionBits:
    """Gives every distinct test of a profile its pair of bits."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.tests = [test for condition in conditions for test in tests_of(condition)]
        self._places = {id(test): place for place, test in enumerate(self.tests)}

    def true(self, test: Comparison | IsKnown) -> int:
        """Bit that says the test surely holds."""
        return 1 << (2 * self._places[id(test)])

    def unsure(self, test: Comparison | IsKnown) -> int:
        """Bit that says the test cannot be answered."""
        return 2 << (2 * self._places[id(test)])

    def by_attribute(self) -> Mapping[str, Sequence[Comparison | IsKnown]]:
        """Group the tests by the attribute they look at."""
        groups: dict[str, list[Comparison | IsKnown]] = {}
        for test in self.tests:
            groups.setdefault(test.attribute, []).append(test)
        return groups

    def compile(self, condition: Condition) -> Settle:
        """Turn a condition into a function of the bits."""
        match condition:
            case Comparison() | IsKnown():
                true, unsure = self.true(condition), self.unsure(condition)

                def settle(bits: int) -> Truth:
                    if bits & true:
                        return Truth.TRUE
                    return Truth.UNDECIDED if bits & unsure else Truth.FALSE

                return settle
            case Not(part):
                inner = self.compile(part)
                opposite = {
                    Truth.TRUE: Truth.FALSE,
                    Truth.FALSE: Truth.TRUE,
                    Truth.UNDECIDED: Truth.UNDECIDED,
                }
                return lambda bits: opposite[inner(bits)]
            case All(parts):
                return _decisive([self.compile(part) for part in parts], Truth.FALSE, Truth.TRUE)
            case Any(parts):
                return _decisive([self.compile(part) for part in parts], Truth.TRUE, Truth.FALSE)


def _decisive(parts: Sequence[Settle], decider: Truth, otherwise: Truth) -> Settle:
    """One part that answers *decider* settles it; else any undecided part leaves it open."""

    def settle(bits: int) -> Truth:
        answers = {part(bits) for part in parts}
        if decider in answers:
            return decider
        return Truth.UNDECIDED if Truth.UNDECIDED in answers else otherwise

    return settle


class Conditions:
    """A profile's segment and disqualifiers, settled together and remembered."""

    REMEMBERED = 4_096

    def __init__(
        self, bits: ConditionBits, segment: Condition | None, disqualifiers: Sequence[Disqualifier]
    ) -> None:
        self._bits = bits
        self._segment = segment
        self._in_scope = bits.compile(segment) if segment is not None else None
        self._disqualifiers = [(item, bits.compile(item.when)) for item in disqualifiers]
        self._seen: dict[int, Verdict] = {}

    def verdict(self, bits: int) -> Verdict:
        """Settle every condition for one combination of answers."""
        seen = self._seen.get(bits)
        if seen is None:
            if len(self._seen) >= self.REMEMBERED:
                self._seen.clear()
            seen = self._seen[bits] = self._settle(bits)
        return seen

    def _settle(self, bits: int) -> Verdict:
        scope = self._in_scope(bits) if self._in_scope is not None else Truth.TRUE
        missing = self._unsure(self._segment, bits)
        fired: list[str] = []
        undecided = False
        for item, settle in self._disqualifiers:
            truth = settle(bits)
            if truth is Truth.TRUE:
                fired.append(item.id)
            elif truth is Truth.UNDECIDED:
                undecided = True
                missing.update(self._unsure(item.when, bits))
        alone = {name for name in missing if self.could_decide(bits, name)}
        return Verdict(
            scope is not Truth.FALSE,
            tuple(fired),
            undecided,
            tuple(sorted(alone)),
            tuple(sorted(missing - alone)),
        )

    def could_decide(self, bits: int, attribute: str) -> bool:
        """Whether some answer about one unknown attribute would disqualify or rule out alone."""
        decisive = [(item.when, settle, Truth.TRUE) for item, settle in self._disqualifiers]
        if self._segment is not None and self._in_scope is not None:
            decisive.append((self._segment, self._in_scope, Truth.FALSE))
        for condition, settle, decided in decisive:
            asked = [test for test in tests_of(condition) if test.attribute == attribute]
            for holds in (True, False) if asked else ():
                supposed = bits
                for test in asked:
                    supposed &= ~(self._bits.unsure(test) | self._bits.true(test))
                    supposed |= self._bits.true(test) if holds else 0
                if settle(supposed) is decided:
                    return True
        return False

    def _unsure(self, condition: Condition | None, bits: int) -> set[str]:
        """Name the unknown attributes that hold an undecided condition open, and only those."""
        if condition is None or self._bits.compile(condition)(bits) is not Truth.UNDECIDED:
            return set()
        match condition:
            case All(parts) | Any(parts):
                return set().union(*(self._unsure(part, bits) for part in parts))
            case Not(part):
                return self._unsure(part, bits)
            case _:
                return {condition.attribute}
