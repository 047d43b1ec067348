"""Jobs under way in the CRM, as the state remembers them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from tests.integration.state.builders import (
    CONNECTION,
    NOW,
    change,
    leased,
    opened,
    planned,
    started,
)
from worker.state import State
from worker.state.errors import StaleLeaseError
from worker.state.rows import OpenJob

MIGRATIONS = Path(__file__).parents[3] / "worker" / "state" / "migrations"


def test_a_job_is_remembered_across_processes(tmp_path: Path) -> None:
    """What was opened is there after the database was closed and opened again."""
    with opened(tmp_path) as state:
        lease = started(state)
        seqs = planned(state, lease, change("a"), change("b"))
        state.jobs.open(lease, "run-1", "job text", seqs, NOW)

    with opened(tmp_path) as state:
        assert state.jobs.of(CONNECTION) == [OpenJob("run-1", "job text", seqs[0], seqs[-1])]


def test_a_closed_job_is_forgotten(state: State) -> None:
    """Closing takes that job and no other."""
    lease = started(state)
    seqs = planned(state, lease, change("a"))
    for job in ("one", "two"):
        state.jobs.open(lease, "run-1", job, seqs, NOW)

    state.jobs.close(lease, "run-1", "one")

    assert [it.job for it in state.jobs.of(CONNECTION)] == ["two"]


def test_a_stale_holder_remembers_nothing(state: State) -> None:
    """Whoever lost the lease cannot add a job to the books."""
    lease = started(state)
    seqs = planned(state, lease, change("a"))
    state.leases.release(lease)
    leased(state)

    with pytest.raises(StaleLeaseError):
        state.jobs.open(lease, "run-1", "late", seqs, NOW)


def test_another_connections_jobs_are_its_own(state: State) -> None:
    """A connection sees its jobs only."""
    lease = started(state)
    seqs = planned(state, lease, change("a"))
    state.jobs.open(lease, "run-1", "job", seqs, NOW)
    started(state, "run-2", "other")

    assert state.jobs.of("other") == []


def test_the_first_release_is_brought_forward(tmp_path: Path) -> None:
    """A database of the first tables keeps its accounts and gains what is new."""
    url = f"sqlite:///{tmp_path / 'icp.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO connections (number, name) VALUES (1, 'main')"))
        connection.execute(
            text(
                "INSERT INTO mirror (connection, account_id, modified_at, inputs, outputs,"
                " fingerprint, computed_tier, rules_fingerprint, carried, pinned)"
                " VALUES (1, 'a', 'm', '{}', '{}', 'f', 'tier_1', 'r', '{}', '')"
            )
        )
    engine.dispose()

    with opened(tmp_path) as state:
        [row] = state.mirror.scan(CONNECTION)
        assert (row.account_id, row.computed_tier, row.lock_group) == ("a", "tier_1", "")
        assert state.jobs.of(CONNECTION) == []
