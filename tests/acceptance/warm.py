"""A process that has the program loaded and forks one child for each command.

Starting Python and importing the clients takes most of a second, a hundred times over. A fork is a
process of its own all the same: its own environment, files, signals and exit status.
``test_starting.py`` starts the program cold.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

_PRELOADED = (
    "alembic.command",
    "alembic.config",
    "connectors.hubspot.connector",
    "hubspot.crm.companies",
    "hubspot.crm.properties",
    "hubspot.discovery.crm.companies",
    "hubspot.discovery.crm.properties",
    "hubspot.utils",
    "multiprocessing.pool",
    "connectors.salesforce.admin",
    "connectors.salesforce.connector",
    "rich._emoji_codes",
    "typer._adapters",
    "worker.cli.app",
    "worker.cli.explaining",
    "worker.cli.recalling",
    "worker.cli.running",
    "worker.cli.checking",
    "worker.cli.setting_up",
    "worker.composition",
    "worker.composition.hubspot",
    "worker.composition.salesforce",
    "worker.scheduling",
    "worker.setting_up",
    "worker.state.database",
)


class Command:
    """One command that was started; ends are asked for, signals are sent straight to it."""

    def __init__(self, shell: WarmShell, pid: int, out: Path, err: Path) -> None:
        self.pid = pid
        self.out = out
        self.err = err
        self._shell = shell
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or ``None`` while it runs."""
        if self._code is None:
            self._code = self._shell.ask({"poll": self.pid})
        return self._code

    def wait(self, timeout: float) -> int:
        """Wait for the end.

        Raises:
            TimeoutError: it did not come in time; the command is killed.
        """
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
                raise TimeoutError(f"still running after {timeout} s")
            self._doze(deadline - time.monotonic())
        return code

    def _doze(self, seconds: float) -> None:
        """Wait until the process ends, or for a moment where the system cannot tell."""
        try:
            process = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            time.sleep(0.003)
            return
        try:
            select.select([process], [], [], max(0.0, seconds))
        finally:
            os.close(process)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class WarmShell:
    """Starts commands in children of a process that is ready for them."""

    def __init__(self, *modules: str) -> None:
        """Start it, with *modules* loaded beside the program."""
        self._process = subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started = 0

    def ask(self, question: Mapping[str, Any]) -> Any:
        """One line there, one line back."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(json.dumps(question) + "\n")
        to.flush()
        answer = back.readline()
        assert answer, "the warm shell ended; its last words are on standard error"
        return json.loads(answer)

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        arm: tuple[str, str] | None = None,
    ) -> Command:
        """Start ``icp`` with *arguments*; what it prints goes to files in *folder*.

        With *arm*, the ``arm`` function of a module is first called with a text, in the child.
        """
        self._started += 1
        out, err = folder / f"{self._started}.out", folder / f"{self._started}.err"
        out.touch()
        err.touch()
        started = self.ask(
            {
                "arguments": list(arguments),
                "environment": dict(environment),
                "out": str(out),
                "err": str(err),
                "arm": arm,
            }
        )
        return Command(self, started, out, err)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _become(question: Mapping[str, Any]) -> NoReturn:
    """Turn this child into the command."""
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(question[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.environ.clear()
    os.environ.update(question["environment"])
    sys.argv = ["icp", *question["arguments"]]
    if question["arm"]:
        module, text = question["arm"]
        importlib.import_module(module).arm(text)
    app = importlib.import_module("worker.cli.app").app
    app()
    sys.exit(0)


def _serve(questions: IO[str], answers: IO[str]) -> None:
    for name in (*_PRELOADED, *sys.argv[1:]):
        importlib.import_module(name)
    # A child that ends looks through all that it has; what it was given here is left out of that,
    # or pages shared with this process would be copied one by one: most of a second each time.
    gc.collect()
    gc.freeze()
    for line in questions:
        question = json.loads(line)
        answer: int | None
        if "poll" in question:
            pid, status = os.waitpid(question["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                answers.close()
                _become(question)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    # Its own copies, so that a child may close and replace the standard ones.
    _serve(os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w"))
