"""A portal whose latest run went wrong, and what it held before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.rollback.undone import gone_wrong, ours
from tests.support import postgres
from tests.support.databases import fresh_on
from tests.support.runs import Clock, Desk, desk
from worker.state.store import open_state


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for all tests of a worker."""
    with postgres.server() as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal whose second run moved many tiers, by another ICP."""
    found = desk(tmp_path, 60, clock=Clock(datetime.now(UTC)))
    yield gone_wrong(found)
    found.state.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """The same with its state in either database."""
    found = desk(tmp_path, 60, clock=Clock(datetime.now(UTC)))
    if request.param == "postgresql":
        found.state.close()
        found.state = open_state(fresh_on(request.getfixturevalue("server")))
    yield gone_wrong(found)
    found.state.close()


@pytest.fixture
def before(tmp_path: Path) -> dict[str, dict[str, str]]:
    """What the CRM held after the first run, by a portal that saw no second."""
    folder = tmp_path / "before"
    folder.mkdir()
    other = desk(folder, 60)
    other.run()
    other.state.close()
    return {
        name: {k: v for k, v in values.items() if k != "icp_tier_changed_at"}
        for name, values in ours(other).items()
    }
