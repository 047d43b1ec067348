"""Decisions about held runs that people made on the page behind a link, carried out by a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from config.connection import ConnectionSettings
from config.problems import ConfigError
from connectors.errors import ConnectorError, StoppedError
from worker import composition
from worker.cli.approving import approve
from worker.cli.interludes import RequestProgress
from worker.standing import report_of
from worker.state.errors import StateError
from worker.state.requests import Decision, Request
from worker.state.store import State
from worker.sync.deciding import reject
from worker.sync.keeping import this_holder
from worker.sync.report import RunOutcome, RunReport

log = structlog.get_logger()


def serve_decision(
    request: Request,
    connection: ConnectionSettings,
    state: State,
    stop: threading.Event,
    ended: Callable[[RunReport, Mapping[str, Any], float], None],
) -> tuple[RunOutcome, str]:
    """Approve or reject the run that a request names; answers the outcome and the run.

    What cannot be done is kept with the request, for the page to show: it is no failed run. *Ended*
    is told of an approval: the report of the run, as it was before, and how many seconds it took.

    Raises:
        StoppedError: the process is asked to stop; the request is to be put back.
        BusyError: another process is running the connection.
    """
    asked = orjson.loads(request.selector)
    run_id, reason = asked["run"], asked["reason"]
    try:
        if request.kind == Decision.REJECT:
            who = request.who
            reject(state, connection.name, run_id, who=who, reason=reason, holder=this_holder())
            return RunOutcome.SUCCEEDED, run_id
        compiled = composition.compile_icps(connection.profiles)
        composition.refuse_lint_errors(compiled, datetime.now(UTC))
        run, began = state.runs.get(run_id), time.monotonic()
        progress = RequestProgress(state, request.number)
        report = approve(
            run_id, request.who, reason, connection, compiled, state, stop=stop, progress=progress
        )
    except (ConfigError, ConnectorError, StateError) as error:
        if isinstance(error, StoppedError):
            raise
        state.requests.refuse(request.number, {**asked, "refused": str(error)})
        log.warning("decision_refused", connection=connection.name, run=run_id, reason=str(error))
        return RunOutcome.FAILED, run_id
    if report.outcome is RunOutcome.HELD and stop.is_set():
        raise StoppedError("asked to stop")
    if report.outcome is RunOutcome.HELD:
        told = report.problems or [report.hold.reason if report.hold else "it was interrupted"]
        state.requests.refuse(request.number, {**asked, "refused": told[0]})
    ended(report, report_of(run), time.monotonic() - began)
    return report.outcome, run_id
