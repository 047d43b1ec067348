"""Requests that are served while a run goes on: each by a short run of its own, in between.

Whoever holds the lease serves the accounts that people name, between two pages or batches and while
the CRM works off a bulk job; so nobody waits for hours, and there is never a second runner. What
the short run has dealt with is then settled for the run around it: its own change of the account is
withdrawn, and what it read of the account before is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
import structlog

from connectors.base import CrmConnector
from connectors.batching import distinct
from connectors.records import AccountRecord, CallCounts
from worker.state.errors import StateError
from worker.state.requests import Request, RequestKind
from worker.state.rows import ChangeState
from worker.state.store import State
from worker.sync.connection import Progress
from worker.sync.keeping import Keeper
from worker.sync.report import Counters, RunOutcome, RunReport
from worker.sync.undisturbed import Undisturbed, nobody

MOST_ACCOUNTS: Final = 500
"""Named accounts that are served in between: some calls' worth. More wait for the end of the run.

What a rule selects waits, too: how many it selects shows only when it is run, and the guard, which
looks at them, judges by the state that the run around it is about to change.
"""

log = structlog.get_logger()


def waits_for_the_end(kind: str, accounts: Sequence[str]) -> bool:
    """Whether a request is served only when no run of its connection is under way."""
    return kind != RequestKind.ACCOUNTS or len(accounts) > MOST_ACCOUNTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What serving takes of the process that runs the connection."""

    new_run_id: Callable[[], str]
    fingerprint: Callable[[], str]  # of the ICPs as they are now; empty where they are broken
    progress: Callable[[int], Progress]  # of a request, by number
    ended: Callable[[RunReport, float], None]  # told of each short run and its seconds
    unforeseen: Callable[[Exception], str]  # keeps an incident; answers where


class ShortRun(Protocol):
    """Runs named accounts within the run that is under way."""

    def __call__(
        self, run_id: str, accounts: Sequence[str], progress: Progress
    ) -> tuple[RunReport, Collection[str]]:
        """Answer the report, and the ids under which the accounts were read."""


class Interludes(Undisturbed):
    """Serves the requests of one connection while one run of it goes on."""

    def __init__(
        self,
        service: Service,
        connector: CrmConnector,
        state: State,
        keeper: Keeper,
        report: RunReport,
        run: ShortRun,
    ) -> None:
        """Prepare to serve.

        Args:
            service: of the process.
            connector: shared with the run, and so is its rate limiter.
            state: where requests are queued.
            keeper: of the lease that all of this goes on under.
            report: of the run that is under way.
            run: runs accounts within it.
        """
        self._service = service
        self._connector = connector
        self._state = state
        self._keeper = keeper
        self._report = report
        self._run = run
        self._left: set[int] = set()  # requests that wait for the end of the run
        self._served: set[str] = set()
        self.withdrawn: set[int] = set()  # places in the plan of what need not be sent any more
        self.doubtful = 0  # accounts of which nobody knows what the CRM holds now
        self.calls = CallCounts()  # of the short runs

    @property
    def _counters(self) -> Counters:
        return self._report.counters

    def serve(self, away: Callable[[], Container[str]] = nobody) -> None:
        """Serve the oldest request that can be, if any; the run then goes on with its next step.

        Args:
            away: the accounts that are being written at this moment, by a bulk job perhaps: what
                asks for one of these is served later.

        Raises:
            StateError: the state cannot be used.
        """
        found = self._next(away)
        if found is None:
            return
        request, accounts = found
        now = self._state.now()
        if self._state.requests.take(request.connection, now, request.number) is not None:
            self._serve(request, accounts)

    def fresh(
        self, records: Sequence[AccountRecord], fields: Sequence[str]
    ) -> Sequence[AccountRecord]:
        """Read again those that were served since: what was read of them may be older."""
        again = [it.account_id for it in records if it.account_id in self._served]
        if not again:
            return records
        present = {it.account_id: it for it in self._connector.fetch(again, fields)}
        now = (
            present.get(it.account_id) if it.account_id in self._served else it for it in records
        )
        return [it for it in now if it is not None]

    def _next(self, away: Callable[[], Container[str]]) -> tuple[Request, list[str]] | None:
        for request in self._state.requests.unfinished(self._report.connection):
            if request.taken_at is not None or request.number in self._left:
                continue
            named = orjson.loads(request.selector).get("accounts", [])
            if waits_for_the_end(request.kind, named) or self._is_outdated():
                self._left.add(request.number)
                log.info("request_waits", **self._about(request))
                continue
            accounts = distinct(map(self._connector.account_id, named))
            flying = away()
            if not any(it in flying for it in accounts):
                return request, accounts
        return None

    def _is_outdated(self) -> bool:
        """Whether the ICP was edited since this run began: then it must not judge for anyone."""
        return self._service.fingerprint() != self._report.icp

    def _serve(self, request: Request, accounts: Sequence[str]) -> None:
        about = self._about(request)
        log.info("request_taken", kind=request.kind, **about)
        run_id = self._service.new_run_id()
        outcome = RunOutcome.FAILED
        met: Collection[str] = ()
        began, calls = time.monotonic(), self._connector.calls.copy()
        try:
            progress = self._service.progress(request.number)
            with structlog.contextvars.bound_contextvars(run_id=run_id):
                report, met = self._run(run_id, accounts, progress)
            outcome = report.outcome
            self._service.ended(report, time.monotonic() - began)
        except StateError:
            with suppress(StateError):
                self._state.requests.put_back(request.number)
            raise
        except Exception as error:  # noqa: BLE001 - one bad account must not end the run around it
            where = self._service.unforeseen(error)
            log.error("run_failed", incident=where, error=type(error).__name__, **about)  # noqa: TRY400 - no traceback: vendor text
        self.calls.add(self._connector.calls.less(calls))
        self._settle(run_id, accounts, met if outcome not in _CUT_SHORT else ())
        if outcome is RunOutcome.STOPPED:
            self._state.requests.put_back(request.number)
            log.info("request_put_back", **about)
            return
        self._state.requests.finish(request.number, outcome.value, run_id, self._state.now())
        log.info("request_finished", outcome=outcome.value, **about)

    def _settle(self, run_id: str, accounts: Sequence[str], met: Collection[str]) -> None:
        """Let the run around it leave alone what the short run has dealt with.

        Counted as if the account had been met after the short run: it holds what it should, or was
        refused and waits. Of what was sent without an answer nothing is known: it is left to the
        next run, for which the checkpoint stays where it is.
        """
        self._served.update(accounts, met)
        most = 2 * MOST_ACCOUNTS
        changes = self._state.plan.entries(run_id, list(ChangeState), 0, most)
        became: dict[str, str | None] = dict.fromkeys(met)
        became |= {it.account_id: it.state for it in changes}
        dealt = [name for name, state in became.items() if state != ChangeState.PLANNED]
        counters = self._counters
        found = self._state.plan.withdraw(self._keeper.lease, self._report.run, dealt)
        for seq, account_id in found:
            self.withdrawn.add(seq)
            counters.served += 1
            match became[account_id]:
                case ChangeState.REJECTED:
                    counters.rejected += 1
                    counters.deferred += 1
                case ChangeState.MISSING:
                    counters.invalid += 1
                    counters.gone += 1
                case ChangeState.SENT:
                    counters.held += 1
                    self.doubtful += 1
                case _:
                    counters.unchanged += 1

    def _about(self, request: Request) -> dict[str, Any]:
        return {
            "connection": request.connection,
            "request": request.number,
            "within": self._report.run,
        }


_CUT_SHORT = frozenset({RunOutcome.FAILED, RunOutcome.STOPPED})
