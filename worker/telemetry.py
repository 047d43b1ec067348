"""Logs: structlog, JSON in containers and readable colours in a terminal. Ids and counts only."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_BOOKKEEPING = {"event", "level", "timestamp"}
_REDACTED = "[redacted]"


class Redaction:
    """Takes secrets out of whatever is logged: the last line of defence, not the first."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # the longest first: of two that begin alike none leaves its end behind
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Replace every occurrence of a secret in any text of the event."""
        for key, value in event.items():
            if isinstance(value, str) and key not in {"level", "timestamp"}:
                event[key] = self.clean(value)
        return event

    def clean(self, text: str) -> str:
        """Return *text* without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _REDACTED)
        return text


def without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Tell the type of an error that is logged, and nothing else of it.

    Its words may quote a customer's values, and so may what stands in the frames it came through.
    """
    error = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error and not isinstance(error, BaseException):
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return event


def set_up_logging(
    level: str = "info", *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send structlog, and the standard library's logs, to standard error.

    Args:
        level: the least level that is shown: debug, info, warning, error.
        secrets: texts that must never appear, such as access tokens.
        stream: where to write; standard error by default, so that output stays data.
    """
    out = stream or sys.stderr
    readable = out.isatty()
    render: Processor = (
        structlog.dev.ConsoleRenderer()
        if readable
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
        Redaction(secrets),
    ]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    # its warnings quote addresses, of which that of the webhook is a secret
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # its warnings quote the server on errors that follow one that is told anyway
    logging.getLogger("psycopg").setLevel(logging.ERROR)
