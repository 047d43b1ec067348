"""What undoing one run means for one account: restored, as it was anyway, or left and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from connectors.records import AccountRecord, FieldKind
from worker.state.history import Past
from worker.state.journal import Later
from worker.state.rows import Change, ChangeState, MirrorRow, PlannedChange
from worker.state.rows import Standing as Settled
from worker.state.runs import ROLLBACK
from worker.sync.fields import FieldMap, differing, holds
from worker.sync.plan import Cause

Fields = Mapping[str, str | None]


class Why(StrEnum):
    """Why an account is not restored."""

    EDITED = "edited_since"  # it holds what no run of ours wrote
    LATER = "later_run"  # a later run wrote it
    GONE = "gone"  # deleted, or merged into another
    FIELDS = "fields_gone"  # none of the fields that were written is an output any more
    REFUSED = "refused"  # by the CRM


class Verdict(NamedTuple):
    """What is to become of one account.

    Attributes:
        restore: the values to write; empty where nothing is.
        why: why it is left; ``None`` where it is restored, or holds the values from before.
        detail: the field that was edited, or the later run.
        pins: whether it is to stay as it is from now on.
    """

    restore: Fields
    why: Why | None = None
    detail: str = ""
    pins: bool = True


NOTHING: Fields = {}


def decide(
    change: Change, now: Fields | None, later: Later | None, kinds: Mapping[str, FieldKind]
) -> Verdict:
    """Say what is to become of an account that a run wrote.

    It is restored only when it holds everything as that run left it: what the run wrote, and in
    fields that later runs touched, what the first of them found. Later runs that were undone
    themselves are thus no hindrance.

    Args:
        change: what the run did.
        now: our outputs as the CRM holds them; ``None`` when the account is gone.
        later: what later runs did to it.
        kinds: our outputs that exist, with what each holds.
    """
    if now is None:
        return Verdict(NOTHING, Why.GONE, pins=False)
    before, after = _kept(change.before, kinds), _kept(change.after, kinds)
    if not after:
        return Verdict(NOTHING, Why.FIELDS)
    overtaken = later is not None and later.kind != ROLLBACK
    if holds(now, before, kinds):
        return Verdict(NOTHING, pins=not overtaken)
    left = {name: it for name, it in later.found.items() if name in kinds} if later else {}
    edited = differing(now, {**left, **after}, kinds)
    if edited is None:
        return Verdict(before)
    if later is not None and overtaken:
        latest = {name: it for name, it in later.latest.items() if name in kinds}
        if holds(now, latest, kinds):
            return Verdict(NOTHING, Why.LATER, later.run_id, pins=False)
    return Verdict(NOTHING, Why.EDITED, edited, pins=not overtaken)


def _kept(stored: bytes, kinds: Mapping[str, FieldKind]) -> dict[str, str | None]:
    return {name: value for name, value in orjson.loads(stored).items() if name in kinds}


@dataclass(frozen=True, slots=True)
class Restorer:
    """Plans what is restored, with what mirror and history are to know of it."""

    fields: FieldMap
    undone: str  # the run that is rolled back
    fingerprint: str  # of the ICPs in force now, under which accounts are pinned

    def plan(
        self, change: Change, record: AccountRecord, verdict: Verdict, row: MirrorRow, past: Past
    ) -> PlannedChange:
        """Plan the restoring of one account.

        Args:
            change: what the run did that is rolled back.
            record: the account as it is now.
            verdict: the values to restore.
            row: the account as mirrored.
            past: what that run made of it, and what it was before.
        """
        now, restore = record.fields, verdict.restore
        held = {name: now.get(name) or None for name in self._outputs()}
        after = {**held, **{name: value or None for name, value in restore.items()}}
        tier = self.fields.outputs["tier"].name
        standing, same = self._standing(change, row, past, after)
        evidence, summary = self._grounds(past, after, row, standing, same=same)
        return PlannedChange(
            record.account_id,
            orjson.dumps({name: now.get(name) or "" for name in restore}),
            orjson.dumps({name: value or "" for name, value in restore.items()}),
            now.get(tier) or "",
            after[tier] or "",
            Cause.ROLLED_BACK.value,
            "",  # whatever comes next is news: a refusal of this keeps nothing waiting
            standing._replace(outputs=orjson.dumps(list(after.values()))),
            record.lock_group or row.lock_group,
            evidence,
            summary,
        )

    def _outputs(self) -> tuple[str, ...]:
        """The order in which the mirror keeps what the CRM holds of ours."""
        outputs = (target.name for target in self.fields.outputs.values())
        return (*outputs, *self.fields.overrides.values())

    def _value(self, fields: Fields, key: str) -> str:
        target = self.fields.outputs.get(key)
        return (fields.get(target.name) if target is not None else None) or ""

    def _standing(
        self, change: Change, row: MirrorRow, past: Past, after: Fields
    ) -> tuple[Settled, bool]:
        """What was last computed before the run, and whether the assessment of then is kept.

        It was never written as far as quiet time goes: once it may be judged again, it is.
        """
        earlier = past.earlier
        told = orjson.loads(earlier.summary) if earlier is not None else {}
        tier, rules = self._computed(change, row, past, after)
        if not tier:
            return Settled(b"", "", None, "", "", None), False
        same = earlier is not None and told["computed_tier"] == tier
        score = told["score"] if same else _hundredths(self._value(after, "fit_score"))
        standing = Settled(b"", self.fingerprint, score, tier, rules, None)
        return standing, same and self._shows(told, after)

    def _computed(
        self, change: Change, row: MirrorRow, past: Past, after: Fields
    ) -> tuple[str, str]:
        """The tier that stood before the run, and the rules that it came from."""
        if past.own is None and change.state == ChangeState.SENT:
            return row.computed_tier, row.rules_fingerprint  # unanswered: it was never taken over
        if past.own is None:
            return self._value(after, "computed_tier"), ""
        evidence = orjson.loads(past.own.inputs)
        undoing = evidence.get("rollback")
        stood = undoing["standing"] if undoing else evidence["standing"]
        return (stood[0], stood[1]) if stood else ("", "")

    def _shows(self, told: Mapping[str, Any], after: Fields) -> bool:
        """Whether what is restored is what the earlier assessment had written."""
        if self._value(after, "tier") != told["tier"]:
            return False
        if "reason" not in self.fields.outputs:
            return True
        shown, written = self._value(after, "reason").split(), str(told["reason"]).split()
        cut = " ".join(shown).removesuffix("…")
        return shown == written or (cut != "" and " ".join(written).startswith(cut))

    def _grounds(
        self, past: Past, after: Fields, row: MirrorRow, standing: Settled, *, same: bool
    ) -> tuple[bytes, bytes]:
        """What the history keeps: the evidence of then, where that is what is restored."""
        evidence: dict[str, Any] = {}
        if same and past.earlier is not None:
            evidence = orjson.loads(past.earlier.inputs)
        stood = (row.computed_tier, row.rules_fingerprint) if row.computed_tier else None
        evidence["rollback"] = {"of": self.undone, "standing": stood}
        summary = {
            "tier": self._value(after, "tier"),
            "computed_tier": standing.computed_tier,
            "score": standing.score,
            "reason": self._value(after, "reason"),
        }
        if same and past.earlier is not None:
            summary["reason"] = orjson.loads(past.earlier.summary)["reason"]
        return orjson.dumps(evidence), orjson.dumps(summary)


def _hundredths(number: str) -> int | None:
    try:
        return int(Decimal(number) * 100)
    except InvalidOperation:
        return None
