"""The worker of a simulated day: the ticks of ``icp worker`` in one process, when it is told.

Each line on standard input is the time it is; a tick is run then, metrics are read as Prometheus
would, and one line of JSON says what the process holds and has used.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import load_settings
from worker import composition
from worker.cli.running import Tick
from worker.metrics import Metrics
from worker.telemetry import set_up_logging


class MovedClock:
    """Goes on from the time it was last told."""

    def __init__(self) -> None:
        self.tell(datetime.now(UTC))

    def tell(self, now: datetime) -> None:
        """It is so late."""
        self._told, self._at = now, time.monotonic()

    def __call__(self) -> datetime:
        """The present moment."""
        return self._told + timedelta(seconds=time.monotonic() - self._at)


def resident_bytes() -> int:
    """Resident memory of this process now; 0 where the system does not say."""
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """Run a tick per line, until there are no more."""
    settings = load_settings()
    set_up_logging(settings.log_level, secrets=composition.secrets_of(settings))
    connection = settings.connection(None)
    clock = MovedClock()
    with composition.open_database(settings) as state:
        state.now = clock  # type: ignore[method-assign]  # the one clock that a run goes by
        metrics = Metrics([connection], state)
        tick = Tick(settings, connection, state, threading.Event(), metrics)
        for line in sys.stdin:
            clock.tell(datetime.fromisoformat(line.strip()))
            tick()
            metrics.text()
            used = resource.getrusage(resource.RUSAGE_SELF)
            held = {"bytes": resident_bytes(), "cpu": used.ru_utime + used.ru_stime}
            sys.stdout.write(json.dumps(held) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
