"""Two and three replicas of one worker for a thousand ticks, some of them killed or stopped.

Time is moved from outside: a tick every quarter of an hour, in a fraction of a second. Every
replica is a process with a clock of its own, up to an hour wrong. The runs are real, against the
simulated portal over HTTP, and what they sent is counted in the portal's own log.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any, Final

from benchmarks.chaos.moved import MovedClock
from benchmarks.chaos.replica import BATCH, CONNECTION, EVERY
from benchmarks.chaos.rows import Options, Row, say
from config.schedule import schedule
from tests.support import postgres
from tests.support.sandbox import RunningSandbox, running_sandbox
from worker.due import last_due
from worker.state.store import State, open_state

TICKS: Final = 1_000
ACCOUNTS: Final = 32
EDITED: Final = 20  # at each tick: three batches
STEP: Final = timedelta(minutes=5)  # three looks at each tick
STRUCK: Final = 0.6  # of the ticks
PATIENCE: Final = 60.0  # seconds for an answer
NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
MANY, FEW = "500", "5"
_SOON: Final = "options=-c%20idle_in_transaction_session_timeout%3D1500"
TIERS: Final = {MANY: "tier_1", FEW: "disqualified"}
ICP: Final = """\
icp: replicas
label: Replicas
owner: revops@example.com
reviewed: 2026-11-01
criteria:
  - {id: size, attribute: employees, weight: 100, between: [200, 1000], fades_to: [100, 2000]}
disqualifiers:
  - {id: too_small, reason: Too small to see a return, when: {attribute: employees, below: 20}}
tiers:
  - {id: tier_1, label: Tier 1, min_score: 80}
  - {id: tier_2, label: Tier 2, min_score: 50}
min_coverage: 50
hysteresis: 0
"""


class BrokenError(Exception):
    """Something happened that must not."""


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
    with tempfile.TemporaryDirectory() as name, portal() as sandbox:
        folder = Path(name)
        url = fresh() if fresh else f"sqlite:///{folder / 'state.db'}"
        tally = Tally()
        broken = ""
        try:
            Episode(sandbox, folder, url, count, seed, tally).run(ticks)
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


@contextmanager
def portal() -> Iterator[RunningSandbox]:
    """A portal of companies that are all good customers."""
    start = NOON.isoformat().replace("+00:00", "Z")
    with running_sandbox("--accounts", str(ACCOUNTS), "--limits", "off", "--now", start) as sandbox:
        yield sandbox


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
        """Say one line."""
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


@dataclass
class Segment:
    """What the portal was asked for since the last look at its log."""

    runs: int
    batches: list[list[str]] = field(default_factory=list)

    @property
    def written(self) -> Counter[str]:
        """How often each account was."""
        return Counter(account for batch in self.batches for account in batch)


class Episode:
    """Some replicas of one worker, and whoever strikes them."""

    def __init__(
        self,
        sandbox: RunningSandbox,
        folder: Path,
        database: str,
        count: int,
        seed: int,
        tally: Tally,
    ) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._database = database
        self._on_server = database.startswith("postgresql")
        self._count = count
        self._lot = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._tally = tally
        self._clock = MovedClock(folder / "clock")
        self._lives = 0
        self._begun: Counter[str] = Counter()
        self._mark = 0
        self._replicas: list[Process] = []
        self._unsure = True  # whether a run was disturbed since the last that was not
        self._employees: dict[str, str] = {}
        self._shown: dict[str, str] = {}  # the tier of each account, when last looked at

    def run(self, ticks: int) -> None:
        """Let so many ticks pass.

        Raises:
            BrokenError: something happened that must not.
        """
        self._set_up()
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

    # -- the set-up ------------------------------------------------------------------------------

    def _set_up(self) -> None:
        (self._folder / "icp.yaml").write_text(ICP, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "worker", "setup", "--apply", "--json"],
            cwd=Path(__file__).parents[2],
            env={
                "ICP_CRM": "hubspot",
                "ICP_PROFILE": str(self._folder / "icp.yaml"),
                "ICP_HUBSPOT__ACCESS_TOKEN": self._sandbox.token,
                "ICP_HUBSPOT__API_ORIGIN": self._sandbox.url,
                "ICP_DATABASE_URL": f"sqlite:///{self._folder / 'unused.db'}",
            },
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise BrokenError(f"set-up ended with {done.returncode}")
        self._look_at_tiers()
        self._employees = dict.fromkeys(self._shown, MANY)
        self._edit(self._employees)
        self._replicas = [self._started() for _ in range(self._count)]
        self._mark = self._sandbox.control("GET", "requests", since=10**9)["last"]

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
                "icp": str(self._folder / "icp.yaml"),
                "portal": self._sandbox.url,
                "token": self._sandbox.token,
            }
        )

    def _skew(self) -> float:
        """How many seconds a clock is ahead, up to an hour either way.

        Such that it never comes to a tick just when the replica is looking: the looks come at no
        exact time, and it would seem to have passed one over.
        """
        steps = self._lot.randrange(-12, 12)
        return -(steps * STEP.total_seconds() + self._lot.uniform(90, 270))

    # -- the portal ------------------------------------------------------------------------------

    def _edit(self, employees: Mapping[str, str]) -> None:
        companies = {it: {"numberofemployees": number} for it, number in employees.items()}
        self._sandbox.control("POST", "records", {"companies": companies})

    def _look_at_tiers(self) -> None:
        lines = self._sandbox.http.get("/_sandbox/export").text.strip("\n").split("\n")
        found = map(json.loads, lines)
        self._shown = {it["id"]: it["properties"].get("icp_tier") or "" for it in found}

    def _segment(self) -> Segment:
        """Read on in the portal's log."""
        found = self._sandbox.control("GET", "requests", since=self._mark)
        if found["last"] - self._mark > found["kept"]:
            raise BrokenError("the portal's log is too short")
        self._mark = found["last"]
        segment = Segment(0)
        for call in found["requests"]:
            segment.runs += "account-info" in call["route"]
            if call["route"].endswith("companies/batch/update") and call["written"]:
                segment.batches.append(call["written"])
        self._tally.runs += segment.runs
        self._tally.written += segment.written.total()
        return segment

    def _wrong(self) -> set[str]:
        """Accounts that did not show the tier that they should, when last looked at."""
        return {it for it, number in self._employees.items() if self._shown[it] != TIERS[number]}

    # -- the ticks -------------------------------------------------------------------------------

    def _tick(self, state: State, due: datetime, *, calm: bool) -> None:
        """Let a tick fall due; each replica comes to it by its own clock."""
        self._revive(everyone=calm)
        self._clock.move(due - timedelta(seconds=20))
        self._tell_the_time(due - timedelta(seconds=20))
        chosen = self._lot.sample(sorted(self._employees), EDITED)
        edits = {it: FEW if self._employees[it] == MANY else MANY for it in chosen}
        self._edit(edits)
        self._employees |= edits
        wrong = self._wrong()
        self._tell_the_time(due)
        struck = not calm and self._lot.random() < STRUCK
        answers: list[str] = []
        for step in range(3):
            self._clock.move(due + step * STEP + timedelta(seconds=self._lot.uniform(1, 30)))
            strikes = struck and not self._anyone_stopped
            answers += self._look(self._lot.choice(self._replicas) if strikes else None)
        segment = self._segment()
        self._judge(state, due, segment, wrong, answers)
        self._wake(0.6)

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
        if segment.batches:
            self._look_at_tiers()
        if "ran" in answers:
            left = self._wrong()
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
        for place, replica in enumerate(self._replicas):
            if not replica.alive:
                replica.end()
                self._replicas[place] = self._started()
        self._wake(1.0 if everyone else 0.2, overtaken=everyone)

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
        late = self._segment()
        if late.batches:
            self._look_at_tiers()
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

    def _tell_the_time(self, now: datetime) -> None:
        """Set the portal's clock: it tells whole seconds, so nothing happens in the same one."""
        text = now.isoformat().replace("+00:00", "Z")
        self._sandbox.control("POST", "clock", {"now": text})

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
