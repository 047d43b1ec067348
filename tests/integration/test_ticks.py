"""A scheduled run that cannot begin says why, and the worker goes on."""

from __future__ import annotations

import threading
from pathlib import Path

from structlog.testing import capture_logs

from config.connection import ConnectionSettings
from config.settings import Settings
from worker.cli.running import Tick
from worker.state.store import open_state


def test_a_broken_edit_of_the_icp_is_told_in_its_own_words(tmp_path: Path) -> None:
    """Whoever edits the ICP of a running worker reads file, line and remedy in its log."""
    document = tmp_path / "icp.yaml"
    document.write_text("icp: broken\ncriterai: []\n", encoding="utf-8")
    connection = ConnectionSettings(name="main", crm="hubspot", profiles=(document,))
    settings = Settings(connections=(connection,))

    with open_state(f"sqlite:///{tmp_path / 'state.db'}") as state, capture_logs() as logs:
        Tick(settings, connection, state, threading.Event())()

    [event] = logs
    assert event["event"] == "run_failed"
    assert event["log_level"] == "error"
    assert "icp.yaml:2" in event["reason"]
    assert 'Did you mean "criteria"?' in event["reason"]
