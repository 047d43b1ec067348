"""The generated pages are those that the code would generate now, and say everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from config.outputs import OUTPUTS
from docs.generate import pages, readme_table
from tests.docs.pages import README, REFERENCE, section, text
from worker.cli.app import app
from worker.sync.report import RunOutcome

COMMANDS: Any = typer.main.get_command(app)


@pytest.mark.parametrize("page", sorted(pages()))
def test_generated_pages_are_fresh(page: str) -> None:
    """`make docs` would change nothing."""
    assert text(REFERENCE / page) == pages()[page], "run `make docs` and commit what it wrote"


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_every_option_of_every_command_is_documented(command: str) -> None:
    """The page of commands names each argument and option where its command is described."""
    described = section(text(REFERENCE / "cli.md"), f"icp {command}")

    for parameter in COMMANDS.commands[command].params:
        words = parameter.opts if parameter.param_type_name == "option" else [parameter.name]
        for word in words:
            shown = word if word.startswith("--") else (parameter.metavar or word).upper()
            assert f"`{shown}" in described


def test_every_output_is_documented() -> None:
    """The page of outputs has each key with its field in both CRMs and its label."""
    page = text(REFERENCE / "outputs.md")

    for field in OUTPUTS.values():
        salesforce = f"`{field.salesforce_name}`" if field.salesforce_name else ""
        names = f"| `{field.key}` | `{field.hubspot_name}` | {salesforce} |"
        assert f"{names} {field.label} |" in page


def test_every_exit_code_is_documented() -> None:
    """Each outcome of a run has its code on the page of commands, and so has misuse."""
    codes = section(text(REFERENCE / "cli.md"), "Exit codes")

    for code in {outcome.exit_code for outcome in RunOutcome} | {2}:
        assert f"| {code} |" in codes


def test_the_readme_shows_the_fields_that_are_written() -> None:
    """The README's table is the one that the outputs make."""
    assert readme_table() in text(README)


def test_the_schema_is_one() -> None:
    """The schema for editors is JSON and knows the parts of a document."""
    schema = json.loads(Path(REFERENCE / "icp.schema.json").read_text(encoding="utf-8"))

    assert {"icp", "criteria", "tiers", "triggers", "disqualifiers"} <= set(schema["properties"])
