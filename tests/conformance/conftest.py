"""Every connector, in a fresh world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.place import Place
from tests.conformance.worlds import HubSpotWorld, MemoryWorld, SalesforceWorld, World
from tests.support.salesforce import RunningOrg, running_org
from tests.support.sandbox import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """One sandbox process for all tests of a worker, empty at every reset."""
    with running_sandbox("--accounts", "0", "--limits", "off") as running:
        yield running


@pytest.fixture
def hubspot(sandbox: RunningSandbox) -> HubSpotWorld:
    """HubSpot, on the sandbox."""
    return HubSpotWorld(sandbox)


@pytest.fixture(scope="session")
def org() -> Iterator[RunningOrg]:
    """One Salesforce org for all tests of a worker, empty at every reset."""
    with running_org("--accounts", "0", "--limits", "off") as running:
        yield running


@pytest.fixture
def salesforce(org: RunningOrg) -> SalesforceWorld:
    """Salesforce, on the sandbox."""
    return SalesforceWorld(org)


@pytest.fixture
def place(org: RunningOrg) -> Place:
    """A fresh org with our fields."""
    return Place(org)


@pytest.fixture(params=["memory", "hubspot", "hubspot-2026-09", "salesforce", "salesforce-bulk"])
def world(request: pytest.FixtureRequest) -> World:
    """Each connector in turn; Salesforce by calls and by bulk jobs."""
    if request.param == "memory":
        return MemoryWorld()
    if request.param.startswith("salesforce"):
        bulk = 0 if request.param.endswith("bulk") else 2000
        return SalesforceWorld(request.getfixturevalue("org"), bulk)
    version = "2026-09" if request.param.endswith("2026-09") else "v3"
    return HubSpotWorld(request.getfixturevalue("sandbox"), version)
