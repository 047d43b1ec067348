"""``kill -9`` at points drawn by lot, for each database and CRM; ``make chaos`` does more of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos import kills
from benchmarks.chaos.killing import Episode
from benchmarks.chaos.places import PLACES, Place, Truth, opened, truth, warm
from tests.acceptance.warm import WarmShell
from tests.support import postgres

KILLS = 10
ACCOUNTS = 110  # two batches of HubSpot's


@pytest.fixture(scope="module")
def armable() -> Iterator[WarmShell]:
    """A shell that can arm its commands."""
    with warm() as shell:
        yield shell


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A server of PostgreSQL."""
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module", params=PLACES)
def place(
    request: pytest.FixtureRequest, armable: WarmShell, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, Truth]]:
    """A CRM, and what its accounts must come to hold."""
    with opened(request.param, ACCOUNTS, armable) as made:
        yield made, truth(made, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("database", kills.DATABASES)
def test_killed_at_points_drawn_by_lot(
    place: tuple[Place, Truth], database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Journal and CRM agree after each kill, nothing is sent twice, and the next run repairs it."""
    if database == "PostgreSQL":
        url = request.getfixturevalue("server").database()
    else:
        url = f"sqlite:///{tmp_path / 'state.db'}"

    tally = Episode(*place, url, tmp_path, seed=3).run(KILLS)

    assert tally.broken == ""
    assert (tally.killed, tally.survived, tally.lost) == (KILLS, KILLS, 0)
