"""The unmodified Python client logs in to the sandbox in every way that it knows.

It always speaks https to Salesforce's names, so an adapter sends its calls to the loopback: the
``Host`` header still says whom it meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)

from tests.sandbox.conftest import OrgCaller

VERSION = "66.0"


class OriginAdapter(HTTPAdapter):
    """Sends what was meant for Salesforce to another origin."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = urlsplit(origin)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Rewrite the address, then send."""
        meant = urlsplit(request.url or "")
        request.headers["Host"] = str(meant.netloc)
        there = (self._origin.scheme, self._origin.netloc, str(meant.path), str(meant.query), "")
        request.url = urlunsplit(there)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(sf: OrgCaller) -> Iterator[requests.Session]:
    """A session whose https calls reach the sandbox."""
    with requests.Session() as made:
        made.trust_env = False
        made.mount("https://", OriginAdapter(sf.url))
        yield made


def works(client: Any) -> bool:
    """Whether the client can ask something."""
    return bool(client.query("SELECT COUNT() FROM Account")["totalSize"])


def test_client_credentials(sf: OrgCaller, session: requests.Session) -> None:
    """Key and secret, at My Domain."""
    app = sf.running.app
    client = Salesforce(
        consumer_key=app.client_id, consumer_secret=app.client_secret, domain="acme.my",
        version=VERSION, session=session,
    )  # fmt: skip
    assert works(client)
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(
            consumer_key=app.client_id, consumer_secret="wrong", domain="acme.my",  # noqa: S106 - on purpose
            version=VERSION, session=session,
        )  # fmt: skip


def test_jwt_bearer(sf: OrgCaller, session: requests.Session, tmp_path: Path) -> None:
    """A user name and the app's private key, at the login host; ``exp`` goes out as text."""
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(sf.org.tokens.private_key)
    options: dict[str, Any] = {
        "username": sf.running.login.username, "consumer_key": sf.running.app.client_id,
        "privatekey_file": str(key_file), "version": VERSION, "session": session,
    }  # fmt: skip
    assert works(Salesforce(**options))
    with pytest.raises(SalesforceAuthenticationFailed, match="audience is invalid"):
        Salesforce(**options, domain="test")
    sf.behave(users_approved=False, approval_missing="user is not admin approved")
    with pytest.raises(SalesforceAuthenticationFailed, match="user is not admin approved"):
        Salesforce(**options)


def test_soap_login(sf: OrgCaller, session: requests.Session) -> None:
    """Password and security token up to version 64; then the call is gone."""
    login = sf.running.login
    options: dict[str, Any] = {
        "username": login.username, "password": login.password,
        "security_token": login.security_token, "session": session,
    }  # fmt: skip
    client = Salesforce(**options, version="59.0")
    assert client.sf_instance == urlsplit(sf.url).netloc
    assert works(client)
    with pytest.raises(SalesforceAuthenticationFailed) as late:
        Salesforce(**options, version="66.0")
    assert late.value.code == "UNSUPPORTED_API_VERSION"
    with pytest.raises(SalesforceAuthenticationFailed) as wrong:
        Salesforce(**{**options, "security_token": "wrong"}, version="59.0")
    assert wrong.value.code == "INVALID_LOGIN"


def test_password_grant(sf: OrgCaller, session: requests.Session) -> None:
    """Refused as in today's orgs, unless it is switched on."""
    login, app = sf.running.login, sf.running.app
    options: dict[str, Any] = {
        "username": login.username, "password": login.password + login.security_token,
        "consumer_key": app.client_id, "consumer_secret": app.client_secret,
        "version": VERSION, "session": session,
    }  # fmt: skip
    with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
        Salesforce(**options)
    sf.behave(password_grant=True)
    assert works(Salesforce(**options))


@pytest.fixture
def client(sf: OrgCaller, session: requests.Session) -> Any:
    """The client with a token that came from elsewhere."""
    return Salesforce(
        session_id=sf.token, instance_url="https://acme.my.salesforce.com", version=VERSION,
        session=session,
    )  # fmt: skip


def test_an_existing_session(sf: OrgCaller, client: Any) -> None:
    """It works until it ends, and then says so."""
    assert works(client)
    assert client.api_usage["api-usage"].used > 0
    sf.control("POST", "tokens", {"expire_all": True})
    with pytest.raises(SalesforceExpiredSession):
        works(client)


def test_an_expired_session_is_renewed(sf: OrgCaller, session: requests.Session) -> None:
    """A client that knows how logs in again by itself."""
    app = sf.running.app
    client = Salesforce(
        consumer_key=app.client_id, consumer_secret=app.client_secret, domain="acme.my",
        version=VERSION, session=session,
    )  # fmt: skip
    before = client.session_id
    sf.control("POST", "tokens", {"expire_all": True})
    assert works(client)
    assert client.session_id != before


def test_describe_and_records(client: Any) -> None:
    """The describe call, one record read and written, and the same by collections."""
    fields = {field["name"] for field in client.Account.describe()["fields"]}
    assert {"Id", "Name", "Industry"} <= fields
    first, second = [r["Id"] for r in client.query("SELECT Id FROM Account LIMIT 2")["records"]]
    assert client.Account.update(first, {"Rating": "Hot"}) == 204
    assert client.Account.get(first)["Rating"] == "Hot"
    body = {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Account"}, "id": first, "Rating": None},
            {"attributes": {"type": "Account"}, "id": second, "Name": "x" * 300},
        ],
    }
    found: Any = client.restful("composite/sobjects", method="PATCH", json=body)
    assert [each["success"] for each in found] == [True, False]
    assert "id" not in found[1]
    assert client.Account.get(first)["Rating"] is None
    with pytest.raises(SalesforceMalformedRequest):
        client.Account.update(first, {"Magic__c": 1})


def test_tooling(sf: OrgCaller, client: Any, session: requests.Session) -> None:
    """The administrator makes a field; the integration user may not."""
    field = {"FullName": "Account.Probe__c", "Metadata": {"label": "Probe", "type": "Date"}}
    with pytest.raises(SalesforceRefusedRequest):
        client.toolingexecute("sobjects/CustomField", "POST", field)
    admin = Salesforce(
        session_id=sf.admin_token, instance_url="https://acme.my.salesforce.com", version=VERSION,
        session=session,
    )  # fmt: skip
    made: Any = admin.toolingexecute("sobjects/CustomField", "POST", field)
    assert made["success"] is True
    found: Any = admin.toolingexecute("query?q=SELECT+Id+FROM+CustomField+LIMIT+1", "GET")
    assert found["entityTypeName"] == "CustomField"
