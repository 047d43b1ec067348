"""Faults of the machine: a clear message, the right exit code, and the next run repairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos import volumes
from benchmarks.chaos.machine import ACCOUNTS, FAULTS, Fault, suffer
from benchmarks.chaos.places import Place, Truth, opened, truth, warm
from tests.support import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A server of its own, to be stopped and started."""
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Truth]]:
    """A portal, and what its accounts must come to hold."""
    with warm() as shell, opened("HubSpot", ACCOUNTS, shell) as made:
        yield made, truth(made, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda it: f"{it.name} {it.database}".strip())
def test_a_run_meets_a_fault(
    place: tuple[Place, Truth], fault: Fault, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It says what is the matter and what to do; what it had written is not lost nor redone."""
    if fault.mounts and not volumes.allowed(fault.mounts):
        pytest.skip("takes the right to mount a volume; test_opening.py has what needs none")
    on_server = fault.database == "PostgreSQL"
    server = request.getfixturevalue("server") if on_server else None

    assert suffer(*place, fault, tmp_path, server) == ""
