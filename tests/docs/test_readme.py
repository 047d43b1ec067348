"""The README keeps its word."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from config.loading import parse_icp
from tests.docs.pages import README, ROOT, blocks, text
from worker.composition import compile_icps

LONGEST_EXAMPLE = 25
LARGEST_IMAGE = 300_000


def test_the_example_is_short_and_sound(tmp_path: Path) -> None:
    """The ICP that the README shows loads, has at most 25 lines, and lint has nothing to say."""
    [example] = blocks(text(README), "yaml")
    file = tmp_path / "icp.yaml"
    file.write_text(example, encoding="utf-8")

    assert parse_icp(example).criteria
    assert len(example.splitlines()) <= LONGEST_EXAMPLE
    compiled = compile_icps([file])
    assert compiled.findings(datetime(2026, 11, 24, tzinfo=UTC)) == []


def test_the_example_reads_fields_that_every_portal_has(tmp_path: Path) -> None:
    """Whoever copies the example can run it: it asks for no custom field."""
    [example] = blocks(text(README), "yaml")
    file = tmp_path / "icp.yaml"
    file.write_text(example, encoding="utf-8")
    catalogue = text(ROOT / "docs" / "reference" / "attributes.md")

    for name in compile_icps([file]).specs:
        row = re.search(rf"^\| `{name}` \|.*$", catalogue, re.MULTILINE)
        assert row is not None
        assert "custom" not in row[0]


def test_the_picture_is_there_and_small() -> None:
    """The picture of the saved views is a PNG that loads quickly."""
    [picture] = re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", text(README))
    data = (ROOT / picture).read_bytes()

    assert data.startswith(b"\x89PNG\r\n")
    assert len(data) < LARGEST_IMAGE
