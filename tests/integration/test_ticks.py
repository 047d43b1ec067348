"""A scheduled run that cannot begin says why, and the worker goes on."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from structlog.testing import capture_logs

from config.connection import ConnectionSettings
from config.hubspot import HubSpotSettings
from config.schedule import schedule
from config.settings import Settings
from worker.cli.running import LOOK_AGAIN, Tick
from worker.due import last_due
from worker.state.database import Database
from worker.state.store import State, open_state
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER


def test_a_broken_edit_of_the_icp_is_told_in_its_own_words(tmp_path: Path) -> None:
    """Whoever edits the ICP of a running worker reads file, line and remedy in its log."""
    document = tmp_path / "icp.yaml"
    document.write_text("icp: broken\ncriterai: []\n", encoding="utf-8")
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(document,))
    settings = Settings(connections=(connection,))

    with open_state(f"sqlite:///{tmp_path / 'state.db'}") as state, capture_logs() as logs:
        Tick(settings, connection, state, threading.Event())()

    [event] = logs
    assert event["event"] == "run_failed"
    assert event["log_level"] == "error"
    assert "icp.yaml:2" in event["reason"]
    assert 'Did you mean "criteria"?' in event["reason"]


class Behind(State):
    """The state of a server whose clock is behind this machine's."""

    def now(self) -> datetime:
        """Ninety minutes ago."""
        return super().now() - timedelta(minutes=90)


def test_a_replica_whose_clock_is_ahead_comes_back_at_the_tick_of_the_others(
    tmp_path: Path,
) -> None:
    """It finds the tick done that is the present one for all, and does not begin the next."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_state(url).close()
    connection = ConnectionSettings(
        name="main",
        crm="hubspot",
        profiles=(Path("config/examples/midmarket-saas.yaml"),),
        schedule=schedule("1h"),
        hubspot=HubSpotSettings(access_token=SecretStr("secret")),
    )
    with Behind(Database(url, timedelta(seconds=5))) as state:
        present = last_due(connection.schedule, state.now())
        lease = state.leases.acquire("main", "another", timedelta(minutes=1), state.now())
        assert lease is not None
        assert state.ticks.claim(lease, present, state.now())
        state.leases.release(lease)
        with capture_logs() as logs:
            again = Tick(
                Settings(connections=(connection,)), connection, state, threading.Event()
            )()
        assert [it["event"] for it in logs] == ["tick_done_before"]
        assert state.ticks.last("main") == present
        assert again is not None
        ahead = again - last_due(connection.schedule, datetime.now(UTC))
        assert timedelta(minutes=89) < ahead < timedelta(minutes=91)


class Ending(State):
    """The state of a worker that is told to end when it looks at the time."""

    stop: threading.Event

    def now(self) -> datetime:
        """Now."""
        self.stop.set()
        return super().now()


def test_a_worker_that_is_told_to_end_before_its_run_begins_has_failed_at_nothing(
    tmp_path: Path,
) -> None:
    """It was waiting for a CRM that does not answer; its tick is still there."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_state(url).close()
    connection = ConnectionSettings(
        name="main",
        crm="hubspot",
        profiles=(Path("config/examples/midmarket-saas.yaml"),),
        hubspot=HubSpotSettings(access_token=SecretStr("s"), api_origin="http://127.0.0.1:9"),
    )
    with Ending(Database(url, timedelta(seconds=5))) as state, capture_logs() as logs:
        state.stop = threading.Event()
        tick = Tick(Settings(connections=(connection,)), connection, state, state.stop)
        assert tick() is None
        assert state.ticks.last("main") is None
        assert state.runs.latest("main") == []

    assert [it["event"] for it in logs if it["log_level"] == "error"] == []


def test_a_tick_that_nobody_could_begin_is_come_back_to(tmp_path: Path) -> None:
    """Somebody decides about a run just then, or a replica died: the day is not lost.

    Where another replica has begun it, the day's calls may end its run: that is looked at, too.
    """
    connection = ConnectionSettings(
        name="main",
        crm="hubspot",
        profiles=(Path("config/examples/midmarket-saas.yaml"),),
        schedule=schedule("0 4 * * *"),
        hubspot=HubSpotSettings(access_token=SecretStr("secret")),
    )
    with open_state(f"sqlite:///{tmp_path / 'state.db'}") as state, capture_logs() as logs:
        tick = Tick(Settings(connections=(connection,)), connection, state, threading.Event())
        lease = state.leases.acquire("main", "another", timedelta(hours=1), state.now())
        assert lease is not None

        again = tick()
        present = last_due(connection.schedule, state.now())
        assert state.ticks.claim(lease, present, state.now())
        begun = tick()

    assert [it["event"] for it in logs] == ["tick_waits", "tick_skipped_busy"]
    assert again is not None
    assert again - datetime.now(UTC) <= LOOK_AGAIN
    assert LEASE_TTL + TAKEOVER_AFTER < LOOK_AGAIN
    assert begun is not None
    assert begun - datetime.now(UTC) <= LOOK_AGAIN
