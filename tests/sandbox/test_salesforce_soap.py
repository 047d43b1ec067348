"""SOAP login, as older clients still do it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.sandbox.conftest import OrgCaller

RECORDED = (
    "metadataServerUrl", "passwordExpired", "sandbox", "serverUrl", "sessionId", "userId",
    "userInfo",
)  # fmt: skip


def envelope(body: str, header: str = "") -> str:
    """A SOAP message around *body*."""
    return (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:urn="urn:partner.soap.sforce.com">'
        f"<env:Header>{header}</env:Header><env:Body>{body}</env:Body></env:Envelope>"
    )


def log_in(
    sf: OrgCaller, version: str = "64.0", user: str = "", password: str | None = None
) -> httpx.Response:
    """Log in as the integration user, unless told otherwise."""
    login = sf.running.login
    if password is None:
        password = login.password + login.security_token
    body = (
        f"<urn:login><urn:username>{user or login.username}</urn:username>"
        f"<urn:password>{password}</urn:password></urn:login>"
    )
    headers = {"SOAPAction": "login", "Content-Type": "text/xml"}
    return sf.http.post(f"/services/Soap/u/{version}", content=envelope(body), headers=headers)


def fault(answer: httpx.Response) -> str:
    """The code of a fault."""
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/xml")
    [code] = re.findall(r"<sf:exceptionCode>(\w+)</sf:exceptionCode>", answer.text)
    assert f"<faultcode>{code}</faultcode>" in answer.text
    return str(code)


def result(answer: httpx.Response) -> dict[str, str]:
    """The result of a login by element name, in order."""
    assert answer.status_code == 200, answer.text
    [found] = ET.fromstring(answer.content).iter("{urn:partner.soap.sforce.com}result")  # noqa: S314 - ours
    return {child.tag.rpartition("}")[2]: child.text or "" for child in found}


def test_login_answers_as_recorded(sf: OrgCaller) -> None:
    """Session, server address and user, in the order of the real answer."""
    found = result(log_in(sf))

    assert tuple(found) == RECORDED
    assert found["serverUrl"] == f"{sf.url}/services/Soap/u/64.0/{sf.org.org_id[:15]}"
    assert found["userId"] == sf.org.integration_user
    assert sf("GET", "limits", token=found["sessionId"]).status_code != 401


@pytest.mark.parametrize("version", ["65.0", "66.0", "20.0", "x"])
def test_versions_without_login(sf: OrgCaller, version: str) -> None:
    """Login ended with version 64."""
    assert fault(log_in(sf, version)) == "UNSUPPORTED_API_VERSION"


def test_the_last_version_can_be_moved(sf: OrgCaller) -> None:
    """After Summer '27 no version has it."""
    sf.behave(soap_last_version=30)
    assert fault(log_in(sf, "59.0")) == "UNSUPPORTED_API_VERSION"


def test_wrong_logins_have_their_codes(sf: OrgCaller) -> None:
    """A password without its security token is told apart, for a person to mend."""
    assert fault(log_in(sf, password="wrong")) == "INVALID_LOGIN"  # noqa: S106 - on purpose
    assert fault(log_in(sf, user="nobody@acme.example")) == "INVALID_LOGIN"
    without = log_in(sf, password=sf.running.login.password)
    assert fault(without) == "LOGIN_MUST_USE_SECURITY_TOKEN"
    sf.behave(locked_out=True)
    assert fault(log_in(sf)) == "PASSWORD_LOCKOUT"
    sf.behave(locked_out=False, soap_login=False)
    assert fault(log_in(sf)) == "API_DISABLED_FOR_ORG"


def test_logout_ends_the_session(sf: OrgCaller) -> None:
    """The session in the header is dead afterwards."""
    session = result(log_in(sf))["sessionId"]
    header = f"<urn:SessionHeader><urn:sessionId>{session}</urn:sessionId></urn:SessionHeader>"
    path = "/services/Soap/u/64.0"
    message = envelope("<urn:logout/>", header)

    assert sf.http.post(path, content=message).status_code == 200
    assert sf("GET", "limits", token=session).status_code == 401
    assert fault(sf.http.post(path, content=message)) == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "<a/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        envelope("<urn:merge/>"),
        "<a/>".encode("utf-16"),
    ],
)
def test_other_messages_are_faults(sf: OrgCaller, body: str | bytes) -> None:
    """What is no login is refused, entities among it."""
    assert sf.http.post("/services/Soap/u/64.0", content=body).status_code == 500
