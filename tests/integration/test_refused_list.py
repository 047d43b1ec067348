"""``icp runs --rejected`` lists what ``icp status`` counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.integration.state.builders import CONNECTION, FILE, NOW, leased, opened
from worker.cli.app import app
from worker.state import instant_text
from worker.state.rows import DeadLetter

MANY = 2_001


def test_every_refused_account_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also past the thousand that are read at once, each of them once."""
    at = instant_text(NOW)
    ids = [f"{number:05}" for number in range(MANY)]
    with opened(tmp_path) as state:
        state.dead_letters.put(
            leased(state),
            [DeadLetter(it, "run-1", 1, "INVALID", "", "No.", "hash", at, at) for it in ids],
        )
        assert state.dead_letters.count(CONNECTION) == MANY
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ICP_DATABASE_URL", f"sqlite:///{tmp_path / FILE}")

    found = CliRunner().invoke(app, ["runs", "--rejected", "--json", "--connection", CONNECTION])

    assert found.exit_code == 0, found.output
    assert [it["account"] for it in json.loads(found.stdout)] == ids
