"""Each scheduled tick is begun once, however many replicas and restarts there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.schedule import schedule
from connectors.errors import StoppedError
from tests.support.runs import Desk, Quiet, synced
from worker.due import last_due, still_due
from worker.sync.connection import RunRequest, TickDoneError
from worker.sync.run import SyncRun


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal of a few companies and its state."""
    found = synced(tmp_path, 4)
    yield found
    found.state.close()


def tick(shop: Desk, holder: str, due: datetime) -> bool:
    """Let a replica begin a tick; false when it was begun before."""
    shop.runs += 1
    run = SyncRun(
        shop.connection(),
        shop.crm,
        shop.state,
        run_id=f"tick-{shop.runs}",
        holder=holder,
        stop=shop.stop,
        progress=Quiet(),
        clock=shop.clock,
    )
    try:
        run.execute(RunRequest(due=due))
    except TickDoneError:
        return False
    return True


def test_three_replicas_begin_forty_ticks_once_each(shop: Desk) -> None:
    """Their clocks are minutes apart; the schedule is the same."""
    hourly = schedule("1h")
    begun: list[datetime] = []
    for _ in range(40):
        for holder, skew in (("a", 0), ("b", -180), ("c", 240)):
            due = last_due(hourly, shop.clock() + timedelta(seconds=skew))
            if tick(shop, holder, due):
                begun.append(due)
        shop.clock.advance(hours=1)
    assert len(begun) == len(set(begun))
    assert begun == sorted(begun)
    assert len(begun) in {40, 41}  # a clock that is early may begin the next hour's


def test_a_restart_does_not_begin_the_same_tick_again(shop: Desk) -> None:
    """A crash loop costs the CRM nothing."""
    due = last_due(schedule("1h"), shop.clock())
    assert tick(shop, "a", due)
    assert not tick(shop, "a", due)


@pytest.mark.parametrize("earlier", [True, False])
def test_a_tick_whose_run_was_told_to_stop_before_it_began_is_begun_by_another(
    shop: Desk, *, earlier: bool
) -> None:
    """A deployment in the seconds of the preflight costs no day, and nothing would have told it."""
    due = last_due(schedule("1h"), shop.clock())
    if earlier:
        assert tick(shop, "a", due - timedelta(hours=1))
    shop.crm.fail_next(StoppedError("Stopped on request while waiting for the CRM."))
    with pytest.raises(StoppedError):
        tick(shop, "a", due)
    assert shop.state.ticks.last("main") == (due - timedelta(hours=1) if earlier else None)

    assert tick(shop, "b", due)
    assert not tick(shop, "a", due)


def test_a_clock_that_was_a_year_ahead_blocks_nothing(shop: Desk) -> None:
    """Once it is right again, ticks go on."""
    due = last_due(schedule("1h"), shop.clock())
    assert tick(shop, "a", due + timedelta(days=365))
    assert tick(shop, "a", due)


@pytest.mark.parametrize(
    ("now", "ahead", "early"),
    [
        ("12:20", 0, False),
        ("12:20", -30, False),
        ("12:20", 10, False),
        ("12:40", 30, True),
        ("12:20", 61, True),
    ],
)
def test_a_clock_that_is_ahead_comes_back_when_the_tick_is_due(
    now: str, ahead: int, *, early: bool
) -> None:
    """Which is at one o'clock, when its own time is later by so much as it is ahead."""
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    shared = noon.replace(minute=int(now[-2:]))
    wrong_by = timedelta(minutes=ahead)
    found = still_due(schedule("1h"), shared, shared + wrong_by)
    assert found == (noon + timedelta(hours=1) + wrong_by if early else None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1h", "2026-11-27T12:00"),
        ("15m", "2026-11-27T12:30"),
        ("*/10 * * * *", "2026-11-27T12:40"),
        ("0 5 * * *", "2026-11-27T05:00"),
        ("0 5 * * sun", "2026-11-22T05:00"),
        ("0 0 29 2 *", "2024-02-29T00:00"),
    ],
)
def test_the_present_tick_is_the_latest_time_that_fell_due(line: str, expected: str) -> None:
    """Of an interval as of a cron line."""
    now = datetime(2026, 11, 27, 12, 41, 30, tzinfo=UTC)
    assert last_due(schedule(line), now) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
