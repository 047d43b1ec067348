"""Links by which a person without a shell may decide about a held run; off unless set up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from config.conditions import Part
from config.origins import is_loopback
from config.scalars import Text, wrong
from config.schedule import Interval

VALID_FOR: Final = timedelta(days=3)
SHORTEST_SECRET: Final = 32


@dataclass(frozen=True, slots=True)
class Approvals:
    """What links are made of: the address people reach the worker under, and what signs them."""

    url: str  # without a slash at the end
    secret: SecretStr
    valid_for: timedelta = VALID_FOR


def public_url(value: str) -> str:
    """Check the address under which people reach the worker's HTTP port."""
    remedy = "Write https://icp.example.com, with a path if a proxy adds one."
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("it is not an address.", remedy) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong("it is not an address.", remedy)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise wrong("it is more than a scheme, a host and a path.", remedy)
    if parts.scheme != "https" and not is_loopback(host):
        raise wrong("it is not https, so a link could be read on its way.", remedy)
    return value.rstrip("/")


def signing_secret(value: SecretStr) -> SecretStr:
    """Check that a secret is long enough to sign with; it is never shown."""
    if len(value.get_secret_value()) < SHORTEST_SECRET:
        raise wrong(
            f"it is shorter than {SHORTEST_SECRET} characters.",
            "Make one with `openssl rand -hex 32`.",
        )
    return value


PublicUrl: TypeAlias = Annotated[Text, AfterValidator(public_url)]
SigningSecret: TypeAlias = Annotated[SecretStr, AfterValidator(signing_secret)]


class ApprovalsEntry(Part):
    """``approvals`` in ``worker.yaml``; the secret comes from the environment."""

    url: PublicUrl | None = Field(default=None, description="under which people reach the port")
    valid_for: Interval = Field(default=VALID_FOR, json_schema_extra={"default": "3d"})
