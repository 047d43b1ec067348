"""Run ``icp`` as it is and note what it took: ``python -m benchmarks.measured NOTE run --json``.

The note is written by the measured process itself, when all is done: its own processor time and
peak memory, whatever started it.
"""

from __future__ import annotations

import atexit
import json
import re
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Peak resident memory of this process.

    Linux counts it per program (``VmHWM``); elsewhere the figure includes what started it.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if found:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def note_at_exit(path: str) -> None:
    """Have this process leave what it took in the file at *path*."""
    atexit.register(_note, Path(path))


def _note(path: Path) -> None:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in used)
    path.write_text(json.dumps({"cpu_seconds": seconds, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    note_at_exit(sys.argv.pop(1))
    from worker.cli import main

    main()
