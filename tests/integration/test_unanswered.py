"""Writes whose answer was lost, and a search that does not show yet that they arrived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.errors import TransientError
from connectors.records import AccountRecord, AccountUpdate, Window, WriteOutcome
from tests.support.runs import ANY_CHANGE, Desk, synced
from worker.state.rows import ChangeState
from worker.sync.report import RunKind, RunOutcome

SENT = 9  # of twelve companies, how many score differently under another weight


class Unheard(DryRunConnector):
    """A connector whose writes arrive and whose answers do not."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.crm)
        self._crm = desk.crm

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write, and lose the answers."""
        self._crm.write(updates, jobs)
        raise TransientError("the answer was lost.", may_have_applied=True)


def reweigh(it: Desk, weight: int) -> None:
    """Another ICP: accounts that fit one criterion and not the other score differently."""
    first, *others = it.icp.criteria
    it.change_icp(criteria=(replace(first, weight=weight), *others))


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """Twelve companies, written once; windows then show changes half a minute late."""
    made = synced(tmp_path, 12, guard=ANY_CHANGE)
    made.clock.advance(hours=1)
    made.crm.search_lag = timedelta(seconds=30)
    reweigh(made, 30)
    made.connector = Unheard(made)
    assert made.run(full=True).report.outcome is RunOutcome.FAILED
    assert made.state.plan.counts("run-2") == {ChangeState.SENT: SENT}
    made.connector = None
    made.clock.advance(seconds=5)
    yield made
    made.state.close()


def test_nothing_is_sent_again_that_has_arrived(it: Desk) -> None:
    """Judging from the mirror asks the CRM first about accounts that it may be wrong about."""
    report = it.run().report

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 0)
    assert report.counters.read == report.counters.unchanged == SENT


def test_the_journal_says_what_was_really_there(it: Desk) -> None:
    """A further change is planned on what arrived, so that undoing it would restore that."""
    arrived = {name: it.crm.stored(name) for name in it.ids()}
    reweigh(it, 20)

    it.run()

    changes = it.state.plan.entries("run-3", list(ChangeState))
    assert len(changes) == SENT
    for change in changes:
        held = arrived[change.account_id]
        assert all(held.get(k, "") == v for k, v in orjson.loads(change.before).items())


def test_also_between_runs_that_read(it: Desk) -> None:
    """The daily run that judges from the mirror asks about these accounts and no others."""
    it.run()
    it.crm.edit("1", {"employees": "50", "industry": "farming"})
    it.connector = Unheard(it)
    it.run(accounts=["1"])
    it.connector = None
    it.clock.advance(days=1)
    it.crm.calls.by_route.clear()

    report = it.run(rejudge=True).report

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 0)
    assert (report.counters.read, report.counters.rejudged) == (1, 11)
    assert it.crm.calls.by_route["fetch"] == 1


def test_an_account_deleted_meanwhile_is_left_out(it: Desk) -> None:
    """Nothing is planned for what is no longer there."""
    it.crm.delete("1")

    report = it.run().report

    assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 0)


class Lagging(DryRunConnector):
    """A connector whose search still shows accounts as they were when it was made."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.crm)
        self._crm = desk.crm
        names = [*desk.fields.read_fields()]
        self._before = [it for page in desk.crm.pages(None, names) for it in page]

    def pages(
        self,
        window: Window | None,  # noqa: ARG002 - they were changed lately, too
        fields: Sequence[str],  # noqa: ARG002
    ) -> Iterator[Sequence[AccountRecord]]:
        """Answer as before."""
        yield self._before

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write."""
        return self._crm.write(updates, jobs)


@pytest.mark.parametrize("answered", [True, False])
def test_a_search_that_shows_accounts_as_they_were_has_nothing_written_again(
    it: Desk, *, answered: bool
) -> None:
    """A run soon after another, or a process started again, asks for the accounts themselves."""
    it.run()
    it.clock.advance(minutes=20)
    it.crm.edit("1", {"employees": "500", "industry": "software"})
    it.crm.edit("3", {"employees": "5"})
    lagging = Lagging(it)
    it.clock.advance(seconds=1)
    it.connector = None if answered else Unheard(it)
    it.run(accounts=["1", "3"])
    told = {name: it.crm.stored(name) for name in it.ids()}
    it.clock.advance(seconds=5)
    it.connector = lagging

    for _ in range(2):
        report = it.run().report
        it.clock.advance(minutes=1)

        assert (report.kind, report.outcome) == (RunKind.INCREMENTAL, RunOutcome.SUCCEEDED)
        assert report.counters.written == 0
        assert {name: it.crm.stored(name) for name in it.ids()} == told
