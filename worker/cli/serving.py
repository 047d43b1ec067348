"""Resyncs that people asked for, served beside the schedule: which accounts, and by whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from config.connection import ConnectionSettings
from config.problems import ConfigError, ConfigProblem, listed
from config.schedule import interval
from connectors.errors import ConnectorError, StoppedError
from connectors.records import Window
from worker import composition
from worker.cli.decisions import serve_decision
from worker.cli.failing import incident
from worker.cli.interludes import RequestProgress
from worker.cli.running import execute
from worker.cli.telling import tell
from worker.recording import Attempt, attempt
from worker.state.errors import StateError
from worker.state.instants import instant, instant_text
from worker.state.requests import Decision, Request, RequestKind
from worker.state.store import State
from worker.sync.connection import RunRequest
from worker.sync.holding import BusyError
from worker.sync.keeping import TAKEOVER_AFTER, is_gone
from worker.sync.report import RunOutcome, RunReport

if TYPE_CHECKING:
    from worker.metrics import Metrics

log = structlog.get_logger()

LOOK: Final = 1.0
"""Seconds between two looks for requests."""

LEFT_BEHIND: Final = timedelta(minutes=10)
"""How long after it was taken a request may show no run at all before its worker counts as dead."""

_PAGE = 1_000


def is_being_run(state: State, connection: str) -> bool:
    """Whether a process that lives, as far as can be told, holds the connection.

    Until a lost one can be taken over from, what it sent may still arrive: nobody runs it, and a
    request would be taken in vain each second, with calls to the CRM for what it selects.
    """
    lease = state.leases.holder(connection)
    if lease is None or is_gone(lease.holder):
        return False
    return lease.expires_at > instant_text(state.now() - TAKEOVER_AFTER)


def tier_named(wanted: str, compiled: composition.Compiled) -> str:
    """The id of the tier whose id or label is *wanted*.

    Raises:
        ConfigError: there is none.
    """
    labels = composition.tier_labels(compiled.profiles)
    for name, label in labels.items():
        if wanted.strip().casefold() in {name.casefold(), label.casefold()}:
            return name
    quoted = [f'"{label}"' for label in labels.values()]
    known = f"Write {listed(quoted)}."
    raise ConfigError(
        [
            ConfigProblem(
                file="--tier", line=None, where="", message=f'no tier "{wanted}".', remedy=known
            )
        ]
    )


def run_request(
    kind: RequestKind,
    selector: dict[str, Any],
    asked_at: datetime,
    connection: ConnectionSettings,
    compiled: composition.Compiled,
    state: State,
    stop: threading.Event,
) -> RunRequest | None:
    """What to run for a request; ``None`` where it selects no account.

    Never a request without accounts in place of one for none: that would be an ordinary run.
    """
    if kind is RequestKind.ALL:
        return RunRequest(full=True)
    accounts: list[str]
    match kind:
        case RequestKind.ACCOUNTS:
            accounts = selector["accounts"]
        case RequestKind.TIER:
            tier = tier_named(selector["tier"], compiled)  # the ICP may have changed since
            accounts = list(_in_tier(state, connection.name, tier))
        case RequestKind.REJECTED:
            accounts = list(_rejected(state, connection.name))
        case RequestKind.SINCE:
            wired = composition.connection_of(connection, compiled)
            connector = composition.open_connector(connection, stop, wired.fields)
            connector.portal()  # any answer will do: it tells the CRM's time, which may not be ours
            now = connector.now()
            since = now - interval(selector["since"]) - (state.now() - asked_at)
            pages = connector.pages(Window(since, now), [])
            accounts = []
            for page in pages:
                if stop.is_set():
                    raise StoppedError("asked to stop")
                accounts += [it.account_id for it in page]
    selected = kind is not RequestKind.ACCOUNTS
    return RunRequest(accounts=accounts, selected=selected) if accounts else None


class RequestServer:
    """Serves the requests of one connection, one after the other, between its scheduled runs."""

    def __init__(
        self,
        connection: ConnectionSettings,
        state: State,
        stop: threading.Event,
        turn: threading.Lock,
        metrics: Metrics | None = None,
    ) -> None:
        """Prepare to serve.

        Args:
            connection: whose requests.
            state: where they are queued.
            stop: set when the worker is to end.
            turn: held by whoever runs the connection in this process, so that a tick waits for a
                request and is not skipped as it would be for another process.
            metrics: told of each run.
        """
        self._connection = connection
        self._name = connection.name
        self._state = state
        self._stop = stop
        self._turn = turn
        self._metrics = metrics
        self._unread = False  # whether the last look failed: said once, not every second

    def serve(self) -> None:
        """Look for requests until told to stop."""
        while not self._stop.is_set():
            try:
                self._look()
                self._unread = False
            except Exception as error:  # noqa: BLE001 - one bad look must not end the service
                if not self._unread:
                    reason = str(error) if isinstance(error, StateError) else type(error).__name__
                    log.warning("requests_unread", connection=self._name, reason=reason)
                self._unread = True
            self._stop.wait(LOOK)

    def recover(self) -> None:
        """Queue again what a worker that has died left behind.

        To be called while nobody in this process runs the connection.
        """
        lease = self._state.leases.holder(self._name)
        now = self._state.now()
        dead = lease is not None and is_gone(lease.holder)
        if not dead and is_being_run(self._state, self._name):
            return
        self._state.requests.put_back_all(self._name, now if dead else now - LEFT_BEHIND)

    def _look(self) -> None:
        while not self._stop.is_set() and self._state.requests.unfinished(self._name):
            while not self._turn.acquire(timeout=LOOK):
                if self._stop.is_set():
                    return
            try:
                self.recover()
                if is_being_run(self._state, self._name):
                    return
                request = self._state.requests.take(self._name, self._state.now())
                if request is None or not self._serve(request):
                    return
            finally:
                self._turn.release()

    def _serve(self, request: Request) -> bool:
        """Serve one; false when it had to be put back."""
        about = {"connection": self._name, "request": request.number}
        log.info("request_taken", kind=request.kind, **about)
        outcome, run_id = RunOutcome.FAILED, None
        it: Attempt | None = None
        try:
            with attempt(self._state, self._connection) as it:
                outcome, run_id = self._run(request, it.run_id)
        except (BusyError, StoppedError):
            outcome = RunOutcome.STOPPED
        except (ConfigError, ConnectorError, StateError) as error:
            self._failed()
            log.error("run_failed", reason=str(error), **about)  # noqa: TRY400 - no traceback: vendor text
        except Exception as error:  # noqa: BLE001 - one bad request must not end the service
            where = incident(error)
            self._failed()
            self._refuse(request, type(error).__name__)
            log.error("run_failed", incident=where, error=type(error).__name__, **about)  # noqa: TRY400
        if outcome is RunOutcome.STOPPED:
            self._state.requests.put_back(request.number)
            log.info("request_put_back", **about)
            return False
        run_id = run_id or (it.recorded if it else None)
        self._state.requests.finish(request.number, outcome.value, run_id, self._state.now())
        log.info("request_finished", outcome=outcome.value, **about)
        return True

    def _run(self, request: Request, run_id: str) -> tuple[RunOutcome, str | None]:
        if request.kind in {*Decision}:
            return serve_decision(
                request, self._connection, self._state, self._stop, self._approved
            )
        compiled = composition.compile_icps(self._connection.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        wanted = run_request(
            RequestKind(request.kind),
            orjson.loads(request.selector),
            instant(request.asked_at),
            self._connection,
            compiled,
            self._state,
            self._stop,
        )
        if wanted is None:
            return RunOutcome.SUCCEEDED, None
        began = time.monotonic()
        progress = RequestProgress(self._state, request.number)
        report = execute(
            self._connection,
            compiled,
            self._state,
            wanted,
            self._stop,
            progress,
            run_id,
            self._metrics,
        ).report
        tell(report)
        if self._metrics is not None:
            self._metrics.ran(report, time.monotonic() - began)
        return report.outcome, report.run

    def _approved(self, report: RunReport, before: Mapping[str, Any], seconds: float) -> None:
        tell(report)
        if self._metrics is not None:
            self._metrics.approved(report, before, seconds)

    def _refuse(self, request: Request, error: str) -> None:
        """Let the page of a decision say that it came to nothing."""
        if request.kind in {*Decision}:
            words = f"unexpected {error}; the worker's log names the incident"
            asked = orjson.loads(request.selector)
            self._state.requests.refuse(request.number, {**asked, "refused": words})

    def _failed(self) -> None:
        if self._metrics is not None:
            self._metrics.failed(self._name)


@contextmanager
def serving_requests(servers: list[RequestServer], stop: threading.Event) -> Iterator[None]:
    """Serve requests meanwhile; at the end the batch in hand is finished and the rest put back."""
    for server in servers:
        server.recover()
    threads = [threading.Thread(target=it.serve, name="requests", daemon=True) for it in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _in_tier(state: State, connection: str, tier: str) -> Iterator[str]:
    after = 0
    while rows := state.mirror.scan(connection, after, _PAGE):
        after = rows[-1].rowid
        yield from (row.account_id for row in rows if row.computed_tier == tier)


def _rejected(state: State, connection: str) -> Iterator[str]:
    after = ""
    while letters := state.dead_letters.all(connection, after, _PAGE):
        after = letters[-1].account_id
        yield from (it.account_id for it in letters)
