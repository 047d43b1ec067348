"""What a rollback asks of the state: runs by kind, later writes by account, what is left."""

from __future__ import annotations

from tests.integration.state.builders import CONNECTION, NOW, begun, change, planned, started
from worker.state import ChangeState, State
from worker.state.rows import LeftAlone, Outcome


def test_rollbacks_are_told_from_other_runs(state: State) -> None:
    """With the report they began with, however they end."""
    lease = started(state)
    state.runs.start(
        lease, "back", kind="rollback", as_of=NOW, started_at=NOW, report=b'{"rolls_back":"run-1"}'
    )
    begun(state, lease, "run-3")

    assert [it.run_id for it in state.runs.latest(CONNECTION, rollbacks=True)] == ["back"]
    others = state.runs.latest(CONNECTION, rollbacks=False)
    assert {it.run_id for it in others} == {"run-1", "run-3"}
    back = state.runs.get("back")
    assert back is not None
    assert (back.outcome, back.report) == ("abandoned", b'{"rolls_back":"run-1"}')


def test_later_writes_are_found_by_account(state: State) -> None:
    """As first found and last written; what was planned and never sent does not count."""
    lease = started(state)
    planned(state, lease, change("1"), change("2"))
    first = state.plan.entries("run-1")
    begun(state, lease, "run-2")
    state.plan.add(lease, "run-2", [change("1", "tier_2", "tier_1"), change("2")])
    sent = state.plan.entries("run-2")[0]
    state.plan.mark_sent(lease, "run-2", [sent.seq], NOW)

    found = state.journal.since(CONNECTION, first)["1"]
    assert set(state.journal.since(CONNECTION, first)) == {"1"}
    assert (found.run_id, found.kind, found.unanswered) == ("run-2", "full", [("run-2", sent.seq)])
    state.plan.record_outcomes(lease, "run-2", [Outcome(sent.seq, ChangeState.WRITTEN)], NOW)
    assert state.journal.since(CONNECTION, first)["1"].unanswered == []


def test_what_is_left_changes_nothing(state: State) -> None:
    """It is listed with its reason, and neither sent nor settled."""
    lease = started(state)
    state.plan.leave(lease, "run-1", [LeftAlone("1", "tier_1", "edited_since", "tier")], NOW)

    [left] = state.plan.entries("run-1", [ChangeState.LEFT])
    assert (left.account_id, left.code, left.field) == ("1", "edited_since", "tier")
    assert state.plan.counts("run-1") == {"left": 1}
    state.plan.mark_sent(lease, "run-1", [left.seq], NOW)
    assert state.plan.counts("run-1") == {"left": 1}
