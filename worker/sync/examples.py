"""A few accounts per tier transition, by name, for people to look up; never logged or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from worker.state.rows import PlannedChange
from worker.sync.plan import Cause, Change

LONGEST_NAME: Final = 60
"""Characters of an account's name that a table shows."""

MOST: Final = 3
"""Accounts named per tier transition."""

Move = tuple[str, str, str]
"""Tier before, tier after, cause."""


@dataclass(frozen=True, slots=True)
class Example:
    """An account that a transition moves."""

    account_id: str
    name: str


class Examples:
    """The first few accounts of each transition that a run plans."""

    def __init__(self, name_field: str | None) -> None:
        self._name_field = name_field
        self.found: dict[Move, list[Example]] = {}

    def remember(
        self, change: Change, cause: Cause, account_id: str, fields: Mapping[str, str | None]
    ) -> None:
        """Keep an account, if its transition has too few yet."""
        move = (change.tier_before, change.tier_after, cause.value)
        found = self.found.setdefault(move, [])
        if len(found) < MOST:
            name = (fields.get(self._name_field) if self._name_field else None) or ""
            found.append(Example(account_id, name[:LONGEST_NAME]))

    def forget(self, planned: PlannedChange) -> None:
        """Let go of an account that is not written after all."""
        move = (planned.tier_before, planned.tier_after, planned.cause)
        left = [it for it in self.found.pop(move, []) if it.account_id != planned.account_id]
        if left:
            self.found[move] = left
