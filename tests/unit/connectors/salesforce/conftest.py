"""Fixtures of the Salesforce tests that need no sandbox."""

from __future__ import annotations

import pytest

from tests.support.wire import Wire
from tests.unit.connectors.salesforce.org import Org


@pytest.fixture
def org(wire: Wire) -> Org:
    """An empty org behind the server."""
    return Org(wire)
