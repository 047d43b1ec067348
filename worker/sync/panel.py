"""The ICPs of one connection, bound to the fields they read, for one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from worker.icp.assessment import Assessment
from worker.icp.judging import BoundJudge, Judge
from worker.icp.profile import (
    DISQUALIFIED,
    NEEDS_DATA,
    NOT_ICP,
    OUT_OF_SCOPE,
    Profile,
    Standing,
)
from worker.icp.reading import Parser

BEST = "best"
FIRST = "first"


class Panel:
    """Judges an account by every ICP of a connection and chooses one answer.

    ``best`` takes the best tier, then the higher score, then document order; ``first`` takes the
    first document whose segment holds the account.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        sources: Mapping[str, tuple[str, Parser]],
        as_of: date,
        choose: str = BEST,
    ) -> None:
        self.profiles = tuple(profiles)
        self.as_of = as_of
        self.sources = sources
        self._first = choose == FIRST
        self._judges: list[BoundJudge] = [
            Judge(profile, as_of).bind(sources) for profile in profiles
        ]
        self._only = self._judges[0] if len(self._judges) == 1 else None
        own = [tier.id for tier in profiles[0].tiers]
        order = [*own, NEEDS_DATA, NOT_ICP, DISQUALIFIED, OUT_OF_SCOPE]
        self._rank = {tier: place for place, tier in enumerate(order)}

    def judge(
        self,
        record: Mapping[str, str | None],
        standing: Standing | None = None,
        stale: Sequence[str] = (),
    ) -> tuple[Profile, Assessment]:
        """Judge a raw record; answers the profile that was chosen and what it says."""
        if self._only is not None:
            return self.profiles[0], self._only.judge(record, standing, stale)
        answers = [
            (profile, judge.judge(record, standing, stale))
            for profile, judge in zip(self.profiles, self._judges, strict=True)
        ]
        if self._first:
            return next((it for it in answers if it[1].tier != OUT_OF_SCOPE), answers[0])
        return min(answers, key=lambda it: (self._rank[it[1].tier], -(it[1].score or 0)))
