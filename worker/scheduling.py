"""The clock: APScheduler says when, and nothing else. Correctness lives in the state database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    JobExecutionEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from config.schedule import Schedule

log = structlog.get_logger()

Job = Callable[[], datetime | None]
"""Runs, and may answer when it wants to run again, sooner than its schedule says."""

NO_WAIT = timedelta(0)

SOONEST = timedelta(minutes=1)
"""How soon a job may run again by its own wish: clocks differ, and a wish may lie in the past."""

STUCK = 60.0
"""Seconds without a look after which the clock counts as stuck."""

LOOK = 0.5
"""Seconds between two looks at what jobs wish."""

SET_BACK = timedelta(minutes=1)
"""How far the machine's clock must fall behind within a look to count as set back."""


class Clock:
    """Runs jobs on their schedules until told to stop: one or two of each connection.

    The name of a job begins with its connection's.

    A tick that falls due while its connection is still running is skipped, ticks missed while the
    process slept count as one, and one connection's work never delays another's.
    """

    def __init__(
        self,
        stop: threading.Event,
        jobs: int,
        *,
        soonest: timedelta = SOONEST,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stop = stop
        self._soonest = soonest
        self._now = now
        self._beat, self._told = time.monotonic(), now()
        self._wishes: SimpleQueue[tuple[str, datetime]] = SimpleQueue()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(1, jobs))},
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                # However late: a machine that slept over a daily tick has a day to lose. The
                # library's own second would drop any run after a hiccup.
                "misfire_grace_time": None,
            },
        )
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)

    def on(self, schedule: Schedule, name: str, job: Job, wait: timedelta = NO_WAIT) -> None:
        """Run *job* after *wait* and then as *schedule* says."""
        if schedule.every is not None:
            self.every(schedule.every, name, job, wait)
        else:
            self.cron(str(schedule.cron), name, job, wait)

    def every(self, period: timedelta, name: str, job: Job, wait: timedelta = NO_WAIT) -> None:
        """Run *job* now, or after *wait*, and then each *period*."""
        trigger = IntervalTrigger(seconds=int(period.total_seconds()), timezone=UTC)
        self._add(trigger, name, job, wait)

    def cron(self, expression: str, name: str, job: Job, wait: timedelta = NO_WAIT) -> None:
        """Run *job* now, or after *wait*, and at the times of a cron *expression*, UTC.

        Raises:
            ValueError: the expression is not valid.
        """
        self._add(CronTrigger.from_crontab(expression, timezone=UTC), name, job, wait)

    def run(self) -> None:
        """Start, wait until asked to stop, let the jobs in hand finish, and return."""
        self._scheduler.start()
        try:
            while not self._stop.wait(LOOK):
                self._look_at_the_time()
                self._grant_wishes()
        finally:
            self._scheduler.remove_all_jobs()
            self._scheduler.shutdown(wait=True)

    def alive(self) -> bool:
        """Whether the loop goes round, or ends because it was told to."""
        return self._stop.is_set() or time.monotonic() - self._beat < STUCK

    def _add(self, trigger: Any, name: str, job: Job, wait: timedelta) -> None:
        def tick() -> None:
            again = job()
            if again is not None:
                self._wishes.put((name, again))

        self._scheduler.add_job(tick, trigger, id=name, next_run_time=datetime.now(UTC) + wait)

    def _look_at_the_time(self) -> None:
        """Let no job wait until it is as late again as it was before the clock was set back.

        Where it had been a year ahead, as on a machine that was just started, that is a year.
        """
        before, told = self._beat, self._told
        self._beat, self._told = time.monotonic(), self._now()
        back = timedelta(seconds=self._beat - before) - (self._told - told)
        if back < SET_BACK:
            return
        log.warning("clock_set_back", seconds=round(back.total_seconds()))
        for job in self._scheduler.get_jobs():
            found = job.next_run_time - back
            if isinstance(job.trigger, CronTrigger):
                found = job.trigger.get_next_fire_time(None, self._told)
            if found is not None and found < job.next_run_time:
                job.modify(next_run_time=found)

    def _grant_wishes(self) -> None:
        """Let the next tick of a job come sooner; the schedule goes on after it.

        Never from a job itself: the library, when it shuts down, waits for jobs while it holds the
        lock that changing one takes.
        """
        while not self._wishes.empty():
            name, wished = self._wishes.get()
            scheduled = self._scheduler.get_job(name)
            soon = max(wished, datetime.now(UTC) + self._soonest)
            if scheduled is not None and soon < scheduled.next_run_time:
                scheduled.modify(next_run_time=soon)


def _tell(event: JobExecutionEvent) -> None:
    words = {
        EVENT_JOB_ERROR: "tick_failed",
        EVENT_JOB_MAX_INSTANCES: "tick_skipped_still_running",
    }
    log.warning(words[event.code], connection=event.job_id.partition(" ")[0])
