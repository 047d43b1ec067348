"""What the dashboard and the alerts ask for exists, and each metric is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.docs.pages import REFERENCE, ROOT, section, text
from worker.metrics import Metrics
from worker.state.store import open_state

MONITORING = ROOT / "docs" / "monitoring"
NAME = re.compile(r"\bicp_[a-z_]+")


@pytest.fixture
def metrics(tmp_path: Path) -> set[str]:
    """The names in the code, as Prometheus shows them."""
    with open_state(f"sqlite:///{tmp_path / 'state.db'}") as state:
        shown = Metrics([], state).text().decode()
    return set(
        re.findall(r"^# TYPE (icp_\w+?) (?:counter|gauge|histogram)$", shown, re.MULTILINE)
    ) - {it for it in NAME.findall(shown) if it.endswith("_created")}


def test_the_dashboard_asks_for_metrics_that_exist(metrics: set[str]) -> None:
    """Each query of each panel."""
    board = json.loads(text(MONITORING / "grafana-dashboard.json"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    named = {name for query in queries for name in NAME.findall(query)}

    assert queries
    assert {it.removesuffix("_bucket") for it in named} - metrics == set()


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    groups = YAML(typ="safe").load(text(MONITORING / "alert-rules.yaml"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_alerts_ask_for_metrics_that_exist(
    metrics: set[str], rules: list[dict[str, Any]]
) -> None:
    """Each expression of each rule, and each rule names a remedy."""
    assert {name for rule in rules for name in NAME.findall(rule["expr"])} - metrics == set()
    assert all(rule["annotations"]["remedy"].startswith("icp ") for rule in rules)


def test_replicas_are_told_of_once(rules: list[dict[str, Any]]) -> None:
    """Each tells the same of the state: a person is called once for a connection."""
    told = [rule["expr"] for rule in rules if not rule["expr"].startswith("absent(")]

    assert told
    assert all(re.match(r"(max|sum) by \(connection\) \(", expression) for expression in told)


def test_each_alert_has_its_place_in_the_run_book(rules: list[dict[str, Any]]) -> None:
    """Whoever is woken finds what to do, step by step, under the alert's own name."""
    alarms = section(text(ROOT / "docs" / "operations.md"), "Alarms")
    parts = re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", alarms, re.DOTALL | re.MULTILINE)

    assert [name for name, _ in parts] == [rule["alert"] for rule in rules]
    for name, body in parts:
        assert re.search(r"^1\. .*\n(.*\n)*?2\. ", body, re.MULTILINE), name


def test_each_metric_is_explained(metrics: set[str]) -> None:
    """The page has a row for each, and for nothing else."""
    page = text(REFERENCE / "metrics.md")

    assert set(re.findall(r"^\| `(icp_\w+)` \|", page, re.MULTILINE)) == metrics
