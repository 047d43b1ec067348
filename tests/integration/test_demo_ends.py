"""The demo leaves nothing running behind it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path


def test_the_simulator_ends_with_the_demo(tmp_path: Path) -> None:
    """SIGTERM ends the demo as Ctrl-C does: nobody listens on the simulator's port afterwards."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("name,domain\nAcme,acme.example\n", encoding="utf-8")
    command = [sys.executable, "-u", "-m", "worker", "demo", "--accounts", str(accounts)]
    command += ["--folder", str(tmp_path / "demo"), "--hold"]
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        printed = ""
        while "simulated HubSpot" not in printed and (line := demo.stdout.readline()):
            printed += line
        address = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
        assert address, printed
        demo.terminate()
        demo.communicate(timeout=20)

    assert demo.returncode == 5
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address[1]))) != 0
