"""A running worker answers health checks and metrics over HTTP."""

from __future__ import annotations

import json
import signal
import socket
import urllib.error
import urllib.request

from tests.acceptance.desk import MARKER, Desk, until


def test_a_worker_tells_its_health_and_its_numbers(settled: Desk) -> None:
    """Alive, ready, and after a run the numbers of that run; nothing of any account."""
    command = settled.start("worker", ICP_HTTP_ADDRESS="127.0.0.1:0", ICP_SCHEDULE="1h")
    until(lambda: '"http_listening"' in command.err.read_text("utf-8"))
    [listening] = [
        json.loads(line)
        for line in command.err.read_text("utf-8").splitlines()
        if '"http_listening"' in line
    ]
    url = f"http://127.0.0.1:{listening['port']}"
    until(lambda: get(f"{url}/readyz")[0] == 200)
    ran = 'icp_runs_total{connection="hubspot",outcome="succeeded"} 1.0'
    until(lambda: ran in get(f"{url}/metrics")[1])
    text = get(f"{url}/metrics")[1]

    assert get(f"{url}/healthz")[0] == 200
    assert get(f"{url}/")[0] == 404
    assert 'icp_dead_letters{connection="hubspot"} 0.0' in text
    assert 'icp_held_runs{connection="hubspot"} 0.0' in text
    assert 'icp_accounts_by_tier{connection="hubspot",tier="tier_1"}' in text
    assert 'icp_schedule_interval_seconds{connection="hubspot"} 3600.0' in text
    assert MARKER not in text
    command.signal(signal.SIGTERM)
    assert settled.ended(command).code == 0


def test_a_port_in_use_is_a_mistake_in_the_settings(settled: Desk) -> None:
    """The worker names the variable and leaves before any run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        ended = settled.icp("worker", ICP_HTTP_ADDRESS=address)

    assert ended.code == 2
    assert f"ICP_HTTP_ADDRESS: {address} cannot be listened on" in ended.words


def test_an_address_that_is_none_is_refused(settled: Desk) -> None:
    """At start, with an example."""
    ended = settled.icp("worker", ICP_HTTP_ADDRESS="everywhere")

    assert ended.code == 2
    assert 'ICP_HTTP_ADDRESS: "everywhere" is not an address.' in ended.words


def get(url: str) -> tuple[int, str]:
    """Fetch a page: its status and its text."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own worker
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
