"""Everything that is added up about an account, in one number.

Judging adds about eight sums and sets of bits for every attribute of every account. Laid side by
side in one whole number, each in a field wide enough never to overflow into the next, one addition
does for all of them: attributes own their bits, so that adding sets of bits unites them.
"""

from __future__ import annotations

from typing import NamedTuple

_WEIGHT = 24  # bits: criteria are limited to weights of 1,000
_POINTS = 40  # bits: weight x credit in ten-thousandths


class Totals(NamedTuple):
    """What was added up: of one value while packed, of a whole account once unpacked."""

    known: int = 0  # weight of the criteria that are settled
    earned: int = 0  # weight x credit of those
    gaps: int = 0  # criterion bits
    unknown: int = 0  # criterion bits left open
    floor: int = 0  # least those could earn
    ceiling: int = 0  # most those could earn
    tests: int = 0  # condition bits, see conditions.ConditionBits
    unreadable: int = 0  # attribute bits


class Ledger:
    """Where each sum lies in the number, for a profile of so many criteria and tests."""

    def __init__(self, criteria: int, tests: int) -> None:
        widths = (_WEIGHT, _POINTS, criteria, criteria, _POINTS, _POINTS, 2 * tests)
        self._places: list[int] = [0]
        for width in widths:
            self._places.append(self._places[-1] + width)
        self._weights = (1 << _WEIGHT) - 1
        self._points = (1 << _POINTS) - 1
        self._criteria = (1 << criteria) - 1
        self._tests = (1 << (2 * tests)) - 1

    def pack(self, totals: Totals) -> int:
        """Lay the sums side by side."""
        return sum(part << place for part, place in zip(totals, self._places, strict=True))

    def unpack(self, number: int) -> tuple[int, int, int, int, int, int, int, int]:
        """Take the sums apart again, in the order of :class:`Totals`."""
        _, earned, gaps, unknown, floor, ceiling, tests, unreadable = self._places
        return (
            number & self._weights,
            number >> earned & self._points,
            number >> gaps & self._criteria,
            number >> unknown & self._criteria,
            number >> floor & self._points,
            number >> ceiling & self._points,
            number >> tests & self._tests,
            number >> unreadable,
        )
