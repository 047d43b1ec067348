"""Short ways to compile an ICP document."""

from __future__ import annotations

from pathlib import Path

from worker import composition
from worker.composition import Compiled

TIERS = "tiers:\n  - {id: tier_1, label: Tier 1, min_score: 80}\n"


def criterion(statement: str, attribute: str = "employees", **more: str) -> str:
    """A document of one criterion that says *statement*; more top-level parts by name."""
    line = f"  - {{id: it, attribute: {attribute}, weight: 1, {statement}}}\n"
    extra = "".join(f"{name}: {text}\n" for name, text in more.items())
    return f"icp: test\ncriteria:\n{line}{TIERS}{extra}"


def compiled(folder: Path, *texts: str) -> Compiled:
    """Compile documents as the command line does."""
    paths = []
    for place, text in enumerate(texts):
        path = folder / f"icp{place}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return composition.compile_icps(paths)
