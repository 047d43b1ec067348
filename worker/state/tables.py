"""The tables, as SQLAlchemy Core sees them. ``migrations/`` makes them; a test keeps both equal.

Rows refer to a connection and a run by small numbers, because most rows belong to the mirror or to
the journal and would otherwise repeat the names a million times. Points in time are UTC text
(:mod:`worker.state.instants`); JSON is kept as the bytes that orjson made, never parsed in here.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""What rows are counted off by: 64 bits. SQLite's own integers are that anyway."""

connections = Table(
    "connections",
    metadata,
    Column("number", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("crm", Text),  # the portal that the connection is bound to; empty until the first run
    Column("portal_id", Text),
    Column("kind", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("connection", ForeignKey("connections.number"), primary_key=True),
    Column("fence", Number, nullable=False),  # grows by one with every holder, never goes back
    Column("holder", Text),  # empty: released
    Column("expires_at", Text, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("connection", ForeignKey("connections.number"), primary_key=True),
    Column("until", Text),
    Column("full_at", Text),
    Column("profile_fingerprint", Text, nullable=False),
    Column("inputs_fingerprint", Text, nullable=False),
    Column("backfilled", Boolean, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("run_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False, server_default=false()),
    Column("as_of", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("outcome", Text),
    Column("report", LargeBinary),
    Index(None, "connection", "started_at"),
    Index(None, "connection", "outcome", "started_at"),
)

mirror = Table(
    "mirror",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("account_id", Text, nullable=False),
    Column("modified_at", Text, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("outputs", LargeBinary, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("score", Integer),
    Column("computed_tier", Text, nullable=False),
    Column("rules_fingerprint", Text, nullable=False),
    Column("written_at", Text),
    Column("carried", LargeBinary, nullable=False),
    Column("pinned", Text, nullable=False),
    Column("lock_group", Text, nullable=False, server_default=""),
    UniqueConstraint("connection", "account_id"),
    Index(None, "connection", "computed_tier"),
    sqlite_autoincrement=True,  # a number is never given to a second account: see census.py
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("run", ForeignKey("runs.number"), nullable=False),
    Column("account_id", Text, nullable=False),
    Column("before", LargeBinary, nullable=False),
    Column("after", LargeBinary, nullable=False),
    Column("tier_before", Text, nullable=False),
    Column("tier_after", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("inputs_hash", Text, nullable=False),
    Column("settling", LargeBinary),  # what the mirror takes over once written; then emptied
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("field", Text, nullable=False, server_default=""),
    Column("sent_at", Text),
    Column("answered_at", Text),
    Column("lock_group", Text, nullable=False, server_default=""),
    Index(None, "run", "state", "seq"),
    Index(None, "run", "tier_before", "tier_after", "cause", "account_id"),
    Index(None, "account_id"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Number, primary_key=True),
    Column("run", ForeignKey("runs.number"), nullable=False),
    Column("job", Text, nullable=False),  # opaque: how the connector finds it again
    Column("first_seq", Number, nullable=False),  # the changes it was sent, by their place
    Column("last_seq", Number, nullable=False),
    Column("opened_at", Text, nullable=False),
    Index(None, "run"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("connection", ForeignKey("connections.number"), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("rejections", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("message", Text, nullable=False),  # the CRM's words: shown on request, never logged
    Column("inputs_hash", Text, nullable=False),
    Column("first_seen", Text, nullable=False),
    Column("last_seen", Text, nullable=False),
    Column("modified_at", Text, nullable=False, server_default=""),
)

history = Table(
    "history",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("account_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Index(None, "connection", "account_id", "as_of"),
    Index(None, "as_of"),
)

documents = Table(
    "documents",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("run_id", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("icp", Text, nullable=False, server_default=""),  # fingerprint in force at the time
    Column("accounts", Integer, nullable=False, server_default="0"),
    Index(None, "connection", "at"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("connection", ForeignKey("connections.number"), primary_key=True),
    Column("since", Text, nullable=False),
    Column("until", Text),  # empty: until someone resumes it
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("selector", LargeBinary, nullable=False),  # JSON: which accounts
    Column("wanted", Text, nullable=False),  # equal for requests that ask for the same
    Column("who", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("taken_at", Text),
    Column("finished_at", Text),
    Column("run_id", Text),
    Column("outcome", Text),
    Column("total", Integer),
    Column("done", Integer, nullable=False, server_default="0"),
    Index(None, "connection", "finished_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("number", Number, primary_key=True),
    Column("connection", ForeignKey("connections.number"), nullable=False),
    Column("event", Text, nullable=False),
    Column("cause", Text, nullable=False),  # equal for situations that are one and the same
    Column("raised_at", Text, nullable=False),
    Column("ended_at", Text),  # empty: the situation goes on, and is not raised again
    Column("payload", LargeBinary, nullable=False),  # JSON: run, words, counts; ids of no account
    Column("outcome", Text),  # empty: to be delivered
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Text, nullable=False),
    Column("claimed_until", Text),  # a process is sending it
    Column("settled_at", Text),  # delivered, or given up
    Column("problem", Text, nullable=False, server_default=""),  # of the last attempt
    Index(None, "connection", "ended_at"),
    Index(None, "outcome", "number"),
)

ticks = Table(
    "ticks",
    metadata,
    Column("connection", ForeignKey("connections.number"), primary_key=True),
    Column("due_at", Text, nullable=False),  # the last scheduled tick that was begun
)
