"""Programs that are measured from outside and note themselves what they took."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took, start-up included, and what it printed."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    out: str


def measure(
    python: str,
    module: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
) -> Taken:
    """Run a module that leaves a note (see ``benchmarks/measured.py``) to its end.

    Raises:
        RuntimeError: it did not end well.
    """
    note = folder / "note.json"
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own program
        [python, "-m", module, str(note), *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)} ended with {done.returncode}")
    return Taken(wall_seconds=wall, out=done.stdout, **json.loads(note.read_text()))
