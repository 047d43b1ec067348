"""Alembic's entry: runs the revisions on the connection that the program hands in."""

from __future__ import annotations

from alembic import context

from worker.state.tables import metadata

connection = context.config.attributes["connection"]
# The caller's transaction spans all revisions, tables included: a crash leaves the old database.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
