"""One process with both CRMs: what it says, what the two share, and what it leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

COMMAND = (sys.executable, "-m", "sandbox", "--accounts", "4", "--seed", "3")
ORG_KEYS = {
    "url", "instance_url", "client_id", "client_secret", "username", "private_key_file",
    "access_token",
}  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_ports_in_one_process(number: signal.Signals) -> None:
    """The ready line tells of both; one clock, own logs; the key is gone at the end."""
    command = [*COMMAND, "--hubspot-port", "0", "--salesforce-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert list(ready) == ["hubspot", "salesforce", "web", "ca_file"]
        hubspot, salesforce = ready["hubspot"]["url"], ready["salesforce"]["url"]
        assert set(ready["salesforce"]) >= ORG_KEYS
        assert set(ready["salesforce"]["admin"]) == {
            "client_id", "client_secret", "username", "access_token",
        }  # fmt: skip
        assert ready["salesforce"]["instance_url"] == salesforce
        assert ready["web"] == f"{hubspot}/_sandbox/web/"
        key = Path(ready["salesforce"]["private_key_file"])
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")

        with httpx.Client(trust_env=False) as http:
            http.post(f"{hubspot}/_sandbox/clock", json={"now": "2030-01-01", "freeze": True})
            clock = http.get(f"{salesforce}/_sandbox/clock").json()
            assert clock == {"now": "2030-01-01T00:00:00.000Z", "frozen": True}
            headers = {"Authorization": f"Bearer {ready['salesforce']['access_token']}"}
            query = f"{salesforce}/services/data/v66.0/query?q=SELECT+COUNT()+FROM+Account"
            assert http.get(query, headers=headers).json()["totalSize"] == 4
            assert http.get(f"{salesforce}/_sandbox/stats").json()["requests"] == 1
            assert http.get(f"{hubspot}/_sandbox/stats").json()["requests"] == 0
            page = http.get(f"{salesforce}/_sandbox/web/").text
            assert "Simulated Salesforce org" in page
        process.send_signal(number)
        assert process.wait(10) == 0
    assert not key.exists()
    assert not key.parent.exists()


def test_salesforce_alone() -> None:
    """Without a HubSpot port there is no portal, and the page is the org's."""
    command = [*COMMAND, "--salesforce-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.terminate()
    assert ready["hubspot"] is None
    assert ready["web"] == f"{ready['salesforce']['url']}/_sandbox/web/"


def test_the_same_seed_is_the_same_org() -> None:
    """Org, credentials, sessions and accounts do not change from start to start."""

    def org() -> dict[str, Any]:
        command = [*COMMAND, "--salesforce-port", "0", "--now", "2026-11-22"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            found: dict[str, Any] = json.loads(process.stdout.readline())["salesforce"]
            export = httpx.get(f"{found['url']}/_sandbox/export", trust_env=False).text
            process.terminate()
        for name in ("url", "instance_url", "private_key_file"):
            del found[name]
        found["accounts"] = [json.loads(line)["id"] for line in export.splitlines()]
        return found

    assert org() == org()


def test_a_missing_port_is_named() -> None:
    """At least one of the two is needed."""
    done = subprocess.run(  # noqa: S603 - our own
        COMMAND, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert "--hubspot-port or --salesforce-port" in done.stderr
