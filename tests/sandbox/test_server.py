"""The process: options, the ready line, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

COMMAND = (sys.executable, "-m", "sandbox")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly(number: signal.Signals) -> None:
    """One JSON line of the promised shape; exit 0 soon after the signal, a call in flight too."""
    command = [*COMMAND, "--hubspot-port", "0", "--accounts", "3", "--seed", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert list(ready) == ["hubspot", "salesforce", "web", "ca_file"]
        assert set(ready["hubspot"]) == {"url", "token", "portal_id"}
        assert (ready["salesforce"], ready["ca_file"]) == (None, None)
        assert ready["hubspot"]["token"].startswith("pat-na1-")
        assert ready["web"].startswith(ready["hubspot"]["url"])
        url = ready["hubspot"]["url"]
        headers = {"Authorization": f"Bearer {ready['hubspot']['token']}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as http:
            page = http.get("/crm/v3/objects/companies").json()
            assert len(page["results"]) == 3
            http.post("/_sandbox/faults", json={"kind": "slow", "seconds": 60})
            with pytest.raises(httpx.ReadTimeout):
                http.get("/crm/v3/objects/companies", timeout=0.05)
            asked = time.monotonic()
            process.send_signal(number)
            assert process.wait(10) == 0
            assert time.monotonic() - asked < 3  # a second on an idle machine
        assert process.stdout.read() == ""


def test_the_same_seed_is_the_same_portal() -> None:
    """Token, portal and companies do not change from start to start."""

    def portal() -> tuple[str, str]:
        command = [*COMMAND, "--hubspot-port", "0", "--accounts", "5", "--now", "2026-11-22"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            hubspot = json.loads(process.stdout.readline())["hubspot"]
            export = httpx.get(f"{hubspot['url']}/_sandbox/export", trust_env=False).text
            process.terminate()
        companies = [json.loads(line)["properties"] for line in export.splitlines()]
        for company in companies:  # spread back from the moment of the start
            del company["createdate"], company["hs_lastmodifieddate"]
        return hubspot["token"], json.dumps(companies)

    assert portal() == portal()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "--hubspot-port"),
        (["--hubspot-port", "70000"], "--hubspot-port"),
        (["--hubspot-port", "x"], "--hubspot-port"),
        (["--salesforce-port", "-1"], "--salesforce-port"),
        (["--hubspot-port", "0", "--salesforce-port", "70000"], "--salesforce-port"),
        (["--hubspot-port", "0", "--accounts", "no-such-file.csv"], "--accounts"),
        (["--hubspot-port", "0", "--limits", "some"], "--limits"),
        (["--hubspot-port", "0", "--now", "soon"], "--now"),
        (["--hubspot-port", "0", "--latency-ms", "-1"], "--latency-ms"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(options: list[str], named: str) -> None:
    """The last line names the option; nothing is printed as ready."""
    done = subprocess.run(  # noqa: S603 - our own
        [*COMMAND, *options], capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("sandbox: ")
    assert named in last
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_a_bad_option() -> None:
    """The port and the reason are named."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(  # noqa: S603 - our own
            [*COMMAND, "--hubspot-port", port],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert done.returncode == 2
    assert port in done.stderr
