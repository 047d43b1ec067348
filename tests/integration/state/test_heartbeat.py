"""A lease is renewed while its run goes on: by a heartbeat beside it, on both databases."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from inspect import signature
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from connectors.hubspot.session import Session
from connectors.salesforce.adapter import TIMEOUT
from tests.integration.state.builders import CONNECTION, NOW, SERVER, mirrored, opened
from tests.support.runs import Clock
from worker.state import StaleLeaseError, State, StateError
from worker.sync.heartbeat import AGAIN_AFTER, RENEW_EVERY, Heartbeat
from worker.sync.holding import alone
from worker.sync.keeping import LEASE_TTL, STANDSTILL, TAKEOVER_AFTER, Keeper

OFTEN = timedelta(milliseconds=5)


class Ticking:
    """Seconds on a clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


def kept(state: State, clock: Clock, ticking: Ticking | None = None) -> Keeper:
    """Take the lease as a process of another host would."""
    lease = state.leases.acquire(CONNECTION, "elsewhere:1:aa", LEASE_TTL, clock())
    assert lease is not None
    return Keeper(state, lease, clock, ticking=ticking or Ticking())


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


def expiry(state: State) -> str:
    """When the lease runs out."""
    held = state.leases.holder(CONNECTION)
    return held.expires_at if held else ""


@contextmanager
def closed_to_writers(folder: Path) -> Iterator[None]:
    """A database that somebody else has locked."""
    server = folder / SERVER
    if server.exists():
        with psycopg.connect(server.read_text()) as other:
            other.execute("LOCK TABLE leases")
            yield
        return
    with closing(sqlite3.connect(folder / "icp.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def test_the_numbers_fit_each_other() -> None:
    """Renewals may fail several times, and nobody takes over while a request is under way."""
    assert RENEW_EVERY * 3 + AGAIN_AFTER * 2 < LEASE_TTL
    for timeout in (TIMEOUT, signature(Session).parameters["timeout"].default):
        assert timedelta(seconds=sum(timeout)) < TAKEOVER_AFTER


def test_a_lease_is_renewed_while_the_run_is_busy_with_something_else(state: State) -> None:
    """A call that lasts longer than the lease does not cost it."""
    clock, ticking = Clock(NOW), Ticking()
    keeper = kept(state, clock, ticking)
    with Heartbeat(keeper, every=OFTEN):
        for _ in range(3):
            before = expiry(state)
            clock.advance(seconds=80)
            ticking.seconds += 80
            until(lambda before=before: expiry(state) > before)  # type: ignore[misc]
            until(lambda: keeper.lease.expires_at == expiry(state))
        until(lambda: not expired(keeper))
    after = expiry(state)
    clock.advance(seconds=5)
    assert expiry(state) == after  # it ended with the block


def expired(keeper: Keeper) -> bool:
    """Whether the holder itself finds that its lease has run out."""
    try:
        keeper.require_held()
    except StaleLeaseError:
        return True
    return False


def test_a_run_that_stands_still_is_let_go(state: State) -> None:
    """A hung run does not hold its connection for ever; one that goes on again is renewed again."""
    clock, ticking = Clock(NOW), Ticking()
    keeper = kept(state, clock, ticking)
    ticking.seconds += STANDSTILL.total_seconds()
    clock.advance(seconds=STANDSTILL.total_seconds())
    before = expiry(state)
    with capture_logs() as logs, Heartbeat(keeper, every=OFTEN):
        until(lambda: bool(logs))
        assert [it["event"] for it in logs] == ["lease_let_go"]
        assert expiry(state) == before
        with pytest.raises(StaleLeaseError, match="held up for longer"):
            keeper.require_held()  # which says, too, that it goes on
        until(lambda: expiry(state) > before)
    assert len(logs) == 1


def test_a_database_that_does_not_answer_for_a_while_costs_nothing(
    state: State, tmp_path: Path
) -> None:
    """It is asked again soon, and the lease goes on."""
    clock = Clock(NOW)
    keeper = kept(state, clock)
    before = expiry(state)
    clock.advance(seconds=60)
    with capture_logs() as logs, Heartbeat(keeper, every=OFTEN, again=OFTEN):
        with closed_to_writers(tmp_path):
            until(lambda: "lease_not_renewed" in {it["event"] for it in logs})
        until(lambda: keeper.lease.expires_at > before)
    keeper.keep()


def test_a_holder_that_was_overtaken_hears_of_it_at_its_next_step(state: State) -> None:
    """Whatever it is about to do, it does not."""
    clock = Clock(NOW)
    keeper = kept(state, clock)
    with capture_logs() as logs, Heartbeat(keeper, every=OFTEN):
        clock.advance(seconds=LEASE_TTL.total_seconds() * 2)
        with closing(_other(state, clock)):
            until(lambda: "lease_lost" in {it["event"] for it in logs})
            for step in (keeper.keep, keeper.require_held):
                with pytest.raises(StaleLeaseError, match="no longer in force"):
                    step()


class _other:  # noqa: N801 - a word in a sentence
    """Another process that takes over as soon as it can."""

    def __init__(self, state: State, clock: Clock) -> None:
        lease = None
        while lease is None:  # the heartbeat may have been faster
            clock.advance(seconds=LEASE_TTL.total_seconds() * 2)
            lease = state.leases.acquire(CONNECTION, "other:1:bb", LEASE_TTL, clock())
        self.lease = lease
        self.state = state

    def close(self) -> None:
        """Let go."""
        self.state.leases.release(self.lease)


def test_it_ends_before_the_lease_is_released(state: State) -> None:
    """The next holder is in at once, and nothing renews what was released."""
    for life in range(3):
        with alone(state, CONNECTION, f"host:{life}:x", lambda: NOW) as keeper:
            assert keeper.lease.fence == life + 1
        assert state.leases.holder(CONNECTION) is None
        with pytest.raises(StaleLeaseError):
            state.leases.renew(keeper.lease, LEASE_TTL, NOW)
        assert state.leases.holder(CONNECTION) is None


def test_renewing_does_not_wait_for_a_writer_and_taking_over_does(
    server_state: State, tmp_path: Path
) -> None:
    """However long a run's transaction lasts; and whoever takes over lets it end first."""
    state = server_state
    keeper = kept(state, Clock(NOW))
    later = NOW + 2 * LEASE_TTL
    with psycopg.connect((tmp_path / SERVER).read_text()) as writer:
        writer.execute("SELECT fence FROM leases FOR KEY SHARE")  # as every write of a run does
        assert state.leases.renew(keeper.lease, LEASE_TTL, NOW + OFTEN).fence == 1
        assert state.leases.acquire(CONNECTION, "other:1:bb", LEASE_TTL, NOW) is None  # at once
        with pytest.raises(StateError, match="is locked by another process"):
            state.leases.acquire(CONNECTION, "other:1:bb", LEASE_TTL, later)
    assert state.leases.acquire(CONNECTION, "other:1:bb", LEASE_TTL, later) is not None
    with pytest.raises(StaleLeaseError):
        state.mirror.save(keeper.lease, [mirrored("1")])


@pytest.fixture
def server_state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """A database on a server: where writers are at work side by side."""
    (tmp_path / SERVER).write_text(request.getfixturevalue("server").database())
    with opened(tmp_path) as state:
        yield state
