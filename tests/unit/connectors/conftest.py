"""Fixtures of the connectors' tests that need recorded answers only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.wire import Patience, Wire, serving


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
