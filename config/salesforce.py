"""How to reach a Salesforce org: addresses, the ways to log in, and what is special about it.

Which way is taken follows from what is given: the first of :data:`LOGINS` that is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from config.access import Access
from config.conditions import Part
from config.origins import InstanceUrl, LoginUrl, Origin
from config.scalars import Between, Flag, Text, shown, wrong
from config.schedule import Interval

API_VERSION: Final = "66.0"
BULK_DEADLINE: Final = timedelta(minutes=30)
_OLDEST_VERSION: Final = 61  # list views can be made by plain REST since
_NEWEST_VERSION: Final = 99
_VERSION: Final = re.compile(r"([0-9]{2,3})(?:\.0)?")
_NAMESPACE: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_LONGEST_NAMESPACE: Final = 15


def _api_version(value: object) -> str:
    """Read ``66.0``; YAML makes a number of it, and people write ``v66.0``."""
    text = value.strip() if isinstance(value, str) else str(value)
    match = _VERSION.fullmatch(text) if not isinstance(value, bool) else None
    if match is None:
        raise wrong(f"{shown(value)} is not an API version.", f"Write it as {API_VERSION}.")
    if not _OLDEST_VERSION <= int(match[1]) <= _NEWEST_VERSION:
        raise wrong(
            f"{shown(value)} cannot be used: list views need {_OLDEST_VERSION}.0 or later.",
            f"Leave it out to use {API_VERSION}, which every org has.",
        )
    return f"{match[1]}.0"


def _namespace(value: object) -> str:
    """Read the namespace of a managed package or a developer org, without its underscores."""
    text = value.strip().removesuffix("__") if isinstance(value, str) else ""
    if not _NAMESPACE.fullmatch(text) or len(text) > _LONGEST_NAMESPACE:
        raise wrong(
            f"{shown(value)} is not a namespace.",
            f"Use up to {_LONGEST_NAMESPACE} letters, digits and single _, beginning with a"
            " letter.",
        )
    return text


ApiVersion: TypeAlias = Annotated[
    str,
    BeforeValidator(_api_version),
    WithJsonSchema({"type": ["string", "number"], "examples": [API_VERSION]}),
]
Namespace: TypeAlias = Annotated[
    str, BeforeValidator(_namespace), WithJsonSchema({"type": "string", "maxLength": 15})
]
DuplicateRule: TypeAlias = Literal["allow", "report"]
BulkThreshold: TypeAlias = Annotated[int, Between(0, 10_000_000, integral=True)]


class SalesforceEntry(Part):
    """Salesforce settings that are no secrets."""

    instance_url: InstanceUrl | None = Field(default=None, description="your My Domain")
    login_url: LoginUrl | None = Field(default=None, description="where JWT and others log in")
    username: Text | None = Field(default=None, description="for JWT")
    private_key_file: Text | None = Field(default=None, description="relative to this file")
    api_origin: Origin | None = Field(default=None, description="loopback only, for a simulator")
    api_version: ApiVersion = API_VERSION
    namespace: Namespace = Field(default="", description="before our field names: ns__ICP_Tier__c")
    bulk_threshold: BulkThreshold = Field(
        default=2000, description="from so many accounts on, Bulk API instead of REST"
    )
    bulk_deadline: Interval = Field(
        default=BULK_DEADLINE,
        json_schema_extra={"default": "30m"},
        description="how long a run waits for one Bulk job",
    )
    person_accounts: Flag = Field(default=False, description="read person accounts too")
    duplicate_rule: DuplicateRule = Field(
        default="allow", description="report: accounts that look like duplicates are refused"
    )


class Login(StrEnum):
    """A way to log in, in words that fit after "for"."""

    REFRESH_TOKEN = "a refresh token"  # noqa: S105 - the name of a way, not a token
    CLIENT_CREDENTIALS = "client credentials"
    JWT = "JWT"
    SESSION = "an existing session"
    PASSWORD = "user name and password"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a way to log in needs, and which of it is of no use to any other way."""

    settings: tuple[str, ...]
    sign: str


LOGINS: Final[Mapping[Login, _Needs]] = {
    Login.REFRESH_TOKEN: _Needs(("client_id", "refresh_token"), "refresh_token"),
    Login.CLIENT_CREDENTIALS: _Needs(
        ("instance_url", "client_id", "client_secret"), "client_secret"
    ),
    Login.JWT: _Needs(("client_id", "username", "private_key_file"), "private_key_file"),
    Login.SESSION: _Needs(("instance_url", "access_token"), "access_token"),
    Login.PASSWORD: _Needs(("username", "password"), "password"),
}
"""The ways to log in, the one that is taken first on top.

A refresh token has no other use, so whoever gives one means it; of the others those that renew
themselves go before those that end.
"""


@dataclass(frozen=True, slots=True)
class LoginGap:
    """A way to log in that was begun, and the settings it still lacks."""

    login: Login | None  # ``None``: the credential for set-up
    missing: tuple[str, ...]

    @property
    def purpose(self) -> str:
        """What the settings are for, after "for"."""
        return "set-up's own credential" if self.login is None else self.login.value


class SalesforceAccess(Access):
    """Addresses and credentials; everything may be unset."""

    instance_url: InstanceUrl | None = None
    login_url: LoginUrl | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    username: Text | None = None
    private_key_file: Path | None = None
    access_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    refresh_token_file: Path | None = None  # where the token was read, and a newer one is kept
    password: SecretStr | None = None
    security_token: SecretStr | None = None
    setup_client_id: SecretStr | None = None
    setup_client_secret: SecretStr | None = None
    setup_access_token: SecretStr | None = None

    @property
    def login(self) -> Login | None:
        """The way to log in: the first that is complete."""
        return next((login for login in LOGINS if not self.lacks(login)), None)

    def lacks(self, login: Login) -> tuple[str, ...]:
        """Name the settings that a way to log in needs and that are not set."""
        return tuple(name for name in LOGINS[login].settings if getattr(self, name) is None)

    def gaps(self) -> Iterator[LoginGap]:
        """Say what is missing of each way that was begun; nothing when one is complete.

        When the given settings point to no way in particular, the two that serve best are told.
        """
        if self.login is None:
            begun = [it for it, needs in LOGINS.items() if getattr(self, needs.sign) is not None]
            for login in begun or (Login.CLIENT_CREDENTIALS, Login.JWT):
                yield LoginGap(login, self.lacks(login))
        wanted: tuple[str, ...] = ()
        if self.setup_client_id or self.setup_client_secret:
            wanted = ("instance_url", "setup_client_id", "setup_client_secret")
        elif self.setup_access_token:
            wanted = ("instance_url",)
        missing = tuple(name for name in wanted if getattr(self, name) is None)
        if missing:
            yield LoginGap(None, missing)


class SalesforceSettings(SalesforceAccess):
    """How to reach an org, ready to use."""

    api_version: ApiVersion = API_VERSION
    namespace: str = ""
    bulk_threshold: int = 2000
    bulk_deadline: timedelta = BULK_DEADLINE
    person_accounts: bool = False
    duplicate_rule: DuplicateRule = "allow"


class SalesforceEnvironment(SalesforceAccess):
    """``ICP_SALESFORCE__*``; what is unset leaves the file's value."""

    api_version: ApiVersion | None = None
