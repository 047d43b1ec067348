"""A dry run sees what is stored and leaves no trace."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

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
    started,
)
from worker.state import (
    Binding,
    ChangeState,
    Checkpoint,
    Document,
    HistoryRow,
    Lease,
    State,
    StateError,
    instant_text,
)

PORTAL = Binding("hubspot", "111", "production")


def test_scratch_sees_what_is_stored(state: State) -> None:
    """Binding, checkpoint, mirror, dead letters, history and documents read as stored."""
    lease = filled(state)
    with state.scratch() as scratch:
        assert scratch.bindings.of(CONNECTION) == PORTAL
        assert scratch.checkpoints.load(CONNECTION).until == "2026"
        assert scratch.mirror.page(CONNECTION, ["1"])["1"].computed_tier == "tier_1"
        assert scratch.mirror.tier_counts(CONNECTION) == {"tier_1": 1}
        assert [letter.account_id for letter in scratch.dead_letters.all(CONNECTION)] == ["1"]
        assert scratch.documents.get("icp-a") is not None
        assert scratch.history.at(CONNECTION, "1", NOW) is not None
        state.mirror.save(lease, [mirrored("2")])
        assert scratch.mirror.count(CONNECTION) == 2


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
def test_scratch_leaves_no_trace(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole dry run, whatever it saves, leaves every stored row as it was, and no file behind."""
    filled(state)
    before = dump(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with state.scratch() as scratch:
        assert len(list(tmp_path.glob("icp-dry-run-*"))) == 1
        scratch.bindings.bind("new", PORTAL)
        scratch.bindings.adopt(CONNECTION, Binding("hubspot", "222", "sandbox"))
        lease = leased(scratch)  # although the stored lease is held: nothing can collide
        begun(scratch, lease, "run-9")
        scratch.checkpoints.save(lease, Checkpoint(until="2027"))
        scratch.mirror.save(lease, [mirrored("1", "tier_3"), mirrored("9")])
        scratch.mirror.pin(lease, ["1"], "icp-b")
        scratch.mirror.unpin(lease)
        seqs = planned(scratch, lease, change("1"), change("9"), run_id="run-9")
        assert settled(scratch, lease, seqs[:1], ChangeState.WRITTEN, "run-9") == 1
        assert settled(scratch, lease, seqs[1:], ChangeState.REJECTED, "run-9") == 1
        scratch.history.add(lease, [HistoryRow("9", "run-9", "2026", "icp", b"{}", b"{}")])
        scratch.documents.save(Document("icp-b", "b", "b"), NOW)
        scratch.erase(lease, ["1"])
        assert scratch.prune(NOW.replace(year=2100)) == 0
        assert [move.accounts for move in scratch.plan.transitions("run-9")] == [2]
        scratch.runs.finish(lease, "run-9", outcome="ok", report=b"{}", finished_at=NOW)
        assert [run.run_id for run in scratch.runs.latest()] == ["run-9"]

    assert dump(tmp_path) == before
    assert list(tmp_path.glob("icp-dry-run-*")) == []


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)
@pytest.mark.parametrize("by", ["a dry run", "a full pass"])
def test_what_a_killed_dry_run_left_is_removed(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Its plan holds customers' values, which nobody could forget there; one under way stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, days in (("killed", 2), ("at-work", 0)):
        folder = tmp_path / f"icp-dry-run-{name}"
        folder.mkdir()
        (folder / "plan.db").write_bytes(b"Acme")
        at = time.time() - days * 86_400
        os.utime(folder / "plan.db", (at, at))
        os.utime(folder, (at, at))

    if by == "a dry run":
        state.scratch().close()
    else:
        state.prune(NOW)

    assert [it.name for it in tmp_path.glob("icp-dry-run-*")] == ["icp-dry-run-at-work"]


def test_scratch_refuses_another_portal(state: State) -> None:
    """A dry run with the wrong credential is stopped like any other."""
    filled(state)
    with state.scratch() as scratch, pytest.raises(StateError, match="its state belongs to"):
        scratch.bindings.bind(CONNECTION, Binding("hubspot", "222", "production"))


def filled(state: State) -> Lease:
    """Store something of each kind."""
    state.bindings.bind(CONNECTION, PORTAL)
    lease = started(state)
    state.mirror.save(lease, [mirrored("1", "tier_1")])
    state.checkpoints.save(lease, Checkpoint(until="2026", backfilled=True))
    settled(state, lease, planned(state, lease, change("1")), ChangeState.REJECTED)
    state.history.add(lease, [HistoryRow("1", "run-1", instant_text(NOW), "icp", b"{}", b"{}")])
    state.documents.save(Document("icp-a", "a", "a"), NOW)
    return lease


def dump(folder: Path) -> list[str]:
    """Read every row of the stored database."""
    with closing(sqlite3.connect(folder / "icp.db")) as database:
        return list(database.iterdump())
