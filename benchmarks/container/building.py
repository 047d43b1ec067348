"""The Dockerfile carried out in clean roots, instruction by instruction."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.container import roots
from benchmarks.container.dockerfile import Stage, Step, stages

CONTEXT = Path(__file__).parents[2]
_SAID = {"EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL", "VOLUME", "ENV", "USER"}
_IGNORED = shutil.ignore_patterns("__pycache__")


def build(base: Path, folder: Path, tell: Callable[[str], None]) -> Path:
    """Carry every stage out; answers the root of the last.

    Raises:
        subprocess.CalledProcessError: a command failed.
        ValueError: an instruction that this does not know.
    """
    made: dict[str, Path] = {}
    root = base
    for number, stage in enumerate(stages()):
        root = roots.copy(base, folder / (stage.name or f"stage-{number}"))
        made[stage.name] = root
        _carry_out(stage, root, made, tell)
    return root


def _carry_out(
    stage: Stage, root: Path, made: dict[str, Path], tell: Callable[[str], None]
) -> None:
    variables, at = stage.environment({"PATH": roots.PATH}), "/"
    for step in stage.steps:
        if step.word == "RUN":
            tell(f"RUN {step.rest[:90]}")
            roots.inside(root, ["/bin/sh", "-c", step.rest], variables, at)
        elif step.word == "COPY":
            _copy(step, root, at, made)
        elif step.word == "WORKDIR":
            at = step.rest
            (root / at.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.word not in _SAID:
            raise ValueError(f"{step.word} is not known here")


def _copy(step: Step, root: Path, at: str, made: dict[str, Path]) -> None:
    words = shlex.split(step.rest)
    origin = CONTEXT
    if words[0].startswith("--from="):
        origin = made[words.pop(0).removeprefix("--from=")]
    *sources, last = words
    to = root / str(Path(at) / last).lstrip("/")
    for source in sources:
        found = origin / source.lstrip("/")
        if found.is_dir():
            ignored = _IGNORED if origin == CONTEXT else None
            shutil.copytree(found, to, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            to.mkdir(parents=True, exist_ok=True) if last.endswith("/") else None
            shutil.copy2(found, to / found.name if to.is_dir() else to)
