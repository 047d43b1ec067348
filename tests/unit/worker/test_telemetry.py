"""Logs are facts as data, on standard error, without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from worker.telemetry import Redaction, set_up_logging

SECRET = "pat-na1-0123456789"  # noqa: S105 - made up


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Put logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(level: str = "info") -> io.StringIO:
    """Start logging to a text of our own."""
    out = io.StringIO()
    set_up_logging(level, secrets=[SECRET, ""], stream=out)
    return out


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """Every line as JSON."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_what_is_bound() -> None:
    """A collector needs no parsing rules."""
    out = logged()
    structlog.contextvars.bind_contextvars(run_id="r1", connection="main")
    structlog.get_logger().info("page_evaluated", accounts=200)
    [line] = lines(out)

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "page_evaluated", "level": "info", "run_id": "r1", "connection": "main",
        "accounts": 200,
    }  # fmt: skip


def test_what_is_below_the_level_is_not_written() -> None:
    """Debug is for who asks for it."""
    out = logged("warning")
    log = structlog.get_logger()
    log.info("unseen")
    log.warning("seen")

    assert [line["event"] for line in lines(out)] == ["seen"]


def test_secrets_never_appear() -> None:
    """Not in the event, not in a value, not from a library that logs by itself."""
    out = logged("debug")
    structlog.get_logger().info(f"token {SECRET}", reason=f"refused {SECRET}!", number=7)
    logging.getLogger("urllib3").warning("retrying with %s", SECRET)

    assert SECRET not in out.getvalue()
    assert out.getvalue().count("[redacted]") == 3


def test_an_empty_secret_redacts_nothing() -> None:
    """Otherwise every gap between letters would be one."""
    assert Redaction(["", SECRET]).clean(f"a{SECRET}b") == "a[redacted]b"


def test_libraries_are_heard_from_warnings_on() -> None:
    """Their chatter at info may quote requests."""
    out = logged("debug")
    logging.getLogger("hubspot").info("GET /companies")
    logging.getLogger("hubspot").warning("slow")

    assert [line["event"] for line in lines(out)] == ["slow"]
