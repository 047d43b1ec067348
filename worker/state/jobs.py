"""Jobs under way in the CRM: remembered before they begin, so that a restart comes back to them.

A job that was handed over is worked off whether or not the process that handed it over still lives.
Writing its changes again would race with it; so the next process waits for it instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.rows import Lease, OpenJob
from worker.state.runs import run_number
from worker.state.tables import jobs, runs


class Jobs:
    """The jobs of each connection whose answers were not recorded yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, lease: Lease, run_id: str, job: str, seqs: Sequence[int], now: datetime) -> None:
        """Remember a job of a run and the changes it is sent; on disk before this returns."""
        with self._database.write(lease, durable=True) as transaction:
            connection = self._database.number(transaction, lease.connection)
            transaction.execute(
                insert(jobs).values(
                    run=run_number(transaction, run_id, connection),
                    job=job,
                    first_seq=min(seqs),
                    last_seq=max(seqs),
                    opened_at=instant_text(now),
                )
            )

    def close(self, lease: Lease, run_id: str, job: str) -> None:
        """Forget a job: its answers are recorded, or it never began."""
        with self._database.write(lease) as transaction:
            connection = self._database.number(transaction, lease.connection)
            run = run_number(transaction, run_id, connection)
            transaction.execute(delete(jobs).where(jobs.c.run == run, jobs.c.job == job))

    def of(self, connection: str) -> list[OpenJob]:
        """List the jobs of a connection that are still open, oldest first."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            found = transaction.execute(
                select(runs.c.run_id, jobs.c.job, jobs.c.first_seq, jobs.c.last_seq)
                .join(runs, runs.c.number == jobs.c.run)
                .where(runs.c.connection == number)
                .order_by(jobs.c.number)
            )
            return [OpenJob(*row) for row in found]
