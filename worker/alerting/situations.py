"""Which situations of a connection are new, and which are over, as its state shows them.

Nothing is told while it happens: whoever looks compares how a connection stands with what was
raised before. So an alert survives the process that caused it, and the same cause raises one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from worker.standing import BROKEN_OFF, Standing, failure_remedies, report_of
from worker.state.alerts import Alert, Change, Raised
from worker.state.instants import instant, instant_text
from worker.state.rows import Run
from worker.state.runs import ABANDONED
from worker.sync.report import Failure, RunOutcome

LOW = 0.1
"""The share of the day's calls below which few are left."""

LONGEST_CAUSE = 600
USED_UP, FEW = "used_up", "few"

_TROUBLES = ("failed", "held", "missed")
_COUNTED = ("read", "unchanged", "written", "rejected", "invalid", "held")
_GOOD = {RunOutcome.SUCCEEDED.value, RunOutcome.PARTIAL.value}
_NUMBER = r"[\w-]*\d[\w-]*"  # an id too: letters may stand in it
_NUMBERS = re.compile(rf"{_NUMBER}(?:, {_NUMBER})*")
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Something that a person should know."""

    event: str
    cause: str  # equal for what is one and the same
    words: str
    remedy: str
    run: Run | None = None
    counts: dict[str, int] = field(default_factory=dict)


def changes(
    it: Standing,
    open_alerts: Sequence[Alert],
    now: datetime,
    *,
    watched_since: datetime,
    overdue_reviews: Sequence[str] | None,
    wanted: Sequence[str],
) -> Change:
    """What is new, and what is over.

    Args:
        it: how the connection stands.
        open_alerts: what was raised and is not over.
        now: the present moment.
        watched_since: when this process began to look; runs missed before are no news.
        overdue_reviews: the ICPs whose review is overdue; ``None`` where that is not known.
        wanted: the events that are delivered; the others are kept track of all the same.
    """
    last = it.last
    if last is None or last.outcome is None:
        return Change()  # one is under way: it will tell
    present = {
        (one.event, one.cause): one
        for one in _present(it, last, now, watched_since, overdue_reviews)
    }
    known = {(alert.event, alert.cause): alert for alert in open_alerts}
    over = [
        alert for key, alert in known.items()
        if key not in present and _is_over(alert, it, last, present, overdue_reviews)
    ]  # fmt: skip
    raised = [
        Raised(one.event, one.cause, _payload(it, one, now), wanted=one.event in wanted)
        for key, one in present.items()
        if key not in known
    ]
    left = {event for event, _ in present} | {
        alert.event for alert in open_alerts if alert not in over
    }
    troubles = [it for it in over if it.event in _TROUBLES and it.event in wanted]
    if troubles and not left & set(_TROUBLES) and last.outcome in _GOOD:
        raised.append(_recovery(it, last, troubles, now, wanted))
    return Change(raised, [alert.number for alert in over])


def _present(
    it: Standing,
    last: Run,
    now: datetime,
    watched_since: datetime,
    overdue_reviews: Sequence[str] | None,
) -> Iterator[Situation]:
    report = report_of(last)
    if last.outcome == RunOutcome.FAILED.value and report.get("failure") != Failure.QUOTA.value:
        problems = list(map(str, report.get("problems") or ["the run failed"]))
        others = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        yield Situation(
            event="failed",
            cause=_key(str(report.get("failure") or ""), problems[0]),  # others come and go
            words=problems[0] + others,
            remedy=failure_remedies(it)[0],
            run=last,
            counts=_counts(report),
        )
    if last.outcome == ABANDONED:
        yield Situation(
            event="failed", cause=ABANDONED, words=BROKEN_OFF, remedy=f"icp run{it.of}", run=last
        )
    if it.held is not None and (hold := _guarded(it.held)) is not None:
        yield Situation(
            event="held",
            cause=_key(str(hold["reason"]), *_why(it.held)),
            words=str(hold["reason"]),
            remedy=f"icp status{it.of}",
            run=it.held,
            counts={
                **_counts(report_of(it.held)),
                "tier_changes": hold["tier_changes"],
                "tier_changes_allowed": hold["allowed"],
            },
        )
    yield from _missed(it, last, now, watched_since)
    yield from _quota(it, last, report)
    for name in overdue_reviews or ():
        yield Situation(
            event="review_overdue",
            cause=name,
            words=f"the review of the ICP {name} is overdue; set `reviewed:` once it is done",
            remedy="icp lint",
        )


def _missed(it: Standing, last: Run, now: datetime, watched_since: datetime) -> Iterator[Situation]:
    """No run at all for several intervals, while someone should have run it."""
    if it.lease is not None or it.pause is not None:
        return
    ended = last.finished_at or last.started_at
    since = max(instant(ended), watched_since)
    if now > it.patient_until(since):
        yield Situation(
            event="missed",
            cause="",
            words=f"no run has begun since {_minute(ended)}",
            remedy=f"icp status{it.of}",
            run=last,
        )


def _quota(it: Standing, last: Run, report: dict[str, Any]) -> Iterator[Situation]:
    forecast = report.get("forecast") or {}
    remaining, limit = forecast.get("remaining"), forecast.get("limit")
    counts = {} if remaining is None else {"calls_left": remaining}
    counts |= {} if limit is None else {"calls_limit": limit}
    if report.get("resumes_at") or report.get("failure") == Failure.QUOTA.value:
        again = f"; it goes on at {_minute(report['resumes_at'])}" if report["resumes_at"] else ""
        begun = report.get("failure") != Failure.QUOTA.value
        did = "the run wrote what it could" if begun else "no run could begin"
        words = f"the day's calls are used up: {did}{again}"
        cause = USED_UP
    elif remaining is not None and limit and remaining < LOW * limit:
        words = f"{remaining} of {limit} calls of the day are left"
        cause = FEW
    else:
        return
    yield Situation(
        event="quota_low",
        cause=cause,
        words=words,
        remedy=f"icp status{it.of}",
        run=last,
        counts=counts,
    )


def _is_over(
    alert: Alert,
    it: Standing,
    last: Run,
    present: dict[_Key, Situation],
    overdue_reviews: Sequence[str] | None,
) -> bool:
    """Whether what was raised, and is not seen now, is over rather than out of sight."""
    match alert.event:
        case "held":
            return last.outcome in _GOOD and not any(event == "held" for event, _ in present)
        case "failed" | "missed":
            return last.outcome in _GOOD
        case "quota_low":
            if any(event == "quota_low" for event, _ in present):
                return False  # from few to none and back is one situation
            return bool(it.report.get("forecast"))
        case "review_overdue":
            return overdue_reviews is not None
        case _:
            return True


def _guarded(run: Run) -> dict[str, Any] | None:
    """The hold of a run that waits for a person; not one that ends with a pause or a freeze."""
    hold: dict[str, Any] | None = report_of(run).get("hold")
    if not hold or not (hold.get("tier_changes") or hold.get("allowed")):
        return None
    return hold


def _why(run: Run) -> list[str]:
    """What most of a held run's changes come from, and by which ICP it judged."""
    report = report_of(run)
    causes: Counter[str] = Counter()
    for each in report.get("transitions") or ():
        if each["from"] != each["to"]:
            causes[each["cause"]] += each["accounts"]
    return [str(report.get("icp", "")), *(name for name, _ in causes.most_common(1))]


def _recovery(
    it: Standing, last: Run, troubles: Sequence[Alert], now: datetime, wanted: Sequence[str]
) -> Raised:
    since = min(alert.raised_at for alert in troubles)
    what = ", ".join(dict.fromkeys(alert.event for alert in troubles))
    one = Situation(
        event="recovered",
        cause="",
        words=f"a run ended well; before: {what}, since {_minute(since)}",
        remedy="",
        run=last,
        counts=_counts(report_of(last)),
    )
    payload = _payload(it, one, now)
    return Raised("recovered", "", payload, over=True, wanted="recovered" in wanted)


def _payload(it: Standing, one: Situation, now: datetime) -> bytes:
    words = one.words if len(one.words) <= LONGEST_CAUSE else f"{one.words[: LONGEST_CAUSE - 1]}…"
    return orjson.dumps(
        {
            "event": one.event,
            "connection": it.connection,
            "run": one.run.run_id if one.run else None,
            "at": instant_text(now),
            "cause": words,
            "counts": one.counts,
            "remedy": one.remedy or None,
        }
    )


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name] for name in _COUNTED if name in report}


def _key(*texts: str) -> str:
    """Equal for texts that differ in their numbers and ids only: how many, how long, which."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(_NUMBERS.sub("#", text).encode() + b"\0")
    return digest.hexdigest()[:32]
