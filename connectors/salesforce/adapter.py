"""How requests leave: with a timeout, over verified TLS, to no plain-text address but a loopback.

The client writes ``https://`` into every address and waits for ever. One adapter on its session
mends both, see ``docs/adr/0009-salesforce-through-our-own-session.md``.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.errors import MisconfiguredError, Problem
from connectors.origins import is_loopback

Timeout = tuple[float, float]
_VERSION = re.compile(r"[3-9]\d\.0|[1-9]\d\d\.0")
TIMEOUT: Timeout = (10.0, 150.0)  # a query may take 2 minutes before Salesforce itself gives up


class Adapter(HTTPAdapter):
    """Sends with a default timeout and, for a sandbox on this machine, to *origin* instead.

    Args:
        timeout: seconds to connect, and to wait for each part of an answer.
        origin: takes the place of every https origin; the ``Host`` header keeps the real one.
        ca_file: certificate authorities to trust instead of the usual ones.

    """

    def __init__(
        self, *, timeout: Timeout = TIMEOUT, origin: str | None = None, ca_file: str | None = None
    ) -> None:
        self._timeout = timeout
        self._ca_file = ca_file
        self._origin = urlsplit(origin) if origin else None
        super().__init__(pool_connections=4, pool_maxsize=2, max_retries=0)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the base class's signature
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - as above
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request; see the class."""
        parts = urlsplit(request.url or "")
        if self._origin is not None and parts.scheme == "https":
            request.headers["Host"] = parts.netloc
            request.url = urlunsplit((*self._origin[:2], parts.path, parts.query, ""))
        elif parts.scheme != "https" and not is_loopback(f"{parts.scheme}://{parts.netloc}"):
            raise MisconfiguredError(
                [
                    Problem(
                        "Salesforce instance",
                        "its address is not https, so a token would travel unencrypted.",
                        "Use the https address of your My Domain.",
                    )
                ]
            )
        # Retries are ours alone, so that every attempt is counted and paced.
        return super().send(
            request,
            stream,
            timeout or self._timeout,
            # Said here, because requests lets REQUESTS_CA_BUNDLE win over a session's own setting.
            verify=self._ca_file or verify,
            cert=cert,
            proxies=proxies,
        )


def open_http(
    *, api_origin: str | None = None, ca_file: str | None = None, timeout: Timeout = TIMEOUT
) -> requests.Session:
    """Open a session that sends through :class:`Adapter` and never as anybody from ``.netrc``.

    Args:
        api_origin: see :class:`Adapter`. Its certificate is held against OpenSSL's authorities,
            which ``SSL_CERT_FILE`` names, as the HubSpot client does.
        ca_file: certificate authorities to trust instead of the usual ones.
        timeout: seconds to connect, and to wait for each part of an answer.

    """
    if api_origin and ca_file is None:
        ca_file = ssl.get_default_verify_paths().cafile
    http = requests.Session()
    adapter = Adapter(timeout=timeout, origin=api_origin, ca_file=ca_file)
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    # Given something to do, requests does not look into .netrc, which would replace our token.
    http.auth = _as_it_is
    if api_origin:
        http.trust_env = False  # no proxy lies on the way to this machine
    return http


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def check_settings(api_version: str, api_origin: str | None) -> None:
    """Refuse settings that cannot work, all at once.

    Raises:
        MisconfiguredError: naming each setting and its remedy.

    """
    problems = []
    if not _VERSION.fullmatch(api_version):
        problems.append(
            Problem("api_version", "it is not one of Salesforce's.", "Write it like 66.0.")
        )
    if api_origin is not None and not is_loopback(api_origin):
        problems.append(
            Problem(
                "API origin",
                "only a loopback address may stand in for Salesforce.",
                "Remove ICP_SALESFORCE__API_ORIGIN, or set it to one such as"
                " http://127.0.0.1:8080.",
            )
        )
    if problems:
        raise MisconfiguredError(problems)
