"""Several replicas share a database; some are killed or stopped at any moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.chaos.replicas import row
from tests.support import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """Start one server for all tests."""
    with postgres.server() as running:
        yield running


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("database", "count"), [("SQLite", 2), ("PostgreSQL", 3)])
def test_each_tick_is_run_once_whoever_is_struck(
    request: pytest.FixtureRequest, database: str, count: int
) -> None:
    """One run for each tick, no account written twice, and what a stale holder left is repaired.

    The short form of ``python -m benchmarks.chaos --only replicas``.
    """
    fresh = request.getfixturevalue("server").database if database == "PostgreSQL" else None
    came_to = row(database, count, 12, 5, fresh)
    assert came_to.whole, came_to.note
