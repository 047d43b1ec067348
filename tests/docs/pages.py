"""The project's pages, as the tests of the documentation read them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference"


def pages() -> list[Path]:
    """Every page that people read."""
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def text(page: Path) -> str:
    """The text of a page."""
    return page.read_text(encoding="utf-8")


def name(page: Path) -> str:
    """A page's name, for messages."""
    return str(page.relative_to(ROOT))


def blocks(page: str, language: str) -> list[str]:
    """The fenced examples of one language on a page."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def code(page: str) -> list[str]:
    """Whatever a page shows as a command line: shell examples by line, and words in backticks."""
    lines = [line.strip() for block in blocks(page, "sh") for line in block.splitlines()]
    lines += [
        line.removeprefix("$ ")
        for block in blocks(page, "(?:text|console)")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    return lines + re.findall(r"`([^`\n]+)`", prose)


def section(page: str, title: str) -> str:
    """What stands under a second-level heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""
