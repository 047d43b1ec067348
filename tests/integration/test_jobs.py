"""A CRM that answers later: jobs that outlive the process which handed them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.errors import TransientError
from connectors.records import AccountRecord, AccountUpdate, WriteOutcome
from tests.support.runs import Desk, desk
from worker.state.rows import ChangeState
from worker.sync.canary import SIZE
from worker.sync.report import RunOutcome


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


class SlowCrm(DryRunConnector):
    """Hands every write to a job that the CRM works off by itself.

    Wraps a connector for reading; what is written goes through a job.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.crm)
        self._crm = desk.crm
        self.jobs: dict[str, list[AccountUpdate]] = {}
        self.resumed: list[str] = []
        self.killed_at = ""  # "opened" or "sent": where the process ends
        self.unreachable = False
        self.fetched: list[int] = []

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read some accounts, and remember how many."""
        self.fetched.append(len(account_ids))
        return super().fetch(account_ids, fields)

    def check_writing(self) -> None:
        """May write."""

    def batch_size(self, planned: int) -> int:
        """All at once."""
        return max(1, planned)

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Open a job, hand the updates over, wait for it."""
        assert jobs is not None
        name = f"job-{len(self.jobs) + 1}"
        self.jobs[name] = []
        jobs.opened(name)
        if self.killed_at == "opened":
            raise Killed
        self.jobs[name] = list(updates)
        jobs.waiting()
        if self.killed_at == "sent":
            raise Killed
        return self._crm.write(updates)

    def resume(
        self, job: str, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome | None]:
        """Work the job off now, and answer for what it holds."""
        if self.unreachable:
            raise TransientError("the job could not be followed.")
        assert jobs is not None
        self.resumed.append(job)
        given = {it.account_id: it for it in self.jobs[job]}
        if not given:
            jobs.closed(job)
        return [
            self._crm.write([given[it.account_id]])[0] if it.account_id in given else None
            for it in updates
        ]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


@pytest.fixture
def slow(it: Desk) -> SlowCrm:
    """The CRM that answers later, at the desk."""
    it.connector = SlowCrm(it)
    return it.connector


def test_answers_close_the_job(it: Desk, slow: SlowCrm) -> None:
    """A run that sees its jobs end leaves none open."""
    report = it.run().report

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 60)
    assert slow.jobs
    assert it.state.jobs.of("main") == []


def test_a_job_that_was_handed_over_is_waited_for_not_sent_again(it: Desk, slow: SlowCrm) -> None:
    """After a kill the next run follows the job to its end, and then has nothing to write."""
    slow.killed_at = "sent"
    with pytest.raises(Killed):
        it.run()
    slow.killed_at = ""

    report = it.run().report

    assert slow.resumed == ["job-1"]
    assert len(slow.jobs) == 1
    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 0)
    assert it.state.plan.counts("run-1") == {ChangeState.WRITTEN: 60}
    assert it.state.jobs.of("main") == []


def test_a_job_that_never_began_is_called_off_and_its_accounts_planned_anew(
    it: Desk, slow: SlowCrm
) -> None:
    """Nothing is known of its accounts, so the next run looks at them and writes them."""
    slow.killed_at = "opened"
    with pytest.raises(Killed):
        it.run()
    slow.killed_at = ""

    report = it.run().report

    assert report.counters.written == 60
    assert it.state.jobs.of("main") == []


def test_a_job_that_cannot_be_followed_stays_open_and_stops_the_run(
    it: Desk, slow: SlowCrm
) -> None:
    """Nothing is read or written while an earlier job's end is unknown."""
    slow.killed_at = "sent"
    with pytest.raises(Killed):
        it.run()
    slow.killed_at, slow.unreachable = "", True

    with pytest.raises(TransientError):
        it.run()

    assert [job.job for job in it.state.jobs.of("main")] == ["job-1"]
    slow.unreachable = False
    assert it.run().report.outcome is RunOutcome.SUCCEEDED


def test_an_approved_plan_is_read_again_piece_by_piece(tmp_path: Path) -> None:
    """However large one job is: few accounts in memory, and the lease is looked after."""
    many = desk(tmp_path, 1_400)
    many.connector = slow = SlowCrm(many)
    held = many.run(yes=False).report

    report = many.approve(held.run)

    sizes = [len(updates) for updates in slow.jobs.values()]
    assert (report.counters.written, sizes) == (1_400, [SIZE, 1_400 - SIZE])  # the canary first
    assert slow.fetched == [SIZE, 1_000, 200]
    many.state.close()


def test_a_dry_run_leaves_jobs_alone(it: Desk, slow: SlowCrm) -> None:
    """It neither waits for them nor forgets them."""
    slow.killed_at = "sent"
    with pytest.raises(Killed):
        it.run()

    it.run(dry_run=True)

    assert slow.resumed == []
    assert len(it.state.jobs.of("main")) == 1
