"""What an account was judged on, kept so that the answer can be derived again later.

Kept are the CRM's texts and what each was read as: the portal's options and the readers of text
change, what was read at the time does not. The ICP documents are in the state under their own
fingerprints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from worker.icp.explaining import Explanation, explain
from worker.icp.judging import Judge
from worker.icp.profile import Profile, Standing
from worker.icp.reading import LONGEST_REMEMBERED, REMEMBERED, Parser
from worker.icp.values import UNREADABLE, Interval, Unreadable, Value
from worker.state.rows import HistoryRow
from worker.sync.desired import Judged
from worker.sync.overriding import Override
from worker.sync.panel import Panel

_EXACT = (
    2**53
)  # numbers of at least this size, and infinity, are kept as text: JSON would lose them

Read = Callable[[str], Any]


class Recorder:
    """Packs the evidence of one run's judgements."""

    def __init__(self, panel: Panel, inputs: Sequence[str]) -> None:
        """Prepare to record.

        Args:
            panel: the ICPs, bound to their fields, for one day.
            inputs: every CRM field that is an input.
        """
        self._inputs = inputs
        self._readers: Mapping[str, tuple[str, Read]] = {
            attribute: (field, _remembering(parse))
            for attribute, (field, parse) in panel.sources.items()
        }
        self._of_all = {
            "day": panel.as_of.isoformat(),
            "profiles": [profile.fingerprint for profile in panel.profiles],
        }

    def grounds(
        self,
        judged: Judged,
        fields: Mapping[str, str | None],
        standing: Standing | None,
        stale: Sequence[str],
    ) -> tuple[bytes, bytes]:
        """Pack what an account was judged on, and what it came to.

        Args:
            judged: what it came to.
            fields: its CRM fields, with last known values where those stood in.
            standing: the last computed tier before.
            stale: attributes judged on a last known value.
        """
        reading = {}
        for attribute, (field, read) in self._readers.items():
            raw = fields.get(field)
            value = read(raw) if raw else None
            if value is not None:
                reading[attribute] = field, value
        override, assessment = judged.override, judged.assessment
        evidence = {
            **self._of_all,
            "profile": judged.profile.id,
            "document": judged.profile.fingerprint,
            "fields": {name: text for name in self._inputs if (text := fields.get(name))},
            "reading": reading,
            "stale": stale,
            "standing": None if standing is None else (standing.tier, standing.rules),
            "override": None
            if override is None
            else {
                "tier": override.tier,
                "reason": override.reason,
                "expires": override.expires.isoformat(),
            },
        }
        summary = {
            "tier": judged.tier,
            "computed_tier": assessment.tier,
            "score": assessment.score,
            "reason": judged.reason,
        }
        return orjson.dumps(evidence), orjson.dumps(summary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written to the CRM."""

    tier: str  # as shown: an override's, while one held
    computed_tier: str
    score: int | None  # hundredths of a point
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """An assessment of the past, derived again."""

    profile: Profile
    explanation: Explanation
    override: Override | None
    written: Written
    derived: Written
    written_at: str
    day: str  # as of which it was judged
    fields: Mapping[str, str]
    stale: tuple[str, ...]
    rolled_back: str | None = None  # it was restored by undoing this run

    @property
    def same(self) -> bool:
        """Whether deriving it again leads to the tier and the score that were written."""
        before, now = self.written, self.derived
        return (before.tier, before.computed_tier, before.score) == (
            now.tier,
            now.computed_tier,
            now.score,
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """What undoing a run brought back, where no assessment of ours had led to it.

    Attributes:
        of: the run that was undone.
        written: what the account holds since; blank when it had never been assessed before.
        written_at: since when.
    """

    of: str
    written: Written
    written_at: str


def restored(row: HistoryRow) -> Restored | None:
    """What was restored without an assessment that could be derived again; ``None`` otherwise."""
    evidence, summary = orjson.loads(row.inputs), orjson.loads(row.summary)
    if "document" in evidence:
        return None
    return Restored(evidence["rollback"]["of"], _written(summary), summary["written_at"])


def document_of(row: HistoryRow) -> str:
    """The fingerprint of the ICP document whose answer was chosen.

    There is none where :func:`restored` answers.
    """
    found: str = orjson.loads(row.inputs)["document"]
    return found


def recall(row: HistoryRow, profile: Profile) -> Recalled:
    """Derive an assessment of the past again.

    Args:
        row: what was kept of it.
        profile: the ICP that :func:`document_of` names.
    """
    evidence, summary = orjson.loads(row.inputs), orjson.loads(row.summary)
    day = date.fromisoformat(evidence["day"])
    held = evidence["standing"]
    standing = None if held is None else Standing(*held)
    stale = tuple(evidence["stale"])
    reading = evidence["reading"]
    sources = {name: (name, _given(_decoded(value))) for name, (_, value) in reading.items()}
    record = {name: name for name in reading}  # whatever is asked, the reader knows the answer
    judge = Judge(profile, day)
    bound = judge.bind(sources)
    explanation = explain(judge, bound.values(record), standing, stale)
    kept = evidence["override"]
    override = (
        None
        if kept is None
        else Override(kept["tier"], kept["reason"], date.fromisoformat(kept["expires"]))
    )
    judged = Judged(profile, bound.judge(record, standing, stale), override)
    return Recalled(
        profile=profile,
        explanation=explanation,
        override=override,
        written=_written(summary),
        derived=Written(
            tier=judged.tier,
            computed_tier=judged.assessment.tier,
            score=judged.assessment.score,
            reason=judged.reason,
        ),
        written_at=summary["written_at"],
        day=evidence["day"],
        fields=evidence["fields"],
        stale=stale,
        rolled_back=evidence.get("rollback", {}).get("of"),
    )


def _written(summary: Mapping[str, Any]) -> Written:
    return Written(
        tier=summary["tier"],
        computed_tier=summary["computed_tier"],
        score=summary["score"],
        reason=summary["reason"],
    )


def _remembering(parse: Parser) -> Read:
    """Read and encode; short texts, which a CRM repeats, once."""

    def read(raw: str) -> Any:
        return _encoded(parse(raw))

    remembered = lru_cache(REMEMBERED)(read)
    return lambda raw: (remembered if len(raw) <= LONGEST_REMEMBERED else read)(raw)


def _given(value: Value | Unreadable | None) -> Parser:
    return lambda _: value


def _encoded(value: Value | Unreadable | None) -> Any:
    """A value as JSON: itself where JSON has its type, else an object that names the type."""
    match value:
        case Unreadable():
            return {"unreadable": True}
        case Interval(low, high):
            return {"interval": [_encoded(low), None if high is None else _encoded(high)]}
        case frozenset():
            return {"list": sorted(value)}
        case date():
            return {"date": value.isoformat()}
        case int() | float() if not -_EXACT < value < _EXACT:
            return {"number": repr(value)}
        case _:
            return value


def _decoded(value: Any) -> Value | Unreadable | None:
    """What :func:`_encoded` made, as it was."""
    match value:
        case {"unreadable": _}:
            return UNREADABLE
        case {"interval": [low, high]}:
            return Interval(_number(low), None if high is None else _number(high))
        case {"list": items}:
            return frozenset(items)
        case {"date": text}:
            return date.fromisoformat(text)
        case {"number": _}:
            return _number(value)
        case str() | int() | float():
            return value
        case _:
            return None


def _number(value: Any) -> int | float:
    if isinstance(value, dict):
        text: str = value["number"]
        return int(text) if text.lstrip("-").isdigit() else float(text)
    number: int | float = value
    return number
