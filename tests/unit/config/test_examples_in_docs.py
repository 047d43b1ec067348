"""The reference pages show documents that load, and leave out nothing."""

from __future__ import annotations

import re
from pathlib import Path

from config.connection import ConnectionEntry, OutputsEntry
from config.environment import known_variables
from config.icp_document import Criterion, Disqualifier, IcpDocument, Tier, Trigger
from config.loading import parse_icp
from config.outputs import OUTPUTS
from config.own_attributes import AttributeEntry, Dimension
from config.translating import keys_of
from config.worker_file import WorkerFile
from config.yaml_source import parse_yaml

PAGES = Path(__file__).parents[3] / "docs" / "reference"
ICP_PAGE = (PAGES / "icp-document.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (PAGES / "settings.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """Return the YAML examples of a page."""
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def named(page: str) -> set[str]:
    """Return every word that a page shows as code."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(re.findall(r"`([^`\n]+)`", page))))


def test_the_examples_of_the_page_load() -> None:
    """The whole document loads; the parts load when put into one."""
    whole, when, attributes, _schema = blocks(ICP_PAGE)

    document = parse_icp(whole)
    parse_icp(whole + attributes)
    condition = "".join(f"    {line}\n" for line in when.splitlines())
    disqualifier = f"  - id: locked_in\n    reason: Locked in\n{condition}"
    parse_icp(whole.replace("tiers:\n", f"{disqualifier}tiers:\n"))
    assert document.title == "Short"


def test_every_key_of_a_document_is_documented() -> None:
    """Nothing can be written that the page does not name."""
    models = (IcpDocument, Criterion, Trigger, Disqualifier, Tier, AttributeEntry)
    keys = {key for model in models for key in keys_of(model)}

    assert keys - named(ICP_PAGE) == set()
    assert set(Dimension) <= named(ICP_PAGE)


def test_every_setting_and_output_is_documented() -> None:
    """Variables, keys of worker.yaml and outputs are all on the page."""
    parts = {name.removeprefix("ICP_SALESFORCE__") for name in known_variables()}
    wanted = {name.removesuffix("_FILE") for name in parts} - {"PRIVATE_KEY"}
    wanted |= {key for model in (WorkerFile, ConnectionEntry) for key in keys_of(model)}
    wanted |= set(OUTPUTS)

    assert wanted - named(SETTINGS_PAGE) == set()
    outputs = parse_yaml(blocks(SETTINGS_PAGE)[-1], "settings.md").data["outputs"]
    entry = OutputsEntry.model_validate(outputs)
    assert entry.naming("hubspot").chosen()["reason"] == "why_this_tier"
