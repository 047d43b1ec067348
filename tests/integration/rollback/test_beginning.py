"""When a rollback may begin, and what becomes of one that is broken off."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from connectors.errors import TransientError
from tests.integration.rollback.undone import ours, timeless, undo, written
from tests.support.runs import Desk
from worker.state.errors import StateError
from worker.state.rows import ChangeState
from worker.sync.deciding import pause
from worker.sync.holding import BusyError, alone
from worker.sync.report import RunOutcome


def test_while_paused_it_is_undone_all_the_same(shop: Desk) -> None:
    """A pause is what gives time to undo; the report says so."""
    pause(shop.state, "main", until=None, who="Ada", reason="bad ICP")
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    [warning] = report.warnings
    assert "paused by Ada" in warning


def test_beside_a_run_it_is_refused(shop: Desk) -> None:
    """Saying who is at it, and what helps; a dry run is not in the way."""
    with alone(shop.state, "main", "host:1:abc", shop.clock):
        with pytest.raises(BusyError, match=r"host:1:abc.*icp pause main"):
            undo(shop)
        assert undo(shop, dry_run=True).report.counters.written > 10


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("nothing", "there is no such run"),
        ("elsewhere", "--connection other"),
        ("held", "icp reject held"),
        ("empty", "has written nothing"),
        ("old", "90 days"),
    ],
)
def test_what_cannot_be_undone_is_refused(shop: Desk, run: str, words: str) -> None:
    """With the reason and the remedy."""
    for connection in ("main", "other"):
        with alone(shop.state, connection, "test", shop.clock) as keeper:
            names = {"main": ["held", "empty", "old"], "other": ["elsewhere"]}[connection]
            for name in names:
                now = shop.clock.now
                shop.state.runs.start(keeper.lease, name, kind="full", as_of=now, started_at=now)
                shop.state.runs.finish(
                    keeper.lease,
                    name,
                    outcome="held" if name == "held" else "succeeded",
                    report=orjson.dumps({"written": 9 if name == "old" else 0}),
                    finished_at=now,
                )
    with pytest.raises(StateError, match=words):
        undo(shop, run)
    assert shop.state.actions.all() == []


def test_a_run_that_is_going_on_is_not_undone(shop: Desk) -> None:
    """Not even shown: what it writes is not known yet."""
    with alone(shop.state, "main", "host:1:abc", shop.clock) as keeper:
        now = shop.clock.now
        shop.state.runs.start(keeper.lease, "now", kind="full", as_of=now, started_at=now)
        with pytest.raises(StateError, match="still going on"):
            undo(shop, "now", dry_run=True)


@pytest.mark.parametrize("landed", [True, False])
def test_an_interruption_loses_nothing(
    either: Desk,
    before: dict[str, dict[str, str]],
    landed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whether or not the last batch landed: undone again, the rest comes back, each once."""
    shop = either
    writes = Counter[str]()

    def fail(route: str) -> None:
        writes[route] += 1
        if route == "write" and writes[route] == 3:
            raise TransientError("the line went dead")

    shop.crm.before_call = fail
    first = undo(shop).report
    assert first.outcome is RunOutcome.FAILED
    assert "icp rollback run-2" in first.problems[0]
    assert first.counters.reconcile() == []
    assert first.counters.held > 0
    shop.crm.before_call = lambda _route: None
    sent = shop.state.plan.entries(first.run, [ChangeState.SENT])
    assert sent
    if landed:
        for it in sent:
            shop.crm.edit(it.account_id, orjson.loads(it.after))
    shop.clock.advance(hours=1)
    assert shop.run(full=True).report.counters.written == 0
    again = undo(shop).report

    assert again.outcome is RunOutcome.SUCCEEDED
    assert again.counters.written + again.counters.unchanged == len(written(shop))
    assert again.counters.written == first.counters.held - (len(sent) if landed else 0)
    assert timeless(ours(shop)) == before
    if landed:
        assert not shop.state.plan.entries(first.run, [ChangeState.SENT])
    shop.clock.advance(hours=1)
    assert shop.run(full=True).report.counters.written == 0


def test_a_stop_is_heard(shop: Desk) -> None:
    """What is restored stays so; the rest waits for the next time."""

    def stop(route: str) -> None:
        if route == "write":
            shop.stop.set()

    shop.crm.before_call = stop
    report = undo(shop).report
    assert report.outcome is RunOutcome.STOPPED
    assert report.counters.written == 5
    shop.stop.clear()
    shop.crm.before_call = lambda _route: None
    again = undo(shop).report
    assert again.counters.written == len(written(shop)) - 5
