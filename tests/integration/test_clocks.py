"""The machine's clock is set back or ahead: changes go by the CRM's own, and none is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.memory import InMemoryCrm
from tests.support.runs import Clock, Desk, companies, desk, portal_fields
from worker.sync.report import RunOutcome

JUMPS = [pytest.param(-1, id="an hour back"), pytest.param(1, id="an hour ahead")]


@dataclass
class Jumping(Clock):
    """A clock that is set in the middle of a run, at one of its readings."""

    after: int = 0
    hours: float = 0

    def __call__(self) -> datetime:
        """Read it."""
        self.after -= 1
        if self.after == 0:
            self.now += timedelta(hours=self.hours)
        return super().__call__()


def shop(folder: Path, machine: Clock) -> tuple[Desk, Clock]:
    """A desk on a machine with a clock of its own, and the clock of the CRM."""
    crm = Clock()
    made = desk(folder, clock=machine)
    return replace(made, crm=InMemoryCrm(portal_fields(), companies(60), clock=crm)), crm


def edit(it: Desk, crm: Clock, employees: str) -> None:
    """Let an hour of the CRM's pass in which people edit accounts."""
    crm.advance(minutes=40)
    for name in ("1", "2", "7"):
        it.crm.edit(name, {"employees": employees})
    crm.advance(minutes=20)


@pytest.mark.parametrize("hours", JUMPS)
def test_a_clock_that_is_set_between_runs_loses_no_change(tmp_path: Path, hours: float) -> None:
    """Changes of before and after the jump are all found, and each account is written once."""
    machine = Clock()
    it, crm = shop(tmp_path, machine)
    with it.state:
        assert it.run().report.outcome is RunOutcome.SUCCEEDED
        for employees in ("5", "700", "6"):
            machine.advance(hours=1)
            edit(it, crm, employees)
            machine.advance(hours=hours)
            report = it.run().report
            assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 3)
        assert {it.tiers()[name] for name in "127"} == {"disqualified"}
        assert it.run(full=True).report.counters.written == 0


@pytest.mark.parametrize("hours", JUMPS)
@pytest.mark.parametrize("after", [2, 3, 4, 5])
def test_a_clock_that_is_set_during_a_run_does_not_disturb_it(
    tmp_path: Path, hours: float, after: int
) -> None:
    """The run goes on to its end, releases the connection, and the next one finds its changes."""
    machine = Jumping()
    it, crm = shop(tmp_path, machine)
    with it.state:
        it.run()
        edit(it, crm, "5")
        machine.after, machine.hours = after, hours
        report = it.run().report
        assert machine.after <= 0
        assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 3)
        assert it.state.leases.holder("main") is None
        edit(it, crm, "700")
        report = it.run().report
        assert (report.outcome, report.counters.written) == (RunOutcome.SUCCEEDED, 3)
        assert it.run(full=True).report.counters.written == 0
