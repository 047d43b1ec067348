"""Runs, bindings, checkpoints and history: what a person asks about afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine, event

from tests.integration.state.builders import (
    CONNECTION,
    NOW,
    begun,
    change,
    leased,
    mirrored,
    opened,
    planned,
    settled,
    started,
)
from worker.state import (
    Binding,
    ChangeState,
    Checkpoint,
    Document,
    HistoryRow,
    StaleLeaseError,
    State,
    StateError,
    instant,
    instant_text,
)
from worker.state.requests import RequestKind
from worker.state.rows import Run
from worker.state.runs import UNSTARTED_KEPT

DAY = timedelta(days=1)


def test_run_is_recorded_from_start_to_finish(state: State) -> None:
    """A run shows as unfinished until its outcome and report are there."""
    lease = started(state)
    [unfinished] = state.runs.latest(CONNECTION)
    state.runs.finish(lease, "run-1", outcome="partial", report=b'{"read":3}', finished_at=NOW)

    finished = state.runs.get("run-1")

    assert (unfinished.outcome, unfinished.finished_at) == (None, None)
    assert finished is not None
    assert (finished.connection, finished.kind, finished.dry_run) == (CONNECTION, "full", False)
    assert (finished.outcome, finished.report) == ("partial", b'{"read":3}')
    assert state.runs.get("run-0") is None


def test_run_that_never_ended_is_abandoned(state: State) -> None:
    """The next run of the same connection marks it, and no other connection's."""
    lease = started(state)
    started(state, "other-1", "other")
    begun(state, lease, "run-2")

    outcomes = {run.run_id: run.outcome for run in state.runs.latest()}
    assert outcomes == {"run-1": "abandoned", "run-2": None, "other-1": None}


def failed(state: State, run_id: str, text: str, at: datetime = NOW) -> str:
    """Record that a run could not begin; one that failed alike before shares its row."""

    def tell(run: Run | None) -> bytes | None:
        if run is None or run.run_id == run_id or run.report == text.encode():
            return text.encode()
        return None

    return state.runs.fail(CONNECTION, run_id, tell, at)


def test_a_run_that_could_not_begin_is_on_record(state: State) -> None:
    """Also on a connection that was never used; it is over at once, and needs no lease."""
    assert failed(state, "run-1", "no token") == "run-1"

    [run] = state.runs.latest(CONNECTION)
    assert (run.kind, run.outcome, run.report) == ("unstarted", "failed", b"no token")
    assert run.started_at == run.finished_at == instant_text(NOW)
    begun(state, leased(state), "run-2")  # abandons nothing
    assert {it.run_id: it.outcome for it in state.runs.latest()} == {
        "run-1": "failed", "run-2": None,
    }  # fmt: skip


def test_one_failure_again_and_again_is_one_row(state: State) -> None:
    """Another failure, or a run in between, begins another row."""
    later = NOW + timedelta(minutes=1)
    assert failed(state, "run-1", "no token") == "run-1"
    assert failed(state, "run-2", "no token", later) == "run-1"
    assert failed(state, "run-3", "no ICP", later) == "run-3"
    assert failed(state, "run-4", "no token", later) == "run-4"

    *_, first = state.runs.latest(CONNECTION)
    assert (first.started_at, first.finished_at) == (instant_text(NOW), instant_text(later))


def test_ever_other_failures_fill_no_table(state: State) -> None:
    """The newest are kept; runs that did begin are not touched."""
    started(state, "run-a")
    for number in range(UNSTARTED_KEPT + 5):
        failed(state, f"run-{number}", str(number), NOW + timedelta(seconds=number))

    kept = [run.run_id for run in state.runs.latest(CONNECTION, 1_000)]
    assert len(kept) == UNSTARTED_KEPT + 1
    assert (kept[0], kept[-2], kept[-1]) == (f"run-{UNSTARTED_KEPT + 4}", "run-5", "run-a")


def test_a_run_that_an_error_ended_is_closed_as_failed(state: State) -> None:
    """Its own row says so; one that has ended before keeps its end."""
    lease = started(state)
    assert failed(state, "run-1", "unforeseen") == "run-1"
    begun(state, lease, "run-2")
    state.runs.finish(lease, "run-2", outcome="succeeded", report=b"fine", finished_at=NOW)
    failed(state, "run-2", "tidying failed")

    reports = {run.run_id: (run.kind, run.outcome, run.report) for run in state.runs.latest()}
    assert reports == {
        "run-1": ("full", "failed", b"unforeseen"),
        "run-2": ("full", "succeeded", b"fine"),
    }


def test_latest_runs_come_first(state: State) -> None:
    """Runs are listed newest first, as many as asked for."""
    lease = leased(state)
    for number in range(5):
        begun(state, lease, f"run-{number}")

    assert [run.run_id for run in state.runs.latest(CONNECTION, 2)] == ["run-4", "run-3"]
    assert state.runs.latest("other") == []


def test_state_is_bound_to_its_portal(state: State) -> None:
    """The portal it was made for opens it again; any other is named and refused, until adopted."""
    production = Binding("hubspot", "111", "production")
    sandbox = Binding("hubspot", "111", "sandbox")
    state.bindings.bind(CONNECTION, production)
    state.bindings.bind(CONNECTION, production)

    with pytest.raises(StateError) as caught:
        state.bindings.bind(CONNECTION, sandbox)
    assert "hubspot 111 (production)" in str(caught.value)
    assert "hubspot 111 (sandbox)" in str(caught.value)
    assert "another state database" in str(caught.value)
    assert state.bindings.of(CONNECTION) == production

    state.bindings.adopt(CONNECTION, sandbox)
    state.bindings.bind(CONNECTION, sandbox)
    assert state.bindings.names() == [CONNECTION]


def test_checkpoint_reads_back(state: State) -> None:
    """The last checkpoint saved is the one loaded, by connection; before any it is empty."""
    lease = leased(state)
    first = Checkpoint(until="2026-11-22T04:00:00.000Z", profile_fingerprint="p", backfilled=True)
    last = Checkpoint(until=None, full_at="2026-11-23T04:00:00.000Z", inputs_fingerprint="i")

    state.checkpoints.save(lease, first)
    assert state.checkpoints.load(CONNECTION) == first
    state.checkpoints.save(lease, last)
    assert state.checkpoints.load(CONNECTION) == last
    assert state.checkpoints.load("other") == Checkpoint()


def test_a_checkpoint_forgets_its_inputs_and_nothing_else(state: State) -> None:
    """Of its connection alone; before there is one, that changes nothing."""
    lease, other = leased(state), leased(state, "other")
    saved = Checkpoint(until="2026-11-22T04:00:00.000Z", inputs_fingerprint="i", backfilled=True)
    state.checkpoints.save(other, saved)

    state.checkpoints.forget_inputs(lease)
    assert state.checkpoints.load(CONNECTION) == Checkpoint()
    state.checkpoints.save(lease, saved)
    state.checkpoints.forget_inputs(lease)

    assert state.checkpoints.load(CONNECTION) == replace(saved, inputs_fingerprint="")
    assert state.checkpoints.load("other") == saved


def test_history_answers_for_any_day(state: State) -> None:
    """The assessment that stood on a day is the latest made by then."""
    lease = leased(state)
    made = [
        HistoryRow("1", f"run-{day}", instant_text(NOW + DAY * day), "icp", b"{}", b"%d" % day)
        for day in (0, 10, 20)
    ]
    state.history.add(lease, made)

    assert state.history.at(CONNECTION, "1", NOW + DAY * 15) == made[1]
    assert state.history.at(CONNECTION, "1", NOW + DAY * 20) == made[2]
    assert state.history.at(CONNECTION, "1", NOW - DAY) is None
    assert state.history.at(CONNECTION, "2", NOW + DAY * 20) is None


def test_document_is_kept_word_for_word(state: State) -> None:
    """An ICP document reads back as saved; saving it again is fine."""
    document = Document("icp-a", "midmarket", "icp: midmarket  # \N{SNOWMAN}\n")
    state.documents.save(document, NOW)
    state.documents.save(document, NOW + DAY)

    assert state.documents.get("icp-a") == document
    assert state.documents.get("icp-b") is None


def test_erased_account_is_nowhere(state: State) -> None:
    """Erasing removes an account's every row in its connection, and nobody else's."""
    first = started(state, f"run-{CONNECTION}")
    for lease in (first, started(state, "run-other", "other")):
        connection = lease.connection
        state.mirror.save(lease, [mirrored("1"), mirrored("2")])
        seqs = planned(state, lease, change("1"), change("2"), run_id=f"run-{connection}")
        settled(state, lease, seqs, ChangeState.REJECTED, f"run-{connection}")
        state.history.add(
            lease,
            [HistoryRow(one, "run", instant_text(NOW), "icp", b"{}", b"{}") for one in ("1", "2")],
        )

    with pytest.raises(StaleLeaseError):
        state.erase(replace(first, fence=0), ["1"])
    state.erase(first, ["1", "unknown"])

    for connection, left in ((CONNECTION, ["2"]), ("other", ["1", "2"])):
        assert [row.account_id for row in state.mirror.scan(connection)] == left
        assert [letter.account_id for letter in state.dead_letters.all(connection)] == left
        entries = state.plan.entries(f"run-{connection}", ["rejected"])
        assert [entry.account_id for entry in entries] == left
        stood = [one for one in ("1", "2") if state.history.at(connection, one, NOW)]
        assert stood == left


def test_erased_account_is_in_no_report(state: State) -> None:
    """It was an example of what moved, or stood in a problem; other ids and counts stay."""
    lease = started(state)
    report = {
        "run": "12-1",
        "read": 12,
        "transitions": [{"accounts": 2, "examples": ["12", "120"]}],
        "problems": ["account 12: no such account."],
    }
    state.runs.finish(lease, "run-1", outcome="held", report=orjson.dumps(report), finished_at=NOW)

    state.erase(lease, ["12"])

    run = state.runs.get("run-1")
    assert run is not None
    kept = orjson.loads(run.report or b"")
    assert kept["transitions"] == [{"accounts": 2, "examples": ["120"]}]
    assert kept["run"] == "12-1"
    assert (kept["read"], kept["problems"][0]) == (12, "account (forgotten): no such account.")


def test_every_report_is_looked_through(state: State) -> None:
    """However many there are, and however many accounts are erased at once."""
    lease = leased(state)
    for number in range(450):
        begun(state, lease, f"run-{number}")
        report = orjson.dumps({"problems": [f"account {number % 60}: no such account."]})
        state.runs.finish(lease, f"run-{number}", outcome="failed", report=report, finished_at=NOW)

    state.erase(lease, ["7"])
    state.erase(lease, [str(number) for number in range(10, 60)])

    left = {
        str(orjson.loads(it.report or b"")["problems"][0])[8:]
        for it in state.runs.latest(limit=500)
    }
    names = {*range(10)} - {7}
    assert left == {f"{it}: no such account." for it in [*names, "(forgotten)"]}


def test_others_write_while_reports_are_looked_through(state: State, tmp_path: Path) -> None:
    """A year of them takes longer than another connection waits for its turn to write."""
    lease = started(state)
    report = orjson.dumps({"problems": ["account 7: no such account."]})
    state.runs.finish(lease, "run-1", outcome="failed", report=report, finished_at=NOW)
    looked: list[str] = []

    def write(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT runs.number, runs.report") and "LIMIT" in statement:
            with opened(tmp_path) as other:
                asked = other.requests.ask("other", RequestKind.ALL, {}, "Ada", NOW)
            looked.append(asked.connection)

    event.listen(Engine, "before_cursor_execute", write)
    try:
        state.erase(lease, ["7"])
    finally:
        event.remove(Engine, "before_cursor_execute", write)

    assert looked
    run = state.runs.get("run-1")
    assert run is not None
    assert orjson.loads(run.report or b"")["problems"] == ["account (forgotten): no such account."]


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
def test_erased_bytes_are_gone(state: State, tmp_path: Path) -> None:
    """After erasing, no file of the database holds a byte of what was known of the account."""
    lease = started(state)
    secret = b"Acme Corporation"
    state.mirror.save(lease, [mirrored(str(n))._replace(inputs=secret * 50) for n in range(40)])
    planned(state, lease, change("1")._replace(before=secret))
    files = list(tmp_path.glob("icp.db*"))
    assert any(secret in file.read_bytes() for file in files)

    state.erase(lease, [str(number) for number in range(40)])

    assert not any(secret in file.read_bytes() for file in files)


def test_answer_for_an_erased_account_is_dropped(state: State) -> None:
    """An account forgotten while its change was on the way does not come back with the answer."""
    lease = started(state)
    state.mirror.save(lease, [mirrored("1")])
    seqs = planned(state, lease, change("1"))
    state.plan.mark_sent(lease, "run-1", seqs, NOW)
    state.erase(lease, ["1"])

    assert settled(state, lease, seqs, ChangeState.REJECTED) == 0
    assert state.dead_letters.all(CONNECTION) == []
    assert state.mirror.count(CONNECTION) == 0


def test_old_journal_and_history_are_pruned(state: State) -> None:
    """Journals go 90 days after their run, history and the run itself after 400."""
    lease = started(state)
    settled(state, lease, planned(state, lease, change("1")), ChangeState.WRITTEN)
    state.runs.finish(lease, "run-1", outcome="succeeded", report=b"{}", finished_at=NOW)
    state.history.add(lease, [HistoryRow("1", "run-1", instant_text(NOW), "icp", b"{}", b"{}")])

    assert state.prune(NOW + DAY * 90) == 0
    assert state.prune(NOW + DAY * 91) == 1
    assert state.plan.counts("run-1") == {}
    assert state.prune(NOW + DAY * 400) == 0
    assert [run.run_id for run in state.runs.latest()] == ["run-1"]
    assert state.prune(NOW + DAY * 401) == 2
    assert state.runs.latest() == []


def test_finished_requests_are_pruned_with_the_journal(state: State) -> None:
    """Others are still to be served."""
    for who in ("Ada", "Bob"):
        state.requests.ask(CONNECTION, RequestKind.ALL, {}, who, NOW)
        taken = state.requests.take(CONNECTION, NOW)
        if taken is not None and who == "Ada":
            state.requests.finish(taken.number, "succeeded", "run-1", NOW)

    assert state.prune(NOW + DAY * 91) == 1
    assert [it.who for it in state.requests.unfinished(CONNECTION)] == ["Bob"]


@pytest.mark.parametrize(("outcome", "kept"), [("held", 1), ("stopped", 0), (None, 1)])
def test_plan_is_kept_while_it_may_be_carried_out(
    state: State, outcome: str | None, kept: int
) -> None:
    """Pruning drops what an ended run never sent, but not the plan of a held or present run."""
    lease = started(state)
    planned(state, lease, change("1"))
    if outcome:
        state.runs.finish(lease, "run-1", outcome=outcome, report=b"{}", finished_at=NOW)

    state.prune(NOW + DAY)

    assert len(state.plan.entries("run-1")) == kept


def test_instants_keep_their_order_as_text() -> None:
    """Text sorts as time does, to the millisecond, and reads back as the same moment."""
    moments = [NOW, NOW + timedelta(milliseconds=1), NOW + DAY, NOW + DAY * 400]

    texts = [instant_text(moment) for moment in moments]

    assert texts[1] == "2026-11-22T04:00:00.001Z"
    assert texts == sorted(texts)
    assert [instant(text) for text in texts] == moments
    with pytest.raises(ValueError, match="time zone"):
        instant_text(NOW.replace(tzinfo=None))
