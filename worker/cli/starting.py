"""``icp init``: the first files of a project."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import typer

from config.problems import listed
from worker.cli.failing import CONFIGURATION, fail, failures

_ENVIRONMENTS: Mapping[str, str] = {"hubspot": "icp.env", "salesforce": "icp-salesforce.env"}


def write_starter(folder: Path, example: str, crm: str) -> None:
    """Write an ICP document and an environment file; refuse to touch what exists."""
    with failures():
        if crm not in _ENVIRONMENTS:
            fail([f"There is no CRM {crm!r}. Choose {listed(_ENVIRONMENTS)}."], CONFIGURATION)
        targets = {"icp.yaml": f"{example}.yaml", "icp.env": _ENVIRONMENTS[crm]}
        shipped = files("config") / "examples"
        known = sorted(
            item.name.removesuffix(".yaml")
            for item in shipped.iterdir()
            if item.name.endswith(".yaml") and item.name != "worker.yaml"
        )
        if example not in known:
            fail(
                [f"There is no example {example!r}. Choose one of {', '.join(known)}."],
                CONFIGURATION,
            )
        texts = {it: (shipped / source).read_text("utf-8") for it, source in targets.items()}
        try:
            _write(folder, texts)
        except OSError as error:
            why = error.strerror or type(error).__name__
            words = f"{folder}: cannot be written ({why}). Name a folder where you may write."
            fail([words], CONFIGURATION)
        typer.echo(
            "Next: edit both, then `icp lint`, `icp check`, `icp setup`, `icp run --dry-run`."
        )


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    taken = [str(folder / name) for name in texts if (folder / name).exists()]
    if taken:
        words = f"{', '.join(taken)} exists already. Move it away or choose another folder."
        fail([words], CONFIGURATION)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {folder / name}")
