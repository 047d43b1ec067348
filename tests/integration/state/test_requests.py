"""What people ask for is queued once, taken by one, and not lost when a worker dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import orjson

from tests.integration.state.builders import CONNECTION, MINUTE, NOW, opened, started
from worker.state import State
from worker.state.requests import Decision, Request, RequestKind

LATER = NOW + timedelta(minutes=3)


def asked(state: State, *accounts: str) -> Request:
    """Ask for accounts by id."""
    selector = {"accounts": list(accounts)}
    return state.requests.ask(CONNECTION, RequestKind.ACCOUNTS, selector, "Ada", NOW)


def test_the_same_is_queued_once_until_it_is_finished(state: State) -> None:
    """Asking again answers the request there is; named accounts that are being read, a new one."""
    first = asked(state, "1", "2")
    assert asked(state, "1", "2") == first
    assert asked(state, "1").number != first.number
    assert state.requests.ask("other", RequestKind.ALL, {}, "Ada", NOW).number != first.number
    taken = state.requests.take(CONNECTION, LATER)
    assert taken is not None
    edited = asked(state, "1", "2")
    assert edited.number > taken.number
    assert asked(state, "1", "2") == edited


def test_what_a_rule_selects_is_served_once_for_all_who_ask(state: State) -> None:
    """Also while it is under way; afterwards it is a new one."""
    first = state.requests.ask(CONNECTION, RequestKind.ALL, {}, "Ada", NOW)
    taken = state.requests.take(CONNECTION, LATER)
    assert taken is not None
    assert state.requests.ask(CONNECTION, RequestKind.ALL, {}, "Bob", NOW) == taken

    state.requests.finish(taken.number, "succeeded", "run-1", LATER)

    assert state.requests.ask(CONNECTION, RequestKind.ALL, {}, "Ada", NOW).number != first.number


def test_the_oldest_is_taken_first_and_by_one_only(state: State, tmp_path: Path) -> None:
    """Workers that look at the same moment take different requests."""
    numbers = [asked(state, str(each)).number for each in range(4)]
    first = state.requests.take(CONNECTION, LATER)
    assert first is not None
    assert first.number == numbers[0]

    with opened(tmp_path, MINUTE) as patient, ThreadPoolExecutor(3) as pool:
        taken = [*pool.map(lambda _: patient.requests.take(CONNECTION, LATER), range(3))]

    others = [it.number for it in taken if it is not None]
    assert len(others) == len({*others})
    assert {*others} <= {*numbers[1:]}
    assert state.requests.take("nobody", LATER) is None


def test_progress_and_end_can_be_read(state: State) -> None:
    """Whoever asked sees how far it is, and how it ended; ids are not kept beyond that."""
    number = asked(state, "4711").number
    state.requests.take(CONNECTION, NOW)
    state.requests.progress(number, 10, 4)
    under_way = state.requests.get(number)
    assert under_way is not None
    assert (under_way.total, under_way.done) == (10, 4)

    state.requests.finish(number, "partial", "run-7", LATER)
    state.requests.finish(number, "failed", None, LATER)

    ended = state.requests.get(number)
    assert ended is not None
    assert (ended.outcome, ended.run_id, ended.selector) == ("partial", "run-7", b"{}")
    assert state.requests.unfinished(CONNECTION) == []


def test_what_could_not_be_finished_is_taken_again(state: State) -> None:
    """A stopped worker puts it back; of a dead one it is put back by age."""
    number = asked(state, "1").number
    state.requests.take(CONNECTION, NOW)
    state.requests.put_back(number)
    again = state.requests.take(CONNECTION, LATER)
    assert again is not None
    assert again.number == number

    assert state.requests.put_back_all(CONNECTION, NOW) == 0
    assert state.requests.put_back_all(CONNECTION, LATER) == 1
    assert state.requests.take(CONNECTION, LATER) is not None


def test_a_forgotten_account_is_asked_for_no_more(state: State) -> None:
    """Its id leaves what is queued and what is served; the others stay, and may be asked for."""
    both, alone, others = asked(state, "1", "2"), asked(state, "1"), asked(state, "3")
    elsewhere = state.requests.ask("other", RequestKind.ACCOUNTS, {"accounts": ["1"]}, "Ada", NOW)
    taken = state.requests.take(CONNECTION, LATER)
    assert taken is not None

    state.erase(started(state), ["1", "9"])

    kept = {it.number: it.selector for it in state.requests.unfinished(CONNECTION)}
    assert kept[both.number] == b'{"accounts":["2"]}'
    assert kept[alone.number] == b'{"accounts":[]}'
    assert kept[others.number] == others.selector
    assert asked(state, "2").number not in {both.number, alone.number}  # that one is being served
    [other] = state.requests.unfinished("other")
    assert other == elsewhere


def test_the_latest_decision_on_a_run_is_found_with_why_it_could_not_be_done(state: State) -> None:
    """The page of a held run asks for it; other runs and resyncs are in nobody's way."""
    assert state.requests.about(CONNECTION, "run-1") is None
    chosen = {"run": "run-1", "reason": "as agreed"}
    first = state.requests.ask(CONNECTION, Decision.APPROVE, chosen, "Ada (by link)", NOW)
    asked(state, "1")
    state.requests.ask(CONNECTION, Decision.REJECT, {"run": "run-2", "reason": "no"}, "Eve", NOW)
    assert state.requests.about(CONNECTION, "run-1") == first
    assert state.requests.about("other", "run-1") is None

    state.requests.refuse(first.number, {**chosen, "refused": "paused"})
    state.requests.finish(first.number, "failed", "run-1", LATER)
    state.requests.refuse(first.number, {**chosen, "refused": "too late"})

    found = state.requests.about(CONNECTION, "run-1")
    assert found is not None
    assert orjson.loads(found.selector) == {**chosen, "refused": "paused"}
    again = state.requests.ask(CONNECTION, Decision.REJECT, chosen, "Ada (by link)", LATER)
    assert state.requests.about(CONNECTION, "run-1") == again
