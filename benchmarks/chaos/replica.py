"""One replica of a worker: a process that is told to look at its clock, and when to be struck.

It does what a scheduled run of ``icp worker`` does, by a clock that is moved from outside, and says
on standard output what came of it. Run as ``python -m benchmarks.chaos.replica SETTINGS``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.chaos.moved import MovedClock
from config.connection import ConnectionSettings
from config.schedule import schedule
from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.session import Answer, Session
from connectors.throttling import RateLimiter
from worker import composition
from worker.cli.running import LOOK_AGAIN, Silent
from worker.due import last_due
from worker.state.errors import StaleLeaseError, StateError
from worker.state.store import open_state
from worker.sync.connection import RunRequest, TickDoneError
from worker.sync.holding import BusyError
from worker.sync.report import RunReport
from worker.sync.run import SyncRun
from worker.telemetry import set_up_logging

EVERY: Final = "15m"
BATCH: Final = 8  # small, so that a run has several
CONNECTION: Final = "main"
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG


def say(**words: Any) -> None:
    """Tell whoever started this process."""
    os.write(1, json.dumps(words).encode() + b"\n")


class Strike:
    """When a process is to be killed or stopped: by itself, so that the point can be chosen."""

    def __init__(self, wanted: Mapping[str, Any] | None) -> None:
        self._wanted = dict(wanted or {})
        self._calls = 0
        if self._wanted.get("at") == "look":
            self._later()

    def call(self, *, before: bool) -> None:
        """A request is about to leave, its lease made sure of; or its answer has come."""
        self._calls += before
        at = self._wanted.get("at")
        if at == "time" and self._calls == 1 and before:
            self._later()
        if at == ("before" if before else "after") and self._calls == self._wanted["call"]:
            self._now()

    def _later(self) -> None:
        timer = threading.Timer(self._wanted["seconds"], self._now)
        timer.daemon = True
        timer.start()

    def _now(self) -> None:
        os.kill(os.getpid(), signal.Signals(self._wanted["signal"]))


class Struck(Session):
    """A line to the portal on whose calls a process may be struck."""

    strike = Strike(None)
    begun = ""

    def call(self, route: str, send: Any, **options: Any) -> Answer:
        """Send one call."""
        if not self.strike._calls:  # noqa: SLF001 - the first one follows the claim of the tick
            say(begun=self.begun)

        def sent() -> Any:
            self.strike.call(before=True)
            response = send()
            response.data  # noqa: B018 - reads the answer
            self.strike.call(before=False)
            return response

        return super().call(route, sent, **options)


class SmallBatches(HubSpotConnector):
    """Writes a few companies at a time."""

    def batch_size(self, planned: int) -> int:  # noqa: ARG002 - always the same
        """How many one request changes."""
        return BATCH


class Replica:
    """A worker of one connection."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._clock = MovedClock(Path(told["clock"]))
        self._skew = timedelta(seconds=told["skew"])
        self._state = open_state(told["database"], busy_timeout=timedelta(seconds=told["waits"]))
        self._connection = ConnectionSettings(
            name=CONNECTION,
            crm="hubspot",
            profiles=(Path(told["icp"]),),
            guard={"max_tier_changes": {"count": 1_000_000, "percent": 100}},
        )
        compiled = composition.compile_icps(self._connection.profiles)
        self._wired = composition.connection_of(self._connection, compiled)
        self._fired: datetime | None = None
        self._again: datetime | None = None
        self._runs = 0

    def own(self) -> datetime:
        """What this machine takes for the present moment."""
        return self._clock.now() + self._skew

    def look(self, wanted: Mapping[str, Any] | None) -> None:
        """Run if the schedule says so, by this machine's clock; which tick it is says the state's.

        A clock that is ahead finds the tick done before: it comes back when the tick is due.
        """
        fires = last_due(schedule(EVERY), self.own())
        wished = self._again is not None and self.own() >= self._again
        if fires == self._fired and not wished:
            say(did="idle")
            return
        self._fired, self._again = fires, None
        due = last_due(schedule(EVERY), self._clock.now())
        strike = Strike(wanted)
        if fires > due:
            self._again = fires + self._skew
        try:
            report = self._run(due, strike)
        except TickDoneError:
            say(did="done before")
        except BusyError:
            last = self._state.ticks.last(CONNECTION)
            if last is None or last < due:  # nobody has begun it
                self._again = self.own() + LOOK_AGAIN
            say(did="busy")
        except StaleLeaseError as error:
            say(did="stale", by="database" if "in force" in str(error) else "clock")
        except StateError as error:
            ways = {"is locked": "locked", "was restarted": "cut off"}  # in a transaction too long
            did = next((way for words, way in ways.items() if words in str(error)), "failed")
            say(did=did, why=str(error))
        else:
            slept = any("held up" in it for it in report.problems)
            if slept:
                say(did="stale", by="clock")
            else:
                say(did="ran", outcome=report.outcome.value, problems=report.problems)

    def _run(self, due: datetime, strike: Strike) -> RunReport:
        session = Struck(
            self._told["token"],
            host=self._told["portal"],
            limiter=RateLimiter(share=1.0, burst=100_000, search=100_000),
            clock=self.own,
        )
        session.strike, session.begun = strike, due.isoformat()
        self._runs += 1
        result = SyncRun(
            self._wired,
            SmallBatches(session),
            self._state,
            run_id=f"{self._told['name']}-{self._runs}",
            holder=f"host-of-{self._told['name']}:{os.getpid()}:x",  # so that none is known as gone
            stop=threading.Event(),
            progress=Silent(),
            clock=self._clock.now,
            ticking=self._clock.seconds,
        ).execute(RunRequest(due=due, confirmed=True))
        return result.report


def main() -> None:
    """Look whenever a line says so, until there are no more."""
    if sys.platform == "linux":  # a stopped process would outlive its parent otherwise
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    set_up_logging("error")
    say(ready=datetime.now(UTC).isoformat())
    replica: Replica | None = None
    for line in sys.stdin:
        try:
            replica = replica or Replica(json.loads(sys.argv[1]))
        except StateError as error:  # it would be started again, until it can open its state
            say(did="locked" if "is locked" in str(error) else "failed", why=str(error))
        else:
            replica.look(json.loads(line).get("strike"))


if __name__ == "__main__":
    main()
