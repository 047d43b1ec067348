"""Getting a token, by any of the ways that Salesforce still has.

A way to log in (:class:`ClientCredentials` and its siblings) knows what to ask and how to read the
answer. :class:`Tokens` asks, once for all threads, and keeps what it got. Secrets are in neither
messages nor representations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
import structlog

from connectors.errors import MisconfiguredError, Problem
from connectors.json_text import loads
from connectors.salesforce import login_faults, soap_login
from connectors.salesforce.addresses import audience_of, instance_address, login_address

log = structlog.get_logger(__name__)

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
ASSERTION_LIFE = timedelta(minutes=3)  # Salesforce takes a few minutes at most
CLOCK_ERROR = timedelta(minutes=1)  # from which on it may be why an assertion was refused


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and the instance that it opens."""

    access_token: str = field(repr=False)
    instance_url: str
    identity: str = ""  # the address that names org and user, where the answer has it

    @property
    def user_id(self) -> str:
        """The id of the user that the token belongs to, or nothing."""
        last = self.identity.rpartition("/")[2]
        return last if last.startswith("005") and last.isalnum() and len(last) in {15, 18} else ""


@dataclass(frozen=True, slots=True)
class TokenReply:
    """What came back when a token was asked for, with the server's time where it told it."""

    status: int
    body: bytes = field(repr=False)
    told: datetime | None = None


class Post(Protocol):
    """Sends one request for a token."""

    def __call__(
        self, url: str, body: bytes | Mapping[str, str], headers: Mapping[str, str]
    ) -> TokenReply:
        """Answer with whatever came back.

        Raises:
            TransientError: nothing came back.

        """


class Credentials(Protocol):
    """A way to log in."""

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:
        """Ask for a token.

        Args:
            post: sends the request.
            now: local time.
            stale: the token that is no longer taken; ``None`` for the first.

        Raises:
            MisconfiguredError: with the remedy.
            TransientError: asking again may help.

        """


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An external client app's own key and secret; the app names the user it runs as.

    Args:
        login_url: the org's My Domain; the shared login hosts refuse this way.
        basic: send the secret in a header and not in the form.

    """

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)
    basic: bool = False

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:  # noqa: ARG002 - the protocol's
        """Ask with key and secret."""
        url = login_address(self.login_url, shared=False)
        form = {"grant_type": "client_credentials"}
        headers = {}
        if self.basic:
            headers["Authorization"] = login_faults.basic(self.client_id, self.client_secret)
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return read_grant(post(url + TOKEN_PATH, form, headers))


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """An app's key and a private key whose certificate the app holds; no secret is shared.

    Args:
        login_url: the production or sandbox login host, or the org's My Domain.
        username: the user to run as, approved for the app beforehand.
        private_key: PEM text of an RSA key.
        audience: for a My Domain: the login host it belongs to.

    """

    login_url: str
    client_id: str
    username: str
    private_key: str = field(repr=False)
    audience: str | None = None

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:  # noqa: ARG002 - the protocol's
        """Ask with a signed assertion; once more by Salesforce's clock if ours is off."""
        url = login_address(self.login_url)
        reply = post(url + TOKEN_PATH, self._form(url, now), {})
        late = reply.told is not None and abs(reply.told - now) > CLOCK_ERROR
        if reply.told is not None and late and 400 <= reply.status < 500:  # noqa: PLR2004
            reply = post(url + TOKEN_PATH, self._form(url, reply.told), {})
        return read_grant(reply)

    def _form(self, url: str, now: datetime) -> dict[str, str]:
        claims: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience or audience_of(url),
            "exp": int((now + ASSERTION_LIFE).timestamp()),
        }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": signed(claims, self.private_key),
        }


class RefreshToken:
    """A refresh token that somebody's consent once gave.

    Args:
        login_url: the host that gave it, or the org's My Domain.
        client_id: the app's key.
        refresh_token: the newest one known.
        client_secret: where the app asks for it.
        on_rotated: given every new refresh token, before the access token that came with it is
            used; the old one may be void from then on, so keep it on disk.

    """

    def __init__(
        self,
        login_url: str,
        client_id: str,
        refresh_token: str,
        client_secret: str = "",
        on_rotated: Callable[[str], None] | None = None,
    ) -> None:
        self.login_url = login_url
        self.client_id = client_id
        self._token = refresh_token
        self._secret = client_secret
        self._on_rotated = on_rotated

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:  # noqa: ARG002 - the protocol's
        """Ask with the newest refresh token, and hand on the one that replaces it."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._token,
            "client_id": self.client_id,
        }
        if self._secret:
            form["client_secret"] = self._secret
        reply = post(login_address(self.login_url) + TOKEN_PATH, form, {})
        grant = read_grant(reply)
        data = loads(reply.body)
        newer = data.get("refresh_token") if isinstance(data, dict) else None
        if isinstance(newer, str) and newer and newer != self._token:
            self._token = newer
            if self._on_rotated is not None:
                self._on_rotated(newer)
            else:
                log.warning("refresh_token_rotated", kept=False)
        return grant


@dataclass(frozen=True, slots=True)
class ExistingSession:
    """An access token from elsewhere, which nobody here can renew."""

    instance_url: str
    access_token: str = field(repr=False)

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:  # noqa: ARG002 - the protocol's
        """Hand out the token, once.

        Raises:
            MisconfiguredError: it is no longer taken.

        """
        if stale is not None:
            raise MisconfiguredError([login_faults.SESSION_OVER])
        return Grant(self.access_token, instance_address(self.instance_url))


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """A person's password, sent as it is: a way that Salesforce is closing.

    https://help.salesforce.com/s/articleView?id=005132110&type=1
    """

    login_url: str
    username: str
    password: str = field(repr=False)
    security_token: str = field(default="", repr=False)

    def grant(self, post: Post, now: datetime, stale: str | None) -> Grant:  # noqa: ARG002 - the protocol's
        """Log in by SOAP, which is the only way that takes a password and no app."""
        log.warning(
            "password_login_used", ends="Summer '27", remedy=login_faults.PASSWORD_WARNING.remedy
        )
        url = login_address(self.login_url)
        body = soap_login.request(self.username, self.password + self.security_token)
        reply = post(url + soap_login.PATH, body, soap_login.HEADERS)
        found = soap_login.read(reply.status, reply.body)
        return Grant(found.session_id, instance_address(found.server_url), found.identity)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a person should know about this way."""
        return (login_faults.PASSWORD_WARNING,)


class Tokens:
    """One token for all threads: asked for once, kept, renewed once when it is refused.

    Args:
        credentials: the way to log in.
        post: sends a request for a token.
        retrying: runs an operation until it succeeds or patience ends.
        clock: local time.

    """

    def __init__(
        self,
        credentials: Credentials,
        post: Post,
        retrying: Callable[[Callable[[int], Grant]], Grant],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials
        self._post = post
        self._retrying = retrying
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Grant | None = None

    def token(self) -> Grant:
        """Return the token in use; the first call asks for it."""
        with self._lock:
            if self._kept is None:
                self._kept = self._ask(None)
            return self._kept

    def renew(self, stale: str) -> Grant:
        """Return another token than *stale*; threads that come with the same one ask once."""
        with self._lock:
            if self._kept is None or self._kept.access_token == stale:
                self._kept = self._ask(stale)
            return self._kept

    def _ask(self, stale: str | None) -> Grant:
        return self._retrying(
            lambda _attempt: self._credentials.grant(self._post, self._clock(), stale)
        )


def read_grant(reply: TokenReply) -> Grant:
    """Read the answer of the token endpoint.

    Raises:
        MisconfiguredError, TransientError: what it says is wrong.

    """
    data = loads(reply.body)
    if reply.status == 200 and isinstance(data, dict):  # noqa: PLR2004
        token, instance = data.get("access_token"), data.get("instance_url")
        if isinstance(token, str) and token and isinstance(instance, str):
            return Grant(token, instance_address(instance), str(data.get("id") or ""))
    raise login_faults.token_fault(reply.status, data)


def signed(claims: Mapping[str, Any], private_key: str) -> str:
    """Sign an assertion.

    Raises:
        MisconfiguredError: the key is not an RSA key in PEM form.

    """
    try:
        return jwt.encode(dict(claims), private_key, algorithm="RS256")
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError):  # the third: a public key
        pass  # raised below, so that nothing that has seen the key is chained
    raise MisconfiguredError([login_faults.BAD_KEY])
