"""Alerts: one for each situation, delivered once, in order, by one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import orjson

from tests.integration.state.builders import CONNECTION, MINUTE, NOW, leased
from worker.state import State, StateError
from worker.state.alerts import Alert, Change, Raised
from worker.state.scrubbing import FORGOTTEN

CLAIM = timedelta(minutes=3)


def raised(state: State, event: str = "failed", cause: str = "a", *, wanted: bool = True) -> None:
    """Look at the connection as a replica does, and find it in some trouble."""

    def decide(known: Sequence[Alert]) -> Change:
        if (event, cause) in {(it.event, it.cause) for it in known}:
            return Change()
        return Change([Raised(event, cause, b"{}", wanted=wanted)])

    state.alerts.settle(CONNECTION, decide, NOW)


def test_two_who_look_at_once_raise_it_once(state: State) -> None:
    """Each decides when it is its turn, and sees what the other has raised."""
    start = threading.Barrier(4)

    def look() -> None:
        start.wait()
        for _ in range(3):
            with suppress(StateError):  # SQLite's other writers wait a few milliseconds in tests
                raised(state)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [alert] = state.alerts.open(CONNECTION)
    assert (alert.connection, alert.event, alert.cause) == (CONNECTION, "failed", "a")


def test_a_situation_that_is_over_may_be_raised_again(state: State) -> None:
    """What is over is kept, as what was told."""
    raised(state)
    [first] = state.alerts.open(CONNECTION)
    state.alerts.settle(CONNECTION, lambda _: Change([], [first.number]), NOW + MINUTE)
    assert state.alerts.open(CONNECTION) == []
    raised(state)

    second, over = state.alerts.latest(CONNECTION, 10)
    assert (second.ended_at, over.ended_at) == (None, "2026-11-22T04:01:00.000Z")


def test_one_process_sends_and_in_order(state: State) -> None:
    """While one is at the first, nobody takes the second; a claim that ran out is taken over."""
    raised(state, "failed")
    raised(state, "held")

    first = state.alerts.claim([CONNECTION], NOW, NOW + CLAIM)
    assert first is not None
    assert (first.event, first.attempts) == ("failed", 1)
    assert state.alerts.claim([CONNECTION], NOW + MINUTE, NOW + CLAIM) is None
    assert state.alerts.claim(["other"], NOW, NOW + CLAIM) is None
    again = state.alerts.claim([CONNECTION], NOW + CLAIM, NOW + 2 * CLAIM)
    assert again is not None
    assert (again.number, again.attempts) == (first.number, 2)
    state.alerts.delivered(again.number, NOW)

    second = state.alerts.claim([CONNECTION], NOW, NOW + CLAIM)
    assert second is not None
    assert second.event == "held"
    state.alerts.delivered(second.number, NOW)
    assert state.alerts.claim([CONNECTION], NOW, NOW + CLAIM) is None
    assert state.alerts.waiting(CONNECTION) == (0, "")


def test_what_nobody_sends_any_more_is_given_up(state: State) -> None:
    """Its webhook or its connection was taken away: nothing waits for ever."""
    raised(state)
    [alert] = state.alerts.open(CONNECTION)
    state.alerts.not_delivered(alert.number, "HTTP 404", NOW + MINUTE, NOW)
    state.prune(NOW + timedelta(days=3))
    assert state.alerts.waiting(CONNECTION) == (1, "HTTP 404")

    state.prune(NOW + timedelta(days=5))

    assert state.alerts.waiting(CONNECTION) == (0, "")
    [alert] = state.alerts.latest(CONNECTION, 1)
    assert (alert.outcome, alert.problem, alert.ended_at) == ("dropped", "HTTP 404", None)


def test_many_who_want_to_send_are_one(state: State) -> None:
    """Of replicas that look at the same moment one gets it."""
    raised(state)
    start = threading.Barrier(4)
    got: list[Alert | None] = []

    def send() -> None:
        start.wait()
        with suppress(StateError):  # as above: busy is not sent, and looks again
            got.append(state.alerts.claim([CONNECTION], NOW, NOW + CLAIM))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(it is not None for it in got) == 1


def test_what_did_not_arrive_waits_for_its_time(state: State) -> None:
    """It holds up what came later, and says why; given up, it is in nobody's way."""
    raised(state, "failed")
    raised(state, "held")
    alert = state.alerts.claim([CONNECTION], NOW, NOW + CLAIM)
    assert alert is not None
    state.alerts.not_delivered(alert.number, "HTTP 500", NOW + 2 * MINUTE, NOW)

    assert state.alerts.waiting(CONNECTION) == (2, "HTTP 500")
    assert state.alerts.claim([CONNECTION], NOW + MINUTE, NOW + CLAIM) is None
    assert state.alerts.claim([CONNECTION], NOW + 2 * MINUTE, NOW + CLAIM) is not None
    state.alerts.not_delivered(alert.number, "HTTP 500", None, NOW)

    [first, _] = reversed(state.alerts.latest(None, 10))
    assert (first.outcome, first.problem) == ("dropped", "HTTP 500")
    later = state.alerts.claim([CONNECTION], NOW, NOW + CLAIM)
    assert later is not None
    assert later.event == "held"


def test_unwanted_events_are_known_and_not_sent(state: State) -> None:
    """A recovery needs to know what came before."""
    raised(state, wanted=False)

    assert state.alerts.claim([CONNECTION], NOW, NOW + CLAIM) is None
    [alert] = state.alerts.open(CONNECTION)
    assert alert.outcome == "unwanted"


def test_alerts_are_kept_as_long_as_the_journal(state: State) -> None:
    """What goes on is kept however old it is; what still waits, too."""
    raised(state, cause="over", wanted=False)
    raised(state, cause="going on", wanted=False)
    raised(state, cause="waiting")
    over, _, waiting = state.alerts.open(CONNECTION)
    state.alerts.settle(CONNECTION, lambda _: Change([], [over.number, waiting.number]), NOW)

    state.prune(NOW + timedelta(days=89))
    assert len(state.alerts.latest(None, 10)) == 3
    state.prune(NOW + timedelta(days=91))

    assert {it.cause for it in state.alerts.latest(None, 10)} == {"going on", "waiting"}


def test_moving_to_another_portal_keeps_what_was_raised(state: State) -> None:
    """The portal that was another one is what a recovery is about; no account is named in it."""
    raised(state)
    lease = leased(state)

    state.clear(lease)
    state.erase(lease, ["1"])

    assert len(state.alerts.open(CONNECTION)) == 1


def test_erased_account_is_in_no_alert(state: State) -> None:
    """Told or not, over or not, of any number; counts, runs and other connections stay."""
    lease = leased(state)
    words = {
        "event": "failed",
        "run": "12-1",
        "cause": "account 12, not 120",
        "counts": {"read": 12},
    }
    many = [
        Raised("failed", str(one), orjson.dumps(words), wanted=one % 2 == 0) for one in range(450)
    ]
    state.alerts.settle(CONNECTION, lambda _: Change(many), NOW)
    state.alerts.settle("elsewhere", lambda _: Change(many[:1]), NOW)

    state.erase(lease, ["12"])

    kept = [orjson.loads(it.payload) for it in state.alerts.latest(CONNECTION, 500)]
    assert kept == [{**words, "cause": f"account {FORGOTTEN}, not 120"}] * 450
    [other] = state.alerts.latest("elsewhere", 5)
    assert orjson.loads(other.payload) == words
