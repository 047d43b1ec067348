"""Short calls that make a valid thing; a test names what matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from worker.state import (
    ChangeState,
    Lease,
    MirrorRow,
    Outcome,
    PlannedChange,
    Standing,
    State,
    open_state,
)

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONNECTION = "main"
FILE = "icp.db"
SERVER = "postgresql.url"  # a file that names a database on a server, for its folder


def opened(folder: Path, wait: timedelta = timedelta(milliseconds=50)) -> State:
    """Open the state database of *folder*; what is locked is waited for so long."""
    server = folder / SERVER
    url = server.read_text() if server.exists() else f"sqlite:///{folder / FILE}"
    return open_state(url, busy_timeout=wait)


def leased(state: State, connection: str = CONNECTION, now: datetime = NOW) -> Lease:
    """Take the lease of a connection that nobody holds."""
    lease = state.leases.acquire(connection, "worker-1", MINUTE, now)
    assert lease is not None
    return lease


def started(state: State, run_id: str = "run-1", connection: str = CONNECTION) -> Lease:
    """Take the lease and begin a run."""
    lease = leased(state, connection)
    begun(state, lease, run_id)
    return lease


def begun(state: State, lease: Lease, run_id: str) -> None:
    """Begin a run under a lease already taken."""
    state.runs.start(lease, run_id, kind="full", as_of=NOW, started_at=NOW)


def mirrored(account_id: str, tier: str = "", outputs: bytes = b"{}") -> MirrorRow:
    """Make an account as the mirror keeps it."""
    return MirrorRow(account_id, computed_tier=tier, outputs=outputs)


def standing(tier: str = "tier_1") -> Standing:
    """Make what the mirror takes over after a write."""
    outputs = b'{"icp_tier":"%s"}' % tier.encode()
    return Standing(outputs, "icp-a", 8750, tier, "rules-a", "2026-11-22T04:00:00.000Z")


def change(account_id: str, tier_after: str = "tier_1", tier_before: str = "") -> PlannedChange:
    """Make a planned change of tier."""
    return PlannedChange(
        account_id,
        before=b'{"icp_tier":null}',
        after=b'{"icp_tier":"%s"}' % tier_after.encode(),
        tier_before=tier_before,
        tier_after=tier_after,
        cause="input",
        inputs_hash=f"hash-{account_id}",
        standing=standing(tier_after),
    )


def planned(
    state: State, lease: Lease, *changes: PlannedChange, run_id: str = "run-1"
) -> list[int]:
    """Plan changes; answer their numbers."""
    state.plan.add(lease, run_id, changes)
    return [row.seq for row in state.plan.entries(run_id)]


def settled(
    state: State, lease: Lease, seqs: list[int], became: ChangeState, run_id: str = "run-1"
) -> int:
    """Send changes and record one and the same answer for each."""
    state.plan.mark_sent(lease, run_id, seqs, NOW)
    outcomes = [
        Outcome(seq, became, code="INVALID", field="icp_tier", message="said") for seq in seqs
    ]
    return state.plan.record_outcomes(lease, run_id, outcomes, NOW)
