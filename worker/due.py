"""Which tick of a schedule is the present one: the same answer in every replica."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from config.schedule import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=5 * 366)  # a cron line may name the 29th of February


def last_due(schedule: Schedule, now: datetime) -> datetime:
    """The latest time, not after *now*, at which the schedule falls due.

    An interval counts from 1970, not from the start of a process, so that replicas agree. Before
    the first time of a cron line, *now* itself in whole minutes.
    """
    if schedule.every is not None:
        return now - (now - _EPOCH) % schedule.every
    trigger = CronTrigger.from_crontab(str(schedule.cron), timezone=UTC)
    back = timedelta(minutes=1)
    while True:
        found = trigger.get_next_fire_time(None, now - back)
        if found is not None and found <= now:
            return _latest(trigger, found, now)
        if back >= _LONGEST:
            break
        back = min(4 * back, _LONGEST)
    return now.replace(second=0, microsecond=0)


def still_due(schedule: Schedule, now: datetime, own: datetime) -> datetime | None:
    """When the tick is due to which a clock has come early, by that clock; ``None`` if it has not.

    Args:
        schedule: whose ticks.
        now: the moment by the clock that all replicas go by.
        own: the same moment by this machine's.
    """
    falls = last_due(schedule, own)
    return falls + (own - now) if falls > now else None


def delay(connection: str, due: datetime, most: timedelta) -> timedelta:
    """How much later than *due* a run starts, so that not all connections start at once.

    Less than *most*, and the same in every replica: the tick is still that of its due time.
    """
    drawn = hashlib.sha256(f"{connection} {due.isoformat()}".encode()).digest()
    return most * int.from_bytes(drawn[:4]) / 2**32


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time later than *after* at which the schedule falls due; ``None`` if never."""
    if schedule.every is not None:
        return last_due(schedule, after) + schedule.every
    trigger = CronTrigger.from_crontab(str(schedule.cron), timezone=UTC)
    found: datetime | None = trigger.get_next_fire_time(None, after + timedelta(seconds=1))
    return found


def _latest(trigger: CronTrigger, found: datetime, now: datetime) -> datetime:
    while True:
        after = trigger.get_next_fire_time(found, found + timedelta(seconds=1))
        if after is None or after > now:
            return found
        found = after
