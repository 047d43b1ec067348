"""Timing a piece of work in processor time, which other processes disturb least."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple, TypeVar

Part = TypeVar("Part")


class Timing(NamedTuple):
    """Seconds of processor time for all parts: each part's best pass, and the median pass.

    The best of each part is what the work costs when nothing else wants the processor; the median
    is what it cost on this machine now.
    """

    best: float
    usual: float


def timed(work: Callable[[Part], object], parts: Sequence[Part], passes: int) -> Timing:
    """Do *work* on every part so many times, the garbage collector running as ever."""
    rows = []
    for _ in range(passes):
        gc.collect()
        row = []
        for part in parts:
            start = time.process_time()
            work(part)
            row.append(time.process_time() - start)
        rows.append(row)
    best = sum(min(column) for column in zip(*rows, strict=True))
    return Timing(best, median(sum(row) for row in rows))
