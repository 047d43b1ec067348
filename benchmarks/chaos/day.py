"""A day of a large portal that people edit and that throttles: what is missed, how late, how big.

The portal's clock is moved; the worker is one process that ticks every quarter of an hour of it.
Tiers at the end are held against those of a judge who knows nothing and reads the whole portal.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import create_engine, text

from benchmarks.chaos.books import Book
from benchmarks.chaos.day_figures import Ledger, Slope, quantile, slope
from benchmarks.chaos.day_people import People
from benchmarks.chaos.rows import Options, Row, say
from benchmarks.portal import PROFILE, Portal, portal
from worker.icp.profile import DISQUALIFIED, OUT_OF_SCOPE
from worker.state.retention import JOURNAL_KEPT
from worker.state.store import open_state

COMPANIES: Final = 200_000
HOURS: Final = 24
QUARTER: Final = timedelta(minutes=15)
WARM_UP: Final = 4.0  # hours whose memory does not count: caches fill, our own writes come back
FLAT: Final = 0.1  # MB an hour that 19 cases of 20 must allow for less than

_EVENING: Final = 22  # o'clock: midnight is in every day that is longer than two hours
_MOMENTS: Final = 15  # at which people edit, in a quarter of an hour
_THROTTLED: Final = 0.02  # share of the calls that are refused beside the real limits
_WIDE: Final = {  # nothing here is for the guard to stop
    "max_tier_changes": {"count": 1_000_000, "percent": 100},
    **dict.fromkeys(("max_disqualified_rise", "max_shrink", "max_fill_loss"), 100),
}
_NEVER: Final = {DISQUALIFIED, OUT_OF_SCOPE}  # tiers that employees alone do not change
_JUDGED: Final = ("icp_tier", "icp_fit_score")
_MEGA: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large a portal, for how long, and how much goes on in it."""

    companies: int = COMPANIES
    hours: int = HOURS
    edits: int = COMPANIES // 200  # an hour
    seed: int = 1
    limits: str = "real"
    retry_after: int | None = None  # seconds that a refusal names; HubSpot's name none
    unkept: int = 0  # companies for which the portal keeps nothing of what it is sent: a control


@dataclass
class Found:
    """What was measured."""

    ticks: int = 0
    succeeded: int = 0
    missed: Sequence[str] = ()
    throttled: int = 0
    calls: int = 0
    fresh: list[float] = field(default_factory=list)  # seconds
    megabytes: list[float] = field(default_factory=list)  # after each tick
    cpu: list[float] = field(default_factory=list)  # seconds of each tick
    hours: list[float] = field(default_factory=list)  # since the first tick
    sizes: tuple[int, int, int] = (0, 0, 0)  # of the state: before, after, once the journal is old
    seconds: float = 0.0

    @property
    def growth(self) -> Slope:
        """Megabytes an hour, when warm."""
        warm = [(at, it) for at, it in zip(self.hours, self.megabytes, strict=True) if at > WARM_UP]
        return slope([at for at, _ in warm], [it for _, it in warm])


def rows(options: Options) -> Iterator[Row]:
    """Live through one day; the number of times is the number of hours."""
    plan = Plan(hours=options.times or HOURS, seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        found = live(plan, Path(folder) / "portal")
    yield Row(
        scenario=f"{plan.hours} hours of {plan.companies:,} companies",
        database="SQLite",
        crm="HubSpot",
        times=found.ticks,
        survived=found.succeeded,
        lost=len(found.missed),
        seconds=found.seconds,
        note="; ".join(_notes(found, plan.hours)),
        ok=found.growth.high < FLAT,
    )


def _notes(found: Found, hours: int) -> Iterator[str]:
    growth = found.growth
    before, after, kept = (it / _MEGA for it in found.sizes)
    median, most = (quantile(found.fresh, share) / 60 for share in (0.5, 0.99))
    yield f"memory {found.megabytes[-1]:.0f} MB"
    yield f"{growth.value:+.3f} MB/h ({growth.low:+.3f} to {growth.high:+.3f})"
    yield f"edit to tier {median:.1f} min, p99 {most:.1f}, of {len(found.fresh):,}"
    yield f"{found.calls / hours:.0f} calls/h, {found.throttled:,} refused"
    yield f"{quantile(found.cpu[1:], 0.5):.2f} CPU s a tick, at most {max(found.cpu[1:]):.1f}"
    yield f"state {before:.0f} MB, {after - before:+.1f}, in the end {kept - before:+.1f}"
    if found.missed:
        yield f"missed: {', '.join(found.missed[:3])}"


def live(plan: Plan, folder: Path) -> Found:
    """Fill a portal, then let people edit it and the worker tick."""
    with portal(plan.companies, folder, ["--limits", plan.limits]) as where:
        day = _Day(where, plan)
        say(f"day: {plan.companies:,} companies judged for the first time")
        day.begin()
        with _worker(where) as worker:
            day.run(worker)
        day.end()
        return day.found


class _Day:
    def __init__(self, where: Portal, plan: Plan) -> None:
        self._where, self._plan = where, plan
        self._chance = Random(plan.seed)  # noqa: S311 - which company is edited
        self._ledger = Ledger()
        self._seq = 0
        self._began = time.monotonic()
        self.found = Found()

    def begin(self) -> None:
        """Judge everybody once, as a person does before starting the worker."""
        where = self._where
        icp = where.folder / "icp.yaml"
        # how an account got where it is must not matter to the judge
        icp.write_text(PROFILE.read_text().replace("hysteresis: 3", "hysteresis: 0"))
        self._configure("state.db")
        where.control("behaviour", {"search_lag_seconds": 20})
        fault = {"kind": "rate_limit_burst", "chance": _THROTTLED, "seed": self._plan.seed}
        if self._plan.retry_after is not None:
            fault["retry_after"] = self._plan.retry_after
        where.control("faults", fault)
        where.run()
        tiers = _tiers(self._url)
        pool = [it for it, tier in tiers.items() if tier not in _NEVER]
        if self._plan.unkept:
            where.control("behaviour", {"swallowed_records": pool[: self._plan.unkept]})
        self._people = People(pool, self._chance, self._ledger)
        evening = self._clock().replace(hour=_EVENING, minute=0, second=0, microsecond=0)
        if evening < self._clock():
            evening += timedelta(days=1)
        where.control("clock", {"now": evening.isoformat()})

    def run(self, worker: subprocess.Popen[str]) -> None:
        """Let each quarter of an hour pass with its edits, and tick; at the end once more."""
        first = self._clock()
        quarters = self._plan.hours * 4
        used = self._tick(worker, first, first, 0.0, busy=False)  # our own writes come back
        before = _size(self._where.folder)
        calls, throttled = self._counts()
        for number in range(1, quarters + 1):
            due = first + number * QUARTER
            self._edit_until(due)
            used = self._tick(worker, due, first, used, busy=number < quarters)
            if number % 8 == 0:
                say(
                    f"day: {number // 4} h, {self.found.megabytes[-1]:.1f} MB,"
                    f" {len(self._ledger.waiting)} waiting, {time.monotonic() - self._began:.0f} s"
                )
        after = self._counts()
        self.found.calls, self.found.throttled = after[0] - calls, after[1] - throttled
        self._tick(worker, first + (quarters + 1) * QUARTER, first, used, busy=False)
        self.found.sizes = (before, _size(self._where.folder), 0)

    def end(self) -> None:
        """Have everything judged by one who knows nothing, and compare."""
        found, where = self.found, self._where
        found.fresh = self._ledger.seconds
        late = [f"{it}: never written" for it in self._ledger.waiting]
        say("day: the portal is judged anew")
        found.missed = [*late, *self._different()]
        before, after, _ = found.sizes
        with open_state(self._url) as state:
            state.prune(self._clock() + JOURNAL_KEPT + timedelta(days=1))
        engine = create_engine(self._url)
        with engine.connect() as connection:
            connection.execute(text("VACUUM"))
        engine.dispose()
        found.sizes = (before, after, _size(where.folder))
        found.seconds = time.monotonic() - self._began

    @property
    def _url(self) -> str:
        return f"sqlite:///{self._where.folder / 'state.db'}"

    def _configure(self, database: str) -> None:
        folder = self._where.folder
        connection = {
            "name": "day",
            "crm": "hubspot",
            "profiles": [str(folder / "icp.yaml")],
            "schedule": "15m",
            "hubspot": {"api_origin": self._where.ready["url"]},
            "rate": {"burst_share": 1, "search_share": 1, "daily_share": 1},
            "guard": _WIDE,
        }
        settings = {
            "database": f"sqlite:///{database}",
            "log_level": "warning",
            "connections": [connection],
        }
        (folder / "worker.yaml").write_text(json.dumps(settings))

    def _clock(self) -> datetime:
        return _moment(self._where.control("clock")["now"])

    def _go_to(self, moment: datetime) -> datetime:
        """Let it be that late, unless it is later already; answers the time."""
        now = self._clock()
        if now >= moment:
            return now
        return _moment(self._where.control("clock", {"now": moment.isoformat()})["now"])

    def _edit_until(self, due: datetime) -> None:
        """Let people edit at moments drawn by lot, and then let it be *due*."""
        now = self._clock()
        left = (due - now).total_seconds()
        count = min(_MOMENTS, max(1, self._plan.edits // 4))
        moments = sorted(self._chance.uniform(0, max(left, 0)) for _ in range(count))
        share = self._plan.edits / 4 / count
        for later in moments:
            at = self._go_to(now + timedelta(seconds=later))
            whole, rest = divmod(share, 1)
            self._edit(int(whole) + (self._chance.random() < rest), at)
        self._go_to(due)

    def _edit(self, count: int, at: datetime, *, gently: bool = False) -> None:
        def records(body: Mapping[str, Any]) -> Mapping[str, Any]:
            done: Mapping[str, Any] = self._where.control("records", body)
            return done

        self._people.work(count, at, records, gently=gently)

    def _tick(
        self,
        worker: subprocess.Popen[str],
        due: datetime,
        first: datetime,
        used: float,
        *,
        busy: bool,
    ) -> float:
        """Tick, with people at work meanwhile if *busy*; answers all processor time so far."""
        now = self._go_to(due)
        assert worker.stdin  # noqa: S101 - for the type
        assert worker.stdout  # noqa: S101 - likewise
        worker.stdin.write(now.isoformat() + "\n")
        worker.stdin.flush()
        if busy:
            self._edit(self._plan.edits // 100 or 1, self._clock(), gently=True)
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended")
        held = json.loads(line)
        found = self.found
        found.ticks += 1
        found.hours.append((due - first) / timedelta(hours=1))
        found.megabytes.append(held["bytes"] / _MEGA)
        found.cpu.append(held["cpu"] - used)
        with open_state(self._url) as state:
            [latest] = state.runs.latest("day", 1)
        found.succeeded += latest.outcome == "succeeded" and latest.started_at >= _text(due)
        self._note_writes()
        return float(held["cpu"])

    def _note_writes(self) -> None:
        answer = self._where.control(f"requests?since={self._seq}")
        self._seq = answer["last"]
        for entry in answer["requests"]:
            if entry["path"].endswith("/batch/update"):
                for name in entry["written"]:
                    self._ledger.write(name, _moment(entry["at"]))

    def _counts(self) -> tuple[int, int]:
        stats = self._where.control("stats?by_record=false")
        return sum(stats["calls"].values()), stats["statuses"].get("429", 0)

    def _different(self) -> list[str]:
        """Accounts that a judge without a past gives another tier or score."""
        self._configure("judge.db")
        self._where.run("--full")
        book = Book(f"sqlite:///{self._where.folder / 'judge.db'}")
        return [
            f"{it.account}: {name} should be {it.after[name]}"
            for it in book.entries()
            for name in _JUDGED
            if name in it.after
        ]


@contextmanager
def _worker(where: Portal) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.chaos.day_worker"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=dict(where.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(60)


def _tiers(url: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    after = 0
    with open_state(url) as state:
        while page := state.mirror.scan("day", after, 10_000):
            after = page[-1].rowid
            found.update((it.account_id, it.computed_tier) for it in page)
    return found


def _size(folder: Path) -> int:
    return sum(part.stat().st_size for part in folder.glob("state.db*"))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")
