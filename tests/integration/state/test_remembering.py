"""A written change leaves its evidence in the history, in the transaction that settles it."""

from __future__ import annotations

import orjson
import pytest

from tests.integration.state.builders import (
    CONNECTION,
    NOW,
    change,
    planned,
    settled,
    standing,
    started,
)
from worker.state import ChangeState, HistoryRow, PlannedChange, State, instant_text


def judged(account_id: str) -> PlannedChange:
    """Plan a change that comes with its evidence."""
    return change(account_id)._replace(evidence=b'{"fields":{}}', summary=b'{"tier":"tier_1"}')


def kept(state: State, account_id: str = "1") -> HistoryRow | None:
    """Fetch what is kept of an account."""
    return state.history.at(CONNECTION, account_id, NOW)


def test_a_written_change_is_remembered(state: State) -> None:
    """With the run, the moment it judged as of, the ICP, and when it was written."""
    lease = started(state)
    settled(state, lease, planned(state, lease, judged("1")), ChangeState.WRITTEN)

    row = kept(state)
    assert row is not None
    assert row[:5] == ("1", "run-1", instant_text(NOW), standing().fingerprint, b'{"fields":{}}')
    assert orjson.loads(row.summary) == {"tier": "tier_1", "written_at": instant_text(NOW)}
    assert state.history.first(CONNECTION, "1") == instant_text(NOW)


@pytest.mark.parametrize("became", [ChangeState.REJECTED, ChangeState.MISSING])
def test_what_the_crm_did_not_take_is_not(state: State, became: ChangeState) -> None:
    """The history says what stood in the CRM."""
    lease = started(state)
    settled(state, lease, planned(state, lease, judged("1")), became)

    assert kept(state) is None
    assert state.history.first(CONNECTION, "1") is None


def test_it_is_remembered_once(state: State) -> None:
    """Recording an answer again adds no second row."""
    lease = started(state)
    seqs = planned(state, lease, judged("1"))
    settled(state, lease, seqs, ChangeState.WRITTEN)
    settled(state, lease, seqs, ChangeState.WRITTEN)

    state.erase(lease, ["2"])
    assert kept(state) is not None
    state.erase(lease, ["1"])
    assert kept(state) is None


def test_a_plan_made_before_evidence_was_kept_is_settled_all_the_same(state: State) -> None:
    """The mirror takes it over, the history has nothing to say."""
    lease = started(state)
    seqs = planned(state, lease, change("1"), judged("2"))

    assert settled(state, lease, seqs, ChangeState.WRITTEN) == 2
    assert kept(state) is None
    assert kept(state, "2") is not None
