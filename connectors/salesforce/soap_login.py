"""The SOAP login: the last way in for a password, offered up to version 64 only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from xml.sax.saxutils import escape

from connectors.errors import ConnectorError, MisconfiguredError, Problem, TransientError

PATH = "/services/Soap/u/64.0"
HEADERS = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"}
_USER = "ICP_SALESFORCE__USERNAME"
_FAULTS = {
    "INVALID_LOGIN": Problem(
        _USER,
        "user name, password or security token is wrong, or the user is locked out.",
        "Check them; the security token is new whenever the password is.",
    ),
    "LOGIN_MUST_USE_SECURITY_TOKEN": Problem(
        "ICP_SALESFORCE__SECURITY_TOKEN",
        "it is needed from this machine's address.",
        "Give it, or add the address to the profile's login IP ranges.",
    ),
    "PASSWORD_LOCKOUT": Problem(
        _USER, "the user is locked out.", "Unlock the user in Setup, or wait."
    ),
    "API_DISABLED_FOR_ORG": Problem(
        "Salesforce org", "its API is not enabled.", "Use an edition that includes the API."
    ),
    "UNSUPPORTED_API_VERSION": Problem(
        "ICP_SALESFORCE__PASSWORD",
        "this org no longer takes logins by password.",
        "Use an external client app with client credentials or a private key.",
    ),
}


@dataclass(frozen=True, slots=True)
class Login:
    """What a login gave."""

    session_id: str = field(repr=False)
    server_url: str
    identity: str


def request(username: str, password: str) -> bytes:
    """Write the envelope of a login."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
        '<n1:login xmlns:n1="urn:partner.soap.sforce.com">'
        f"<n1:username>{escape(username)}</n1:username>"
        f"<n1:password>{escape(password)}</n1:password>"
        "</n1:login></env:Body></env:Envelope>"
    ).encode()


def read(status: int, body: bytes) -> Login:
    """Read the answer.

    Raises:
        MisconfiguredError, TransientError: what it says is wrong.

    """
    text = body.decode("utf-8", "replace")
    session, server = _tagged(text, "sessionId"), _tagged(text, "serverUrl")
    if status == 200 and session and server:  # noqa: PLR2004
        return Login(session, server, _tagged(text, "userId"))
    raise _fault(status, text)


def _fault(status: int, text: str) -> ConnectorError:
    said = _tagged(text, "exceptionCode") or _tagged(text, "faultcode").rpartition(":")[2]
    if not re.fullmatch(r"[A-Z_]{1,60}", said) or said in {"SERVER_UNAVAILABLE", "UNKNOWN"}:
        return TransientError(f"Salesforce's login answered {status} without a session.")
    other = Problem("Salesforce login", f"it was refused ({said}).", "Check user and password.")
    return MisconfiguredError([_FAULTS.get(said, other)])


def _tagged(text: str, name: str) -> str:
    # A parser of XML would bring its own dangers for three words.
    found = re.search(rf"<(?:\w+:)?{name}>([^<]*)</", text)
    return unescape(found[1]).strip() if found else ""
