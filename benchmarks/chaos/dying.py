"""Inside a command that is to die: its steps are counted, and at a chosen one it kills itself.

A step is a statement or a commit in the state database, or a call to the CRM: about to leave, left
and not yet answered, answered and not yet read. The same run takes the same steps, so that a point
can be come back to; with a delay the process dies whatever it does by then.
"""

from __future__ import annotations

import atexit
import http.client
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

KINDS: Final = (
    *("statement", "stated", "commit", "committed"),
    *("read leaves", "read left", "read answered"),
    *("write leaves", "write left", "write answered"),
)
_WRITES: Final = re.compile(r"batch/update|composite/sobjects|jobs/ingest")


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: at the n-th step of a kind, or so many seconds after it.

    With a *gate*, a named pipe, the process only stands still there, until somebody has opened and
    closed the pipe for writing.
    """

    kind: str
    number: int
    delay: float = 0.0
    gate: str = ""

    def __str__(self) -> str:
        """Render as ``write left 2 + 0.8 ms``."""
        later = f" + {self.delay * 1000:.1f} ms" if self.delay else ""
        return f"{self.kind} {self.number}{later}"


@dataclass(frozen=True, slots=True)
class Last:
    """The last words of a command: steps by kind, and what it was about when it died."""

    steps: dict[str, int]
    doing: str

    @classmethod
    def read(cls, path: Path) -> Last:
        """Read what a command left; nothing where it left nothing."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):  # died while it wrote, or before
            return cls({}, "")


def armed(point: Point | None, path: Path) -> tuple[str, str]:
    """What makes a warm shell arm a command; it leaves its last words at *path*."""
    text = json.dumps({"path": str(path), "point": asdict(point) if point else None})
    return __name__, text


def arm(text: str) -> None:
    """Count this process's steps from now on, and die at the chosen one."""
    told = json.loads(text)
    steps = _Steps(Point(**told["point"]) if told["point"] else None, Path(told["path"]))
    atexit.register(steps.note, "ended")
    _watch_database(steps)
    _watch_calls(steps)


class _Steps:
    def __init__(self, point: Point | None, path: Path) -> None:
        self._point = point
        self._path = path
        self._counted: Counter[str] = Counter()

    def __call__(self, kind: str, doing: str) -> None:
        self._counted[kind] += 1
        point = self._point
        if point and (kind, self._counted[kind]) == (point.kind, point.number):
            if point.gate:
                self.note(doing)
                Path(point.gate).read_bytes()
            elif point.delay:
                threading.Thread(target=self._later, args=(point.delay, doing), daemon=True).start()
            else:
                self._die(doing)

    def note(self, doing: str) -> None:
        whole = self._path.with_suffix(".part")
        whole.write_text(json.dumps({"steps": self._counted, "doing": doing}), "utf-8")
        whole.rename(self._path)

    def _later(self, delay: float, doing: str) -> None:
        time.sleep(delay)
        self._die(f"after {doing}")

    def _die(self, doing: str) -> None:
        self.note(doing)
        os.kill(os.getpid(), signal.SIGKILL)


def _watch_database(steps: _Steps) -> None:
    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        steps("statement", " ".join(statement.split())[:70])

    def after(_: Any, __: Any, statement: str, *___: Any) -> None:
        steps("stated", " ".join(statement.split())[:70])

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Engine, "commit", lambda _: steps("commit", "COMMIT"))
    event.listen(Pool, "checkin", lambda *_: steps("committed", "COMMIT or ROLLBACK"))


def _watch_calls(steps: _Steps) -> None:
    connection = http.client.HTTPConnection
    put, get = connection.putrequest, connection.getresponse

    def putrequest(self: Any, method: str, url: str, *more: Any, **options: Any) -> None:
        kind = "write" if method != "GET" and _WRITES.search(url) else "read"
        self.chaos = (kind, f"{method} {url.partition('?')[0]}")
        steps(f"{kind} leaves", self.chaos[1])
        put(self, method, url, *more, **options)

    def getresponse(self: Any, *more: Any, **options: Any) -> Any:
        kind, call = self.chaos
        steps(f"{kind} left", call)
        answer = get(self, *more, **options)
        steps(f"{kind} answered", call)
        return answer

    connection.putrequest = putrequest  # type: ignore[method-assign]  # the same, watched
    connection.getresponse = getresponse  # type: ignore[method-assign]  # likewise
