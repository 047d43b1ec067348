"""``icp resync`` beside a worker, without one, and in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.desk import EVERYONE, Desk, until
from tests.acceptance.warm import Command

FINISHED = "SELECT outcome, run_id FROM requests WHERE finished_at IS NOT NULL"


@contextmanager
def working(desk: Desk, **changed: str) -> Iterator[Command]:
    """A worker whose next tick is far off; its first one is over."""
    runs = "SELECT count(*) FROM runs WHERE outcome IS NOT NULL"
    before = desk.query(runs)[0][0]
    command = desk.start("worker", **{"ICP_SCHEDULE": "6h", **changed})
    until(lambda: desk.query(runs)[0][0] > before)
    yield command
    command.signal(signal.SIGTERM)
    assert desk.ended(command).code == 0


def spoilt(desk: Desk, count: int) -> list[str]:
    """Accounts whose tier somebody emptied by hand."""
    chosen = list(desk.export())[:count]
    desk.edit(companies={it: {"icp_tier": ""} for it in chosen})
    return chosen


def caught_writing(desk: Desk) -> tuple[Command, list[str], int]:
    """Ask a worker for many accounts; its first batch has left and takes its time."""
    chosen = spoilt(desk, 250)
    desk.sandbox.fail(kind="slow", route="batch/update$", seconds=1.0)
    since = desk.mark()
    asking = desk.start("resync", *chosen, "--json")
    until(lambda: desk.sandbox.control("GET", "faults")["faults"][0]["injected"] > 0)
    return asking, chosen, since


def test_a_worker_picks_up_named_accounts(settled: Desk) -> None:
    """They are read, judged and written by the worker, though its next tick is hours away."""
    with working(settled):
        chosen = spoilt(settled, 3)
        since = settled.mark()

        ended = settled.icp("resync", *chosen, "--json")

        assert ended.code == 0, ended
        report = ended.data["report"]
        assert (ended.data["outcome"], report["kind"]) == ("succeeded", "accounts")
        assert (report["read"], report["written"]) == (3, 3)
        assert settled.writes(since) == dict.fromkeys(chosen, 1)
    assert settled.query(FINISHED) == [("succeeded", report["run"])]


def test_words_for_a_person(settled: Desk) -> None:
    """Without --json: the outcome and the counts; an id that is not there is named, or pinned."""
    with working(settled):
        ended = settled.icp("resync", "999999999")
        chosen = spoilt(settled, 1)
        written = settled.icp("resync", *chosen, "--json").data["report"]["run"]
        assert settled.icp("rollback", written).code == 0
        pinned = settled.icp("resync", *chosen)
    assert "999999999: no such account" in ended.out
    assert "0 read" in ended.out
    assert "1 read, 1 unchanged, 0 written" in pinned.out
    assert "1 account pinned, and left as it is: a run was rejected or undone." in pinned.out


def test_without_a_worker(settled: Desk) -> None:
    """It says so, offers --here, and leaves the request to the next worker, once."""
    chosen = spoilt(settled, 2)
    for _ in range(2):
        ended = settled.icp("resync", *chosen)
        assert ended.code == 1
        assert "No worker seems to be running for connection" in ended.words
        assert "--here" in ended.words
    assert settled.query("SELECT count(*) FROM requests") == [(1,)]

    with working(settled):
        until(lambda: settled.query(FINISHED) != [])
    assert settled.query("SELECT outcome FROM requests") == [("succeeded",)]


def test_here(settled: Desk) -> None:
    """It runs in this process and queues nothing."""
    chosen = spoilt(settled, 2)
    ended = settled.icp("resync", *chosen, "--here", "--json")
    assert ended.code == 0, ended
    assert ended.data["request"] is None
    assert ended.data["report"]["written"] == 2
    assert settled.query("SELECT count(*) FROM requests") == [(0,)]


def test_by_tier(settled: Desk) -> None:
    """A tier goes by label or id; all its accounts and no others are read."""
    [(tier, count)] = settled.query(
        "SELECT computed_tier, count(*) FROM mirror WHERE computed_tier LIKE 'tier%'"
        " GROUP BY 1 ORDER BY 1 LIMIT 1"
    )
    label = tier.replace("_", " ").title()
    for name in (tier, label):
        assert (
            settled.icp("resync", "--tier", name, "--here", "--json").data["report"]["read"]
            == count
        )
    wrong = settled.icp("resync", "--tier", "Tier 99")
    assert wrong.code == 2
    assert label in wrong.words


def test_since(settled: Desk) -> None:
    """What changed in the CRM within the period is read, by the CRM's clock."""
    settled.advance(3 * 86400)
    chosen = spoilt(settled, 4)
    ended = settled.icp("resync", "--since", "1h", "--here", "--json")
    assert (ended.data["report"]["read"], ended.data["report"]["written"]) == (4, 4)
    assert len(chosen) == 4
    assert settled.icp("resync", "--since", "soon").code == 2


def test_nothing_selected_is_not_an_ordinary_run(settled: Desk) -> None:
    """No refused account: nothing is run, and that is a success."""
    runs = settled.query("SELECT count(*) FROM runs")
    ended = settled.icp("resync", "--rejected", "--here")
    assert (ended.code, settled.query("SELECT count(*) FROM runs")) == (0, runs)
    assert "No account is selected" in ended.out


def test_the_guard_holds_all_and_lets_named_accounts_pass(settled: Desk) -> None:
    """Through the worker: --all is held, exit 4; a person who names accounts is trusted."""
    some = list(settled.export())[:60]
    with working(settled):
        settled.edit_icp(*EVERYONE)
        held = settled.icp("resync", "--all", "--json")
        passed = settled.icp("resync", *some, "--json")
    assert (held.code, held.data["outcome"]) == (4, "held")
    assert (passed.code, passed.data["report"]["read"]) == (0, 60)
    assert passed.data["report"]["hold"] is None


def test_a_stopped_worker_puts_it_back_and_the_next_one_serves_it(settled: Desk) -> None:
    """SIGTERM between two batches: the request is queued again, and nothing is written twice."""
    with working(settled) as worker:
        asking, chosen, since = caught_writing(settled)
    settled.sandbox.control("DELETE", "faults")
    assert "request_put_back" in worker.err.read_text("utf-8")
    assert settled.query("SELECT taken_at, finished_at FROM requests") == [(None, None)]

    with working(settled):  # its run is that of the request: the tick was begun before
        ended = settled.ended(asking)

    assert (ended.code, ended.data["outcome"]) == (0, "succeeded")
    assert settled.writes(since) == dict.fromkeys(chosen, 1)


def test_a_killed_worker_leaves_it_to_the_next(settled: Desk) -> None:
    """``kill -9`` in the middle: the next worker finds the request and finishes it."""
    runs = "SELECT count(*) FROM runs WHERE outcome IS NOT NULL"
    before = settled.query(runs)[0][0]
    worker = settled.start("worker", ICP_SCHEDULE="6h")
    until(lambda: settled.query(runs)[0][0] > before)
    asking, chosen, _ = caught_writing(settled)
    worker.signal(signal.SIGKILL)
    worker.wait(10)
    settled.sandbox.control("DELETE", "faults")

    with working(settled):
        assert settled.ended(asking).data["outcome"] == "succeeded"

    tiers = settled.values("icp_tier")
    assert all(tiers.get(it) for it in chosen)


def test_requests_and_ticks_never_run_at_once(settled: Desk) -> None:
    """With a tick each second and requests in between, no account is written twice."""
    chosen = spoilt(settled, 40)
    since = settled.mark()
    with working(settled, ICP_SCHEDULE="1s"):
        both = [settled.start("resync", *some, "--json") for some in (chosen[:25], chosen[15:])]
        ended = [settled.ended(it) for it in both]
    assert [it.code for it in ended] == [0, 0]
    assert settled.writes(since) == dict.fromkeys(chosen, 1)
    overlapping = settled.query(  # one run within another is served by the process that runs both
        "SELECT a.run_id FROM runs a JOIN runs b ON a.number < b.number"
        " AND b.started_at < a.finished_at AND b.finished_at > a.finished_at"
    )
    assert overlapping == []


@pytest.mark.parametrize("arguments", [(), ("--all", "--rejected"), ("1", "--tier", "Tier 1")])
def test_one_way_to_choose(settled: Desk, arguments: tuple[str, ...]) -> None:
    """None or several ways of saying which accounts are refused, with the ways there are."""
    ended = settled.icp("resync", *arguments)
    assert ended.code == 2
    assert "--tier" in ended.words
