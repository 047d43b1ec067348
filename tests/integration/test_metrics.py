"""What the worker counts of its runs, as Prometheus sees it."""

from __future__ import annotations

import socket
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.connection import ConnectionSettings
from config.freezing import Freeze
from config.listening import Listening
from connectors.dry_run import DryRunConnector
from connectors.memory import InMemoryCrm
from connectors.records import Forecast
from tests.support.runs import Clock, desk
from worker.health import Health, serving
from worker.metrics import Metrics


def test_the_numbers_of_a_run_add_up(tmp_path: Path) -> None:
    """Accounts read are the sum of what became of them, and no account is named."""
    it = desk(tmp_path)
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "a.yaml",))
    metrics = Metrics([connection], it.state)

    report = it.run().report
    metrics.ran(report, 2.5)
    metrics.failed("main")
    shown = numbers(metrics.text().decode())
    it.state.close()

    accounts = {
        name: shown[f'icp_accounts_total{{connection="main",outcome="{name}"}}']
        for name in ("read", "unchanged", "written", "rejected", "invalid", "held")
    }
    assert accounts.pop("read") == sum(accounts.values()) == 60
    assert shown['icp_runs_total{connection="main",outcome="succeeded"}'] == 1
    assert shown['icp_runs_total{connection="main",outcome="failed"}'] == 1
    assert shown['icp_run_duration_seconds_sum{connection="main"}'] == 2.5
    tiers = {name: value for name, value in shown.items() if name.startswith("icp_accounts_by")}
    assert sum(tiers.values()) == 60
    assert shown['icp_paused{connection="main"}'] == 0
    assert "account_id" not in "".join(shown)


def test_accounts_by_tier_are_told_by_who_runs_nothing_too(tmp_path: Path) -> None:
    """A replica that rests, or has just been started, tells what the others have done."""
    it = desk(tmp_path, 20)
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "a.yaml",))
    it.run()
    running, resting = (Metrics([connection], it.state) for _ in range(2))
    before = by_tier(running)
    for name in it.ids():
        it.crm.edit(name, {"employees": "500", "industry": "software"})
    it.clock.advance(hours=1)
    running.ran(it.run().report, 1.0)
    after, elsewhere = by_tier(running), by_tier(resting)
    it.state.close()

    assert len(before) > 1
    assert sum(before.values()) == 20
    assert after == {name: 20 if "tier_1" in name else 0 for name in before}
    assert elsewhere == {name: it for name, it in after.items() if it}


def by_tier(metrics: Metrics) -> dict[str, float]:
    """Accounts of each tier."""
    shown = numbers(metrics.text().decode())
    return {name: it for name, it in shown.items() if name.startswith("icp_accounts_by_tier")}


def test_an_approval_adds_what_it_wrote_and_nothing_twice(tmp_path: Path) -> None:
    """What the run had read and planned was counted when it was held."""
    it = desk(tmp_path)
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "a.yaml",))
    metrics = Metrics([connection], it.state)
    held = it.run(yes=False).report
    metrics.ran(held, 2.0)
    before = held.as_json()

    report = it.approve()
    metrics.approved(report, before, 1.5)

    shown = numbers(metrics.text().decode())
    it.state.close()
    accounts = 'icp_accounts_total{{connection="main",outcome="{}"}}'
    assert shown[accounts.format("read")] == 60
    assert shown[accounts.format("written")] == report.counters.written == held.counters.held > 0
    for ended in ("held", "succeeded"):
        assert shown[f'icp_runs_total{{connection="main",outcome="{ended}"}}'] == 1
    assert shown['icp_run_duration_seconds_sum{connection="main"}'] == 3.5


def test_a_freeze_shows_and_makes_nobody_overdue(tmp_path: Path) -> None:
    """Whoever is called at night is not called for what was announced."""
    it = desk(tmp_path, 5, clock=Clock(datetime.now(UTC) - timedelta(days=3)))
    it.run()
    now = it.state.now()
    hour = timedelta(hours=1)
    freeze = Freeze(begins=now - hour, ends=now + hour, reason="year end")
    plain = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "a.yaml",))
    frozen = plain.model_copy(update={"freeze": (freeze,)})
    told = [numbers(Metrics([each], it.state).text().decode()) for each in (plain, frozen)]
    it.state.close()

    names = ('icp_frozen{connection="main"}', 'icp_overdue{connection="main"}')
    assert [[shown[name] for name in names] for shown in told] == [[0, 1], [1, 0]]


class Metered(DryRunConnector):
    """A connector to a CRM that counts the calls of a day."""

    def __init__(self, inner: InMemoryCrm, left: int) -> None:
        super().__init__(inner)
        self._left = left

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Tell how many are left of a thousand."""
        return Forecast(super().forecast(reads, writes).calls, self._left, 1000)


def test_every_replica_tells_the_calls_that_are_left(tmp_path: Path) -> None:
    """As the last run of any of them found it: one that rests cries wolf no longer than needed."""
    it = desk(tmp_path, 5)
    it.run()
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(tmp_path / "a.yaml",))
    replicas = [Metrics([connection], it.state) for _ in range(2)]
    for replica, left in zip(replicas, (40, 900), strict=True):
        it.clock.advance(hours=1)
        it.connector = Metered(it.crm, left)
        replica.ran(it.run(full=True).report, 1.0)
    it.connector = None
    it.run(accounts=["1"])  # and one that asks nobody
    shown = [numbers(each.text().decode()) for each in replicas]
    it.connector = Metered(it.crm, 7)
    it.run(accounts=["1"])  # a resync knows it better than the schedule's run before
    shown.append(numbers(replicas[0].text().decode()))
    it.state.close()

    names = ('icp_crm_calls_left{connection="main"}', 'icp_crm_calls_limit{connection="main"}')
    told = [[each[name] for name in names] for each in shown]
    assert told == [[900, 1000], [900, 1000], [7, 1000]]


def test_the_port_may_be_of_ipv6(tmp_path: Path) -> None:
    """Some clusters have nothing else."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    it = desk(tmp_path, 1)
    health = Health(it.state, Metrics([], it.state), lambda: True, it.stop)

    with (
        serving(Listening("::1", 0), health) as port,
        urllib.request.urlopen(f"http://[::1]:{port}/healthz", timeout=5) as answer,
    ):
        assert answer.status == 200
    it.state.close()


def numbers(text: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}
