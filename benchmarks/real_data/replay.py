"""``python -m benchmarks.real_data.replay``: running day by day ends where starting over would.

The companies of the first day are put into a simulated HubSpot. Then every day of the log is played
as edits, new and archived companies, and followed by an incremental run. Some days, and at the end,
every account is read and judged anew without any memory, and must hold in the CRM what that says.

A run from scratch remembers nothing, so that equality is promised only for an ICP that uses no
memory: ``hysteresis: 0`` and ``stale_after: 0d``. A second pass with the ICP as it is counts how
many accounts its memory keeps where they are, and why.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import typer
from pydantic import SecretStr

from benchmarks.real_data import beside, data_folder
from benchmarks.real_data.history import Company, Day, History, read_history
from config.connection import (
    ConnectionSettings,
    GuardEntry,
    RateEntry,
    TierChanges,
)
from config.hubspot import HubSpotSettings
from sandbox.seed_data import SeedData
from sandbox.server import Running, running_sandbox
from worker import composition
from worker.setting_up import apply_setup, plan_setup
from worker.state.store import State, open_state
from worker.sync.connection import RunRequest
from worker.sync.desired import Judged, value_makers
from worker.sync.fields import same
from worker.sync.panel import Panel
from worker.sync.report import RunKind, RunOutcome, RunReport
from worker.sync.run import SyncRun
from worker.telemetry import set_up_logging

ICP: Final = "yc_companies.yaml"
COMPARED: Final = frozenset(
    {"fit_score", "tier", "computed_tier", "reason", "missing", "data_coverage", "priority",
     "trigger_strength", "disqualifier", "disqualifiers"}
)  # fmt: skip
CHECK_EVERY: Final = 14
"""Days between two comparisons with a fresh judgement."""


@dataclass(slots=True)
class Tally:
    """What a replay did and found. ``differing`` is by what explains it."""

    days: int = 0
    edits: int = 0  # lines of the log
    edited: int = 0  # companies whose properties changed
    created: int = 0
    archived: int = 0
    read: int = 0  # revisions that incremental runs read and judged
    rejudged: int = 0  # judged again from the mirror, on each new day
    written: int = 0
    calls: int = 0
    first_calls: int = 0  # of the first backfill
    compared: int = 0  # accounts held against a fresh judgement, over all comparisons
    differing: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Portal:
    """The simulated portal as its people change it, by the control endpoints."""

    def __init__(self, running: Running, history: History) -> None:
        self._url = running.url
        exported = self._ask("GET", "export").splitlines()
        ids = [json.loads(line)["id"] for line in exported]
        self._ids = dict(zip(history.keys, ids, strict=True))
        self._now: dict[str, Company] = dict(zip(history.keys, history.seed.companies, strict=True))

    def set_clock(self, moment: datetime) -> None:
        """Make it *moment* in the CRM."""
        self._ask("POST", "clock", {"now": moment.isoformat()})

    def play(self, day: Day, tally: Tally) -> None:
        """Do what people did on *day*."""
        edits: dict[str, Company] = {}
        archive, create = [], []
        for key, company in day.after.items():
            before = self._now.pop(key, None)
            if company is None:
                archive += [self._ids.pop(key)] if before is not None else []
                continue
            self._now[key] = company
            if before is None:
                create.append(key)
                continue
            changed = {
                name: company.get(name, "")
                for name in {*before, *company}
                if before.get(name, "") != company.get(name, "")
            }
            if changed:
                edits[self._ids[key]] = changed
        body = {
            "companies": edits,
            "create": [self._now[key] for key in create],
            "archive": archive,
        }
        made = json.loads(self._ask("POST", "records", body))["created"]
        self._ids.update(zip(create, made, strict=True))
        tally.edited += len(edits)
        tally.created += len(create)
        tally.archived += len(archive)

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._url}/_sandbox/{path}", data, method=method)  # noqa: S310 - loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            content: bytes = answer.read()
        return content


class Quiet:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Nothing to show."""

    def advance(self, count: int) -> None:
        """Nothing to show."""


class Worker:
    """One connection over the portal, put together as the program does it."""

    def __init__(self, running: Running, document: Path, state: State) -> None:
        self._state = state
        self._runs = 0
        self._settings = ConnectionSettings(
            name="replay",
            crm="hubspot",
            profiles=(document,),
            hubspot=HubSpotSettings(access_token=SecretStr(running.token), api_origin=running.url),
            # History is to be followed, not questioned, and never helped by a full pass.
            guard=GuardEntry(max_tier_changes=TierChanges(count=1_000_000, percent=100)),
            full_every=timedelta(days=3650),
            rate=RateEntry(burst_share=1, search_share=1, daily_share=1),
        )
        self._compiled = composition.compile_icps([document])
        self._stop = threading.Event()

    def set_up(self) -> None:
        """Make the fields, options and lists."""
        admin = composition.open_admin(self._settings, self._stop)
        wishes = composition.setup_wishes(self._settings, self._compiled)
        apply_setup(admin, plan_setup(admin, wishes))

    def run(self) -> RunReport:
        """Run once, as a schedule would.

        Raises:
            RuntimeError: the run did not succeed.
        """
        self._runs += 1
        connection = composition.connection_of(self._settings, self._compiled)
        report = (
            SyncRun(
                connection,
                composition.open_connector(self._settings, self._stop, connection.fields),
                self._state,
                run_id=f"replay-{self._runs}",
                holder="replay",
                stop=self._stop,
                progress=Quiet(),
            )
            .execute(RunRequest(confirmed=True))
            .report
        )
        if report.outcome is not RunOutcome.SUCCEEDED:
            raise RuntimeError(f"run {self._runs}: {report.outcome}: {'; '.join(report.problems)}")
        if (self._runs > 1) is not (report.kind is RunKind.INCREMENTAL):
            raise RuntimeError(f"run {self._runs} was {report.kind}")
        return report

    def compare(self) -> tuple[int, Counter[str]]:
        """Judge every account anew, without memory or mirror, and compare what the CRM holds.

        Answers how many were compared, and how many differ by what explains it.
        """
        connection = composition.connection_of(self._settings, self._compiled)
        connector = composition.open_connector(self._settings, self._stop, connection.fields)
        described = connector.fields()
        panel = Panel(connection.profiles, connection.parsers(described), connector.now().date())
        targets = [
            (connection.fields.outputs[key], make)
            for key, make in value_makers(COMPARED & connection.fields.outputs.keys())
        ]
        compared, differing = 0, Counter[str]()
        for page in connector.pages(None, list(connection.fields.read_fields())):
            for record in page:
                compared += 1
                profile, assessment = panel.judge(record.fields)
                judged = Judged(profile, assessment)
                wrong = [
                    target.key
                    for target, make in targets
                    if not same(target.kind, make(judged), record.fields.get(target.name) or "")
                ]
                if wrong:
                    reason = connection.fields.outputs["reason"].name
                    differing[_explained(wrong, record.fields.get(reason) or "")] += 1
        return compared, differing


def _explained(wrong: Sequence[str], reason: str) -> str:
    if "Last known:" in reason:
        return "an emptied field keeps its last known value (stale_after)"
    if set(wrong) <= {"tier", "computed_tier"}:
        return "the score has not cleared the boundary by enough (hysteresis)"
    return "unexplained"


def without_memory(text: str) -> str:
    """The document *text* with hysteresis and last known values switched off."""
    text = re.sub(r"^(hysteresis|stale_after):.*\n?", "", text, flags=re.MULTILINE)
    return f"{text.rstrip()}\nhysteresis: 0\nstale_after: 0d\n"


@contextmanager
def _prepared(history: History, document: Path, folder: Path) -> Iterator[tuple[Portal, Worker]]:
    start = datetime(*history.days[0].date.timetuple()[:3], tzinfo=UTC) - timedelta(days=1)
    milliseconds = round(start.timestamp() * 1000)
    # A portal takes the companies out of the seed it is given.
    seed = SeedData(history.seed.properties, [dict(it) for it in history.seed.companies])
    with (
        running_sandbox(seed, start_ms=milliseconds, enforce_limits=False) as running,
        open_state(f"sqlite:///{folder / f'{document.stem}.db'}") as state,
    ):
        yield Portal(running, history), Worker(running, document, state)


def replay(
    history: History, document: Path, folder: Path, *, check_every: int = CHECK_EVERY
) -> Tally:
    """Play *history*, running after each day, and compare with a fresh judgement on the way.

    Args:
        history: what happened; not changed.
        document: the ICP.
        folder: where the state database is put.
        check_every: days between comparisons; there is always one at the end.

    Raises:
        RuntimeError: a run did not succeed.
    """
    tally = Tally()
    began = time.perf_counter()
    with _prepared(history, document, folder) as (portal, worker):
        worker.set_up()
        tally.first_calls = worker.run().calls.total
        for number, day in enumerate(history.days, start=1):
            morning = datetime(*day.date.timetuple()[:3], hour=9, tzinfo=UTC)
            portal.set_clock(morning)
            portal.play(day, tally)
            portal.set_clock(morning + timedelta(hours=1))
            report = worker.run()
            tally.days += 1
            tally.edits += day.edits
            tally.read += report.counters.read
            tally.rejudged += report.counters.rejudged
            tally.written += report.counters.written
            tally.calls += report.calls.total
            if number % check_every == 0 or number == len(history.days):
                compared, differing = worker.compare()
                tally.compared += compared
                tally.differing += differing
    tally.seconds = time.perf_counter() - began
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay the history twice and print what was found; 1 when anything is unexplained."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_data.replay")
    parser.add_argument("--days", type=int, help="only so many days of the log")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    source = data_folder() / "yc_companies"
    if not source.is_dir():
        typer.echo(f"{source}: no such folder. Set ICP_SHARED_DATA to the data.", err=True)
        return 2
    set_up_logging("error", secrets=[])
    with tempfile.TemporaryDirectory(prefix="icp-replay-") as scratch:
        folder = Path(scratch)
        history = read_history(source, folder)
        if options.days is not None:
            history = History(history.seed, history.keys, history.days[: options.days])
        text = beside(ICP).read_text(encoding="utf-8")
        documents = {"without-memory": without_memory(text), "as-written": text}
        tallies = {}
        for name, content in documents.items():
            document = folder / f"{name}.yaml"
            document.write_text(content, encoding="utf-8")
            tallies[name] = replay(history, document, folder)
    if options.json:
        typer.echo(json.dumps({name: asdict(tally) for name, tally in tallies.items()}))
    else:
        for name, tally in tallies.items():
            _show(name, tally)
    return int(_failed(tallies))


def _failed(tallies: Mapping[str, Tally]) -> bool:
    return bool(
        tallies["without-memory"].differing or tallies["as-written"].differing["unexplained"]
    )


def _show(name: str, tally: Tally) -> None:
    typer.echo(f"ICP {name.replace('-', ' ')}")
    typer.echo(
        f"  {tally.days} days, {tally.edits:,} lines of the log: {tally.edited:,} companies edited,"
        f" {tally.created} created, {tally.archived} archived"
    )
    typer.echo(
        f"  {tally.read:,} accounts read, {tally.rejudged:,} judged again from the mirror,"
        f" {tally.written:,} written; {tally.calls:,} calls after {tally.first_calls} of the"
        f" first backfill; {tally.seconds:.0f} s"
    )
    typer.echo(
        f"  {tally.compared:,} accounts judged anew: {tally.differing.total()} hold something else"
    )
    for reason, count in tally.differing.most_common():
        typer.echo(f"    {count:,}: {reason}")


if __name__ == "__main__":
    sys.exit(main())
