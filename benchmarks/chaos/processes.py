"""A replica from outside: told, heard, and seen to stop or die."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 60.0  # seconds for an answer


class BrokenError(Exception):
    """Something happened that must not."""


class Process:
    """One replica, from outside."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.name: str = told["name"]
        self.stopped = False
        self.stopped_when = 0  # so many runs had been begun, by whomever
        self._popen = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "benchmarks.chaos.replica", json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        if self._popen.stdin is None or self._popen.stdout is None:
            raise BrokenError(f"{self.name} has no pipes")
        self._in, self._out = self._popen.stdin, self._popen.stdout
        self._read = b""
        self.hear()

    @property
    def alive(self) -> bool:
        """Whether there is such a process."""
        return self._popen.poll() is None

    def tell(self, **words: Any) -> None:
        """Say one line; in vain to one that is struck in this moment, as :meth:`hear` finds."""
        with contextlib.suppress(BrokenPipeError):
            self._in.write(json.dumps(words).encode() + b"\n")
            self._in.flush()

    def hear(self, begun: Counter[str] | None = None) -> dict[str, Any] | None:
        """Wait for an answer; ``None`` when the process died or was stopped instead.

        Args:
            begun: counts the ticks that it says it has begun.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            for line in self._lines():
                if "begun" not in line:
                    return line
                if begun is not None:
                    begun[line["begun"]] += 1
            if not self.alive:
                return None
            self.stopped = self._is_stopped()
            if self.stopped and not self._has_spoken(0):
                return None
            if time.monotonic() > deadline:
                raise BrokenError(f"{self.name} does not answer")

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._popen.send_signal(number)

    def end(self) -> None:
        """Whatever it is doing, no more."""
        self._popen.kill()
        self._popen.wait()
        with contextlib.suppress(BrokenPipeError):
            self._in.close()
        self._out.close()

    def _lines(self) -> Iterator[dict[str, Any]]:
        if b"\n" not in self._read and self._has_spoken(0.005):
            self._read += os.read(self._out.fileno(), 65_536)
        while b"\n" in self._read:
            line, _, self._read = self._read.partition(b"\n")
            yield json.loads(line)

    def _has_spoken(self, seconds: float) -> bool:
        return bool(select.select([self._out], [], [], seconds)[0])

    def _is_stopped(self) -> bool:
        try:
            said = Path(f"/proc/{self._popen.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        return said.rpartition(")")[2].split()[0] == "T"
