"""What the pages name exists, and what exists and matters is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from config.environment import is_known, known_variables
from connectors.records import CallCounts
from tests.docs.pages import REFERENCE, ROOT, code, name, pages, section, text
from worker.cli.app import app
from worker.sync.plan import Cause
from worker.sync.report import RunKind, RunOutcome, RunReport

COMMANDS: Any = typer.main.get_command(app)
OPERATIONS = text(ROOT / "docs" / "operations.md")
GLOSSARY = text(ROOT / "docs" / "glossary.md")
PATTERNS = {"ICP_", "ICP_HUBSPOT__", "ICP_SALESFORCE__", "ICP_CONNECTIONS__"}


@pytest.mark.parametrize("page", pages(), ids=name)
def test_commands_on_pages_exist(page: Path) -> None:
    """Each `icp ...` on a page is a command of ours with options it has."""
    wrong = []
    for line in code(text(page)):
        for found in re.finditer(r"(?<![\w./-])icp ([a-z]+)((?: [^|;&#]+)?)", line):
            command = COMMANDS.commands.get(found[1])
            known = {opt for p in command.params for opt in p.opts} if command else set()
            options = set(re.findall(r"(?<=\s)--[a-z-]+", found[2]))
            if command is None or options - known - {"--help"}:
                wrong.append(found[0])

    assert wrong == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_make_targets_on_pages_exist(page: Path) -> None:
    """Each `make ...` on a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = {
        found[1] for line in code(text(page)) for found in re.finditer(r"\bmake ([a-z]+)", line)
    }

    assert named - targets == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_variables_on_pages_exist(page: Path) -> None:
    """Each `ICP_...` on a page is a variable that is read."""
    named = set(re.findall(r"\bICP_[A-Z_]*[A-Z_](?![a-z])", text(page))) - PATTERNS

    assert {it for it in named if not is_known(it)} == set()


def test_every_variable_is_documented() -> None:
    """The page of settings names each variable, with a word on files that hold secrets."""
    page = text(REFERENCE / "settings.md")
    plain = {it for it in known_variables() if not it.startswith("ICP_SALESFORCE__")}

    missing = {it for it in plain if it not in page and it.removesuffix("_FILE") not in page}
    assert missing == set()


def test_every_outcome_and_cause_is_explained() -> None:
    """Operators find each outcome with its exit code, and each cause of a change."""
    for outcome in RunOutcome:
        assert f"| `{outcome.value}` | {outcome.exit_code} |" in OPERATIONS
    for cause in Cause:
        assert f"| {cause.value} |" in OPERATIONS
        assert cause.value in GLOSSARY


def test_every_key_of_the_report_is_explained() -> None:
    """Operators find each key of the run report."""
    report = RunReport(
        run="", connection="", kind=RunKind.FULL, dry_run=False, as_of="", calls=CallCounts()
    ).as_json()
    named = set(re.findall(r"`([a-z_]+)`", section(OPERATIONS, "Outcomes")))

    assert (set(report) | set(report["calls"])) - named == set()


def test_every_log_event_is_explained() -> None:
    """The events in the code are those in the table."""
    sources = "\n".join(text(path) for path in sorted((ROOT / "worker").rglob("*.py")))
    logged = set(re.findall(r'\blog\.\w+\(\s*"(\w+)"', sources))
    logged |= set(re.findall(r'EVENT_\w+: "(\w+)"', sources))

    assert logged == set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section(OPERATIONS, "Logs"))) - {
        "run_id"
    }
