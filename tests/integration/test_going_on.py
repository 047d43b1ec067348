"""What the day's calls left of a run is done once they are back, whoever is restarted meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from config.connection import ConnectionSettings
from config.hubspot import HubSpotSettings
from config.schedule import schedule
from config.settings import Settings
from tests.support.sandbox import RunningSandbox, running_sandbox
from worker.cli.running import LOOK_AGAIN, Tick
from worker.cli.serving import RequestServer, is_being_run
from worker.due import last_due
from worker.state.database import Database
from worker.state.instants import instant, instant_text
from worker.state.requests import RequestKind
from worker.state.store import State, open_state
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER

YEARLY = schedule(f"0 4 1 {(datetime.now(UTC).month + 5) % 12 + 1} *")
"""In half a year: no test sees it by chance."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """A portal that nothing was set up in: a run that begins there fails, and that shows."""
    with running_sandbox("--accounts", "0", "--limits", "real") as found:
        yield found


class Moved(State):
    """A state whose clock a test moves."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        """As late as the test says."""
        return super().now() + self.ahead


class Worker:
    """A worker of one connection, as far as its ticks are concerned."""

    def __init__(self, state: Moved, sandbox: RunningSandbox) -> None:
        self.state = state
        self.sandbox = sandbox
        self.connection = ConnectionSettings(
            name="main",
            crm="hubspot",
            profiles=(Path("config/examples/midmarket-saas.yaml"),),
            schedule=YEARLY,
            hubspot=HubSpotSettings(access_token=SecretStr(sandbox.token), api_origin=sandbox.url),
        )
        self.said: list[str] = []
        self.start()

    def start(self) -> None:
        """Start, or start again: nothing is remembered."""
        settings = Settings(connections=(self.connection,))
        self._tick = Tick(settings, self.connection, self.state, threading.Event())

    def tick(self) -> datetime | None:
        """Come to a tick; what it said is kept."""
        with capture_logs() as logs:
            again = self._tick()
        self.said = [it["event"] for it in logs]
        return again

    def present(self) -> datetime:
        """The tick that is the present one."""
        return last_due(YEARLY, self.state.now())

    def use_up(self, *, calls: int) -> None:
        """Leave so many of the day's calls."""
        self.sandbox.control("POST", "limits", {"daily": 1_000, "daily_used": 1_000 - calls})


@pytest.fixture
def worker(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Worker]:
    """A worker whose first tick ended for want of calls."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_state(url).close()
    sandbox.reset()
    with Moved(Database(url, timedelta(seconds=5))) as state:
        found = Worker(state, sandbox)
        found.use_up(calls=0)
        assert found.tick() is not None
        assert "run_resumes" in found.said
        assert state.ticks.last("main") == found.present()
        yield found


def later(worker: Worker, at: datetime) -> None:
    """Let the calls come back."""
    worker.use_up(calls=1_000)
    worker.state.ahead = at - datetime.now(UTC) + timedelta(seconds=1)


def test_a_worker_that_is_restarted_still_goes_on(worker: Worker) -> None:
    """It waits as long as the one before it would have, and does not ask the CRM meanwhile."""
    worker.start()
    calls = len(worker.sandbox.calls())

    at = worker.tick()

    assert at is not None
    assert worker.said == ["run_resumes"]
    assert len(worker.sandbox.calls()) == calls
    later(worker, at)
    worker.tick()
    assert worker.said == ["run_failed"]  # it has begun: the portal is not set up


def test_one_that_is_started_when_the_calls_are_back_goes_on_at_once(worker: Worker) -> None:
    """The next time of the schedule may be months away."""
    later(worker, datetime.now(UTC) + timedelta(days=1))
    worker.start()

    worker.tick()

    assert worker.said == ["run_failed"]
    assert worker.state.ticks.last("main") == worker.present()


def test_where_the_schedule_comes_first_its_tick_is_begun(worker: Worker) -> None:
    """So that no other replica begins it again."""
    later(worker, datetime.now(UTC) + timedelta(days=367))
    assert worker.state.ticks.last("main") != worker.present()

    worker.tick()

    assert worker.said == ["run_failed"]
    assert worker.state.ticks.last("main") == worker.present()


def test_one_that_finds_the_connection_held_comes_back(worker: Worker) -> None:
    """A resync, or somebody who decides, costs the rest of the day nothing."""
    at = worker.tick()
    assert at is not None
    later(worker, at)
    lease = worker.state.leases.acquire("main", "another", timedelta(hours=1), worker.state.now())
    assert lease is not None

    again = worker.tick()

    assert worker.said == ["tick_waits"]
    assert again is not None
    worker.state.leases.release(lease)
    worker.tick()
    assert worker.said == ["run_failed"]


def test_what_another_replica_has_gone_on_with_is_done(worker: Worker) -> None:
    """A run that has begun since leaves nothing to go on with, however it ended."""
    at = worker.tick()
    assert at is not None
    later(worker, at)
    lease = worker.state.leases.acquire("main", "another", timedelta(hours=1), worker.state.now())
    assert lease is not None
    now = worker.state.now()
    worker.state.runs.start(lease, "theirs", kind="incremental", as_of=now, started_at=now)

    assert worker.tick() is not None
    assert worker.said == ["tick_skipped_busy"]
    worker.state.leases.release(lease)
    assert worker.tick() is None
    assert worker.said == ["tick_done_before"]


def test_one_that_found_a_run_under_way_learns_what_the_calls_left_of_it(worker: Worker) -> None:
    """Whoever runs it may be gone when they are back, and the next tick be months away."""
    at = worker.tick()
    assert at is not None
    later(worker, at)
    lease = worker.state.leases.acquire("main", "another", timedelta(hours=1), worker.state.now())
    assert lease is not None
    now = worker.state.now()
    worker.state.runs.start(lease, "theirs", kind="full", as_of=now, started_at=now)

    again = worker.tick()

    assert worker.said == ["tick_skipped_busy"]
    assert again is not None
    assert again - datetime.now(UTC) <= LOOK_AGAIN
    back = now + timedelta(hours=9)
    worker.state.runs.finish(
        lease, "theirs", outcome="partial", finished_at=now,
        report=orjson.dumps({"resumes_at": instant_text(back)}),
    )  # fmt: skip
    worker.state.leases.release(lease)
    assert worker.tick() == instant(instant_text(back))
    assert worker.said == ["run_resumes"]


class Once(threading.Event):
    """Tells who waits for it to end."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - it need not wait
        """End the wait, and all there is to do."""
        self.set()
        return True


def test_what_is_asked_for_waits_until_a_lost_host_can_be_taken_over_from(worker: Worker) -> None:
    """Nobody asks the CRM each second what is selected, to find that it cannot be run yet.

    Nor is whoever asked told meanwhile that there seems to be no worker.
    """
    state, now = worker.state, worker.state.now()
    expired = now - LEASE_TTL - timedelta(seconds=10)
    assert state.leases.acquire("main", "another-host:1:ab", LEASE_TTL, expired)
    asked = state.requests.ask("main", RequestKind.SINCE, {"since": "7d"}, "Ada", now)
    calls = len(worker.sandbox.calls())

    def look() -> str | None:
        RequestServer(worker.connection, state, Once(), threading.Lock()).serve()
        found = state.requests.get(asked.number)
        assert found is not None
        return found.outcome

    assert look() is None
    assert is_being_run(state, "main")
    assert len(worker.sandbox.calls()) == calls
    later(worker, now + TAKEOVER_AFTER)
    assert not is_being_run(state, "main")
    assert look() == "succeeded"  # of an empty portal nothing is selected
    assert len(worker.sandbox.calls()) > calls
