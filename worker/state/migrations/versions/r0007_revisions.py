"""Dead letters by revision: an account that was edited since it was refused is tried at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "dead_letters", sa.Column("modified_at", sa.Text(), nullable=False, server_default="")
    )
