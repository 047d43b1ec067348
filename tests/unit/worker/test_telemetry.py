"""Logs are facts as data, on standard error, without secrets."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import pytest
import structlog
from pydantic import SecretStr

from config.alerts import AlertSettings
from worker.alerting.webhook import Webhook
from worker.state.alerts import Alert
from worker.telemetry import Redaction, set_up_logging

SECRET = "pat-na1-0123456789"  # noqa: S105 - made up
PAYLOAD = orjson.dumps({"event": "test", "connection": "emea", "cause": "", "counts": {}})


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Put logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("psycopg").setLevel(logging.NOTSET)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    """A text that a person reads as it is written."""

    def isatty(self) -> bool:
        """Colours are welcome."""
        return True


def logged(level: str = "info", out: io.StringIO | None = None) -> io.StringIO:
    """Start logging to a text of our own."""
    out = out if out is not None else io.StringIO()
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
    logging.getLogger("hubspot").warning("retrying with %s", SECRET)

    assert SECRET not in out.getvalue()
    assert out.getvalue().count("[redacted]") == 3


def test_an_empty_secret_redacts_nothing() -> None:
    """Otherwise every gap between letters would be one."""
    assert Redaction(["", SECRET]).clean(f"a{SECRET}b") == "a[redacted]b"


def test_a_secret_that_begins_like_another_leaves_no_end() -> None:
    """A password, and a key that was made from it."""
    assert Redaction(["hunter2", "hunter2-of-it"]).clean("with hunter2-of-it") == "with [redacted]"


def test_libraries_are_heard_from_warnings_on() -> None:
    """Their chatter at info may quote requests."""
    out = logged("debug")
    logging.getLogger("hubspot").info("GET /companies")
    logging.getLogger("hubspot").warning("slow")

    assert [line["event"] for line in lines(out)] == ["slow"]


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_of_an_error_nothing_but_its_type_is_written(out: io.StringIO) -> None:
    """Neither its words nor the values of the frames it came through, whoever logs it."""
    logged("debug", out)

    def work(account: str) -> None:
        raise ValueError(f"cannot read {account}")

    for name in ("apscheduler", "ours"):
        try:
            work("ACME Corp")
        except ValueError as error:
            if name == "ours":
                structlog.get_logger().error("job_failed", exc_info=True)
                structlog.get_logger().error("job_failed", exc_info=error, stack_info=True)
            else:
                logging.getLogger(name).exception("a job failed")

    text = out.getvalue()
    assert text.count("ValueError") == 3
    assert "ACME" not in text
    assert "Traceback" not in text


def test_the_webhook_s_address_is_in_no_warning_of_a_library() -> None:
    """It is asked at a number, so that no search for the address as it was set finds it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 0\r\n\r\n")

        serving = threading.Thread(target=answer, daemon=True)
        serving.start()
        url = f"http://localhost:{port}/services/T0/B0/{SECRET[::-1]}"
        out = io.StringIO()
        set_up_logging("debug", secrets=[url], stream=out)
        hook = Webhook(AlertSettings(webhook_url=SecretStr(url)))
        hook.send(Alert(1, "emea", "test", "", "", None, PAYLOAD, None, 1, ""))
        serving.join(10)

    assert SECRET[::-1] not in out.getvalue()


def test_a_database_driver_s_warnings_stay_out() -> None:
    """They pass on what a server says, beside the one line that names the matter."""
    out = logged("debug")
    logging.getLogger("psycopg").warning("error ignored: Failing row contains (%s)", "Acme")

    assert not out.getvalue()
