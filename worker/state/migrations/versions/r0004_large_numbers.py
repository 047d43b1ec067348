"""Numbers of 64 bits on a server: a journal counts past 2,147,483,647 changes in time.

SQLite's integers hold 64 bits already. On PostgreSQL the tables are written anew, once; a plan or
journal of ten million changes takes minutes, in which nobody else can use them.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ALSO = (("leases", "fence"), ("jobs", "first_seq"), ("jobs", "last_seq"))


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    quoted = connection.dialect.identifier_preparer.quote
    for table, columns in _numbers(connection).items():
        wider = ", ".join(f"ALTER COLUMN {quoted(it)} TYPE BIGINT" for it in sorted(columns))
        op.execute(f"ALTER TABLE {quoted(table)} {wider}")
    counters = sa.text(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid"
        " WHERE c.relnamespace = current_schema()::regnamespace"
        " AND s.seqtypid = 'integer'::regtype"
    )
    for counter in connection.execute(counters).scalars().all():
        op.execute(f"ALTER SEQUENCE {counter} AS BIGINT")


def _numbers(connection: sa.Connection) -> dict[str, set[str]]:
    """The columns that count rows off, and those that refer to them, by table."""
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in _ALSO:
        found[table].add(column)
    inspector = sa.inspect(connection)
    for (_, table), primary in inspector.get_multi_pk_constraint().items():
        if primary:
            found[table].update(primary["constrained_columns"])
    for (_, table), keys in inspector.get_multi_foreign_keys().items():
        for key in keys:
            found[table].update(key["constrained_columns"])
    narrow: dict[str, set[str]] = {}
    for (_, table), columns in inspector.get_multi_columns().items():
        own = {it["name"] for it in columns if str(it["type"]) == "INTEGER"} & found[table]
        if own:
            narrow[table] = own
    return narrow
