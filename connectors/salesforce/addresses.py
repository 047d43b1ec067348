"""Addresses of orgs and of logins: https, the right host, and nothing behind it."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.errors import MisconfiguredError
from connectors.origins import is_loopback
from connectors.salesforce import login_faults

PRODUCTION_LOGIN = "https://login.salesforce.com"
SANDBOX_LOGIN = "https://test.salesforce.com"
_SHARED_LOGINS = frozenset({"login.salesforce.com", "test.salesforce.com"})


def login_address(url: str, *, shared: bool = True) -> str:
    """Return the origin to log in at; *shared*: whether the hosts of all orgs will do.

    Raises:
        MisconfiguredError: it is none.

    """
    origin = _origin(url, "login_url")
    if not shared and urlsplit(origin).hostname in _SHARED_LOGINS:
        raise MisconfiguredError([login_faults.NEEDS_MY_DOMAIN])
    return origin


def instance_address(url: str) -> str:
    """Return the origin of an instance.

    Raises:
        MisconfiguredError: it is none, or one that the API does not live at.

    """
    origin = _origin(url, "instance_url")
    if (urlsplit(origin).hostname or "").endswith(".lightning.force.com"):
        raise MisconfiguredError([login_faults.LIGHTNING])
    return origin


def _origin(url: str, setting: str) -> str:
    try:
        parts = urlsplit(url.strip())
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, named = urlsplit(""), False
    origin = f"{parts.scheme}://{parts.netloc}"
    if not named or parts.username or not (parts.scheme == "https" or is_loopback(origin)):
        raise MisconfiguredError([login_faults.not_an_address(setting)])
    return origin


def audience_of(login: str) -> str:
    """Return the login host that an address belongs to: what an assertion must be made for."""
    host = urlsplit(login).hostname or ""
    if host in _SHARED_LOGINS:
        return login
    # acme--dev.sandbox.my.salesforce.com, acme--dev.my.salesforce.com, x.scratch.my.salesforce.com
    of_sandbox = "--" in host or ".scratch.my." in host
    return SANDBOX_LOGIN if of_sandbox else PRODUCTION_LOGIN
