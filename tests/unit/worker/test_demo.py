"""The demo opens its simulator with settings of ours, and with none of the person's own."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from config.salesforce import Login
from config.settings import load_settings
from worker.cli.demo import Demo, run_demo
from worker.cli.simulating import KINDS, Simulator

READY: dict[str, dict[str, Any]] = {
    "hubspot": {"url": "http://127.0.0.1:1", "token": "pat", "portal_id": "55"},
    "salesforce": {
        "url": "http://127.0.0.1:2",
        "instance_url": "http://127.0.0.1:2",
        "client_id": "key",
        "client_secret": "hush",
        "username": "integration@sample.example",
        "access_token": "session",
        "org_id": "00D000000000001",
        "admin": {"client_id": "admin-key", "client_secret": "admin-hush"},
    },
}


def demo_of(crm: str, folder: Path) -> Demo:
    """A demo whose simulator said that it is ready."""
    kind = KINDS[crm]
    settings = {"ICP_CRM": crm, **kind.settings(READY[crm])}
    simulator = SimpleNamespace(kind=kind, settings=settings)
    return Demo(cast("Simulator", simulator), folder)


@pytest.mark.parametrize("crm", KINDS)
def test_the_settings_open_the_simulator(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, crm: str
) -> None:
    """What a person is shown to export is complete, and goes to this machine only."""
    for name in [name for name in os.environ if name.startswith("ICP_")]:
        monkeypatch.delenv(name)
    for pair in demo_of(crm, tmp_path).environment_line().split(" "):
        monkeypatch.setenv(*pair.split("=", 1))

    connection = load_settings().connection()

    assert connection.crm == crm
    assert getattr(connection, crm).api_origin == READY[crm]["url"]
    if crm == "salesforce":
        assert connection.salesforce.login is Login.CLIENT_CREDENTIALS
        assert connection.salesforce.setup_client_id is not None


def test_a_persons_own_settings_stay_out_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token for a real CRM is not sent to the simulator, nor a configuration mixed in."""
    monkeypatch.setenv("ICP_CONFIG", "/etc/icp/worker.yaml")
    monkeypatch.setenv("ICP_SALESFORCE__REFRESH_TOKEN", "of-production")

    environment = demo_of("salesforce", tmp_path).environment()

    assert "ICP_CONFIG" not in environment
    assert "ICP_SALESFORCE__REFRESH_TOKEN" not in environment
    assert environment["PATH"] == os.environ["PATH"]


def test_a_crm_that_is_not_simulated_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the choices."""
    with pytest.raises(typer.Exit):
        run_demo(crm="pipedrive", accounts=None, folder=tmp_path, hold=False)

    assert "Use hubspot or salesforce." in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, before any simulator starts."""
    (tmp_path / "file").touch()

    with pytest.raises(typer.Exit) as left:
        run_demo(crm="hubspot", accounts=None, folder=tmp_path / "file" / "demo", hold=False)

    assert left.value.exit_code == 2
    assert "cannot be written" in capsys.readouterr().err
