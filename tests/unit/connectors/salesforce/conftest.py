"""Fixtures of the Salesforce tests that need no sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.wire import Patience, Wire, serving
from tests.unit.connectors.salesforce.org import Org


@pytest.fixture(scope="module")
def _server() -> Iterator[Wire]:
    with serving() as wire:
        yield wire


@pytest.fixture
def wire(_server: Wire) -> Wire:
    """A server with nothing asked or answered yet."""
    _server.replies, _server.connections = [], 0
    _server.requests, _server.respond = [], None
    _server.patience_ended.clear()
    return _server


@pytest.fixture
def patience() -> Patience:
    """A clock that passes only in waits."""
    return Patience()


@pytest.fixture
def org(wire: Wire) -> Org:
    """An empty org behind the server."""
    return Org(wire)
