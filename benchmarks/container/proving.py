"""The container's promises, tried out on the root that the Dockerfile made."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import httpx

from benchmarks.container import roots
from benchmarks.container.dockerfile import Stage, stages

PATIENCE: Final = 120.0
ACCOUNTS: Final = "300"


def contents(root: Path, *, skip: str = "\0") -> dict[str, str]:
    """Every file below *root* by its path, with what tells a change: mode, size, time, target."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith(skip):
            known = path.lstat()
            found[name] = f"{known.st_mode} {known.st_size} {known.st_mtime_ns}"
    return found


def digests(root: Path) -> dict[str, str]:
    """Every file below *root* with a digest of its bytes, or where it leads."""
    return {
        str(path.relative_to(root)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def sizes(installed: Path) -> list[tuple[str, int]]:
    """Bytes of each top-level package that is installed, the largest first."""
    [packages] = installed.glob("lib/python*/site-packages")
    found = {
        it.name: sum(each.lstat().st_size for each in [it, *it.rglob("*")] if each.is_file())
        for it in packages.iterdir()
    }
    return sorted(found.items(), key=lambda it: -it[1])


@dataclass
class Container:
    """Starts commands in the root as an engine would: read-only, one volume, an unprivileged user.

    Attributes:
        root: of the last stage.
        volume: a folder of this machine that stands for the volume.
        variables: what an operator sets.
        stage: what the Dockerfile says of the container.
    """

    root: Path
    volume: Path
    variables: Mapping[str, str]
    stage: Stage

    @classmethod
    def of(cls, root: Path, volume: Path, variables: Mapping[str, str]) -> Container:
        """Make the volume, owned by the container's user."""
        volume.mkdir(parents=True)
        stage = stages()[-1]
        user = int(stage.last("USER").rest)
        os.chown(volume, user, user)
        return cls(root, volume, variables, stage)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ENTRYPOINT with *arguments* as process 1 of its own; see :meth:`first`."""
        entry = self.stage.last("ENTRYPOINT").arguments
        command = [*entry, *(arguments or self.stage.last("CMD").arguments)]
        script = (
            f"set -e\nmount --make-rprivate /\nmount --bind {self.root} {self.root}\n"
            f"mount --rbind /dev {self.root}/dev\nmount -t proc proc {self.root}/proc\n"
            f"mount -t tmpfs tmpfs {self.root}/tmp\n"  # noqa: S108 - inside
            f"mount --bind {self.volume} {self.root}{self.stage.last('VOLUME').rest}\n"
            f"mount -o remount,bind,ro {self.root}\n"
            f"exec chroot {self.root} {shlex.join(self._as_user(command))}\n"
        )
        return subprocess.Popen(  # noqa: S603 - ours
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],  # noqa: S607
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def first(self, process: subprocess.Popen[str]) -> int:
        """The worker's number on this machine; within, it is process 1."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
        return int(children.split()[0])

    def beside(self, process: subprocess.Popen[str], *command: str) -> int:
        """Run a command inside, as ``docker exec`` and health checks do; answers its status."""
        target = str(self.first(process))
        enter = ["nsenter", "--target", target, "--mount", "--pid", "--root", "--wd"]
        done = subprocess.run([*enter, *self._as_user(list(command))], check=False)  # noqa: S603
        return done.returncode

    def _as_user(self, command: list[str]) -> list[str]:
        user = self.stage.last("USER").rest
        named = self.stage.environment({"PATH": roots.PATH}) | dict(self.variables)
        return [
            "/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
            "--no-new-privs", "--bounding-set=-all", "/usr/bin/env", "-i",
            "-C", self.stage.last("WORKDIR").rest,
            *[f"{name}={value}" for name, value in named.items()], *command,
        ]  # fmt: skip


@contextmanager
def portal(*options: str) -> Iterator[dict[str, Any]]:
    """The simulated CRM, outside of the container and on the same loopback."""
    command = [sys.executable, "-m", "sandbox", "--hubspot-port", "0", "--accounts", ACCOUNTS]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            yield json.loads(process.stdout.readline())["hubspot"]
        finally:
            process.terminate()


def prove(root: Path, folder: Path, tell: Callable[[str, bool], None]) -> None:
    """Try each promise and say whether it holds.

    Args:
        root: of the last stage; left as it is.
        folder: for the volume.
        tell: takes a promise, and whether it is kept.
    """
    settings = root / "etc/icp"
    settings.mkdir(exist_ok=True)
    example = Path(__file__).parents[2] / "config/examples/midmarket-saas.yaml"
    (settings / "icp.yaml").write_bytes(example.read_bytes())
    with portal("--limits", "off") as crm:
        (settings / "token").write_text(crm["token"], encoding="utf-8")
        variables = {
            "ICP_CRM": "hubspot",
            "ICP_PROFILE": "/etc/icp/icp.yaml",
            "ICP_HUBSPOT__ACCESS_TOKEN_FILE": "/etc/icp/token",
            "ICP_HUBSPOT__API_ORIGIN": crm["url"],
        }
        container = Container.of(root, folder / "volume", variables)
        before = contents(root)
        tell("icp --help ends with 0", container.run("--help").returncode == 0)
        tell("icp setup --apply ends with 0", container.run("setup", "--apply").returncode == 0)
        tell("icp run --yes ends with 0", container.run("run", "--yes", "--json").returncode == 0)
        _worker(container, crm["url"], tell)
        tell("nothing outside the volume was written", contents(root) == before)


def _worker(container: Container, url: str, tell: Callable[[str, bool], None]) -> None:
    httpx.post(f"{url}/_sandbox/behaviour", json={"latency_ms": 300}, trust_env=False)
    process = container.start()
    said = _until(process.stderr, '"run_started"')
    inside = Path(f"/proc/{container.first(process)}/status").read_text("ascii")
    numbers = next(line.split() for line in inside.splitlines() if line.startswith("NSpid"))
    user = next(line.split()[1] for line in inside.splitlines() if line.startswith("Uid"))
    tell("the worker is process 1", numbers[-1] == "1")
    tell("it is not root", user == container.stage.last("USER").rest)
    none = [line.split()[1] for line in inside.splitlines() if line.startswith("Cap")]
    tell("it has no capability and can gain none", not any(int(it, 16) for it in none))
    check = container.stage.last("HEALTHCHECK").arguments
    tell("the health check passes", said and container.beside(process, *check) == 0)
    port = container.stage.last("EXPOSE").rest
    ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10, trust_env=False)
    tell("/readyz answers 200", ready.status_code == 200)  # noqa: PLR2004
    read_only = container.beside(process, "touch", "/etc/icp/x") != 0
    tell("the root cannot be written", read_only and not (container.root / "etc/icp/x").exists())
    began = time.monotonic()
    os.kill(container.first(process), signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    seconds = time.monotonic() - began
    tell(f"SIGTERM in the middle of a run ends it with 0 ({seconds:.1f} s)", not process.returncode)
    with closing(sqlite3.connect(container.volume / "icp-sync.db")) as database:
        held = database.execute("SELECT count(*) FROM leases WHERE holder IS NOT NULL").fetchone()
    tell("the lease is released", held == (0,))


def _until(stream: IO[str] | None, words: str) -> bool:
    return any(words in line for line in stream or ())
