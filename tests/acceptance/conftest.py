"""One simulated portal for each test file, and a desk at it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk
from tests.acceptance.set_up import SetUp
from tests.acceptance.warm import WarmShell
from tests.support.databases import fresh
from tests.support.sandbox import RunningSandbox, running_sandbox

ACCOUNTS = 300
NOON = "2026-11-24T12:00:00Z"  # the sandbox's day: what is bound to time never depends on today


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """A portal of a few hundred companies."""
    options = ("--accounts", str(ACCOUNTS), "--seed", "1", "--limits", "off", "--now", NOON)
    with running_sandbox(*options) as running:
        yield running


@pytest.fixture(scope="module")
def set_up() -> SetUp:
    """What ``icp setup --apply`` made, to be put back after a reset."""
    return SetUp()


@pytest.fixture(scope="session")
def shell() -> Iterator[WarmShell]:
    """What starts commands."""
    started = WarmShell()
    yield started
    started.close()


@pytest.fixture
def bare(sandbox: RunningSandbox, shell: WarmShell, tmp_path: Path) -> Desk:
    """A desk at a portal that knows nothing of us."""
    sandbox.reset()
    return Desk(shell, tmp_path, sandbox)


@pytest.fixture
def desk(bare: Desk, set_up: SetUp) -> Desk:
    """A desk at a portal that was set up; nothing was run yet."""
    set_up.at(bare)
    fresh(bare.database)
    return bare


@pytest.fixture
def settled(desk: Desk) -> Desk:
    """A desk at a portal whose first backfill is done."""
    ended = desk.run()
    assert ended.code == 0, ended
    return desk
