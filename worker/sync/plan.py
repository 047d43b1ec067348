"""Desired against present: what would be written to one account, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from connectors.records import FieldDescription
from worker.state.instants import instant_text
from worker.sync.desired import RIDERS, Judged, value_makers
from worker.sync.fields import FieldMap, OutputTarget, same
from worker.sync.fitting import clipped, fitted

NOTHING: Mapping[str, FieldDescription] = MappingProxyType({})


class Cause(StrEnum):
    """Why an account's values change."""

    FIRST = "first assessment"
    ICP_CHANGED = "ICP changed"
    INPUT_CHANGED = "input changed"
    INPUT_VANISHED = "input vanished"
    OVERRIDDEN = "override"
    DRIFT = "drift repaired"
    TIME = "time passed"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Change:
    """The fields of one account that differ, as read and as they should be."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    tier_before: str
    tier_after: str


class Planner:
    """Compares what an account should hold with what it holds."""

    def __init__(
        self,
        fields: FieldMap,
        run_id: str,
        now: datetime,
        described: Mapping[str, FieldDescription] = NOTHING,
    ) -> None:
        """Prepare to compare.

        Args:
            fields: which output goes where.
            run_id: of the run that writes.
            now: when, by the CRM's clock.
            described: the fields as the CRM has them; values are cut and rounded to what they hold,
                or an account would look different at every run.
        """
        self._targets = [
            (fitted(make, target, described.get(target.name)), target.name, target)
            for key, make in value_makers(frozenset(fields.outputs))
            for target in (fields.outputs[key],)
        ]
        self.compared = frozenset(name for _, name, _ in self._targets)
        self._riders = [target for key, target in fields.outputs.items() if key in RIDERS]
        self._tier = fields.outputs["tier"].name
        self._explanation = fields.outputs.get("explanation")
        long = described.get(self._explanation.name) if self._explanation else None
        self._longest_explanation = long.max_length if long else None
        self._run_id = run_id
        self._now = instant_text(now)
        self.output_names = tuple(target.name for target in fields.outputs.values())

    def tier_of(self, present: Mapping[str, str | None]) -> str:
        """The tier an account shows now; empty when it was never assessed."""
        return present.get(self._tier) or ""

    def compare(
        self,
        judged: Judged,
        present: Mapping[str, str | None],
        explain: Callable[[], str] | None = None,
    ) -> Change | None:
        """Answer the differing fields, or ``None`` when the account holds what it should.

        Args:
            judged: what the account came to.
            present: the CRM fields as just read.
            explain: makes the long explanation, asked only when something else differs.
        """
        get = present.get
        after: dict[str, str] = {}
        for make, name, target in self._targets:
            value = make(judged)
            held = get(name) or ""
            if value != held and not same(target.kind, value, held):
                after[name] = value
        if not after:
            return None
        tier_before = get(self._tier) or ""
        self._ride_along(judged, present, tier_before, after, explain)
        before = {name: get(name) or "" for name in after}
        return Change(before, after, tier_before, judged.tier)

    def _ride_along(
        self,
        judged: Judged,
        present: Mapping[str, str | None],
        tier_before: str,
        after: dict[str, str],
        explain: Callable[[], str] | None,
    ) -> None:
        for target in self._riders:
            value = self._rider(target, judged, tier_before, present.get(target.name) or "")
            if value is not None and not same(target.kind, value, present.get(target.name) or ""):
                after[target.name] = value
        if self._explanation is not None and explain is not None:
            after[self._explanation.name] = clipped(explain(), self._longest_explanation)

    def _rider(
        self, target: OutputTarget, judged: Judged, tier_before: str, held: str
    ) -> str | None:
        moved = tier_before != judged.tier
        match target.key:
            case "version":
                return judged.profile.version
            case "assessed_at":
                return self._now
            case "run_id":
                return self._run_id
            case "tier_changed_at":
                return self._now if moved or not held else None
            case "previous_tier":
                return tier_before if moved else None
            case _:
                return None


def cause_of(
    *,
    first: bool,
    icp_changed: bool,
    stale: Sequence[str],
    input_changed: bool,
    drifted: bool,
    overridden: bool,
) -> Cause:
    """Name the strongest cause of a change."""
    if first:
        return Cause.FIRST
    if icp_changed:
        return Cause.ICP_CHANGED
    if overridden:
        return Cause.OVERRIDDEN
    if input_changed:
        return Cause.INPUT_VANISHED if stale else Cause.INPUT_CHANGED
    return Cause.DRIFT if drifted else Cause.TIME
