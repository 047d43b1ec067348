"""A state database of its own for each test, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.state.builders import FILE, SERVER, opened
from tests.support import postgres
from tests.support.databases import fresh, fresh_on
from worker.state import State


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """Start one server for all tests."""
    with postgres.server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """Open a new database; close it afterwards."""
    if request.param == "postgresql":
        (tmp_path / SERVER).write_text(fresh_on(request.getfixturevalue("server")))
    else:
        fresh(tmp_path / FILE)
    with opened(tmp_path) as state:
        yield state
