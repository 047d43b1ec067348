"""An error nobody foresaw, on a machine where nothing can be written any more."""

from __future__ import annotations

import subprocess
import sys

import pytest

CUSTOMER = "Zwickelhuber GmbH"
FULL = """
import resource, typer
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as a full volume: no file takes a byte
from worker.cli.failing import failures, incident
def wrong():
    int("Zwickelhuber GmbH")
"""
COMMAND = """
try:
    with failures():
        wrong()
except typer.Exit as left:
    raise SystemExit(left.exit_code)
"""
WORKER = """
try:
    wrong()
except ValueError as error:
    print(incident(error))
"""


@pytest.mark.parametrize(("caught", "code"), [(COMMAND, 1), (WORKER, 0)])
def test_a_full_volume_makes_no_other_error_of_it(caught: str, code: int) -> None:
    """Nor is a file named that is not there: the place is told instead, without its text."""
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-B", "-c", FULL + caught],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    assert "raised at <string>:" in said
    assert "icp-incident" not in said
    assert "Traceback" not in said
    assert CUSTOMER not in said
