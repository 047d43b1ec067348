"""OAuth as external client apps use it: tokens by grants, introspection, revocation, identity."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import jwt

from sandbox.gateway import Call, Reply
from sandbox.salesforce import soap
from sandbox.salesforce.auth import App, login_of
from sandbox.salesforce.errors import ApiError, TokenError
from sandbox.salesforce.identity import find_user, identity, is_sandbox, userinfo
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route

_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOGIN_HOSTS: Final = frozenset({"login.salesforce.com", "test.salesforce.com"})
_LOGINS: Final = {False: "https://login.salesforce.com", True: "https://test.salesforce.com"}
_SCOPES: Final = "api id refresh_token"

_UNKNOWN_CLIENT: Final = ("invalid_client_id", "client identifier invalid")
_WRONG_SECRET: Final = ("invalid_client", "invalid client credentials")


def token(org: Org, call: Call) -> Reply:
    """``POST /services/oauth2/token``."""
    form = _form(call)
    policy = org.tokens.policy
    if policy.refuse_tokens is not None:
        raise TokenError("invalid_grant", policy.refuse_tokens)
    grants = {
        "client_credentials": _by_client_credentials,
        _JWT: _by_assertion,
        "refresh_token": _by_refresh_token,
        "password": _by_password,
    }
    grant = grants.get(form.get("grant_type", ""))
    if grant is None:
        raise TokenError("unsupported_grant_type", "grant type not supported")
    return Reply(200, grant(org, call, form))


def _by_client_credentials(org: Org, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
    host = call.headers.get(b"host", b"").decode("latin-1").partition(":")[0].lower()
    if host in _LOGIN_HOSTS:
        raise TokenError("invalid_grant", "request not supported on this domain")
    app = _client(org, call, form)
    if not org.tokens.policy.client_credentials_user:
        raise TokenError("invalid_grant", "no client credentials user enabled")
    return _granted(org, app, app.run_as, signed=True)


def _by_assertion(org: Org, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
    del call
    assertion = form.get("assertion", "")
    try:
        unproven = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise TokenError("invalid_grant", "invalid assertion") from None
    app = org.tokens.app_of(str(unproven.get("iss", "")))
    if app is None:
        raise TokenError(*_UNKNOWN_CLIENT)
    claims = _proven(org, assertion)
    _check_audience(org, claims.get("aud"))
    _check_expiry(org, claims.get("exp"))
    user_id = find_user(org, str(claims.get("sub", "")))
    policy = org.tokens.policy
    if user_id is None or not policy.users_approved:
        raise TokenError("invalid_grant", policy.approval_missing)
    return _granted(org, app, user_id, signed=False)


def _by_refresh_token(org: Org, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
    app = _client(org, call, form, secret_optional=True)
    old = form.get("refresh_token", "")
    user_id = org.tokens.refreshed(old, app.client_id)
    if user_id is None:
        raise TokenError("invalid_grant", "expired access/refresh token")
    body = _granted(org, app, user_id, signed=True)
    if org.tokens.policy.rotate_refresh_tokens:
        body["refresh_token"] = org.tokens.rotate(old)
    return body


def _by_password(org: Org, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
    app = _client(org, call, form)
    failure = TokenError("invalid_grant", "authentication failure")
    if not org.tokens.policy.password_grant:
        raise failure
    user_id = find_user(org, form.get("username", ""))
    if user_id is None or not org.tokens.has_password(user_id):
        raise failure
    login = login_of(org, user_id)
    if form.get("password") not in {login.password, login.password + login.security_token}:
        raise failure
    return _granted(org, app, user_id, signed=True)


def _client(org: Org, call: Call, form: Mapping[str, str], *, secret_optional: bool = False) -> App:
    """The app that asks, by its secret in HTTP Basic or in the form."""
    client_id, secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
    app = org.tokens.app_of(client_id)
    if app is None:
        raise TokenError(*_UNKNOWN_CLIENT)
    if not secret and secret_optional:
        return app
    if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise TokenError(*_WRONG_SECRET)
    return app


def _basic(call: Call) -> tuple[str, str] | None:
    kind, _, encoded = call.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenError(*_WRONG_SECRET) from None
    if not colon:
        raise TokenError(*_WRONG_SECRET)
    return name, secret


def _proven(org: Org, assertion: str) -> dict[str, Any]:
    """The claims, once the certificate on the app has shown who signed them."""
    options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion, org.tokens.certificate_key, algorithms=["RS256"], options=options
        )
    except jwt.PyJWTError:
        raise TokenError("invalid_grant", "invalid assertion") from None
    return claims


def _check_audience(org: Org, audience: Any) -> None:
    site = org.instance_url
    accepted = {_LOGINS[is_sandbox(org)], site}
    given = audience if isinstance(audience, list) else [audience]
    if not any(
        str(each).rstrip("/") in accepted or str(each).endswith(".my.salesforce.com")
        for each in given
    ):
        raise TokenError("invalid_grant", "audience is invalid")


def _check_expiry(org: Org, expiry: Any) -> None:
    """Seconds, as a number or as text: clients send either.

    Judged by real time, as clients make it: the record clock may be anywhere.
    """
    text = str(expiry)
    now = time.time()
    if not text.isdigit() or int(text) <= now:
        raise TokenError("invalid_grant", "expired authorization code")
    if int(text) > now + org.tokens.policy.latest_expiry_seconds:
        raise TokenError("invalid_grant", "invalid assertion")


def _granted(org: Org, app: App, user_id: str, *, signed: bool) -> dict[str, Any]:
    """A new session; assertions are answered without the signature and the time."""
    body: dict[str, Any] = {
        "access_token": org.tokens.issue(user_id, app.client_id),
        "scope": _SCOPES,
        "instance_url": org.instance_url,
        "id": f"{org.instance_url}/id/{org.org_id}/{user_id}",
        "token_type": "Bearer",
    }
    if signed:
        issued_at = str(org.now_ms())
        proof = f"{body['id']}{issued_at}".encode()
        signature = hmac.new(app.client_secret.encode(), proof, hashlib.sha256).digest()
        body |= {"issued_at": issued_at, "signature": base64.b64encode(signature).decode()}
    return body


def revoke(org: Org, call: Call) -> Reply:
    """``POST /services/oauth2/revoke``: by access or refresh token."""
    text = _form(call).get("token", "") or call.one("token") or ""
    if not org.tokens.revoke(text):
        raise TokenError("invalid_token", "invalid token")
    return Reply(200, b"")


def introspect(org: Org, call: Call) -> Reply:
    """``POST /services/oauth2/introspect``."""
    form = _form(call)
    app = _client(org, call, form)
    session = org.tokens.session(form.get("token", ""))
    if session is None or session.client_id != app.client_id:
        return Reply(200, {"active": False})
    issued = session.issued_ms // 1000
    lifetime = org.tokens.policy.lifetime_seconds
    body = {
        "active": True,
        "scope": _SCOPES,
        "client_id": app.client_id,
        "username": identity(org, session.user_id)["username"],
        "sub": f"{org.instance_url}/id/{org.org_id}/{session.user_id}",
        "token_type": "access_token",
        "exp": issued + int(soap.SESSION_SECONDS if lifetime is None else lifetime),
        "iat": issued,
        "nbf": issued,
    }
    return Reply(200, body)


def who_am_i(org: Org, call: Call) -> Reply:
    """``GET /services/oauth2/userinfo``."""
    return Reply(200, userinfo(org, call.user))


def who_is(org: Org, call: Call) -> Reply:
    """``GET /id/{org}/{user}``: the address that token answers give as ``id``."""
    if call.params["user"] != call.user or call.params["org"] != org.org_id:
        raise ApiError(403, "FORBIDDEN", "Bad_Id")
    return Reply(200, identity(org, call.user))


def _form(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


ROUTES: Final[list[Route]] = [
    Route("POST", "/services/oauth2/token", token, public=True),
    Route("POST", "/services/oauth2/revoke", revoke, public=True),
    Route("POST", "/services/oauth2/introspect", introspect, public=True),
    Route("GET", "/services/oauth2/userinfo", who_am_i, counted=False),
    Route("POST", "/services/oauth2/userinfo", who_am_i, counted=False),
    Route("GET", "/id/{org}/{user}", who_is, counted=False),
    *soap.ROUTES,
]
