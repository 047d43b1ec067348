"""Small volumes of their own, where the machine lets us mount them: one fills up, another fails."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

MEMORY, DISK = "tmpfs", "ext4"
_SIZES: Final = {MEMORY: 8 << 20, DISK: 32 << 20}


@contextmanager
def mounted(kind: str, volume: Path) -> Iterator[None]:
    """Have a new volume at *volume*, a folder that is empty, until the block ends.

    Args:
        kind: :data:`MEMORY`, or :data:`DISK`: a disk in a file, which can have an error.
        volume: where.
    """
    if kind == MEMORY:
        mount("-t", "tmpfs", "-o", f"size={_SIZES[kind]}", "tmpfs", str(volume))
    else:
        with _image(volume).open("wb") as file:
            file.truncate(_SIZES[kind])
        run("mkfs.ext4", "-q", str(_image(volume)))
        _insert(volume)
    try:
        yield
    finally:
        run("umount", "-l", str(volume))


def fail(volume: Path) -> None:
    """Have an error on a disk: the system makes it read-only, whoever has files open in it."""
    [source] = run("findmnt", "-no", "SOURCE", str(volume)).split()
    trigger = Path("/sys/fs/ext4") / Path(source).name / "trigger_fs_error"
    trigger.write_text("an error on purpose", "ascii")


def mend(volume: Path) -> None:
    """Start anew with the disk as it was left."""
    run("umount", str(volume))
    _insert(volume)


@cache
def allowed(kind: str) -> bool:
    """Whether this machine lets us have such a volume, and what is to happen to it."""
    with tempfile.TemporaryDirectory() as name:
        volume = Path(name) / "volume"
        volume.mkdir()
        try:
            with mounted(kind, volume):
                if kind == DISK:
                    fail(volume)
                    mend(volume)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def mount(*arguments: str) -> None:
    """Mount something."""
    run("mount", *arguments)


def run(*command: str) -> str:
    """Run a program to its end; answers what it printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed programs


def _image(volume: Path) -> Path:
    return volume.with_name(f"{volume.name}.disk")


def _insert(volume: Path) -> None:
    mount("-o", "loop,errors=remount-ro", str(_image(volume)), str(volume))
