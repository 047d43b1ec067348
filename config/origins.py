"""Addresses that a credential may be sent to: this machine, or a host of the CRM's own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator

from config.scalars import Text, wrong

_SALESFORCE_DOMAINS: Final = (
    "salesforce.com",
    "cloudforce.com",
    "database.com",
    "salesforce.mil",
    "crmforce.mil",
    "sfcrmproducts.cn",
)
"""Salesforce's own domains, with its government and mainland China clouds."""
_SHARED_HOSTS: Final = frozenset({"login", "test"})
_HOST: Final = re.compile(r"[a-z0-9.-]+")
_MY_DOMAIN: Final = "Write your My Domain, such as https://acme.my.salesforce.com."


@dataclass(frozen=True, slots=True)
class _Parts:
    scheme: str
    host: str
    port: int | None
    bare: bool  # nothing but scheme, host and port


def _split(value: str, remedy: str) -> _Parts:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("it is not an origin.", remedy) from None
    bare = f"{parts.scheme}://{parts.netloc}" == value.rstrip("/") and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong("it is not an origin (scheme, host and port only).", remedy)
    return _Parts(parts.scheme, host, port, bare)


def loopback_origin(value: str) -> str:
    """Check that an API origin is ``http(s)://host[:port]`` on this machine."""
    remedy = "It is for a simulator on this machine, such as http://127.0.0.1:8765; else unset it."
    parts = _split(value, remedy)
    if not parts.bare:
        raise wrong("it is not an origin (scheme, host and port only).", remedy)
    if not is_loopback(parts.host):
        raise wrong("its host is not a loopback address.", remedy)
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name, whatever a name server says."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def salesforce_instance(value: str) -> str:
    """Check that an address is an org's own: https at Salesforce, or a simulator here."""
    parts = _salesforce(value, _MY_DOMAIN)
    first, _, rest = parts.host.partition(".")
    if first in _SHARED_HOSTS and rest in _SALESFORCE_DOMAINS:
        raise wrong(
            f"{parts.host} belongs to no org: client credentials are refused there, and sessions"
            " are of an org.",
            _MY_DOMAIN,
        )
    return value.rstrip("/")


def salesforce_login(value: str) -> str:
    """Check that an address is one where a login can be asked for."""
    remedy = "Write https://login.salesforce.com, https://test.salesforce.com or your My Domain."
    _salesforce(value, remedy)
    return value.rstrip("/")


def _salesforce(value: str, remedy: str) -> _Parts:
    if "://" not in value:
        raise wrong("its scheme is missing.", remedy)
    parts = _split(value, remedy)
    if is_loopback(parts.host):
        if not parts.bare:
            raise wrong("it is not an origin (scheme, host and port only).", remedy)
        return parts
    if parts.host.endswith(".force.com"):
        raise wrong(f"{parts.host} serves pages and not the API.", remedy)
    own = parts.host.endswith(tuple(f".{domain}" for domain in _SALESFORCE_DOMAINS))
    if not own or not _HOST.fullmatch(parts.host):
        raise wrong(
            "its host is not one of Salesforce's, and a secret would be sent there.", remedy
        )
    if parts.scheme != "https":
        raise wrong("it is not https, so a secret could be read on its way.", remedy)
    if not parts.bare or parts.port is not None:
        raise wrong("it is more than a scheme and a host.", remedy)
    return parts


Origin: TypeAlias = Annotated[Text, AfterValidator(loopback_origin)]
InstanceUrl: TypeAlias = Annotated[Text, AfterValidator(salesforce_instance)]
LoginUrl: TypeAlias = Annotated[Text, AfterValidator(salesforce_login)]
