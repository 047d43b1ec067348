"""Named accounts that are served while a long run of the same connection goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from connectors.base import JobLog
from connectors.dry_run import DryRunConnector
from connectors.errors import TransientError
from connectors.records import AccountRecord, AccountUpdate, WriteOutcome
from tests.support.runs import Clock, Desk, Quiet, desk
from worker.state.requests import Request, RequestKind
from worker.sync.interludes import MOST_ACCOUNTS, Service
from worker.sync.report import Counters, RunKind, RunOutcome, RunReport

COUNT = 450
LATE = "440"  # read on the last pages, written in the last batches
EARLY = "2"


class Watched(DryRunConnector):
    """Notes what is written; as a bulk job where told, which is waited for."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.crm)
        self._crm = desk.crm
        self.bulk = False
        self.written: list[tuple[str, str]] = []  # account and tier, in order
        self.waiting: Callable[[], None] = lambda: None
        self.writing: Callable[[Sequence[AccountUpdate]], None] = lambda _: None

    def check_writing(self) -> None:
        """May write."""

    def batch_size(self, planned: int) -> int:
        """Many at once, or a hundred."""
        return 200 if self.bulk and planned > 100 else 100

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Write, and note it; a job has begun before anyone else is served."""
        self.writing(updates)
        if self.bulk and len(updates) > 1:
            assert jobs is not None
            self.waiting()
            jobs.waiting()
        self.written += [(it.account_id, it.fields.get("icp_tier") or "") for it in updates]
        return self._crm.write(updates)

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read some accounts."""
        return self._crm.fetch(account_ids, fields)


@dataclass
class Office:
    """A desk whose runs serve requests."""

    desk: Desk
    crm: Watched
    served: list[RunReport] = field(default_factory=list)
    incidents: list[Exception] = field(default_factory=list)
    icp: str | None = None  # what the ICPs are now, where another than the run's

    def service(self) -> Service:
        """Made for each run."""
        return Service(
            new_run_id=lambda: f"short-{len(self.served) + 1}",
            fingerprint=lambda: self.icp or self.desk.connection().fingerprint(),
            progress=lambda _number: Quiet(),
            ended=lambda report, _seconds: self.served.append(report),
            unforeseen=self._note,
        )

    def ask(self, *accounts: str) -> Request:
        """Queue a request, as another process would."""
        state = self.desk.state
        chosen = {"accounts": list(accounts)}
        return state.requests.ask("main", RequestKind.ACCOUNTS, chosen, "me", state.now())

    def ask_for(self, account: str) -> None:
        """The same, for a hook."""
        self.ask(account)

    def when(self, route: str, nth: int, then: Callable[[], None]) -> None:
        """Do something immediately before the n-th call of a kind."""
        seen = 0

        def look(called: str) -> None:
            nonlocal seen
            seen += called == route
            if called == route and seen == nth:
                then()

        self.desk.crm.before_call = look

    def outcome(self, request: Request) -> str | None:
        """How a request ended."""
        found = self.desk.state.requests.get(request.number)
        assert found is not None
        return found.outcome

    def _note(self, error: Exception) -> str:
        self.incidents.append(error)
        return "nowhere"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A portal of some hundred companies, none of them judged yet."""
    shop = desk(tmp_path, COUNT, clock=Clock())
    crm = Watched(shop)
    shop.connector = crm
    found = Office(shop, crm)
    shop.service = found.service()
    yield found
    shop.state.close()


def settled(office: Office, report: RunReport, *, accounts: int = COUNT) -> Counters:
    """What must be true of any run that was interrupted for a while."""
    counters = report.counters
    assert report.problems == []
    assert (counters.read, counters.reconcile()) == (accounts, [])
    journal = office.desk.state.plan
    runs = [it.run_id for it in office.desk.state.runs.latest("main", 50)]
    written = [c.account_id for it in runs for c in journal.entries(it, ["written"], 0, 5_000)]
    assert sorted(written) == sorted(name for name, _ in office.crm.written)
    again = office.desk.run(full=True).report
    assert (again.counters.written, again.counters.read) == (0, accounts)
    return counters


def test_an_account_is_served_while_others_are_read(office: Office) -> None:
    """The short run begins and ends within the long one, with a report of its own."""
    requests: list[Request] = []
    office.when("pages", 2, lambda: requests.append(office.ask(LATE)))

    report = office.desk.run().report

    [short] = office.served
    assert (short.kind, short.outcome) == (RunKind.ACCOUNTS, RunOutcome.SUCCEEDED)
    assert (short.counters.read, short.counters.written) == (1, 1)
    assert [office.outcome(it) for it in requests] == ["succeeded"]
    assert office.crm.written[0][0] == LATE
    assert [name for name, _ in office.crm.written].count(LATE) == 1
    inner = office.desk.state.runs.get(short.run)
    outer = office.desk.state.runs.get(report.run)
    assert inner is not None
    assert outer is not None
    assert (inner.outcome, outer.outcome) == ("succeeded", "succeeded")
    counters = settled(office, report)
    assert (counters.written, counters.unchanged, counters.served) == (COUNT - 1, 1, 0)


def test_what_was_read_before_is_not_judged_after(office: Office) -> None:
    """A page that lay waiting while the account was edited and served is read again."""

    def edit() -> None:  # after its page was read, before the thousand is full
        office.desk.crm.edit(EARLY, {"industry": "farming", "employees": "5"})
        office.ask(EARLY)

    office.when("pages", 3, edit)
    report = office.desk.run().report

    assert [it for it in office.crm.written if it[0] == EARLY] == [(EARLY, "disqualified")]
    assert settled(office, report).unchanged == 1


def test_a_planned_change_is_withdrawn(office: Office) -> None:
    """What the long run had planned for an account is not written over what came after."""

    def edit() -> None:  # the first batch is on its way, this account's is not
        office.desk.crm.edit(LATE, {"industry": "farming", "employees": "5"})
        office.ask(LATE)

    office.when("write", 2, edit)
    report = office.desk.run().report

    assert [it for it in office.crm.written if it[0] == LATE] == [(LATE, "disqualified")]
    counters = settled(office, report)
    assert (counters.served, counters.written) == (1, COUNT - 1)


def test_served_while_a_bulk_job_is_waited_for(office: Office) -> None:
    """An account that is not in the job is served beside it; one that is waits for its end."""
    office.crm.bulk = True
    asked: list[Request] = []

    def ask() -> None:
        if not asked:
            office.desk.crm.edit(LATE, {"industry": "farming", "employees": "5"})
            asked.extend((office.ask(EARLY), office.ask(LATE)))

    office.crm.waiting = ask
    report = office.desk.run().report

    assert [office.outcome(it) for it in asked] == ["succeeded", "succeeded"]
    first, second = office.served
    assert (first.run, second.run) == ("short-1", "short-2")
    order = [name for name, _ in office.crm.written]
    assert order[0] == LATE  # before the job that was waited for
    assert order.count(EARLY) == order.count(LATE) == 1
    assert first.counters.written == 1
    assert (second.counters.read, second.counters.unchanged) == (1, 1)
    assert settled(office, report).served == 1


def test_a_refusal_is_not_asked_for_twice(office: Office) -> None:
    """What the CRM refused the short run is counted as refused by the long one, unsent."""
    office.desk.crm.refuse(LATE, "NO", "icp_reason")
    office.when("write", 2, lambda: office.ask_for(LATE))

    counters = office.desk.run().report.counters

    assert (counters.rejected, counters.deferred, counters.reconcile()) == (1, 1, [])
    assert [name for name, _ in office.crm.written].count(LATE) == 1
    assert office.desk.state.dead_letters.count("main") == 1


def test_what_went_unanswered_is_repaired_by_the_next_run(office: Office) -> None:
    """The long run leaves the account alone, says so, and does not move the checkpoint."""
    request: list[Request] = []

    def fail() -> None:
        office.desk.crm.edit(LATE, {"industry": "farming", "employees": "5"})
        request.append(office.ask(LATE))
        office.crm.writing = broken

    def broken(updates: Sequence[AccountUpdate]) -> None:
        if [it.account_id for it in updates] == [LATE]:
            office.crm.writing = lambda _: None
            raise TransientError("no answer")

    office.when("write", 2, fail)
    report = office.desk.run().report

    assert office.outcome(request[0]) == "failed"
    assert report.outcome is RunOutcome.PARTIAL
    assert "resync" in report.problems[0]
    assert (report.counters.held, report.counters.reconcile()) == (1, [])
    assert office.desk.state.checkpoints.load("main").until is None
    assert office.desk.run().report.counters.written == 1
    assert office.desk.tiers()[LATE] == "disqualified"


def test_an_account_that_breaks_us_does_not_end_the_run(office: Office) -> None:
    """The incident is kept, the request failed, and everything else is written."""
    request: list[Request] = []

    def break_it(updates: Sequence[AccountUpdate]) -> None:
        if [it.account_id for it in updates] == [LATE]:
            raise RuntimeError

    def ask() -> None:
        request.append(office.ask(LATE))
        office.crm.writing = break_it

    office.when("pages", 2, ask)
    report = office.desk.run().report

    assert [type(it) for it in office.incidents] == [RuntimeError]
    assert office.outcome(request[0]) == "failed"
    assert report.counters.written == COUNT


def test_only_one_request_between_two_steps(office: Office) -> None:
    """Twenty requests do not keep the run from going on: a step of its own comes between."""
    names = [str(place) for place in range(1, 6)]

    def ask_for_all() -> None:
        for name in names:
            office.ask(name)

    office.when("pages", 1, ask_for_all)
    events: list[str] = []
    ask = office.desk.crm.before_call

    def note(route: str) -> None:
        ask(route)
        events.append(route)

    office.desk.crm.before_call = note
    office.desk.run()

    assert len(office.served) == len(names)
    reads = events[events.index("pages") :]
    assert reads[:6] == ["pages", "fetch", "write", "pages", "fetch", "write"]


@pytest.mark.parametrize("why", ["many", "rule", "icp"])
def test_what_waits_for_the_end(office: Office, why: str) -> None:
    """Large selections, rules, and what is asked for after an edit of the ICP stay queued."""
    state = office.desk.state
    if why == "many":
        waiting = office.ask(*map(str, range(MOST_ACCOUNTS + 1)))
    elif why == "rule":
        waiting = state.requests.ask("main", RequestKind.ALL, {}, "me", state.now())
    else:
        waiting = office.ask(LATE)
        office.icp = "another"

    office.desk.run()

    assert office.served == []
    found = state.requests.get(waiting.number)
    assert found is not None
    assert found.taken_at is None


def test_a_dry_run_serves_nobody(office: Office) -> None:
    """It must not write."""
    office.ask(LATE)
    office.desk.run(dry_run=True)
    assert (office.served, office.crm.written) == ([], [])


def test_a_stop_puts_the_request_back(office: Office) -> None:
    """It is queued again for whoever comes next."""
    office.ask(LATE)
    office.when("fetch", 1, office.desk.stop.set)

    report = office.desk.run().report

    assert report.outcome is RunOutcome.STOPPED
    [left] = office.desk.state.requests.unfinished("main")
    assert left.taken_at is None


def test_each_call_is_counted_by_one_run(office: Office) -> None:
    """The calls of the short run are its own, and not the long one's."""
    office.when("write", 2, lambda: office.ask_for(LATE))
    report = office.desk.run().report
    [short] = office.served
    kept = office.desk.state.runs.get(short.run)
    assert kept is not None
    assert kept.report is not None
    assert orjson.loads(kept.report)["calls"]["by_route"] == {"fetch": 1, "write": 1}
    assert report.calls.total + short.calls.total == office.desk.crm.calls.total
