"""What a worker says in its log about runs and windows that nobody watches."""

from __future__ import annotations

from datetime import datetime

import structlog

from config.connection import ConnectionSettings
from worker.state.instants import minute_text
from worker.sync.report import RunReport

log = structlog.get_logger()


def tell_freezes(connection: ConnectionSettings, now: datetime) -> None:
    """Say in the log when nothing will be written, and which windows are over for good."""
    for it in connection.freeze:
        about = {"connection": connection.name, "reason": it.reason}
        begins, ends = minute_text(it.begins), minute_text(it.ends)
        if it.ends <= now:
            log.warning("freeze_over", begins=begins, ends=ends, **about)
        else:
            log.info("freeze_known", begins=begins, ends=ends, **about)


def tell(report: RunReport) -> None:
    """Say in the log why a run did not end well: nobody sees a worker's report as it comes."""
    about = {"run_id": report.run, "connection": report.connection}
    if report.hold is not None:
        log.warning("run_held", reason=report.hold.reason, remedy=report.hold.remedy, **about)
    for problem in report.problems:
        log.warning("run_problem", problem=problem, **about)
