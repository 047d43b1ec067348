"""What a connector raises, grouped by what the run must do next.

A refused record is an outcome, not an exception. Messages carry field names, codes and the remedy;
never an account's id, for they are sent as alerts, nor field values, tokens or response bodies.
Vendor exceptions are translated at the edge and never chained (``raise ... from None``), because
their text is customer data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.records import WriteOutcome


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person must mend: what it concerns, what is wrong, what to do."""

    subject: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Render as one line."""
        text = f"{self.subject}: {self.message}"
        return f"{text} {self.remedy}" if self.remedy else text


class ConnectorError(Exception):
    """Base of all a connector raises. Catch a subclass: each names the run's next step."""


class TransientError(ConnectorError):
    """Wait, then try again; after the last attempt the run fails and its checkpoint stays put."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        status: int | None = None,
        may_have_applied: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.may_have_applied = may_have_applied


class SessionExpiredError(ConnectorError):
    """Renew the session once, then repeat the call."""


class QuotaExhaustedError(ConnectorError):
    """Stop cleanly and go on after *resumes_at*; nothing is wrong with the data."""

    def __init__(self, message: str, *, resumes_at: datetime | None = None) -> None:
        super().__init__(message)
        self.resumes_at = resumes_at


class MisconfiguredError(ConnectorError):
    """Stop and say so: credentials, permissions, a missing field; only a person can mend these.

    Args:
        problems: what to mend, all of it.
        outcomes: of a write that found them out, for each update in order: some accounts may have
            been written all the same. ``None`` where nothing is to be kept of the answer.

    """

    def __init__(
        self, problems: Sequence[Problem], outcomes: Sequence[WriteOutcome | None] = ()
    ) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.outcomes = tuple(outcomes)


class StoppedError(ConnectorError):
    """A stop was asked for while waiting to send or to try again; end as ``stopped``.

    Args:
        message: what was waited for.
        may_have_applied: whether an attempt before it may still arrive.

    """

    def __init__(self, message: str, *, may_have_applied: bool = False) -> None:
        super().__init__(message)
        self.may_have_applied = may_have_applied


class ProtocolError(ConnectorError):
    """The CRM answered in a way that its documentation does not allow; the run fails, safely."""
