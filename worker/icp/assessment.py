"""What judging one account comes to."""

from __future__ import annotations

from typing import NamedTuple


class Assessment(NamedTuple):
    """One account judged by one profile: a named tuple, because a million are made in a run.

    Scores, strengths and priorities are in hundredths of a point.
    """

    tier: str  # a tier id of the profile, or one of the reserved outcomes
    score: int | None  # None where there is none: Needs data, Out of scope, nothing known
    coverage: int  # percent of the weight that is known, floored
    disqualifiers: tuple[str, ...]
    gaps: tuple[str, ...]  # criterion ids
    missing: tuple[str, ...]  # attribute ids, those that could move the tier most first
    trigger: int
    priority: int | None
    range_low: int
    range_high: int
    reason: str
    unreadable: tuple[str, ...]  # attribute ids whose text could not be read
    stale: tuple[str, ...]  # attribute ids judged on a last known value

    @property
    def disqualifier(self) -> str | None:
        """The primary disqualifier: the first in the document that fired."""
        return self.disqualifiers[0] if self.disqualifiers else None
