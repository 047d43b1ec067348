"""Two connections in one worker: what one meets is nothing to the other."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import Desk, until
from tests.support.sandbox import RunningSandbox, running_sandbox

ENDED = (
    "SELECT count(*) FROM runs r JOIN connections c ON c.number = r.connection"
    " WHERE c.name = ? AND r.outcome = 'succeeded'"
)
DUE = (
    "SELECT due_at FROM ticks t JOIN connections c ON c.number = t.connection WHERE c.name = 'well'"
)

LATEST_OF_ILL = (
    "SELECT r.report FROM runs r JOIN connections c ON c.number = r.connection"
    " WHERE c.name = 'ill' ORDER BY r.number DESC LIMIT 1"
)


def ticks(desk: Desk, name: str) -> int:
    """How many runs of a connection have succeeded."""
    found: int = desk.query(ENDED, name)[0][0]
    return found


def connect(settled: Desk, other: RunningSandbox, icp: str) -> None:
    """Give one worker two portals; *icp* is that of the other one."""
    entries = [
        {"name": name, "crm": "hubspot", "profiles": [of], "hubspot": {"api_origin": url}}
        for name, url, of in (
            ("ill", other.url, icp),
            ("well", settled.sandbox.url, str(settled.icp_file)),
        )
    ]
    entries[1] |= {"jitter": "1s"}
    file = settled.folder / "worker.yaml"
    file.write_text(json.dumps({"connections": entries}), encoding="utf-8")
    settled.variables = {
        "ICP_CONFIG": str(file),
        "ICP_DATABASE_URL": f"sqlite:///{settled.database}",
        "ICP_CONNECTIONS__ILL__HUBSPOT__ACCESS_TOKEN": other.token,
        "ICP_CONNECTIONS__WELL__HUBSPOT__ACCESS_TOKEN": settled.sandbox.token,
        "ICP_SHUTDOWN_GRACE": "1s",
        "ICP_SCHEDULE": "2s",
    }


def failure(desk: Desk) -> str:
    """What the last run of the other connection failed for."""
    found: str = json.loads(desk.query(LATEST_OF_ILL)[0][0])["failure"]
    return found


@pytest.fixture(scope="module")
def other() -> Iterator[RunningSandbox]:
    """A second portal."""
    options = ("--accounts", "20", "--seed", "2", "--limits", "off", "--now", NOON)
    with running_sandbox(*options) as running:
        yield running


@pytest.mark.parametrize(
    "fault",
    [{"kind": "slow", "seconds": 40.0}, {"kind": "rate_limit_burst", "retry_after": 50}],
    ids=["hangs", "throttles"],
)
def test_one_portal_is_down(settled: Desk, other: RunningSandbox, fault: dict[str, object]) -> None:
    """The other's ticks all run, each under its due time, though runs start a little later."""
    other.reset()
    other.fail(**fault)
    connect(settled, other, str(settled.icp_file))
    worker = settled.start("worker")
    until(lambda: ticks(settled, "well") >= 5, seconds=120)

    assert ticks(settled, "ill") == 0
    [(due,)] = settled.query(DUE)
    assert datetime.fromisoformat(due).timestamp() % 2 == 0
    worker.signal(signal.SIGTERM)

    assert settled.ended(worker).code == 0


def test_one_icp_is_broken(settled: Desk, other: RunningSandbox) -> None:
    """A worker that starts with it runs the others, and this one as soon as it is mended."""
    other.reset()
    broken = settled.folder / "broken.yaml"
    broken.write_text("icp: broken\ncriterai: []\n", encoding="utf-8")
    connect(settled, other, str(broken))
    worker = settled.start("worker")
    until(lambda: ticks(settled, "well") >= 2, seconds=60)
    said = worker.err.read_text("utf-8")
    assert "broken.yaml:2" in said
    assert "run_failed" in said
    assert failure(settled) == "icp"

    broken.write_text(settled.icp_file.read_text("utf-8"), encoding="utf-8")

    until(lambda: failure(settled) == "setup", seconds=60)  # on to what is wrong next
    worker.signal(signal.SIGTERM)
    assert settled.ended(worker).code == 0
    broken.write_text("nonsense: true\n", encoding="utf-8")
    connect(settled, other, str(broken))
    assert settled.ended(settled.start("worker", "--connection", "ill")).code == 2
