"""How each connection stands, read from the state: for ``icp status`` and for the metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

import orjson

from config.freezing import Freeze, coming, in_force
from config.schedule import Schedule
from worker.due import next_due
from worker.state.alerts import Waiting
from worker.state.instants import instant, minute_text
from worker.state.pauses import Pause
from worker.state.rows import Lease, Run
from worker.state.runs import ABANDONED, HELD
from worker.state.store import State
from worker.sync.keeping import is_gone
from worker.sync.report import Failure, RunKind, RunOutcome
from worker.sync.unkept import NOT_KEPT
from worker.sync.withholding import allowed_again, frozen_words

MOST_HELD = 20
"""Held runs that are counted; a later one takes the place of an earlier one."""

MISSED = 3
"""Intervals, or times of a cron line, without a success: then a connection counts as stopped."""

LEAST_PATIENCE = timedelta(minutes=15)
"""A short interval does not make a run that takes minutes a missed one."""


_SCHEDULED: Final = (RunKind.FULL, RunKind.INCREMENTAL, RunKind.REJUDGE, RunKind.UNSTARTED)
"""Runs that tell how a connection stands: of some accounts that a person chooses, no run does."""
_SYNCING: Final = (RunKind.FULL, RunKind.INCREMENTAL, RunKind.UNSTARTED)

_LOOKED_THROUGH: Final = 20
"""Runs among which the last one of the schedule is looked for."""

_DEPTHS: Final = (1, 20, 400)
"""The same, step by step: it is mostly the last of all."""

RESTART: Final = "restart the worker   (if you changed a credential: it reads them at its start)"
"""Else ``icp check`` and ``icp run`` do well with a new one, and the worker fails as before."""

BROKEN_OFF: Final = "the last run broke off: its process died or hangs; the next run repairs it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Facts about one connection; points in time are aware."""

    connection: str
    last: Run | None  # of the schedule's kind; "abandoned" as soon as nobody is at it any more
    unfinished: Run | None  # the latest rollback, where it restored only some of what it meant to
    success: datetime | None  # the end of the last run that did all it could
    began: datetime | None = None  # when the first run began, once it is over: it may take hours
    due: datetime | None  # the tick after the last begun; only a worker acts on it
    period: timedelta
    schedule: Schedule | None = None
    checkpoint: datetime | None  # changes up to here are dealt with
    held: Run | None  # the latest that waits for a person, not only for a pause or freeze to end
    held_runs: int
    dead_letters: int
    not_kept: int = 0  # of these: accepted each time, and not there when read next
    pause: Pause | None
    freeze: Freeze | None  # in force
    next_freeze: Freeze | None
    thawed: datetime | None  # when writing was last allowed again: a freeze or a pause ended
    alerts: Waiting
    lease: Lease | None  # of a process that is at work now

    @property
    def of(self) -> str:
        """The option that names it in a command."""
        return f" --connection {self.connection}"

    @property
    def report(self) -> dict[str, Any]:
        """The report of the last run; empty where it has none."""
        return report_of(self.last)

    def overdue(self, now: datetime) -> bool:
        """Whether too many intervals in which writing was allowed went by without a success."""
        since = self.success or self.began
        if since is None or self.pause is not None or self.freeze is not None:
            return False
        if self.success is None and self.held is not None:
            return False  # the first backfill waits for a person
        since = max(since, self.thawed or since)
        return now > self.patient_until(since)

    def patient_until(self, since: datetime) -> datetime:
        """Until when it may be quiet about a connection after *since*: three ticks, or a while.

        The times of a cron line may lie an hour apart by day, and a weekend.
        """
        if self.schedule is None or self.schedule.every is not None:
            return since + max(MISSED * self.period, LEAST_PATIENCE)
        due: datetime | None = since
        for _ in range(MISSED):
            due = next_due(self.schedule, due) if due else None
        return due + LEAST_PATIENCE if due else datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line about a connection, and the commands that help."""

    word: str  # all right, look, stopped
    why: str = ""
    remedies: Sequence[str] = ()

    @property
    def needs_someone(self) -> bool:
        """Whether a person should do something."""
        return self.word != ALL_RIGHT


ALL_RIGHT = "all right"
LOOK = "look"
STOPPED = "stopped"


def standing(
    state: State,
    connection: str,
    schedule: Schedule,
    now: datetime,
    freezes: Sequence[Freeze],
) -> Standing:
    """Read how *connection* stands at *now*; *freezes* are its windows in the settings."""
    last = _last(state, connection, _tells) or _last(state, connection, bool)
    held = [
        it
        for it in state.runs.latest(connection, MOST_HELD, outcome=HELD)
        if not (report_of(it).get("hold") or {}).get("ends_at")
    ]
    success = _success(state, connection)
    first = state.runs.first(connection, _SCHEDULED) if last and not success else None
    until = state.checkpoints.load(connection).until
    at_work = _at_work(state, connection, now)  # after the runs: see _as_it_is
    begun = _as_it_is(state, first, at_work) if first else None
    return Standing(
        connection=connection,
        last=_as_it_is(state, last, at_work) if last else None,
        unfinished=_unfinished(state, connection, now),
        success=instant(success) if success else None,
        began=instant(begun.started_at) if begun and begun.outcome else None,
        due=next_due(schedule, state.ticks.last(connection) or now),
        period=_period(schedule, now),
        schedule=schedule,
        checkpoint=instant(until) if until else None,
        held=held[0] if held else None,
        held_runs=len(held),
        alerts=state.alerts.waiting(connection),
        dead_letters=state.dead_letters.count(connection),
        not_kept=state.dead_letters.count(connection, NOT_KEPT),
        pause=state.pauses.of(connection, now),
        freeze=in_force(freezes, now),
        next_freeze=coming(freezes, now),
        thawed=allowed_again(state, connection, now, freezes),
        lease=at_work,
    )


def calls_left(state: State, it: Standing) -> tuple[int | None, int | None]:
    """The day's calls that were left when last a run asked, and how many there are a day."""

    def reports() -> Iterator[dict[str, Any]]:
        yield from map(report_of, state.runs.latest(it.connection, _LOOKED_THROUGH))
        yield it.report  # where so many were of accounts that people chose

    for report in reports():
        forecast = report.get("forecast") or {}
        if forecast.get("remaining") is not None:
            return forecast["remaining"], forecast.get("limit")
    return None, None


def goes_on_at(state: State, connection: str) -> datetime | None:
    """When what the day's calls left of the last run can be done; ``None`` if nothing is left.

    Whatever has begun since has dealt with it, however it ended; what could not even begin has not,
    nor has a run of some accounts only.
    """
    for run in state.runs.latest(connection, _LOOKED_THROUGH, kinds=_SYNCING):
        if not _tells(run):
            continue
        if at := report_of(run).get("resumes_at"):
            return instant(at)
        if run.kind != RunKind.UNSTARTED:
            return None
    return None


def _last(
    state: State, connection: str, wanted: Callable[[Run], bool], outcome: str | None = None
) -> Run | None:
    """The latest run of the schedule's kinds that is *wanted*, of those that ended as *outcome*."""
    for most in _DEPTHS:
        runs = state.runs.latest(connection, most, outcome=outcome, kinds=_SCHEDULED)
        found = next(filter(wanted, runs), None)
        if found is not None or len(runs) < most:
            return found
    return None


def _tells(run: Run) -> bool:
    """Whether a run tells how its connection stands: not one that `--limit` cut short."""
    return run.kind == RunKind.REJUDGE or not report_of(run).get("limited")


def _did_all(run: Run) -> bool:
    return _tells(run) and not report_of(run).get("problems")


def _at_work(state: State, connection: str, now: datetime) -> Lease | None:
    """The lease of a process that is at work on *connection* now."""
    found = state.leases.holder(connection)
    if found and (instant(found.expires_at) <= now or is_gone(found.holder)):
        return None
    return found


def _as_it_is(state: State, run: Run, at_work: Lease | None) -> Run:
    """A run without an end whose process died or hangs is recorded as such by the next one.

    A process takes the lease before its run begins, and lets go of it when the end is recorded. So
    a run that was read without an end, and a lease looked for afterwards in vain, may also mean
    that it has ended between the two looks: then its row has the end by now.
    """
    if run.outcome is not None or at_work is not None:
        return run
    now_read = state.runs.get(run.run_id) or run
    return now_read if now_read.outcome is not None else replace(now_read, outcome=ABANDONED)


def _unfinished(state: State, connection: str, now: datetime) -> Run | None:
    """The latest rollback, if it ended half-way and nobody has freed its accounts since."""
    found = state.runs.latest(connection, 1, rollbacks=True)
    if not found:
        return None
    latest = _as_it_is(state, found[0], _at_work(state, connection, now))
    if latest.outcome is None:
        return None
    if latest.outcome in {RunOutcome.SUCCEEDED.value, RunOutcome.PARTIAL.value}:
        return None
    freed = (
        it.what == "resume" and it.at > latest.started_at for it in state.actions.all(connection)
    )
    return None if any(freed) else latest


def verdict(it: Standing, now: datetime, *, review_overdue: bool | None) -> Verdict:
    """Say in a few words what matters most about a connection."""
    found = chain(_resting(it), _failing(it, now), _waiting(it, now, review_overdue=review_overdue))
    return next(found, Verdict(ALL_RIGHT))


def _success(state: State, connection: str) -> str | None:
    """When the last run ended that did all it could.

    Accounts that the CRM refuses make a run partial, each night perhaps; they are told of apart.
    """
    ended = [
        run.finished_at
        for outcome in (RunOutcome.SUCCEEDED, RunOutcome.PARTIAL)
        if (run := _last(state, connection, _did_all, outcome.value)) is not None
    ]
    return max(filter(None, ended), default=None)


def _resting(it: Standing) -> Iterator[Verdict]:
    if it.pause is not None:
        until = "until someone resumes it"
        if it.pause.until:
            until = f"until {minute_text(instant(it.pause.until))}"
        why = f"paused by {it.pause.who} {until}: {it.pause.reason}"
        yield Verdict(STOPPED, why, (f"icp resume {it.connection}",))
    if it.last is None:
        yield Verdict(LOOK, "no run yet", (f"icp check{it.of}", f"icp run --dry-run{it.of}"))


def _failing(it: Standing, now: datetime) -> Iterator[Verdict]:
    outcome = it.last.outcome if it.last else None
    problems = it.report.get("problems") or ["the last run failed"]
    first, *more = map(str, problems)
    waits = _goes_on_by_itself(it, now)
    if outcome == RunOutcome.FAILED.value and not waits:
        others = f" ({len(more)} more problem{'s' * (len(more) > 1)})" if more else ""
        yield Verdict(STOPPED, f"{first}{others}", failure_remedies(it))
    if it.unfinished is not None:
        undone = report_of(it.unfinished).get("rolls_back")
        why = f"a rollback of run {undone} ended half-way"
        yield Verdict(LOOK, why, (f"icp rollback {undone}{it.of}", f"icp resume {it.connection}"))
    if it.held is not None:
        yield _holding(it, it.held)
    if waits:
        yield Verdict(LOOK, first)
    if it.lease is not None:
        return  # someone is at it
    if it.overdue(now):
        yield _overdue(it, now)
    if outcome == ABANDONED:
        yield Verdict(LOOK, BROKEN_OFF, (f"icp run{it.of}",))
    if outcome == RunOutcome.STOPPED.value:
        yield Verdict(LOOK, "the last run was stopped", (f"icp run{it.of}",))


def _overdue(it: Standing, now: datetime) -> Verdict:
    """Too long without a success: nobody begins runs, or each leaves the same problem."""
    since = it.success or it.began or now
    yet = "" if it.success else " yet,"
    why = f"no run has succeeded{yet} for {span(now - since)}"
    ended = it.last.finished_at if it.last is not None else None
    problems = it.report.get("problems")
    if problems and ended is not None and now <= it.patient_until(instant(ended)):
        return Verdict(STOPPED, f"{why}: {problems[0]}", (f"icp check{it.of}", f"icp run{it.of}"))
    return Verdict(STOPPED, why, ("icp worker", f"icp run{it.of}"))


def _holding(it: Standing, run: Run) -> Verdict:
    reason = str((report_of(run).get("hold") or {}).get("reason") or "a run is held")
    reject = f'icp reject {run.run_id}{it.of} --reason "..."'
    if it.freeze is None:
        return Verdict(LOOK, reason, (f"icp approve {run.run_id}{it.of}", reject))
    words = frozen_words(it.freeze)  # it cannot be approved before that is over
    return Verdict(LOOK, reason if words in reason else f"{words}; also {reason}", (reject,))


def _goes_on_by_itself(it: Standing, now: datetime) -> bool:
    """Whether the day's calls ended the last run, and are not back: another would end alike."""
    back: str | None = it.report.get("resumes_at")
    return back is not None and now < instant(back)


def failure_remedies(it: Standing) -> Sequence[str]:
    """The commands that help when the last run failed."""
    if it.report.get("failure") == Failure.ICP.value:
        return ("icp lint",)
    commands = (f"icp check{it.of}", f"icp run{it.of}")
    return (*commands, RESTART) if it.report.get("failure") == Failure.SETUP.value else commands


def _waiting(it: Standing, now: datetime, *, review_overdue: bool | None) -> Iterator[Verdict]:
    if it.alerts.problem:
        why = f"alerts do not arrive: {it.alerts.problem}"
        yield Verdict(LOOK, why, (f"icp alerts --test{it.of}",))
    if it.dead_letters:
        yield Verdict(LOOK, _not_taken(it), (f"icp runs --rejected{it.of}",))
    if it.last is not None and it.last.outcome == RunOutcome.PARTIAL.value:
        again = () if _goes_on_by_itself(it, now) else (f"icp run{it.of}",)
        # Without a problem it was partial by what the CRM refused, which is written or moot by now.
        yield from (Verdict(LOOK, str(one), again) for one in it.report.get("problems") or ())
    if review_overdue is None:
        yield Verdict(STOPPED, "the ICP cannot be read", ("icp lint",))
    if review_overdue:
        why = "the review of the ICP is overdue; set `reviewed:` once it is done"
        yield Verdict(LOOK, why, ("icp lint",))
    if it.freeze is not None:
        yield Verdict(ALL_RIGHT, frozen_words(it.freeze))


def _not_taken(it: Standing) -> str:
    """What the CRM refuses, and what it accepts and does not keep: the remedies differ."""
    refused, unkept = it.dead_letters - it.not_kept, it.not_kept
    found = [f"the CRM refuses {_accounts(refused)}"] if refused else []
    if unkept:
        found.append(
            f"the CRM accepts what is written to {_accounts(unkept)} and does not keep it: look for"
            " what else sets our fields (a workflow, a flow, an integration), and end that"
        )
    return "; ".join(found)


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count:,} accounts"


def report_of(run: Run | None) -> dict[str, Any]:
    """What a run reported; empty where it did not."""
    found: dict[str, Any] = orjson.loads(run.report) if run is not None and run.report else {}
    return found


def short(text: str | None) -> str:
    """A point in time as people read it: ``2026-11-22 04:00``."""
    return (text or "")[:16].replace("T", " ")


def span(length: timedelta) -> str:
    """A length of time, in its largest useful unit."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _period(schedule: Schedule, now: datetime) -> timedelta:
    """How far apart runs are; of a cron line, the next two."""
    first = next_due(schedule, now)
    second = next_due(schedule, first) if first else None
    return second - first if first and second else timedelta(days=1)
