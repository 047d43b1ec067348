"""The official client made fit for a worker: one pool, one API object each, timeouts, versions.

Left alone it opens a connection pool at every attribute access, waits for ever, and retries behind
our back. All is changed through ``api_factory``, the hook it offers for that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import hubspot
import urllib3

from connectors.errors import MisconfiguredError, Problem
from connectors.hubspot import faults
from connectors.origins import is_loopback

HOST = "https://api.hubapi.com"
VERSIONS = ("v3", "2026-03", "2026-09")
_MOVED = ("objects", "properties", "lists", "pipelines", "owners", "property-validations")


def make_client(
    token: str,
    *,
    api_version: str = "v3",
    host: str | None = None,
    timeout: tuple[float, float] = (3.05, 30.0),
    connections: int = 10,
) -> hubspot.HubSpot:
    """Make a client that neither retries nor follows redirects, on one pool of *connections*.

    Args:
        token: the bearer token.
        api_version: ``v3``, or a dated version that paths are rewritten to.
        host: another origin, for the local sandbox; refused unless it is a loopback address.
        timeout: seconds to connect, and to wait for each part of an answer.
        connections: kept open at once; at least the number of threads.

    Raises:
        MisconfiguredError: naming each unusable setting, never the token.

    """
    host = host.rstrip("/") if host else host
    check_settings(token, api_version, host)
    pool = urllib3.PoolManager(
        num_pools=4,
        maxsize=connections,
        retries=urllib3.Retry(
            0,
            redirect=0,
            raise_on_redirect=False,
            raise_on_status=False,
            respect_retry_after_header=False,
        ),
    )
    factory = _ApiFactory(pool, api_version, timeout)
    return hubspot.HubSpot(access_token=token, host=host or HOST, api_factory=factory)


class _ApiFactory:
    """Makes each of the client's API objects once, on one pool, with a timeout and a version."""

    def __init__(
        self, pool: urllib3.PoolManager, api_version: str, timeout: tuple[float, float]
    ) -> None:
        self._pool = pool
        self._version = api_version
        self._timeout = timeout
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        key = (package.__name__, name)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(package, name, config)
            return self._made[key]

    def _make(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        configuration = package.Configuration()
        for option, value in config.items():
            setattr(configuration, option, value)
        api_client = package.ApiClient(configuration=configuration)
        api_client.user_agent = "icp-sync"
        rest = api_client.rest_client
        rest.pool_manager = self._pool
        send, call = rest.request, api_client.call_api
        clean = api_client.sanitize_for_serialization

        def request(*args: Any, _request_timeout: Any = None, **kwargs: Any) -> Any:
            return send(*args, _request_timeout=_request_timeout or self._timeout, **kwargs)

        def call_api(resource_path: str, *args: Any, **kwargs: Any) -> Any:
            return call(dated(resource_path, self._version), *args, **kwargs)

        def sanitize(value: Any) -> Any:
            # Bodies are plain JSON already: walking them again would cost more than sending them.
            return value if isinstance(value, dict) else clean(value)

        rest.request, api_client.call_api = request, call_api
        api_client.sanitize_for_serialization = sanitize
        return getattr(package, name)(api_client=api_client)


def dated(path: str, version: str) -> str:
    """Rewrite a numbered path of the client to *version*; ``v3`` leaves it as it is."""
    if version == "v3":
        return path
    parts = path.split("/")  # "", "crm", "v3", family, rest...
    if parts[1:3] == ["account-info", "v3"]:
        parts[2] = version
    elif parts[1:3] == ["crm", "v3"] and parts[3] in _MOVED:
        parts[2:4] = [parts[3], version]
    return "/".join(parts)


def check_settings(token: str, api_version: str, host: str | None) -> None:
    """Refuse settings that cannot work, all at once.

    Raises:
        MisconfiguredError: naming each setting and its remedy, never the token.

    """
    problems = []
    if not token or not token.isascii() or any(sign.isspace() for sign in token):
        message = "it is empty or holds characters that no token has."
        problems.append(Problem(faults.CREDENTIAL, message, faults.GET_A_KEY))
    if api_version not in VERSIONS:
        known = ", ".join(VERSIONS)
        problems.append(Problem("api_version", "it is not known.", f"Use one of {known}."))
    if host is not None and not is_loopback(host):
        problems.append(
            Problem(
                "API origin",
                "only a loopback address may stand in for HubSpot.",
                "Remove ICP_HUBSPOT__API_ORIGIN, or set it to one such as http://127.0.0.1:8080.",
            )
        )
    if problems:
        raise MisconfiguredError(problems)
