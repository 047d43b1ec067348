"""Timing a piece of work in processor time, which other processes disturb least."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds of processor time that one pass took: the best and the median of several."""

    best: float
    usual: float


def timed(work: Callable[[], object], passes: int) -> Timing:
    """Do *work* so many times, on one core, with the garbage collector running as ever."""
    taken = []
    for _ in range(passes):
        gc.collect()
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return Timing(min(taken), median(taken))
