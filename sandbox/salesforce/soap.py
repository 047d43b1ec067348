"""SOAP login of the Partner API: what older clients do first. Gone from version 65 on."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from sandbox.gateway import Call, Reply
from sandbox.salesforce.auth import login_of
from sandbox.salesforce.identity import find_user, is_sandbox, organization_value, user_value
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route

SESSION_SECONDS: Final = 7_200
_OLDEST: Final = 31.0
_XML: Final = b"text/xml;charset=UTF-8"
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_VERSION: Final = re.compile(r"v?(\d+\.\d)")
_WRONG: Final = (
    "Invalid username, password, security token; or user locked out. "
    "Are you at the right url? https://login.salesforce.com for production, "
    "https://test.salesforce.com for sandbox."
)


class _Fault(Exception):  # noqa: N818 - what SOAP calls it
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def call_partner(org: Org, call: Call) -> Reply:
    """``POST /services/Soap/u/{number}``: ``login`` and ``logout``."""
    try:
        version = _supported(org, call.params["number"])
        operation = _operation(call.body)
        if operation.tag.endswith("}login"):
            body = _login(org, operation, version)
        else:
            body = _logout(org, call.body, operation)
    except _Fault as fault:
        return _fault(fault)
    return Reply(200, _envelope(body), [], _XML)


def _supported(org: Org, text: str) -> str:
    found = _VERSION.fullmatch(text)
    number = float(found.group(1)) if found else 0.0
    if not _OLDEST <= number <= org.tokens.policy.soap_last_version:
        message = "Invalid Api version specified on URL"
        if number > org.tokens.policy.soap_last_version:
            message = f"SOAP API login() is not available in API version {number}"
        raise _Fault("UNSUPPORTED_API_VERSION", message)
    return f"{number}"


def _operation(raw: bytes) -> ET.Element:
    # Entities are refused before parsing: nothing here needs them, and they can grow without end.
    # A zero byte is the mark of an encoding in which they would not be seen.
    if b"<!" in raw or b"\0" in raw:
        raise _Fault("UNKNOWN_EXCEPTION", "DTDs are not accepted")
    try:
        body = ET.fromstring(raw).find(f"{{{_SOAP}}}Body")  # noqa: S314 - no DTD, see above
    except ET.ParseError:
        body = None
    if body is None or not len(body):
        raise _Fault("UNKNOWN_EXCEPTION", "the body is no SOAP envelope")
    return body[0]


def _login(org: Org, operation: ET.Element, version: str) -> str:
    policy = org.tokens.policy
    if not policy.soap_login:
        raise _Fault("API_DISABLED_FOR_ORG", "SOAP API login is disabled for this organization")
    if policy.locked_out:
        raise _Fault("PASSWORD_LOCKOUT", _WRONG)
    given = {child.tag.rpartition("}")[2]: child.text or "" for child in operation}
    user_id = find_user(org, given.get("username", ""))
    if user_id is None or not org.tokens.has_password(user_id):
        raise _Fault("INVALID_LOGIN", _WRONG)
    login = login_of(org, user_id)
    if given.get("password") == login.password:
        raise _Fault("LOGIN_MUST_USE_SECURITY_TOKEN", _WRONG)
    if given.get("password") != login.password + login.security_token:
        raise _Fault("INVALID_LOGIN", _WRONG)
    return _granted(org, user_id, org.tokens.issue(user_id), version)


def _logout(org: Org, raw: bytes, operation: ET.Element) -> str:
    name = operation.tag.rpartition("}")[2]
    if name != "logout":
        raise _Fault("INVALID_OPERATION", f"{name} is not served here")
    header = ET.fromstring(raw).find(f"{{{_SOAP}}}Header")  # noqa: S314 - parsed before
    sessions = [] if header is None else [e for e in header.iter() if e.tag.endswith("sessionId")]
    if not sessions or not org.tokens.revoke(sessions[0].text or ""):
        raise _Fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
    return "<logoutResponse/>"


def _granted(org: Org, user_id: str, session_id: str, version: str) -> str:
    """The elements, and their order, as recorded from the real service."""
    site = f"{org.instance_url}/services/Soap"
    short = org.org_id[:15]
    seconds = org.tokens.policy.lifetime_seconds
    user = {
        "accessibilityMode": "false",
        "chatterExternal": "false",
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": "26214400",
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": "false",
        "orgHasPersonAccounts": str(org.behaviour.person_accounts).lower(),
        "organizationId": org.org_id,
        "organizationMultiCurrency": str(org.behaviour.multi_currency).lower(),
        "organizationName": organization_value(org, "Name"),
        "profileId": user_value(org, user_id, "ProfileId"),
        "roleId": None,
        "sessionSecondsValid": str(int(SESSION_SECONDS if seconds is None else seconds)),
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user_value(org, user_id, "Email"),
        "userFullName": user_value(org, user_id, "Name"),
        "userId": user_id,
        "userLanguage": user_value(org, user_id, "LanguageLocaleKey"),
        "userLocale": user_value(org, user_id, "LocaleSidKey"),
        "userName": user_value(org, user_id, "Username"),
        "userTimeZone": user_value(org, user_id, "TimeZoneSidKey"),
        "userType": user_value(org, user_id, "UserType"),
        "userUiSkin": "Theme3",
    }
    result = (
        _element("metadataServerUrl", f"{site}/m/{version}/{short}")
        + _element("passwordExpired", "false")
        + _element("sandbox", str(is_sandbox(org)).lower())
        + _element("serverUrl", f"{site}/u/{version}/{short}")
        + _element("sessionId", session_id)
        + _element("userId", user_id)
        + f"<userInfo>{''.join(_element(*pair) for pair in user.items())}</userInfo>"
    )
    return f"<loginResponse><result>{result}</result></loginResponse>"


def _element(name: str, value: str | None) -> str:
    return f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escape(value)}</{name}>"


def _envelope(body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns="urn:partner.soap.sforce.com" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def _fault(fault: _Fault) -> Reply:
    kind = "LoginFault" if fault.code in _LOGIN_FAULTS else "UnexpectedErrorFault"
    message = escape(f"{fault.code}: {fault}")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:sf="urn:fault.partner.soap.sforce.com" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>{fault.code}</faultcode><faultstring>{message}</faultstring>"
        f'<detail><sf:{kind} xsi:type="sf:{kind}">'
        f"<sf:exceptionCode>{fault.code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{escape(str(fault))}</sf:exceptionMessage>"
        f"</sf:{kind}></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    return Reply(500, body.encode(), [], _XML)


_LOGIN_FAULTS: Final = frozenset(
    {"INVALID_LOGIN", "LOGIN_MUST_USE_SECURITY_TOKEN", "PASSWORD_LOCKOUT"}
)

ROUTES: Final[list[Route]] = [
    Route("POST", "/services/Soap/u/{number}", call_partner, public=True),
    Route("POST", "/services/Soap/u/{number}/{org}", call_partner, public=True),
]
