"""HubSpot's official JavaScript client works against the sandbox unmodified.

Needs Node.js and ``npm ci`` in this folder; both are there in continuous integration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.seed_data import SeedData
from sandbox.server import Running, running_sandbox
from tests.clients import node
from tests.clients.node import NEEDED

pytestmark = NEEDED


@pytest.fixture(scope="module")
def portal() -> Iterator[Running]:
    """A portal with three companies."""
    companies = [{"name": name} for name in ("Alder", "Birch", "Cedar")]
    with running_sandbox(SeedData(companies=companies), enforce_limits=False) as running:
        yield running


def run(portal: Running, step: str) -> Any:
    """What one step of the script answers."""
    return node.run("hubspot.mjs", step, {"url": portal.url, "token": portal.token})


def test_pages(portal: Running) -> None:
    """One page, and all of them one after the other."""
    assert run(portal, "read") == {"first": ["Alder", "Birch"], "all": 3}


def test_search(portal: Running) -> None:
    """A filter finds the one company."""
    assert run(portal, "search") == {"total": 1, "names": ["Alder"]}


def test_batch_update(portal: Running) -> None:
    """207 parses: one is written, the other is not there."""
    found = run(portal, "write")
    assert (found["written"], found["city"]) == (1, "Berlin")
    assert found["refused"] == ["OBJECT_NOT_FOUND"]


def test_errors(portal: Running) -> None:
    """What is not there is an error of the client's own kind."""
    assert run(portal, "refused") == {"code": 404, "category": "OBJECT_NOT_FOUND"}
