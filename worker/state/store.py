"""The state of the worker as one object: everything that outlives a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from worker.state import clearing, retention
from worker.state.actions import Actions
from worker.state.alerts import Alerts
from worker.state.connections import Bindings, Checkpoints
from worker.state.database import Database
from worker.state.dead_letters import DeadLetters
from worker.state.history import Documents, History
from worker.state.jobs import Jobs
from worker.state.journal import Journal
from worker.state.leases import Leases
from worker.state.migrations import migrate
from worker.state.mirror import Mirror
from worker.state.pauses import Pauses
from worker.state.plan import Plan
from worker.state.requests import Requests
from worker.state.rows import Lease
from worker.state.runs import Runs
from worker.state.scratch import (
    PREFIX,
    ScratchBindings,
    ScratchCheckpoints,
    ScratchDeadLetters,
    ScratchDocuments,
    ScratchHistory,
    ScratchMirror,
    sweep,
)
from worker.state.ticks import Ticks

BUSY_TIMEOUT = timedelta(seconds=10)


class State:
    """What is remembered, by subject. Safe to share between threads."""

    bindings: Bindings
    checkpoints: Checkpoints
    leases: Leases
    runs: Runs
    mirror: Mirror
    plan: Plan
    journal: Journal
    jobs: Jobs
    history: History
    documents: Documents
    dead_letters: DeadLetters
    pauses: Pauses
    ticks: Ticks
    actions: Actions
    requests: Requests
    alerts: Alerts

    def __init__(self, database: Database) -> None:
        self._database = database
        self.bindings = Bindings(database)
        self.checkpoints = Checkpoints(database)
        self.leases = Leases(database)
        self.runs = Runs(database)
        self.mirror = Mirror(database)
        self.plan = Plan(database)
        self.journal = Journal(database)
        self.jobs = Jobs(database)
        self.history = History(database)
        self.documents = Documents(database)
        self.dead_letters = DeadLetters(database)
        self.pauses = Pauses(database)
        self.ticks = Ticks(database)
        self.actions = Actions(database)
        self.requests = Requests(database)
        self.alerts = Alerts(database)

    def answers(self) -> None:
        """Ask the database for nothing at all; raises ``StateError`` when it does not answer."""
        self._database.ping()

    def now(self) -> datetime:
        """The present moment by the clock that all who share this state go by."""
        return self._database.now()

    def scratch(self) -> State:
        """State for a dry run: reads what is stored here, stores nothing; close it when done.

        Leases, runs and plan are its own, in a temporary file; saving anything else does nothing.
        It reads through this object, which must stay open meanwhile.
        """
        sweep()
        folder = TemporaryDirectory(prefix=PREFIX)
        try:
            own = _opened(f"sqlite:///{Path(folder.name) / 'plan.db'}", BUSY_TIMEOUT)
        except BaseException:
            folder.cleanup()
            raise
        return _ScratchState(own, self._database, folder)

    def erase(self, lease: Lease, account_ids: Sequence[str]) -> None:
        """Forget accounts: in mirror, plan, journal, history and dead letter, on disk at once."""
        retention.erase(self._database, lease, account_ids)

    def clear(self, lease: Lease) -> int:
        """Forget every account of a connection and how far it was read; answers how many."""
        return clearing.clear(self._database, lease)

    def prune(self, now: datetime) -> int:
        """Drop journal and history past their time and plans never carried out; answers rows."""
        sweep()
        return retention.prune(self._database, now)

    def close(self) -> None:
        """Let go of the database; closing again is fine."""
        self._database.close()

    def __enter__(self) -> Self:
        """Use as a context manager to close it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def open_state(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> State:
    """Open the state database at *url*, such as ``sqlite:///var/icp.db``, making or upgrading it.

    Args:
        url: an SQLAlchemy URL of an SQLite file, whose missing folders are made, or of a
            PostgreSQL database, ``postgresql://user:password@host:5432/database``.
        busy_timeout: how long to wait for another process that is writing.

    Raises:
        StateError: the database cannot be used; the message says why and what to do.

    """
    return State(_opened(url, busy_timeout))


class _ScratchState(State):
    """Leases, runs and plan in a temporary file; all else as stored, read-only."""

    def __init__(self, own: Database, stored: Database, folder: TemporaryDirectory[str]) -> None:
        super().__init__(own)
        self._folder = folder
        self.bindings = ScratchBindings(stored)
        self.checkpoints = ScratchCheckpoints(stored)
        self.mirror = ScratchMirror(stored)
        self.history = ScratchHistory(stored)
        self.documents = ScratchDocuments(stored)
        self.journal = Journal(stored)
        self.dead_letters = ScratchDeadLetters(stored)
        self.actions = Actions(stored)
        self.pauses = Pauses(stored)

    def erase(self, lease: Lease, account_ids: Sequence[str]) -> None:
        """Drop it."""

    def prune(self, now: datetime) -> int:  # noqa: ARG002  # stands in for State.prune
        """Leave everything in place."""
        return 0

    def close(self) -> None:
        """Delete the temporary file; what is stored stays open."""
        super().close()
        self._folder.cleanup()


def _opened(url: str, busy_timeout: timedelta) -> Database:
    database = Database(url, busy_timeout)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return database
