"""jsforce, the JavaScript client that most integrations use, works against the sandbox unmodified.

Needs Node.js and ``npm ci`` in this folder; both are there in continuous integration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.seed_data import SeedData
from sandbox.server import RunningOrg, running_org
from tests.clients import node
from tests.clients.node import NEEDED

ACCOUNTS = 450
pytestmark = NEEDED


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org with enough accounts for three pages of the smallest size."""
    companies = [{"name": f"Company {number:03d}"} for number in range(ACCOUNTS)]
    with running_org(SeedData(companies=companies), enforce_limits=False) as running:
        yield running


@pytest.fixture(autouse=True)
def _reset(org: RunningOrg) -> None:
    httpx.post(f"{org.url}/_sandbox/reset", trust_env=False).raise_for_status()
    body = {"page_size": 200}
    httpx.post(f"{org.url}/_sandbox/behaviour", json=body, trust_env=False).raise_for_status()


def run(org: RunningOrg, step: str) -> Any:
    """What one step of the script answers."""
    given = {
        "url": org.url,
        "clientId": org.app.client_id,
        "clientSecret": org.app.client_secret,
        "adminId": org.admin_app.client_id,
        "adminSecret": org.admin_app.client_secret,
        "username": org.login.username,
        "password": org.login.password + org.login.security_token,
        "refreshToken": org.org.tokens.refresh_token,
    }
    return node.run("salesforce.mjs", step, given)


def test_client_credentials(org: RunningOrg) -> None:
    """The grant opens the org at the address that the answer names; a wrong secret is an error."""
    found = run(org, "clientCredentials")

    assert found["instanceUrl"] == org.url
    assert found["username"] == org.login.username
    assert found["wrong"]["message"] == "invalid client credentials"


def test_soap_login(org: RunningOrg) -> None:
    """Up to version 64 a user name and password do; afterwards there is no such call."""
    found = run(org, "soapLogin")

    assert (found["total"], found["out"]) == (ACCOUNTS, None)
    assert "UNSUPPORTED_API_VERSION" in found["late"]["message"]


def test_an_expired_session_is_refreshed(org: RunningOrg) -> None:
    """The client sees the 401 and asks for a new token by its refresh token."""
    assert run(org, "expiredSession") == {"total": ACCOUNTS, "refreshed": 1}


def test_query_and_query_more(org: RunningOrg) -> None:
    """Pages follow each other to the end; parents are nested; an unknown field is named."""
    found = run(org, "query")

    assert (found["totalSize"], found["sizes"], found["fetched"]) == (
        ACCOUNTS, [200, 200, 50], ACCOUNTS,
    )  # fmt: skip
    assert found["first"]["attributes"]["type"] == "Account"
    assert found["first"]["Owner"]["Alias"]
    assert found["wrong"]["code"] == "INVALID_FIELD"


def test_describe(org: RunningOrg) -> None:
    """Fields, objects and versions."""
    found = run(org, "describe")

    assert {"Id", "Name", "Industry", "SystemModstamp"} <= set(found["fields"])
    assert {"Account", "Opportunity", "User"} <= set(found["objects"])
    assert "66.0" in found["versions"]


def test_collections(org: RunningOrg) -> None:
    """Each record has its own outcome; single records are made, read and deleted."""
    found = run(org, "collections")
    results = found["results"]

    assert [each["success"] for each in results] == [True, False, False]
    assert results[1]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert results[2]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert (found["made"]["success"], found["gone"]["success"]) == (True, True)
    assert found["rating"] == "Hot"


def test_tooling(org: RunningOrg) -> None:
    """A custom field is made once, and found."""
    found = run(org, "tooling")

    assert found["made"]["success"] is True
    assert found["made"]["id"].startswith("00N")
    assert found["again"]["code"] == "DUPLICATE_DEVELOPER_NAME"
    assert found["found"] == 1


def test_bulk_query(org: RunningOrg) -> None:
    """A query job's result comes in full."""
    found = run(org, "bulkQuery")

    assert found["count"] == ACCOUNTS
    assert set(found["first"]) == {"Id", "Name", "Rating"}


def test_bulk_load(org: RunningOrg) -> None:
    """Rows succeed and fail each for itself; ``#N/A`` clears, an empty cell leaves alone."""
    found = run(org, "bulkLoad")

    assert (found["done"], found["left"]) == (2, 0)
    assert [error.partition(":")[0] for error in found["failed"]] == ["STRING_TOO_LONG"]
    assert found["sites"][0] == 'a, "quoted"\nplace'
    assert found["ratings"] == ["Warm", None]
