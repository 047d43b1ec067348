"""A holder that was held up sends nothing more, and nobody takes over before it cannot."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.runs import Desk, desk
from worker.state.errors import StaleLeaseError
from worker.state.instants import instant_text
from worker.sync.draining import Drain
from worker.sync.holding import BusyError, alone
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER, Keeper, is_gone, place, this_holder
from worker.sync.report import Counters, RunOutcome

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal of a few companies and its state."""
    found = desk(tmp_path, 8)
    yield found
    found.state.close()


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.stands_for = -1  # readings before the process is held up; never, below zero

    def __call__(self) -> float:
        """Read it."""
        if self.stands_for == 0:
            self.seconds += LEASE_TTL.total_seconds()
        self.stands_for -= 1
        return self.seconds


def kept(shop: Desk, ticking: Ticking, at: datetime = NOON) -> Keeper:
    """The lease of the desk's connection, kept by the clock given."""
    name = shop.connection().name
    lease = shop.state.leases.acquire(name, "elsewhere:1:aa", LEASE_TTL, at)
    assert lease is not None
    return Keeper(shop.state, lease, lambda: at, ticking=ticking)


def test_a_holder_held_up_before_it_sends_sends_nothing(shop: Desk) -> None:
    """The CRM sees no write, and the next run does what this one did not."""
    shop.run(yes=False)  # a first backfill, held: its plan is there
    ticking = Ticking()
    keeper = kept(shop, ticking, shop.clock())
    ticking.stands_for = 1  # held up after it made sure of its lease, before it sends
    drain = Drain(shop.crm, shop.state, keeper, "run-1", Counters(), progress=lambda _count: None)
    with pytest.raises(StaleLeaseError, match="held up for longer than its lease lasts"):
        drain.run(shop.stop)
    assert set(shop.tiers().values()) == {""}
    shop.state.leases.release(keeper.lease)
    assert shop.run().report.outcome is RunOutcome.SUCCEEDED


def test_a_lease_runs_out_by_time_that_passed_whatever_the_wall_clock_says(shop: Desk) -> None:
    """The wall clock stands still here; the holder knows all the same."""
    ticking = Ticking()
    keeper = kept(shop, ticking)
    ticking.seconds += LEASE_TTL.total_seconds() - 1
    keeper.require_held()
    keeper.renew()
    ticking.seconds += LEASE_TTL.total_seconds() - 1
    keeper.require_held()
    ticking.seconds += 1
    with pytest.raises(StaleLeaseError):
        keeper.require_held()


def test_what_is_recorded_goes_by_the_clock_of_the_state(shop: Desk, tmp_path: Path) -> None:
    """A machine whose own clock is wrong leaves no wrong time behind."""
    shop.crm.refuse("1", "INVALID")
    shop.run()
    now = instant_text(shop.clock())
    [letter] = shop.state.dead_letters.all("main")
    assert letter.first_seen == letter.last_seen == now
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        found = database.execute("SELECT DISTINCT sent_at, answered_at FROM changes")
        assert found.fetchall() == [(now, now)]


def test_another_process_waits_until_the_old_holder_s_last_request_has_ended(shop: Desk) -> None:
    """Expiry alone is not enough: a request that left just before it may still land."""
    now = shop.clock()
    kept(shop, Ticking(), now)
    waited = LEASE_TTL + TAKEOVER_AFTER - timedelta(seconds=1)
    shop.clock.advance(seconds=waited.total_seconds())
    with pytest.raises(BusyError):
        shop.run()
    shop.clock.advance(seconds=2)
    assert shop.run().report.outcome is RunOutcome.SUCCEEDED


def test_two_threads_of_one_process_do_not_take_a_connection_from_each_other(shop: Desk) -> None:
    """Our own process number is an earlier life's only where the life differs."""
    me = this_holder()
    assert not is_gone(me)
    assert is_gone(me[:-8] + "0" * 8)
    with alone(shop.state, "main", me), pytest.raises(BusyError):
        shop.run()


def test_of_another_container_nobody_knows_whether_it_has_ended() -> None:
    """Of the same host name, and with its processes numbered alike."""
    here, process, life = this_holder().rsplit(":", 2)
    host = here.partition("/")[0]

    for elsewhere in (f"{host}/00000000", f"{host}-too"):
        assert not is_gone(f"{elsewhere}:{process}:{life}")
        assert not is_gone(f"{elsewhere}:{process}:00000000")
        assert not is_gone(f"{elsewhere}:4194304:00000000")
    assert is_gone(f"{here}:4194304:00000000")  # there is never a process of that number
    assert not is_gone(f"{host}:4194304:00000000")  # as an earlier version wrote it


def test_where_the_system_does_not_say_which_container_nobody_is_taken_for_dead(
    tmp_path: Path,
) -> None:
    """A sandbox without these files may share its host name with another one."""
    here = place(tmp_path, "linux")

    for process in (os.getpid(), 4194304):
        assert not is_gone(f"{here}:{process}:00000000", here)
    assert is_gone("laptop:4194304:00000000", "laptop")  # elsewhere a host name will do
