"""What the worker counts for Prometheus. Labels hold names of ours, never ids or values.

Counters grow with each run's report; gauges of what the state remembers are read when asked for,
so that they also tell of runs made by other processes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.connection import ConnectionSettings
from worker.standing import Standing, calls_left, standing
from worker.state.store import State
from worker.sync.report import RunOutcome, RunReport

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("read", "unchanged", "written", "rejected", "invalid", "held")
_OF_A_PLAN = ("written", "rejected", "invalid")
"""What becomes of accounts when the plan of a held run is carried out."""

COUNTED_EVERY: Final = 60.0
"""Seconds between two counts of accounts by tier where other processes run: some take a while."""

_NONE = "unassessed"  # an empty label value counts as no label
_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800)
_BY = ["connection"]


class Metrics:
    """The numbers of one worker. Safe to share between threads."""

    def __init__(self, connections: Sequence[ConnectionSettings], state: State) -> None:
        registry = self._registry = CollectorRegistry()
        self._runs = Counter(
            "icp_runs_total", "Runs by how they ended.", [*_BY, "outcome"], registry=registry
        )
        self._accounts = Counter(
            "icp_accounts_total",
            "Accounts by what became of them; read is the sum of the others, but for approvals.",
            [*_BY, "outcome"],
            registry=registry,
        )
        self._transitions = Counter(
            "icp_tier_transitions_total",
            "Accounts whose tier was to change, by tiers and cause.",
            [*_BY, "from", "to", "cause"],
            registry=registry,
        )
        self._calls = Counter(
            "icp_crm_calls_total", "Calls by endpoint.", [*_BY, "route"], registry=registry
        )
        self._answers = Counter(
            "icp_crm_answers_total", "Answers by status.", [*_BY, "status"], registry=registry
        )
        self._retries = Counter(
            "icp_crm_retries_total", "Calls sent again.", _BY, registry=registry
        )
        self._alerts = Counter(
            "icp_alerts_total",
            "Alerts by what became of them, and failed attempts.",
            [*_BY, "event", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "icp_run_duration_seconds", "How long runs take.", _BY, buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self._remembered = _Remembered(connections, state)
        registry.register(self._remembered)
        for connection in connections:  # so that a rate is seen from the first run on
            for outcome in RunOutcome:
                self._runs.labels(connection.name, outcome.value)
            for name in OUTCOMES:
                self._accounts.labels(connection.name, name)

    def text(self) -> bytes:
        """Everything in the text format of Prometheus.

        Raises:
            StateError: the state database does not answer.
        """
        return generate_latest(self._registry)

    def failed(self, connection: str) -> None:
        """Count a run that ended in an error, and so has no report."""
        self._runs.labels(connection, RunOutcome.FAILED.value).inc()

    def alerted(self, connection: str, event: str, outcome: str) -> None:
        """Count what became of an alert."""
        self._alerts.labels(connection, event, outcome).inc()

    def ran(self, report: RunReport, seconds: float) -> None:
        """Count what a run did."""
        name, counters = report.connection, report.counters
        for outcome in OUTCOMES:
            self._accounts.labels(name, outcome).inc(getattr(counters, outcome))
        for it in report.transitions:
            if it.before != it.after:
                labels = (name, it.before or _NONE, it.after, it.cause)
                self._transitions.labels(*labels).inc(it.accounts)
        self._ended(report, seconds)

    def approved(self, report: RunReport, before: Mapping[str, Any], seconds: float) -> None:
        """Count what carrying out a held run's plan did.

        What it had read and planned was counted when it was held.

        Args:
            report: of the run, as it is now.
            before: the same, as it was kept until then.
            seconds: how long it took.
        """
        for outcome in _OF_A_PLAN:
            more = getattr(report.counters, outcome) - int(before.get(outcome, 0))
            self._accounts.labels(report.connection, outcome).inc(max(0, more))
        self._ended(report, seconds)

    def _ended(self, report: RunReport, seconds: float) -> None:
        name = report.connection
        self._runs.labels(name, report.outcome.value).inc()
        self._seconds.labels(name).observe(seconds)
        for route, calls in report.calls.by_route.items():
            self._calls.labels(name, route).inc(calls)
        for status, calls in report.calls.by_status.items():
            self._answers.labels(name, status).inc(calls)
        self._retries.labels(name).inc(report.calls.retried)
        self._remembered.count_anew(name)


class _Remembered(Collector):
    """Gauges that are read from the state when they are asked for."""

    def __init__(self, connections: Sequence[ConnectionSettings], state: State) -> None:
        self._connections = connections
        self._state = state
        self._tiers: dict[str, tuple[float, Mapping[str, int]]] = {}  # when they were counted

    def count_anew(self, connection: str) -> None:
        """Count accounts by tier when next asked, since a run has changed them."""
        _, found = self._tiers.get(connection, (0.0, {}))
        self._tiers[connection] = (-inf, found)

    def describe(self) -> Iterable[Metric]:
        """Name them without asking the state."""
        return [*_families(), _of_tiers()]

    def collect(self) -> Iterable[Metric]:
        """Read how each connection stands."""
        now = self._state.now()
        families, tiers = _families(), _of_tiers()
        for connection in self._connections:
            it = standing(self._state, connection.name, connection.schedule, now, connection.freeze)
            values = [*_values(it, now), *calls_left(self._state, it)]
            for family, value in zip(families, values, strict=True):
                if value is not None:
                    family.add_metric([connection.name], value)
            for tier, accounts in self._by_tier(connection.name).items():
                tiers.add_metric([connection.name, tier or _NONE], accounts)
        return [*families, tiers]

    def _by_tier(self, connection: str) -> Mapping[str, int]:
        """Accounts by tier, not counted more often than need be; 0 for one that was emptied."""
        at, found = self._tiers.get(connection, (-inf, {}))
        now = time.monotonic()
        if now - at >= COUNTED_EVERY:
            found = {**dict.fromkeys(found, 0), **self._state.mirror.tier_counts(connection)}
            self._tiers[connection] = (now, found)
        return found


def _of_tiers() -> GaugeMetricFamily:
    words = "Accounts of each computed tier."
    return GaugeMetricFamily("icp_accounts_by_tier", words, labels=[*_BY, "tier"])


def _families() -> list[GaugeMetricFamily]:
    about = {
        "icp_last_success_timestamp_seconds": "When the last run that did all it could ended.",
        "icp_seconds_since_success": "How long ago that was.",
        "icp_checkpoint_lag_seconds": "How far reading is behind the CRM.",
        "icp_schedule_interval_seconds": "How far apart scheduled runs are.",
        "icp_lease_held": "1 while a process is at work on the connection.",
        "icp_failing": "1 while the last run is one that failed.",
        "icp_alerts_waiting": "Alerts that are not delivered yet.",
        "icp_dead_letters": "Accounts that the CRM refuses, or does not keep as written.",
        "icp_held_runs": "Runs that wait for approval.",
        "icp_paused": "1 while a person has paused the connection.",
        "icp_frozen": "1 in a freeze window of the settings.",
        "icp_overdue": "1 while no run has succeeded for too long, though it might.",
        "icp_crm_calls_left": "Calls left today, as the last run found it.",
        "icp_crm_calls_limit": "Calls allowed a day.",
    }
    return [GaugeMetricFamily(name, words, labels=_BY) for name, words in about.items()]


def _values(it: Standing, now: datetime) -> list[float | None]:
    return [
        it.success.timestamp() if it.success else None,
        (now - it.success).total_seconds() if it.success else None,
        (now - it.checkpoint).total_seconds() if it.checkpoint else None,
        it.period.total_seconds(),
        float(it.lease is not None),
        float(it.last is not None and it.last.outcome == RunOutcome.FAILED.value),
        it.alerts.number,
        it.dead_letters,
        it.held_runs,
        float(it.pause is not None),
        float(it.freeze is not None),
        float(it.overdue(now)),
    ]
