"""One holder at a time, and a late one is refused."""

from __future__ import annotations

from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.state.builders import (
    CONNECTION,
    MINUTE,
    NOW,
    begun,
    change,
    leased,
    mirrored,
    opened,
    planned,
)
from worker.state import (
    ChangeState,
    Checkpoint,
    HistoryRow,
    Lease,
    Outcome,
    StaleLeaseError,
    State,
)

names = (f"connection-{number}" for number in count())


def test_held_connection_is_not_given_out(state: State, tmp_path: Path) -> None:
    """While one holder's lease runs, another process is turned away, and so is the holder."""
    leased(state)

    with opened(tmp_path) as other:
        assert other.leases.acquire(CONNECTION, "worker-2", MINUTE, NOW) is None
        assert other.leases.acquire(CONNECTION, "worker-1", MINUTE, NOW) is None


def test_connections_do_not_wait_for_each_other(state: State) -> None:
    """A lease on one connection leaves the others free."""
    leased(state, "emea")

    assert state.leases.acquire("amer", "worker-2", MINUTE, NOW) is not None


def test_expired_lease_is_taken_over_only_after_the_grace(state: State) -> None:
    """Takeover waits for expiry and the grace in which a last request may still be under way."""
    leased(state)
    grace = MINUTE / 2

    early = NOW + MINUTE + grace - MINUTE / 60
    assert state.leases.acquire(CONNECTION, "worker-2", MINUTE, early, grace=grace) is None
    taken = state.leases.acquire(CONNECTION, "worker-2", MINUTE, NOW + MINUTE + grace, grace=grace)
    assert taken is not None
    assert taken.fence == 2


def test_renewed_lease_lasts_longer(state: State) -> None:
    """Renewal moves the expiry and keeps the fence."""
    renewed = state.leases.renew(leased(state), MINUTE, NOW + MINUTE)

    assert renewed.fence == 1
    assert state.leases.holder(CONNECTION) == renewed
    assert state.leases.acquire(CONNECTION, "worker-2", MINUTE, NOW + MINUTE) is None


def test_release_lets_the_next_in_at_once(state: State) -> None:
    """After release anyone may hold the connection, with a higher fence."""
    state.leases.release(leased(state))

    assert state.leases.holder(CONNECTION) is None
    assert leased(state).fence == 2


def test_late_release_leaves_the_new_holder_alone(state: State) -> None:
    """A holder that was overtaken cannot release the lease of its successor."""
    late = leased(state)
    present = leased(state, now=NOW + MINUTE)

    state.leases.release(late)

    assert state.leases.holder(CONNECTION) == present


def test_stale_holder_can_write_nothing(state: State) -> None:
    """Every write of a run is refused once another holder has taken over, and nothing changes."""
    late = leased(state)
    begun(state, late, "run-1")
    [seq] = planned(state, late, change("1"))
    leased(state, now=NOW + MINUTE)

    for write in (
        lambda: state.checkpoints.save(late, Checkpoint(until="2026")),
        lambda: state.checkpoints.forget_inputs(late),
        lambda: state.mirror.save(late, [mirrored("2")]),
        lambda: state.mirror.pin(late, ["1"], "icp"),
        lambda: state.mirror.unpin(late),
        lambda: state.plan.add(late, "run-1", [change("2")]),
        lambda: state.plan.mark_sent(late, "run-1", [seq], NOW),
        lambda: state.plan.record_outcomes(late, "run-1", [Outcome(seq, ChangeState.WRITTEN)], NOW),
        lambda: state.history.add(late, [HistoryRow("1", "run-1", "2026", "icp", b"{}", b"{}")]),
        lambda: begun(state, late, "run-2"),
        lambda: state.runs.finish(
            late, "run-1", outcome="succeeded", report=b"{}", finished_at=NOW
        ),
        lambda: state.leases.renew(late, MINUTE, NOW),
        lambda: state.ticks.claim(late, NOW, NOW),
        lambda: state.ticks.give_back(late, NOW, None),
    ):
        with pytest.raises(StaleLeaseError, match=r"connection main: fence 1 .* Stop this run"):
            write()

    assert state.checkpoints.load(CONNECTION) == Checkpoint()
    assert state.mirror.count(CONNECTION) == 0
    assert state.plan.counts("run-1") == {"planned": 1}
    assert state.history.at(CONNECTION, "1", NOW) is None
    assert [run.outcome for run in state.runs.latest()] == [None]


def test_released_lease_writes_nothing_either(state: State) -> None:
    """A holder that gave the lease back is refused even though nobody took it."""
    lease = leased(state)
    state.leases.release(lease)

    with pytest.raises(StaleLeaseError):
        state.checkpoints.save(lease, Checkpoint(until="2026"))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 90)), max_size=12))
def test_fences_only_grow(state: State, steps: list[tuple[str, int]]) -> None:
    """Whoever asks and whenever, every lease given out has a fence above all earlier ones."""
    connection = next(names)
    now = NOW
    given_out: list[Lease] = []
    for holder, seconds in steps:
        now += MINUTE * seconds / 60
        lease = state.leases.acquire(connection, holder, MINUTE, now)
        if lease is not None:
            given_out.append(lease)

    fences = [lease.fence for lease in given_out]
    assert fences == sorted(set(fences))
    for earlier, later in pairwise(given_out):
        assert earlier.expires_at < later.expires_at
