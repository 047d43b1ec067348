"""Fixtures of the Salesforce tests that need no sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.wire import Patience, Wire
from tests.support.wire import serving as serving_answers
from tests.unit.connectors.salesforce.org import Org, serving


@pytest.fixture(scope="module")
def _orgs() -> Iterator[Callable[[], Org]]:
    with serving() as begin:
        yield begin


@pytest.fixture
def org(_orgs: Callable[[], Org]) -> Org:
    """An empty org behind a real server."""
    return _orgs()


@pytest.fixture(scope="module")
def _server() -> Iterator[Wire]:
    with serving_answers() as wire:
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
