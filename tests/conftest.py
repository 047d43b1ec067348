"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# A property is true or false; how long one example takes says more about the machine's load.
settings.register_profile("any-load", deadline=None)
settings.load_profile("any-load")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores (``-n auto``): many tests wait, for a process or for time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 1
