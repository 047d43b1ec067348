"""Runs by outcome: how a connection stands is asked every few seconds, however many there are."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_index(
        op.f("ix_runs_connection_outcome_started_at"),
        "runs",
        ["connection", "outcome", "started_at"],
    )
