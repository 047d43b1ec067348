"""How long a person waits for the command line."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.figures import Figure


def commands(rounds: int) -> Iterator[Figure]:
    """Time ``icp --help`` beside an interpreter that does nothing, turn by turn."""
    helping = [sys.executable, "-c", "from worker.cli import main; main()", "--help"]
    nothing = [sys.executable, "-c", "pass"]
    _seconds(helping)  # compiles what was never run
    pairs = [(_seconds(helping), _seconds(nothing)) for _ in range(rounds)]
    helped, idle = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    yield Figure(
        group="Command line",
        what="icp --help, against python -c pass",
        value=helped / idle,
        unit="times",
        bar=15,
        note=f"median of {rounds}; {helped * 1000:.0f} ms against {idle * 1000:.0f} ms",
    )


def _seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    return time.perf_counter() - start
