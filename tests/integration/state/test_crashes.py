"""A process killed at any instant leaves a database in which everything agrees."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.state import crashing
from tests.integration.state.builders import CONNECTION, opened
from worker.state import ChangeState, State

ROOT = Path(__file__).parents[3]
ALL = tuple(ChangeState)


def test_killed_before_any_statement(tmp_path: Path) -> None:
    """Killed before one statement after another, from the first table on, the next run goes on."""
    subprocess.run(command(tmp_path, "each"), cwd=ROOT, check=True)  # noqa: S603  # our own program

    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert len(folders) > 40
    for folder in folders:
        check(folder)
    for folder in folders[:: len(folders) // 6]:
        crashing.work(folder, 3, lambda: None)
        check(folder)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_instants(tmp_path: Path, seed: int) -> None:
    """Killed in the middle of whatever it does, the database is whole and the next run goes on."""
    chance = random.Random(seed)  # noqa: S311  # a test's dice
    process = subprocess.Popen(  # noqa: S603  # our own program
        command(tmp_path, "forever"), cwd=ROOT, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.read(chance.randrange(1, 30))
        time.sleep(chance.uniform(0, 0.004))
        process.kill()

    check(tmp_path)
    crashing.work(tmp_path, 3, lambda: None)
    check(tmp_path)


def command(folder: Path, how: str) -> list[str]:
    """Build the command line of the program that is killed."""
    return [sys.executable, "-m", "tests.integration.state.crashing", str(folder), how]


def check(folder: Path) -> None:
    """Open what is left and assert that journal, mirror, dead letter and checkpoint agree."""
    with opened(folder) as state:
        runs = [run.run_id for run in reversed(state.runs.latest(limit=100))]
        entries = [entry for run in runs for entry in state.plan.entries(run, ALL, limit=100_000)]
        agree(state, runs)
        settled = [entry for entry in entries if entry.answered_at]
        # the checkpoint comes after its page: it never runs ahead of what was settled
        until = state.checkpoints.load(CONNECTION).until
        if until is not None and len(runs) == 1:
            assert (int(until) + 1) * crashing.PAGE <= len(settled)
        assert not len(entries) % crashing.PAGE
        assert not len(settled) % crashing.PAGE
        refusals = Counter(entry.account_id for entry in entries if entry.state == "rejected")
        letters = {letter.account_id: letter for letter in state.dead_letters.all(CONNECTION)}
        assert {one: letter.rejections for one, letter in letters.items()} == refusals
    with closing(sqlite3.connect(folder / "icp.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        unsettled = database.execute(
            "SELECT count(*) FROM changes WHERE (settling IS NULL) <> (answered_at IS NOT NULL)"
        ).fetchone()
        assert unsettled == (0,)


def agree(state: State, runs: list[str]) -> None:
    """Assert that each account's mirrored standing is one that was saved or settled as a whole."""
    assert sum(state.mirror.tier_counts(CONNECTION).values()) == state.mirror.count(CONNECTION)
    assert not state.mirror.count(CONNECTION) % crashing.PAGE
    for row in state.mirror.scan(CONNECTION):
        assert row.outputs == b'{"icp_tier":"%s"}' % row.computed_tier.encode()
        assert (row.fingerprint == "icp-a") == (row.score == 8750)
    for run in runs:
        counted = Counter(entry.state for entry in state.plan.entries(run, ALL, limit=100_000))
        assert counted == state.plan.counts(run)
        assert counted["rejected"] * (crashing.PAGE - 1) == counted["written"]
