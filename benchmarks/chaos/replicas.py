"""Two and three replicas of one worker for a thousand ticks, some of them killed or stopped.

Time is moved from outside: a tick every quarter of an hour, in a fraction of a second. Every
replica is a process with a clock of its own, up to an hour wrong. The runs are real, against the
simulated portal over HTTP, and what they sent is counted in the portal's own log.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any, Final

from benchmarks.chaos.moved import MovedClock
from benchmarks.chaos.processes import BrokenError, Process
from benchmarks.chaos.replica import BATCH, CONNECTION, EVERY
from benchmarks.chaos.rows import Options, Row, say
from benchmarks.chaos.shop import NOON, Segment, Shop, opened
from config.schedule import schedule
from tests.support import postgres
from worker.due import last_due
from worker.state.store import State, open_state

TICKS: Final = 1_000
EDITED: Final = 20  # at each tick: three batches
STEP: Final = timedelta(minutes=5)  # three looks at each tick
STRUCK: Final = 0.6  # of the ticks
_SOON: Final = "options=-c%20idle_in_transaction_session_timeout%3D1500"


def rows(options: Options) -> Iterator[Row]:
    """Two on SQLite, two and three on PostgreSQL."""
    ticks = options.times or TICKS
    with postgres.server() as server:
        for database, count in (("SQLite", 2), ("PostgreSQL", 2), ("PostgreSQL", 3)):
            fresh = server.database if database == "PostgreSQL" else None
            yield row(database, count, ticks, options.seed, fresh)


def row(
    database: str, count: int, ticks: int, seed: int, fresh: Callable[[], str] | None = None
) -> Row:
    """Let *count* replicas share a database for so many ticks."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, opened(folder := Path(name)) as shop:
        url = fresh() if fresh else f"sqlite:///{folder / 'state.db'}"
        tally = Tally()
        broken = ""
        try:
            Episode(shop, folder, url, count, seed, tally).run(ticks)
        except BrokenError as error:
            broken = f"at tick {tally.ticks + 1}: {error}"
    return Row(
        scenario=f"{count} replicas, kill -9 and SIGSTOP",
        database=database,
        crm="HubSpot",
        times=ticks,
        survived=tally.ticks,
        resent=tally.resent,
        repaired=tally.repaired,
        seconds=time.monotonic() - began,
        note=broken or str(tally),
        ok=not broken,
    )


@dataclass
class Tally:
    """What was done to the replicas, and what they did."""

    ticks: int = 0
    runs: int = 0  # by the portal's log
    killed: int = 0
    stopped: int = 0
    slept: int = 0  # of them, those that went on with their run, as nobody had taken over
    overtaken: int = 0  # holders that came back when another had run meanwhile
    late: int = 0  # of them, those whose one request on its way landed
    refused: int = 0  # of them, by the database
    lapsed: int = 0  # holders that found by their own clock that their lease had run out
    cut_off: int = 0  # whose transaction the server had ended
    blocked: int = 0  # ticks in which a stopped process kept the database locked
    written: int = 0
    resent: int = 0
    repaired: int = 0

    def __str__(self) -> str:
        """Render for the table."""
        return (
            f"{self.runs:,} runs, {self.killed} killed, {self.stopped} stopped ({self.slept} slept"
            f" and went on); of {self.overtaken} overtaken {self.late} had a batch on its way,"
            f" {self.refused} were refused by the database, {self.lapsed} by their clock,"
            f" {self.cut_off} cut off;"
            f" {self.blocked} ticks blocked; {self.written:,} writes"
        )


class Episode:
    """Some replicas of one worker, and whoever strikes them."""

    def __init__(
        self,
        shop: Shop,
        folder: Path,
        database: str,
        count: int,
        seed: int,
        tally: Tally,
    ) -> None:
        self._shop = shop
        self._folder = folder
        self._database = database
        self._on_server = database.startswith("postgresql")
        self._count = count
        self._lot = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._tally = tally
        self._clock = MovedClock(folder / "clock")
        self._lives = 0
        self._begun: Counter[str] = Counter()
        self._replicas: list[Process] = []
        self._unsure = True  # whether a run was disturbed since the last that was not

    def run(self, ticks: int) -> None:
        """Let so many ticks pass.

        Raises:
            BrokenError: something happened that must not.
        """
        self._replicas += [self._started() for _ in range(self._count)]
        try:
            with open_state(self._database, busy_timeout=timedelta(seconds=5)) as state:
                for number in range(1, ticks + 1):
                    due = NOON + number * schedule_period()
                    calm = number > ticks - 3  # in the end all is to be as it should
                    self._tick(state, due, calm=calm)
                    self._tally.ticks += 1
                    if number % 100 == 0:
                        say(f"{self._count} replicas, {self._database[:6]}: {number} of {ticks}")
                self._settle_accounts(state)
        finally:
            for replica in self._replicas:
                replica.end()

    # -- the replicas ----------------------------------------------------------------------------

    def _started(self) -> Process:
        self._lives += 1
        return Process(
            {
                "name": f"r{self._lives}",
                "clock": str(self._folder / "clock"),
                "skew": self._skew(),
                # A server ends the transaction of a process that stands still: here sooner, as
                # time passes faster, and soon enough for the others to wait for it.
                "database": f"{self._database}&{_SOON}" if self._on_server else self._database,
                "waits": 3.0 if self._on_server else 0.4,
                "icp": str(self._shop.icp),
                "portal": self._shop.sandbox.url,
                "token": self._shop.sandbox.token,
            }
        )

    def _skew(self) -> float:
        """How many seconds a clock is ahead, up to an hour either way.

        Such that it never comes to a tick just when the replica is looking: the looks come at no
        exact time, and it would seem to have passed one over.
        """
        steps = self._lot.randrange(-12, 12)
        return -(steps * STEP.total_seconds() + self._lot.uniform(90, 270))

    # -- the ticks -------------------------------------------------------------------------------

    def _tick(self, state: State, due: datetime, *, calm: bool) -> None:
        """Let a tick fall due; each replica comes to it by its own clock."""
        self._revive(everyone=calm)
        self._clock.move(due - timedelta(seconds=20))
        self._shop.tell_the_time(due - timedelta(seconds=20))
        self._shop.turn(self._lot.sample(self._shop.accounts, EDITED))
        wrong = self._shop.wrong()
        self._shop.tell_the_time(due)
        struck = not calm and self._lot.random() < STRUCK
        answers: list[str] = []
        for step in range(3):
            self._clock.move(due + step * STEP + timedelta(seconds=self._lot.uniform(1, 10)))
            strikes = struck and not self._anyone_stopped
            answers += self._look(self._lot.choice(self._replicas) if strikes else None)
        if state.ticks.last(CONNECTION) != due:
            # whoever came to it was struck before it began: another comes back to it, or it is
            # started again
            self._start_again()
            self._clock.move(due + schedule_period() - timedelta(seconds=self._lot.uniform(5, 15)))
            answers += self._look(None)
        segment = self._read_on()
        self._judge(state, due, segment, wrong, answers)
        self._wake(0.6)

    def _read_on(self) -> Segment:
        segment = self._shop.read_on()
        self._tally.runs += segment.runs
        self._tally.written += segment.written.total()
        return segment

    def _judge(
        self, state: State, due: datetime, segment: Segment, wrong: set[str], answers: list[str]
    ) -> None:
        """Hold a tick to what must be true of every one."""
        key = due.isoformat()
        last = state.ticks.last(CONNECTION)
        claimed = last is not None and last == due
        if not claimed and "locked" in answers:
            self._tally.blocked += 1
        elif not claimed:
            raise BrokenError(f"nobody began it: {answers}, the last one begun is {last}")
        if self._begun[key] > 1 or segment.runs > 1:
            raise BrokenError(f"{max(self._begun[key], segment.runs)} runs of one tick")
        again = segment.written - Counter(wrong)
        disturbed = self._unsure or "ran" not in answers
        if not disturbed and segment.written != Counter(wrong):
            raise BrokenError(f"{len(wrong)} accounts to write, {segment.written.total()} written")
        self._tally.resent += again.total()
        if "ran" in answers:
            left = self._shop.wrong()
            if left:
                raise BrokenError(f"{len(left)} accounts are wrong after a run")
        self._unsure = "ran" not in answers or self._anyone_stopped

    def _look(self, victim: Process | None) -> list[str]:
        """Have every replica look at its clock at the same time; answers what they did."""
        able = [it for it in self._replicas if it.alive and not it.stopped]
        strike = self._strike() if victim else None
        for replica in able:
            replica.tell(strike=strike if replica is victim else None)
        answers = []
        for replica in able:
            heard = replica.hear(self._begun)
            if heard is not None:
                answers.append(self._did(heard))
            elif replica.stopped:
                self._tally.stopped += 1
                replica.stopped_when = self._begun.total()
                answers += self._stopped(replica)
            else:
                self._tally.killed += 1
                self._unsure = True
                answers.append("killed")
        return answers

    def _did(self, heard: Mapping[str, Any]) -> str:
        did = str(heard["did"])
        if did == "ran" and heard["outcome"] != "succeeded":
            raise BrokenError(f"a run ended as {heard['outcome']}: {heard['problems']}")
        if did == "failed":
            raise BrokenError(f"a run failed: {heard['why']}")
        return did

    def _stopped(self, replica: Process) -> list[str]:
        """Let a stopped process go on at once, or only after others have taken over."""
        self._unsure = True
        if self._lot.random() < 0.3:  # noqa: PLR2004 - three in ten
            replica.stopped = False
            replica.signal(SIGCONT)
            heard = replica.hear(self._begun)
            return [self._did(heard)] if heard else []
        return ["stopped"]

    def _revive(self, *, everyone: bool) -> None:
        """Begin a tick: those that were killed start again; one that stood still may go on."""
        self._start_again()
        self._wake(1.0 if everyone else 0.2, overtaken=everyone)

    def _start_again(self) -> None:
        for place, replica in enumerate(self._replicas):
            if not replica.alive:
                replica.end()
                self._replicas[place] = self._started()

    def _wake(self, chance: float, *, overtaken: bool = True) -> None:
        """Wake those that stand still: with a *chance*, and mostly when others have run since."""
        for replica in self._replicas:
            others_ran = self._begun.total() > replica.stopped_when
            if replica.stopped and others_ran >= overtaken and self._lot.random() < chance:
                self._comes_back(replica, overtaken=others_ran)

    def _comes_back(self, replica: Process, *, overtaken: bool) -> None:
        """Wake a process that stood still; it may go on where it was only if nobody else has run.

        A holder that slept past its lease renews it if nobody has taken over.
        """
        self._unsure = True
        replica.stopped = False
        replica.signal(SIGCONT)
        heard = replica.hear(self._begun)
        late = self._read_on()
        did = self._did(heard) if heard is not None else "ended"
        batches = len(late.batches)
        # one that had ended its run, and had only not said so, has sent nothing
        if overtaken and (batches > 1 or (batches and did == "ran")):
            raise BrokenError(f"a stale holder ({did}) sent {batches} batches")
        if overtaken and late.written.total() > BATCH:
            raise BrokenError(f"a stale holder wrote {late.written.total()} accounts")
        self._tally.slept += not overtaken and did == "ran"
        if overtaken and did in {"stale", "cut off"}:
            self._tally.overtaken += 1
            self._tally.late += batches
        if heard is not None and did == "stale":
            self._tally.refused += heard["by"] == "database"
            self._tally.lapsed += heard["by"] == "clock"
        self._tally.cut_off += did == "cut off"
        self._tally.repaired += late.written.total()

    @property
    def _anyone_stopped(self) -> bool:
        return any(it.alive and it.stopped for it in self._replicas)

    def _strike(self) -> dict[str, Any]:
        """Draw by lot what is done, and when: at a request, or at any moment."""
        number = int(self._lot.choice([SIGKILL, SIGSTOP, SIGSTOP]))
        at = self._lot.choice(["before", "before", "after", "time", "time", "look"])
        return {
            "signal": number,
            "at": at,
            "call": self._lot.randint(1, 10),
            "seconds": self._lot.uniform(0, 0.02 if at == "look" else 0.25),
        }

    def _settle_accounts(self, state: State) -> None:
        """Compare the journal with what the portal saw."""
        written = sent = 0
        for run in state.runs.latest(CONNECTION, limit=10 * TICKS):
            counts = state.plan.counts(run.run_id)
            written += counts.get("written", 0)
            sent += counts.get("sent", 0)
            if run.outcome is None:
                raise BrokenError(f"run {run.run_id} has not ended")
        if not written <= self._tally.written <= written + sent:
            raise BrokenError(
                f"the portal saw {self._tally.written} writes; the journal has {written},"
                f" and {sent} without an answer"
            )


def schedule_period() -> timedelta:
    """How far ticks are apart."""
    return last_due(schedule(EVERY), NOON) - last_due(schedule(EVERY), NOON - timedelta(seconds=1))
