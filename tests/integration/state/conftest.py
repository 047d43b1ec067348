"""A state database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.state.builders import opened
from worker.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """Open a new database; close it afterwards."""
    with opened(tmp_path) as state:
        yield state
