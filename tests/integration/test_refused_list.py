"""``icp runs --rejected`` lists what ``icp status`` counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    ids = [f"{number:05}" for number in range(MANY)]
    refused(tmp_path, monkeypatch, ids, "No.")

    found = CliRunner().invoke(app, ["runs", "--rejected", "--json", "--connection", CONNECTION])

    assert found.exit_code == 0, found.output
    assert [it["account"] for it in json.loads(found.stdout)] == ids


def test_the_crm_s_words_steer_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may repeat what anybody typed into a record; lines of theirs become one."""
    refused(tmp_path, monkeypatch, ["00001"], "Not\n so: \x1b]0;owned\x07\x1b[2J.")

    found = CliRunner().invoke(app, ["runs", "--rejected", "--connection", CONNECTION])

    assert "Not so: " in found.stdout
    assert not set(found.stdout) & {"\x1b", "\x07"}


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, ids: Sequence[str], words: str) -> None:
    """A state in which accounts were refused; commands find it."""
    at = instant_text(NOW)
    with opened(folder) as state:
        state.dead_letters.put(
            leased(state),
            [DeadLetter(it, "run-1", 1, "INVALID", "", words, "hash", at, at) for it in ids],
        )
        assert state.dead_letters.count(CONNECTION) == len(ids)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ICP_DATABASE_URL", f"sqlite:///{folder / FILE}")
