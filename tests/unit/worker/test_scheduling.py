"""The clock starts jobs, keeps them apart, and lets them finish."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from structlog.testing import capture_logs

from config.schedule import schedule
from worker.scheduling import Clock

TUESDAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
PATIENCE = 10.0


def next_times(expression: str, count: int, after: datetime) -> list[datetime]:
    """The next times of a cron expression, as the library reads it."""
    trigger = CronTrigger.from_crontab(expression, timezone=UTC)
    times: list[datetime] = []
    while len(times) < count:
        previous = times[-1] if times else None
        following = trigger.get_next_fire_time(previous, previous or after)
        assert following is not None
        times.append(following)
    return times


@contextmanager
def at_the_latest(stop: threading.Event) -> Iterator[None]:
    """Set *stop* when patience ends, so that a test that fails does end."""
    timer = threading.Timer(PATIENCE, stop.set)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_a_job_runs_at_once_and_the_clock_stops_when_told() -> None:
    """A worker that starts does not wait an hour for its first run."""
    stop = threading.Event()
    clock = Clock(stop, 1)
    clock.every(timedelta(hours=1), "main", stop.set)
    clock.run()

    assert stop.is_set()


def test_stopping_waits_for_the_job_in_hand() -> None:
    """A run that has begun reaches its checkpoint."""
    stop, done = threading.Event(), threading.Event()

    def job() -> None:
        stop.set()
        threading.Event().wait(0.05)
        done.set()

    clock = Clock(stop, 1)
    clock.every(timedelta(hours=1), "main", job)
    clock.run()

    assert done.is_set()


def test_connections_run_beside_each_other() -> None:
    """Each waits here for the other to have begun; one after the other they would never end."""
    stop = threading.Event()
    meeting = threading.Barrier(2, action=stop.set)
    clock = Clock(stop, 2)

    def meet() -> None:
        meeting.wait(PATIENCE)

    for name in ("emea", "americas"):
        clock.every(timedelta(hours=1), name, meet)
    clock.run()

    assert not meeting.broken


def test_a_job_that_raises_is_told_of_and_stops_nothing() -> None:
    """The others go on, and the log says which connection it was, not what the error said."""
    stop = threading.Event()
    failed = threading.Event()

    def bad() -> None:
        failed.set()
        raise RuntimeError("customer value")

    def good() -> None:
        failed.wait(PATIENCE)
        stop.set()

    clock = Clock(stop, 2)
    clock.every(timedelta(hours=1), "bad", bad)
    clock.every(timedelta(hours=1), "good", good)
    with capture_logs() as logs:
        clock.run()

    assert {"event": "tick_failed", "connection": "bad", "log_level": "warning"} in logs
    assert "customer value" not in str(logs)


def test_a_job_may_ask_to_run_again_sooner() -> None:
    """A run that was paused goes on when it can, and not at the next hour of the schedule."""
    stop = threading.Event()
    runs: list[datetime] = []

    def job() -> datetime | None:
        runs.append(datetime.now(UTC))
        if len(runs) > 1:
            stop.set()
        return runs[0] - timedelta(hours=1)  # another clock's idea of soon

    clock = Clock(stop, 1, soonest=timedelta(milliseconds=200))
    clock.every(timedelta(hours=1), "main", job)
    with at_the_latest(stop):
        clock.run()

    assert timedelta(milliseconds=150) < runs[1] - runs[0] < timedelta(seconds=PATIENCE)


@pytest.mark.parametrize("line", ["1h", "0 4 1 1 *"])
def test_a_tick_that_a_machine_slept_over_is_begun_when_it_wakes(line: str) -> None:
    """However long it slept: the next one of a daily schedule is a day away."""
    stop, ran = threading.Event(), threading.Event()

    def job() -> None:
        ran.set()
        stop.set()

    clock = Clock(stop, 1)
    clock.on(schedule(line), "main", job, timedelta(hours=-5))
    with at_the_latest(stop):
        clock.run()

    assert ran.is_set()


@pytest.mark.parametrize("line", ["1h", "0 * * * *"])
def test_a_clock_that_is_set_back_keeps_no_job_waiting(line: str) -> None:
    """It was wrong when the machine started, perhaps: nobody waits until it is as late again."""
    stop, begun, moved = threading.Event(), threading.Event(), threading.Event()
    ahead = timedelta(days=400)
    latest = datetime.now(UTC) + timedelta(hours=1, minutes=1)

    def now() -> datetime:
        if not begun.is_set():
            return datetime.now(UTC) + ahead
        main = clock._scheduler.get_job("main")  # noqa: SLF001 - its next time is the point
        if main.next_run_time < latest:
            moved.set()
            stop.set()
        return datetime.now(UTC)

    clock = Clock(stop, 2, now=now)
    clock.on(schedule(line), "first", begun.set)
    clock.on(schedule(line), "main", lambda: None, ahead + timedelta(minutes=5))
    with at_the_latest(stop), capture_logs() as logs:
        clock.run()

    assert moved.is_set()
    [told] = [it for it in logs if it["event"] == "clock_set_back"]
    assert abs(told["seconds"] - ahead.total_seconds()) <= 1


def test_a_job_cannot_put_its_schedule_off() -> None:
    """Whatever comes first counts."""
    stop = threading.Event()
    runs: list[datetime] = []

    def job() -> datetime | None:
        runs.append(datetime.now(UTC))
        if len(runs) > 1:
            stop.set()
        return runs[0] + timedelta(hours=1)

    clock = Clock(stop, 1)
    clock.every(timedelta(seconds=1), "main", job)
    with at_the_latest(stop):
        clock.run()

    assert len(runs) > 1


def test_a_job_that_wishes_while_the_clock_stops_does_not_keep_it() -> None:
    """The library holds a lock while it waits for the job in hand."""
    stop = threading.Event()

    def job() -> datetime | None:
        stop.set()
        threading.Event().wait(0.2)
        return datetime.now(UTC)

    clock = Clock(stop, 1)
    clock.every(timedelta(hours=1), "main", job)
    ended = threading.Thread(target=clock.run, daemon=True)
    ended.start()
    ended.join(PATIENCE)

    assert not ended.is_alive()


def test_a_cron_line_runs_on_the_days_it_names() -> None:
    """Monday to Friday is Monday to Friday: 0 is Sunday in cron and Monday in the library."""
    line = schedule("30 6 * * 1-5").cron
    assert line is not None
    times = next_times(line, 5, TUESDAY)

    assert [f"{it:%a %H:%M}" for it in times] == [
        "Wed 06:30", "Thu 06:30", "Fri 06:30", "Mon 06:30", "Tue 06:30",
    ]  # fmt: skip
    sunday = schedule("0 5 * * 0").cron
    assert sunday is not None
    assert {f"{it:%a}" for it in next_times(sunday, 3, TUESDAY)} == {"Sun"}


def test_a_cron_line_that_means_nothing_is_refused() -> None:
    """Before the clock starts."""
    with pytest.raises(ValueError, match="Wrong number of fields"):
        Clock(threading.Event(), 1).cron("every day", "main", lambda: None)
