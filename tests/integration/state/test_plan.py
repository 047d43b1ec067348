"""A planned change turns into a journal entry, and its outcome is recorded everywhere at once."""

from __future__ import annotations

import pytest

from tests.integration.state.builders import (
    CONNECTION,
    NOW,
    begun,
    change,
    leased,
    mirrored,
    planned,
    settled,
    standing,
    started,
)
from worker.state import ChangeState, Outcome, State, StateError, Transition, instant_text
from worker.state.rows import WRITTEN_TO


def test_written_change_hands_its_standing_to_the_mirror(state: State) -> None:
    """Once the CRM accepts, the mirror shows the new outputs and the journal both sides."""
    lease = started(state)
    state.mirror.save(lease, [mirrored("1")._replace(inputs=b'{"a":1}', modified_at="m")])
    seqs = planned(state, lease, change("1"))

    assert state.mirror.page(CONNECTION, ["1"])["1"].computed_tier == ""
    assert settled(state, lease, seqs, ChangeState.WRITTEN) == 1

    row = state.mirror.page(CONNECTION, ["1"])["1"]
    assert row[3:9] == standing()
    assert (row.inputs, row.modified_at) == (b'{"a":1}', WRITTEN_TO)
    [entry] = state.plan.entries("run-1", ["written"])
    assert (entry.before, entry.after) == (b'{"icp_tier":null}', b'{"icp_tier":"tier_1"}')
    assert entry.sent_at == entry.answered_at == instant_text(NOW)


def test_refused_change_enters_the_dead_letter(state: State) -> None:
    """A refusal keeps the CRM's words and the count, and leaves the mirror's standing as it was."""
    lease = started(state)
    state.mirror.save(lease, [mirrored("1", "tier_3")])
    for run_id in ("run-1", "run-2"):
        if run_id == "run-2":
            begun(state, lease, run_id)
        seqs = planned(state, lease, change("1"), run_id=run_id)
        settled(state, lease, seqs, ChangeState.REJECTED, run_id)

    [letter] = state.dead_letters.all(CONNECTION)
    assert letter[:7] == ("1", "run-2", 2, "INVALID", "icp_tier", "said", "hash-1")
    assert state.dead_letters.page(CONNECTION, ["1", "2"]) == {"1": letter}
    assert state.dead_letters.count(CONNECTION) == 1
    assert state.mirror.page(CONNECTION, ["1"])["1"].computed_tier == "tier_3"
    [entry] = state.plan.entries("run-1", ["rejected"])
    assert (entry.code, entry.field) == ("INVALID", "icp_tier")


@pytest.mark.parametrize("became", [ChangeState.WRITTEN, ChangeState.MISSING])
def test_dead_letter_is_cleared(state: State, became: ChangeState) -> None:
    """An account that is written, or gone, is refused no longer."""
    lease = started(state)
    settled(state, lease, planned(state, lease, change("1")), ChangeState.REJECTED)
    settled(state, lease, planned(state, lease, change("1")), became)

    assert state.dead_letters.all(CONNECTION) == []


def test_outcome_counts_once(state: State) -> None:
    """Recording the same answer again, or another one later, changes nothing."""
    lease = started(state)
    seqs = planned(state, lease, change("1"))
    assert settled(state, lease, seqs, ChangeState.REJECTED) == 1

    assert settled(state, lease, seqs, ChangeState.REJECTED) == 0
    assert settled(state, lease, seqs, ChangeState.WRITTEN) == 0

    assert state.plan.counts("run-1") == {"rejected": 1}
    assert [letter.rejections for letter in state.dead_letters.all(CONNECTION)] == [1]


def test_outcomes_of_one_batch_stand_apart(state: State) -> None:
    """One refusal among a batch leaves its neighbours written; an unsent change stays planned."""
    lease = started(state)
    state.mirror.save(lease, [mirrored(str(number)) for number in range(4)])
    seqs = planned(state, lease, *(change(str(number)) for number in range(4)))
    state.plan.mark_sent(lease, "run-1", seqs[:3], NOW)
    answers = (ChangeState.WRITTEN, ChangeState.REJECTED, ChangeState.MISSING)
    outcomes = [Outcome(seq, became) for seq, became in zip(seqs, answers, strict=False)]

    assert state.plan.record_outcomes(lease, "run-1", outcomes, NOW) == 3

    assert state.plan.counts("run-1") == {"written": 1, "rejected": 1, "missing": 1, "planned": 1}
    assert [row.computed_tier for row in state.mirror.scan(CONNECTION)] == ["tier_1", "", "", ""]
    assert [entry.seq for entry in state.plan.entries("run-1")] == seqs[3:]


def test_entries_come_in_slices(state: State) -> None:
    """Reading a plan in slices meets each change once, in order, whatever its state."""
    lease = started(state)
    seqs = planned(state, lease, *(change(str(number)) for number in range(11)))
    state.plan.mark_sent(lease, "run-1", seqs[::2], NOW)

    met: list[int] = []
    while page := state.plan.entries(
        "run-1", ["planned", "sent"], after_seq=met[-1] if met else 0, limit=3
    ):
        met += [entry.seq for entry in page]

    assert met == seqs


def test_transitions_are_counted_with_examples(state: State) -> None:
    """The matrix has one line per move and cause, with its count and a few account ids."""
    lease = started(state)
    rows = [change(f"{number:02}", "tier_2", "tier_1") for number in range(12)]
    rows.append(change("99")._replace(cause="icp"))
    state.plan.add(lease, "run-1", rows)

    assert state.plan.transitions("run-1", examples=2) == [
        Transition("", "tier_1", "icp", 1, ("99",)),
        Transition("tier_1", "tier_2", "input", 12, ("00", "01")),
    ]
    assert state.plan.transitions("run-0") == []


def test_plans_never_cross_connections(state: State) -> None:
    """The lease of one connection cannot touch a run of another."""
    lease = started(state)
    other = leased(state, "other")
    [seq] = planned(state, lease, change("1"))

    for write in (
        lambda: state.plan.add(other, "run-1", [change("2")]),
        lambda: state.plan.mark_sent(other, "run-1", [seq], NOW),
        lambda: state.plan.record_outcomes(
            other, "run-1", [Outcome(seq, ChangeState.WRITTEN)], NOW
        ),
    ):
        with pytest.raises(StateError, match="run run-1 is not one of this connection's"):
            write()

    begun(state, other, "run-2")
    state.plan.mark_sent(other, "run-2", [seq], NOW)
    assert state.plan.record_outcomes(other, "run-2", [Outcome(seq, ChangeState.WRITTEN)], NOW) == 0
    assert state.plan.counts("run-1") == {"planned": 1}


def test_a_sample_is_drawn_from_the_run_alone(state: State) -> None:
    """However many changes of other connections lie between its own."""
    lease, other = started(state), started(state, "run-2", "other")
    for part in range(2):
        planned(state, lease, *(change(f"{part}{number}") for number in range(30)))
        planned(state, other, *(change(str(number)) for number in range(500)), run_id="run-2")

    sample = state.plan.spread("run-1", 40)

    seqs = [it.seq for it in sample]
    assert len(set(seqs)) == 40
    assert seqs == sorted(seqs)
    assert {it.account_id for it in sample} <= {f"{p}{n}" for p in range(2) for n in range(30)}
    assert sample == state.plan.spread("run-1", 40)
    assert len(state.plan.spread("run-1", 100)) == 60
    assert state.plan.spread("nonsense", 40) == []
