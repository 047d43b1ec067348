"""Runs the scripts of this folder with Node.js, where it and their packages are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")
NEEDED = [
    pytest.mark.skipif(NODE is None, reason="no node on this machine"),
    pytest.mark.skipif(
        not (HERE / "node_modules").is_dir(), reason="run `npm ci` in tests/clients first"
    ),
]


def run(script: str, step: str, given: Mapping[str, str]) -> Any:
    """What one step of a script answers."""
    assert NODE is not None
    done = subprocess.run(  # noqa: S603 - our own script
        [NODE, script, step],
        cwd=HERE,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
