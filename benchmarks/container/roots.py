"""Clean root file systems: a bare Debian with a Python, and commands inside it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
INTERPRETER: Final = Path("opt/python")
_LIBRARIES: Final = ("libbz2-1.0", "libffi8", "liblzma5", "libreadline8", "libsqlite3-0", "libssl3")
_PASSED: Final = ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def run(*command: str | Path) -> str:
    """Run a program to its end and return what it prints.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is on standard error.
    """
    words = [str(it) for it in command]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    return done.stdout


def base(folder: Path, suite: str, prefix: Path | None) -> Path:
    """A bare system, made once: Debian's smallest, with ``python`` and ``pip`` on its path.

    Args:
        folder: where roots are made.
        suite: of Debian, such as ``bookworm``; from the mirror that this machine's apt uses.
        prefix: of an interpreter to take along, instead of Debian's own.
    """
    root = folder / "base"
    if not (root / "etc/debian_version").exists():
        shutil.rmtree(root, ignore_errors=True)
        wanted = ["ca-certificates", *(_LIBRARIES if prefix else ("python3", "python3-venv"))]
        include = f"--include={','.join(wanted)}"
        run("debootstrap", "--variant=minbase", include, suite, root, _mirror())
        subprocess.run(["umount", root / "proc"], check=False, stderr=subprocess.DEVNULL)  # noqa: S603, S607
    if not (root / "usr/local/bin/pip").exists():
        python = "/usr/bin/python3"
        if prefix is not None:
            without = shutil.ignore_patterns("test", "idlelib", "__pycache__", "*.a")
            shutil.rmtree(root / INTERPRETER, ignore_errors=True)
            shutil.copytree(prefix, root / INTERPRETER, symlinks=True, ignore=without)
            python = f"/{INTERPRETER / 'bin/python3'}"
            libraries = root / "etc/ld.so.conf.d/python.conf"
            libraries.write_text(f"/{INTERPRETER / 'lib'}\n", encoding="utf-8")
            inside(root, ["ldconfig"], {"PATH": PATH})
        inside(root, [python, "-m", "venv", "/usr/local"], {"PATH": PATH})
    return root


def copy(root: Path, to: Path) -> Path:
    """A root of its own, like another."""
    shutil.rmtree(to, ignore_errors=True)
    to.parent.mkdir(parents=True, exist_ok=True)
    run("cp", "-a", root, to)
    return to


def inside(root: Path, command: Sequence[str], variables: Mapping[str, str], at: str = "/") -> None:
    """Run a command as root inside *root*, with the network and the package index of outside.

    Whatever of this machine the index needs (certificates, folders) is mounted for as long as the
    command takes, in a name space of its own, and nothing of it stays.
    """
    outside = dict(_index())
    given = {**outside, **variables}
    needed = [Path(it) for it in ("/etc/resolv.conf", "/etc/hosts", "/dev")]
    needed += [path for value in outside.values() for path in _paths(value)]
    mounts = "".join(_mounted(path, root) for path in dict.fromkeys(needed))
    words = shlex.join([f"{name}={value}" for name, value in given.items()] + list(command))
    script = (
        f"set -e\nmount --make-rprivate /\n{mounts}mount -t proc proc {root}/proc\n"
        f"exec chroot {root} /usr/bin/env -i -C {shlex.quote(at)} {words}\n"
    )
    before = {path for path in _paths_in(root, needed) if path.exists()}
    try:
        run("unshare", "--mount", "--pid", "--fork", "sh", "-c", script)
    finally:
        for path in _paths_in(root, needed):
            if path not in before:  # the place it was mounted at
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


def _paths_in(root: Path, paths: Sequence[Path]) -> list[Path]:
    return [root / str(path).lstrip("/") for path in dict.fromkeys(paths)]


def _mounted(path: Path, root: Path) -> str:
    place = shlex.quote(f"{root}{path}")
    make = f"mkdir -p {place}" if path.is_dir() else f"mkdir -p $(dirname {place}); touch {place}"
    return f"{make}\nmount --rbind {shlex.quote(str(path.resolve()))} {place}\n"


def _mirror() -> str:
    """Where apt gets its packages from."""
    for line in run("apt-get", "indextargets", "--format", "$(SITE) $(CREATED_BY)").splitlines():
        site, _, kind = line.partition(" ")
        if kind == "Packages":
            return site
    raise LookupError("apt on this machine has no source of packages")


def _index() -> Iterator[tuple[str, str]]:
    """How pip reaches its packages, as variables; known at run time only."""
    for line in run(sys.executable, "-m", "pip", "config", "list").splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install", "download"}:
            words = value.strip("'\"").replace("\\n", " ")
            yield f"PIP_{name.upper().replace('-', '_')}", words
    for name, value in os.environ.items():
        if name.startswith("PIP_") or name in _PASSED or name.lower() in _PASSED:
            yield name, value


def _paths(value: str) -> Iterator[Path]:
    for word in value.split():
        path = Path(word.removeprefix("file://"))
        if path.is_absolute() and path.exists():
            yield path.parent if word.startswith("file://") else path  # an index links beside it
