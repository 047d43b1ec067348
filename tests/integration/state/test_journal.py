"""What the journal tells of accounts across runs: what was written last, and what left no trace."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.state.builders import (
    CONNECTION,
    MINUTE,
    NOW,
    begun,
    change,
    mirrored,
    planned,
    settled,
    started,
)
from worker.state import ChangeState, Lease, State
from worker.state.journal import Written
from worker.state.rows import DeadLetter

LETTER = DeadLetter("7", "run-1", 1, "NOT_KEPT", "icp_tier", "said", "hash", "2026-01", "2026-01")


def wrote(state: State, lease: Lease, *accounts: str, run_id: str = "run-1") -> None:
    """Mirror some accounts, and write to them."""
    state.mirror.save(lease, [mirrored(it) for it in accounts])
    seqs = planned(state, lease, *map(change, accounts), run_id=run_id)
    settled(state, lease, seqs, ChangeState.WRITTEN, run_id)


def silent(state: State, since: timedelta = -MINUTE, most: int = 10) -> list[str]:
    """Accounts that were written by runs of *since* from now, and not read again."""
    found = state.journal.unechoed(CONNECTION, NOW + since, NOW, most)
    rows = state.mirror.page(CONNECTION, [account for _, account in found])
    assert [rows[account].rowid for _, account in found] == [rowid for rowid, _ in found]
    return [account for _, account in found]


def test_accounts_written_and_not_read_since(state: State) -> None:
    """They are found by the marker that a write leaves in the mirror, each once."""
    lease = started(state)
    wrote(state, lease, "1", "2", "3")
    begun(state, lease, "run-2")
    wrote(state, lease, "3", run_id="run-2")
    state.mirror.save(lease, [mirrored("2")._replace(modified_at="2026-11-22T04:00:01.000Z")])

    assert sorted(silent(state)) == ["1", "3"]
    assert len(silent(state, most=1)) == 1


def test_runs_that_read_earlier_are_not_looked_at(state: State) -> None:
    """What they wrote was in a window that has been read."""
    wrote(state, started(state), "1")

    assert silent(state, since=MINUTE) == []


def test_writes_of_a_moment_ago_are_left_out(state: State) -> None:
    """The CRM's search may not show them yet."""
    wrote(state, started(state), "1")

    assert state.journal.unechoed(CONNECTION, NOW - MINUTE, NOW - MINUTE, 10) == []


def test_another_connection_knows_nothing_of_it(state: State) -> None:
    """Two portals may use the same ids."""
    wrote(state, started(state), "1")
    started(state, "run-2", "other")

    assert state.journal.unechoed("other", NOW - MINUTE, NOW, 10) == []
    assert state.journal.latest("other", ["1"], 10) == {}


def test_what_was_written_last_comes_first(state: State) -> None:
    """As far back as asked for; what was refused or not sent is no write."""
    lease = started(state)
    for place, became in enumerate(
        (ChangeState.WRITTEN, ChangeState.WRITTEN, ChangeState.REJECTED)
    ):
        seqs = planned(state, lease, change("1", f"tier_{place}"), change("2"))
        settled(state, lease, seqs, became)
    planned(state, lease, change("1"))

    found = state.journal.latest(CONNECTION, ["1", "3"], 10)

    at = "2026-11-22T04:00:00.000Z"
    assert found == {
        "1": [
            Written("hash-1", b'{"icp_tier":"tier_1"}', at),
            Written("hash-1", b'{"icp_tier":"tier_0"}', at),
        ]
    }
    assert len(state.journal.latest(CONNECTION, ["1"], 1)["1"]) == 1


def test_a_dead_letter_takes_the_place_of_an_earlier_one(state: State) -> None:
    """It keeps when the account was first told of, and counts as it is told to."""
    lease = started(state)
    state.dead_letters.put(lease, [LETTER])
    later = LETTER._replace(rejections=4, first_seen="2026-02", last_seen="2026-02")
    state.dead_letters.put(lease, [later])

    assert state.dead_letters.all(CONNECTION) == [later._replace(first_seen="2026-01")]
    with state.scratch() as scratch:
        scratch.dead_letters.put(started(scratch), [LETTER._replace(account_id="8")])
    assert state.dead_letters.count(CONNECTION) == 1
