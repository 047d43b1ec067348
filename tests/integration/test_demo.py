"""The demo does the whole job for either CRM, and leaves nothing running behind it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from worker.cli.simulating import KINDS

ACCOUNTS = """\
name,domain,industry,employees,annual revenue,country,type
Acme Software,acme.example,COMPUTER_SOFTWARE,450,60000000,United States,PROSPECT
Tiny Shop,tiny.example,RETAIL,4,200000,Canada,PROSPECT
Blank,blank.example,,,,,
"""


def demo(folder: Path, crm: str, *options: str) -> list[str]:
    """The command that runs the demo over a few accounts of our own."""
    accounts = folder / "accounts.csv"
    accounts.write_text(ACCOUNTS, encoding="utf-8")
    command = [sys.executable, "-u", "-m", "worker", "demo", "--crm", crm, *options]
    return [*command, "--accounts", str(accounts), "--folder", str(folder / "demo")]


@pytest.mark.timeout(900)  # some fifteen processes, one after the other, on a busy machine
@pytest.mark.parametrize("crm", KINDS)
def test_every_step_is_done(tmp_path: Path, crm: str) -> None:
    """Set-up, dry run, run, a second run that writes nothing, explanations, and the page."""
    done = subprocess.run(  # noqa: S603 - our own
        demo(tmp_path, crm), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"simulated {KINDS[crm].portal} " in done.stdout
    assert re.search(r"3 read, 0 unchanged, 3 would be written", done.stdout)
    assert re.search(r"3 read, 0 unchanged, 3 written", done.stdout)
    assert re.search(r"3 unchanged, 0 written", done.stdout)
    assert done.stdout.count("$ icp explain ") == 3
    assert "Acme Software" in done.stdout
    assert re.search(r"saved views.*: http://127\.0\.0\.1:\d+/_sandbox/web/", done.stdout)
    page = (tmp_path / "demo" / "views.html").read_text(encoding="utf-8")
    assert "Acme Software" in page
    assert "<style>" in page


@pytest.mark.parametrize("crm", KINDS)
def test_the_simulator_ends_with_the_demo(tmp_path: Path, crm: str) -> None:
    """SIGTERM ends the demo as Ctrl-C does: nobody listens on the simulator's port afterwards."""
    with subprocess.Popen(  # noqa: S603 - our own
        demo(tmp_path, crm, "--hold"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        printed = ""
        while KINDS[crm].portal not in printed and (line := running.stdout.readline()):
            printed += line
        address = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
        assert address, printed
        running.terminate()
        running.communicate(timeout=20)

    assert running.returncode == 5
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address[1]))) != 0
