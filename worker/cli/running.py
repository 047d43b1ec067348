"""``icp run`` and ``icp worker``."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
import typer

from config.connection import ConnectionSettings
from config.problems import ConfigError
from config.settings import Settings, load_settings
from connectors.dry_run import DryRunConnector
from connectors.errors import ConnectorError, QuotaExhaustedError, StoppedError
from worker import composition
from worker.alerting import LAST_WORDS_OF_WORKER, alerting
from worker.cli.failing import failures, incident
from worker.cli.interludes import service_of
from worker.cli.showing import console, progress_bar, show_report
from worker.cli.stopping import stopping
from worker.cli.telling import tell, tell_freezes
from worker.due import delay, last_due, still_due
from worker.recording import attempt
from worker.standing import goes_on_at
from worker.state.errors import StateError
from worker.state.instants import instant
from worker.state.store import State
from worker.sync.connection import Progress, RunRequest, RunResult, TickDoneError
from worker.sync.holding import BusyError
from worker.sync.keeping import LEASE_TTL, TAKEOVER_AFTER, this_holder
from worker.sync.rejudging import NotNowError
from worker.sync.report import RunOutcome
from worker.sync.run import SyncRun
from worker.telemetry import set_up_logging
from worker.tracing import run_trace, tracing

if TYPE_CHECKING:
    from worker.metrics import Metrics

log = structlog.get_logger()


def run_once(
    name: str | None,
    *,
    dry_run: bool,
    full: bool,
    limit: int | None,
    accounts: Sequence[str],
    confirmed: bool,
    as_json: bool,
) -> None:
    """Run one connection once, print the report, and leave with the outcome's exit code."""
    request = RunRequest(
        full=full, accounts=accounts, limit=limit, dry_run=dry_run, confirmed=confirmed
    )
    with failures():
        settings = load_settings()
        set_up_logging(
            settings.log_level if not sys.stderr.isatty() else "warning",
            secrets=composition.secrets_of(settings),
        )
        connection = settings.connection(name)
        with (
            stopping(settings.shutdown_grace) as stop,
            tracing(),
            composition.open_database(settings) as state,
            nullcontext() if dry_run else alerting(settings, [connection], state),
            attempt(state, connection, dry_run=dry_run) as it,
        ):
            compiled = composition.compile_icps(connection.profiles)
            warnings = composition.refuse_lint_errors(compiled, datetime.now(UTC))
            with progress_bar() as progress:
                result = execute(connection, compiled, state, request, stop, progress, it.run_id)
        labels = composition.tier_labels(compiled.profiles)
        result.report.warnings[:0] = [str(finding) for finding in warnings]
        if as_json:
            typer.echo(json.dumps(result.report.as_json(), ensure_ascii=False))
        else:
            links = settings.approvals is not None
            show_report(console(), result.report, labels, result.examples, links=links)
        raise typer.Exit(result.report.outcome.exit_code)


def execute(
    connection: ConnectionSettings,
    compiled: composition.Compiled,
    state: State,
    request: RunRequest,
    stop: threading.Event,
    progress: Progress,
    run_id: str,
    metrics: Metrics | None = None,
) -> RunResult:
    """Build one run and execute it; a dry run gets a connector and a state that keep nothing.

    Requests for named accounts are served meanwhile, except in a dry run.
    """
    with ExitStack() as stack:
        trace = stack.enter_context(run_trace(run_id, connection.name, dry_run=request.dry_run))
        about = {"run_id": run_id, "connection": connection.name}
        stack.enter_context(structlog.contextvars.bound_contextvars(**about))
        wired = composition.connection_of(connection, compiled)
        connector = composition.open_connector(connection, stop, wired.fields)
        trace.follow(connector.calls)
        result = SyncRun(
            wired,
            DryRunConnector(connector) if request.dry_run else connector,
            stack.enter_context(state.scratch()) if request.dry_run else state,
            run_id=run_id,
            holder=this_holder(),
            stop=stop,
            progress=trace.watched(progress),
            service=service_of(connection, state, tell, metrics),
        ).execute(request)
        trace.ended(result.report)
        return result


class Silent:
    """Progress that nobody watches."""

    def stage(self, name: str, total: int | None) -> None:
        """Nothing to show."""

    def advance(self, count: int) -> None:
        """Nothing to show."""


def run_worker(name: str | None) -> None:
    """Run every connection, or one, on its schedule until told to stop."""
    from worker.approval_page import approval_page  # noqa: PLC0415 - the only command that needs it
    from worker.cli.serving import RequestServer, serving_requests  # noqa: PLC0415 - needs this
    from worker.health import Health, serving  # noqa: PLC0415 - likewise
    from worker.metrics import Metrics  # noqa: PLC0415
    from worker.scheduling import Clock  # noqa: PLC0415

    with failures():
        settings = load_settings()
        set_up_logging(settings.log_level, secrets=composition.secrets_of(settings))
        chosen = settings.connections if name is None else (settings.connection(name),)
        grace = settings.shutdown_grace
        with (
            stopping(grace, 0) as stop,
            tracing(),
            composition.open_database(settings) as state,
            ExitStack() as stack,
        ):
            metrics = Metrics(chosen, state)
            stack.enter_context(
                alerting(
                    settings, chosen, state, seconds=LAST_WORDS_OF_WORKER, count=metrics.alerted
                )
            )
            _look_at_icps(chosen, state)
            clock = Clock(stop, 2 * len(chosen))  # each may have to wait for the other of its two
            servers = []
            for connection in chosen:
                turn = threading.Lock()
                servers.append(RequestServer(connection, state, stop, turn, metrics))
                job = Tick(settings, connection, state, stop, metrics, turn)
                clock.on(connection.schedule, connection.name, job)
                if connection.rejudge is not None:
                    again = Tick(settings, connection, state, stop, metrics, turn, rejudges=True)
                    clock.on(connection.rejudge, f"{connection.name} rejudge", again, SETTLED)
                at = connection.schedule.text
                log.info("connection_scheduled", connection=connection.name, at=at)
                tell_freezes(connection, state.now())
            health = Health(state, metrics, clock.alive, stop)
            page = approval_page(settings, chosen, state)
            with serving(settings.http, health, page), serving_requests(servers, stop):
                health.ready()
                clock.run()
            log.info("worker_stopped")


def _look_at_icps(chosen: Sequence[ConnectionSettings], state: State) -> None:
    """Tell which ICPs cannot be used; raises ``ConfigError`` where that is so of all.

    The other connections run all the same, and theirs as soon as they are mended.
    """
    refused: list[ConfigError] = []
    for connection in chosen:
        try:
            with attempt(state, connection):
                compiled = composition.compile_icps(connection.profiles)
                found = composition.refuse_lint_errors(compiled, datetime.now(UTC))
        except ConfigError as error:
            refused.append(error)
            if len(refused) < len(chosen):
                log.error("run_failed", connection=connection.name, reason=str(error))  # noqa: TRY400 - expected
            continue
        for finding in found:
            log.warning("lint_warning", code=finding.code, where=finding.where)
    if len(refused) == len(chosen):
        raise ConfigError([problem for error in refused for problem in error.problems])


SETTLED: Final = timedelta(minutes=1)
"""After the start: by then the first tick is under way, which judges everything, too."""

TRY_AGAIN: Final = timedelta(minutes=15)

LOOK_AGAIN: Final = LEASE_TTL + TAKEOVER_AFTER + timedelta(seconds=10)
"""After which a holder that died, or stands still, can be taken over from."""


class Tick:
    """One scheduled run; whatever goes wrong is logged and the next tick tries again."""

    def __init__(
        self,
        settings: Settings,
        connection: ConnectionSettings,
        state: State,
        stop: threading.Event,
        metrics: Metrics | None = None,
        turn: threading.Lock | None = None,
        *,
        rejudges: bool = False,
    ) -> None:
        self._rejudges = rejudges  # from the mirror alone
        self._metrics = metrics
        # held by whoever runs the connection in this process: a schedule, or what people ask for
        self._turn = turn or threading.Lock()
        self._settings = settings
        self._connection = connection
        self._state = state
        self._stop = stop
        self._wished = False  # the next tick comes by a wish of this one: without jitter

    def __call__(self) -> datetime | None:
        """Run once. The ICP is read anew, so that an edit takes effect at the next tick.

        Answers when to go on, where the day's calls were used up, in an earlier process perhaps;
        when the tick is due that this machine's clock came to early; and when to come back to one
        that could not be begun, as the connection was held for something else, or by a process that
        died before it began it.
        """
        late = self._jitter()
        if late and self._stop.wait(late.total_seconds()):
            return None
        with self._turn:
            return self._run(late)

    def _jitter(self) -> timedelta:
        most = self._connection.jitter
        if most is None or self._wished:
            return timedelta(0)
        due = last_due(self._connection.schedule, datetime.now(UTC))
        return delay(self._connection.name, due, most)

    def _run(self, late: timedelta) -> datetime | None:
        if self._stop.is_set():
            return None
        name, schedule, own = self._connection.name, self._connection.schedule, datetime.now(UTC)
        again = due = None
        self._wished = False
        try:
            with attempt(self._state, self._connection) as it:
                compiled = composition.compile_icps(self._connection.profiles)
                composition.refuse_lint_errors(compiled, own)
                # which tick it is, says the clock that all replicas go by; jitter changes nothing
                now = self._state.now() - late
                again = still_due(schedule, now, own - late)
                due = None if self._rejudges else last_due(schedule, now)
                left = self._left() if due is not None and self._begun(due) else None
                claims = None if left and left <= now else due
                request = RunRequest(due=claims, rejudge=self._rejudges)
                began = time.monotonic()
                result = execute(
                    self._connection, compiled, self._state, request, self._stop, Silent(),
                    it.run_id, self._metrics,
                )  # fmt: skip
            tell(result.report)
            if self._metrics is not None:
                self._metrics.ran(result.report, time.monotonic() - began)
            told = result.report.resumes_at
            if result.report.outcome is RunOutcome.FAILED:
                return self._again()
            return self._resuming(instant(told) if told else None)
        except QuotaExhaustedError as error:
            log.warning("run_problem", connection=name, problem=str(error))
            self._failed()
            return self._resuming(error.resumes_at)
        except (NotNowError, StoppedError) as why:  # the latter leaves its tick to who comes next
            if isinstance(why, NotNowError):
                log.info("rejudging_passed_over", connection=name, reason=str(why))
            return None
        except TickDoneError:
            return self._done_before(again)
        except BusyError:
            return self._again() if due is None else self._coming_back(due)
        except (ConfigError, ConnectorError, StateError) as error:
            self._failed()
            log.error("run_failed", connection=name, reason=str(error))  # noqa: TRY400 - no traceback: vendor text
        except Exception as error:  # noqa: BLE001 - one bad tick must not end the service
            where = incident(error)
            self._failed()
            log.error("run_failed", connection=name, incident=where, error=type(error).__name__)  # noqa: TRY400
        return self._again()

    def _again(self) -> datetime | None:
        """When to try again what is due once a day only; a schedule's own tick comes by itself."""
        return datetime.now(UTC) + TRY_AGAIN if self._rejudges else None

    def _done_before(self, again: datetime | None) -> datetime | None:
        """When to come again after a tick that was begun before: perhaps for what is left of it."""
        left = self._left()
        if left is not None and (again is None or left < again):
            return self._resuming(left)
        log.info("tick_done_before", connection=self._connection.name)
        return again

    def _coming_back(self, due: datetime) -> datetime | None:
        """When to come back to the tick that was *due*, or to what is left of it."""
        name, again = self._connection.name, datetime.now(UTC) + LOOK_AGAIN
        self._wished = True
        if self._begun(due):
            if (left := self._left()) is None:
                log.info("tick_skipped_busy", connection=name)
                return again  # its calls may end it, and its process be gone when they are back
            again = max(again, left)
        log.info("tick_waits", connection=name, seconds=LOOK_AGAIN.total_seconds())
        return again

    def _begun(self, due: datetime) -> bool:
        """Whether some replica has begun the tick that was *due*, as far as can be told."""
        with suppress(StateError):  # it comes back, then, and looks
            last = self._state.ticks.last(self._connection.name)
            return last is not None and last >= due
        return False

    def _left(self) -> datetime | None:
        """When what the day's calls left of the last run can be done, as far as can be told."""
        with suppress(StateError):
            return goes_on_at(self._state, self._connection.name)
        return None

    def _failed(self) -> None:
        if self._metrics is not None:
            self._metrics.failed(self._connection.name)

    def _resuming(self, at: datetime | None) -> datetime | None:
        """Say when a run that the day's calls ended is taken up again."""
        if at is not None:
            self._wished = True
            told = at.isoformat(timespec="seconds")
            log.info("run_resumes", connection=self._connection.name, at=told)
        return at
