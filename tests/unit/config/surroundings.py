"""What settings are loaded from: an environment, and a worker.yaml in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.problems import ConfigError
from config.settings import load_settings


def forget_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Go to an empty folder, with none of our variables set."""
    for name in [name for name in os.environ if name.upper().startswith("ICP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


def with_file(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Write worker.yaml into a folder of its own and name it."""
    Path("conf").mkdir()
    Path("conf/worker.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ICP_CONFIG", "conf/worker.yaml")


def problems() -> list[str]:
    """Return what loading is refused with."""
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return [str(problem) for problem in caught.value.problems]
