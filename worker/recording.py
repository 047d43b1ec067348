"""Recording a run that could not begin, or that an error nobody foresaw ended, as failed.

A run has a row of its own from the moment it begins. What keeps it from beginning (a broken ICP, a
revoked token, a portal that is another one) would otherwise be in the log alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import orjson

from config.connection import ConnectionSettings
from config.problems import ConfigError
from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    QuotaExhaustedError,
    StoppedError,
)
from worker import composition
from worker.standing import report_of
from worker.state.errors import StateError
from worker.state.instants import instant_text
from worker.state.rows import Run
from worker.state.runs import UNSTARTED
from worker.state.store import State
from worker.sync.connection import TickDoneError
from worker.sync.holding import BusyError
from worker.sync.rejudging import NotNowError
from worker.sync.report import Failure, RunKind, RunOutcome, RunReport
from worker.telemetry import Redaction

_NO_FAILURE = (BusyError, NotNowError, TickDoneError, StoppedError)
"""Somebody else is at work or was, nothing was due, or the process was asked to stop."""


@dataclass(slots=True)
class Attempt:
    """One attempt at a run, before it has begun."""

    run_id: str
    recorded: str | None = None  # under which id its failure is on record


@contextmanager
def attempt(
    state: State, connection: ConnectionSettings, *, dry_run: bool = False
) -> Iterator[Attempt]:
    """Give a run an id, and record it as failed when an error comes out of it.

    The same failure again adds to the record of the one before. Nothing is recorded of a dry run,
    nor where the state itself is what fails. The error goes on its way.
    """
    it = Attempt(composition.new_run_id())
    try:
        yield it
    except _NO_FAILURE:
        raise
    except Exception as error:
        if not dry_run:
            with suppress(StateError):
                it.recorded = _record(state, connection, it.run_id, error)
        raise


def _record(state: State, connection: ConnectionSettings, run_id: str, error: Exception) -> str:
    clean = Redaction(composition.credentials_of(connection)).clean
    failure, problems = _told(error)
    now = state.now()
    report = RunReport(
        run=run_id,
        connection=connection.name,
        kind=RunKind.UNSTARTED,
        dry_run=False,
        as_of=instant_text(now),
        outcome=RunOutcome.FAILED,
        failure=failure,
        problems=[clean(problem) for problem in problems],
    )
    if isinstance(error, QuotaExhaustedError) and error.resumes_at is not None:
        report.resumes_at = instant_text(error.resumes_at)
    return state.runs.fail(connection.name, run_id, _teller(report), now)


def _teller(report: RunReport) -> Callable[[Run | None], bytes | None]:
    """What to keep of the failure: on its own, beside the run that it ended, or with an earlier."""

    def tell(run: Run | None) -> bytes | None:
        if run is None:
            return orjson.dumps(report.as_json())
        if run.run_id == report.run:
            report.kind, report.as_of = RunKind(run.kind), run.as_of
            return orjson.dumps(report.as_json())
        before = report_of(run)
        same = (before.get("failure"), before.get("problems")) == (report.failure, report.problems)
        if run.kind != UNSTARTED or not same:
            return None
        return orjson.dumps({**before, "attempts": before["attempts"] + 1})

    return tell


def _told(error: Exception) -> tuple[Failure, Sequence[str]]:
    """What kind of failure it is, and the problems one by one."""
    match error:
        case ConfigError():
            return Failure.ICP, [str(problem) for problem in error.problems]
        case MisconfiguredError():
            return Failure.SETUP, [str(problem) for problem in error.problems]
        case QuotaExhaustedError():
            return Failure.QUOTA, [str(error)]
        case ConnectorError():
            return Failure.CRM, [str(error)]
        case StateError():
            return Failure.STATE, [str(error)]
        case _:
            words = f"unexpected {type(error).__name__}; what was printed names the incident's file"
            return Failure.UNEXPECTED, [words]
