"""Records that somebody else holds: sent again after a while, and refused in the end."""

from __future__ import annotations

import pytest

from connectors.errors import StoppedError, TransientError
from connectors.records import WriteResult
from tests.unit.connectors.salesforce.org import (
    LOCK,
    SECRET,
    Error,
    Locks,
    Org,
    Patience,
    Reply,
    account_id,
    error_of,
)
from tests.unit.connectors.salesforce.sending import CALL, sent_ids, updates_of, write_by_calls


def test_locked_records_alone_are_sent_again_after_a_while(org: Org) -> None:
    """Backoff from two seconds, with jitter; the others are not touched again."""
    org.rule = Locks({account_id(3): 2, account_id(5): 1})
    patience = Patience()

    outcomes = write_by_calls(org, updates_of(*range(10)), patience)

    assert all(outcome.accepted for outcome in outcomes)
    assert [len(call) for call in sent_ids(org)] == [10, 2, 1]
    first, second = patience.waits
    assert 2 <= first < 4.1
    assert 4 <= second < 6.1


@pytest.mark.parametrize(
    "error",
    [
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "We can't save: UNABLE_TO_LOCK_ROW: unable", []),
        ("REQUEST_RUNNING_TOO_LONG", "", []),
        ("SERVER_UNAVAILABLE", "", []),
    ],
)
def test_what_passes_by_itself_is_tried_again(org: Org, error: Error) -> None:
    """Locks met by automation and busy servers are no fault of the record."""
    org.rule = Locks({account_id(1): 1}, error)

    [outcome] = write_by_calls(org, updates_of(1))

    assert outcome.accepted


def test_a_call_that_is_locked_as_a_whole_is_tried_again(org: Org) -> None:
    """Salesforce may refuse the call and not each record."""
    org.fail(CALL, Reply(400, [error_of(LOCK[0], LOCK[1])]))

    assert all(outcome.accepted for outcome in write_by_calls(org, updates_of(1, 2)))


def test_a_lock_that_stays_is_a_refusal(org: Org) -> None:
    """After six tries and a minute the account is left to the next run, its neighbours written."""
    org.rule = Locks({account_id(1): 10**6})
    patience = Patience()

    locked, written = write_by_calls(org, updates_of(1, 2), patience)

    assert (locked.result, locked.code) == (WriteResult.REJECTED, "UNABLE_TO_LOCK_ROW")
    assert written.accepted
    assert len(org.routes()) == 6
    assert 60 < patience.now < 80


def test_a_server_that_stays_too_busy_says_nothing_of_records(org: Org) -> None:
    """The run fails and comes back; the dead letter is not for the CRM's own troubles."""
    org.rule = Locks({account_id(1): 10**6}, ("SERVER_UNAVAILABLE", SECRET, []))

    with pytest.raises(TransientError, match="SERVER_UNAVAILABLE") as caught:
        write_by_calls(org, updates_of(1, 2))

    assert SECRET not in str(caught.value)


def test_a_storm_of_locks_costs_no_storm_of_calls(org: Org) -> None:
    """Where everything is locked, smaller calls would only be more calls."""
    sent = updates_of(*range(2_000))
    org.rule = Locks({it.account_id: 10**6 for it in sent})

    outcomes = write_by_calls(org, sent)

    assert {outcome.code for outcome in outcomes} == {"UNABLE_TO_LOCK_ROW"}
    assert len(org.routes()) <= 10 + 5 * 20


def test_a_failing_call_among_repeats_is_not_repeated_for_each(org: Org) -> None:
    """Attempts do not multiply: three of the call, once."""
    org.rule = Locks({account_id(1): 1})
    org.intercept = lambda _request: Reply(503, b"") if len(org.routes()) > 1 else None

    with pytest.raises(TransientError, match="503"):
        write_by_calls(org, updates_of(1))

    assert len(org.routes()) == 1 + 3


def test_a_stop_ends_the_wait_for_locks(org: Org) -> None:
    """A worker told to stop does not sit a minute out."""

    class Impatience(Patience):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            raise StoppedError("stopped")

    org.rule = Locks({account_id(1): 5})

    with pytest.raises(StoppedError):
        write_by_calls(org, updates_of(1), Impatience())
