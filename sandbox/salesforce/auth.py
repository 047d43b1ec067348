"""Who may call: connected apps, users' passwords, and the sessions that tokens stand for."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_WORD: Final = string.ascii_letters + string.digits
_TOKEN_WORD: Final = _WORD + "._"


@dataclass(slots=True)
class Policy:
    """Switches of the org's login policies; every one can be set while the sandbox runs."""

    lifetime_seconds: float | None = None  # real time; every session ends this long after its start
    calls_per_token: int | None = None  # a session ends after this many calls
    password_grant: bool = False  # OAuth username-password: off in every new org
    soap_login: bool = True  # Setup, "Allow SOAP login": off in new orgs
    soap_last_version: float = 64.0
    rotate_refresh_tokens: bool = False
    client_credentials_user: bool = True  # the app has a run-as user
    users_approved: bool = True  # "Admin approved users are pre-authorized", and the user is
    approval_missing: str = "user hasn't approved this consumer"
    locked_out: bool = False  # too many wrong passwords
    latest_expiry_seconds: int = 300  # how far ahead the ``exp`` of an assertion may lie
    refuse_tokens: str | None = None  # refuse every token request with this description

    def check(self, body: Mapping[str, Any]) -> None:
        """Refuse values of the wrong type.

        Raises:
            ValueError: all of them.
        """
        wrong = [
            name
            for name, value in body.items()
            if not isinstance(value, _KINDS.get(name, (bool,)))
            or (isinstance(value, bool) and name in _KINDS)
        ]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} has the wrong type")

    def change(self, body: Mapping[str, Any]) -> None:
        """Set the switches that *body* names, which :meth:`check` let through."""
        for name, value in body.items():
            setattr(self, name, value)

    def describe(self) -> dict[str, Any]:
        """All switches as they stand."""
        return asdict(self)


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "lifetime_seconds": (int, float, type(None)),
    "calls_per_token": (int, type(None)),
    "soap_last_version": (int, float),
    "approval_missing": (str,),
    "latest_expiry_seconds": (int,),
    "refuse_tokens": (str, type(None)),
}
SWITCHES: Final = frozenset(each.name for each in fields(Policy))


@dataclass(frozen=True, slots=True)
class App:
    """An external client app: its key and secret, and whom it runs as without a user."""

    client_id: str
    client_secret: str
    run_as: str


@dataclass(slots=True)
class Session:
    """What one access token stands for."""

    user_id: str
    client_id: str
    issued_ms: int
    started: float = field(default_factory=time.monotonic)
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Login:
    """A user's name and secrets, for the password flows."""

    user_id: str
    username: str
    password: str
    security_token: str


class Tokens:
    """Apps, passwords and live sessions of one org. What exists at the start follows the seed."""

    def __init__(
        self, seed: int, org_id: str, now_ms: Callable[[], int], *, integration: str, admin: str
    ) -> None:
        """Take the ids of the two seeded users: the app of the run acts as *integration*."""
        chooser = random.Random(f"apps:{seed}")  # noqa: S311 - reproducible by design
        self._seed = seed
        self._org_id = org_id
        self._now_ms = now_ms
        self.app = _app(chooser, integration)
        self.admin_app = _app(chooser, admin)
        self._passwords = {
            user_id: (_pick(chooser, 12), _pick(chooser, 24)) for user_id in (integration, admin)
        }
        self.reset()

    def reset(self) -> None:
        """Back to the start: two sessions, one refresh token, policies of a new org."""
        self._chooser = random.Random(f"tokens:{self._seed}")  # noqa: S311 - likewise
        self.policy = Policy()
        self._sessions: dict[str, Session] = {}
        self._refresh: dict[str, tuple[str, str]] = {}
        self.default = self.issue(self.app.run_as, self.app.client_id)
        self.admin = self.issue(self.admin_app.run_as, self.admin_app.client_id)
        self.refresh_token = self.issue_refresh(self.app.run_as, self.app.client_id)

    # -- apps and keys ---------------------------------------------------------------------------

    def app_of(self, client_id: str) -> App | None:
        """The app with this consumer key."""
        apps = (self.app, self.admin_app)
        return next((app for app in apps if app.client_id == client_id), None)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        # Made when first asked for: it takes a tenth of a second and most tests need none.
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def private_key(self) -> bytes:
        """The key pair's private half as PEM; its certificate was uploaded to both apps."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_key(self) -> rsa.RSAPublicKey:
        """The public key of the certificate on the apps."""
        return self._key.public_key()

    def secrets(self, user_id: str) -> tuple[str, str]:
        """Password and security token of a user; ``KeyError`` for those who have none."""
        return self._passwords[user_id]

    def has_password(self, user_id: str) -> bool:
        """Only the two seeded users do."""
        return user_id in self._passwords

    # -- sessions --------------------------------------------------------------------------------

    def issue(self, user_id: str, client_id: str = "", token: str | None = None) -> str:
        """A new session of *user_id*; the text of its token is made up unless given."""
        token = token or f"{self._org_id[:15]}!AQ{_pick(self._chooser, 94, _TOKEN_WORD)}"
        self._sessions[token] = Session(user_id, client_id, self._now_ms())
        return token

    def session(self, token: str) -> Session | None:
        """The live session behind *token*."""
        session = self._sessions.get(token)
        if session is None:
            return None
        policy = self.policy
        lifetime, calls = policy.lifetime_seconds, policy.calls_per_token
        old = lifetime is not None and time.monotonic() - session.started >= lifetime
        if old or (calls is not None and session.calls >= calls):
            del self._sessions[token]
            return None
        return session

    def use(self, token: str) -> str | None:
        """The user who calls with *token*, and one call more on its session; ``None``: refused."""
        session = self.session(token)
        if session is None:
            return None
        session.calls += 1
        return session.user_id

    def expire(self, token: str) -> None:
        """End one session, as time would."""
        self._sessions.pop(token, None)

    def expire_all(self) -> int:
        """End every session; says how many there were."""
        count = len(self._sessions)
        self._sessions.clear()
        return count

    def revoke(self, token: str) -> bool:
        """Log out: sessions that the same user has through the same app end with it."""
        if token in self._refresh:
            owner = self._refresh.pop(token)
        elif (session := self.session(token)) is not None:
            owner = (session.user_id, session.client_id)
        else:
            return False
        self._sessions = {
            text: each
            for text, each in self._sessions.items()
            if (each.user_id, each.client_id) != owner
        }
        return True

    # -- refresh tokens --------------------------------------------------------------------------

    def issue_refresh(self, user_id: str, client_id: str) -> str:
        """A refresh token, as an interactive consent would have given."""
        token = f"5Aep861{_pick(self._chooser, 80, _TOKEN_WORD)}"
        self._refresh[token] = (user_id, client_id)
        return token

    def refreshed(self, token: str, client_id: str) -> str | None:
        """Whose refresh token it is; ``None`` for an unknown one or another app's."""
        user_id, owner = self._refresh.get(token, ("", ""))
        return user_id if user_id and owner == client_id else None

    def rotate(self, token: str) -> str:
        """Another refresh token in the place of *token*, which is worth nothing from now on."""
        return self.issue_refresh(*self._refresh.pop(token))


def login_of(org: Org, user_id: str) -> Login:
    """What one of the two seeded users logs in with."""
    users = org.objects["user"]
    record = users.get(user_id)
    username = None if record is None else users.value(record, "Username")
    return Login(user_id, username or "", *org.tokens.secrets(user_id))


def _app(chooser: random.Random, run_as: str) -> App:
    secret = f"{chooser.getrandbits(256):064X}"
    return App(f"3MVG9{_pick(chooser, 80, _TOKEN_WORD)}", secret, run_as)


def _pick(chooser: random.Random, length: int, letters: str = _WORD) -> str:
    return "".join(chooser.choices(letters, k=length))
