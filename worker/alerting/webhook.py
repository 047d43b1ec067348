"""Sending one message to the webhook: only where the settings say, and only to a checked address.

The name is resolved once for each attempt, every address it stands for is checked, and the
connection is made to one of these very addresses, the next where one cannot be reached, so that a
name server that answers otherwise a moment later changes nothing. No message names the address or
repeats what was answered: the address lets in whoever knows it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TooSlowError

from config.alerts import AlertSettings
from config.origins import is_loopback
from worker.alerting.payloads import as_json, as_slack, signature
from worker.state.alerts import Alert

TIMEOUT = 10.0
"""Seconds for one attempt, once the name is resolved."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_AGAIN = frozenset({408, 425, 429})
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(eq=False)
class DeliveryError(Exception):
    """A message did not arrive; the reason is fit for any log."""

    reason: str
    passing: bool = True  # whether it may do in a moment
    retry_after: timedelta | None = None

    def __str__(self) -> str:
        """Why."""
        return self.reason


class _UnreachedError(DeliveryError):
    """Nothing was sent to this address, so that another one may be tried."""


class Webhook:
    """The one address that alerts go to."""

    def __init__(
        self,
        settings: AlertSettings,
        resolve: Callable[[str, int], Sequence[str]] | None = None,
    ) -> None:
        self._resolve = resolve or _addresses
        url = settings.webhook_url.get_secret_value() if settings.webhook_url else ""
        parts = urlsplit(url)
        self._settings = settings
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._named = parts.netloc
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def send(self, alert: Alert, link: str | None = None, timeout: float = TIMEOUT) -> None:
        """Send one alert, and wait at most *timeout* seconds for the answer.

        *link* is where a person may decide; whoever has it may.

        Raises:
            DeliveryError: it did not arrive, as far as can be told.
        """
        shape = as_slack if self._settings.as_slack else as_json
        body = shape(alert, link)
        *others, last = self._checked()
        end = time.monotonic() + timeout
        for address in others:
            # half of what is left: an address that never answers leaves time for the next
            left = max(0.1, end - time.monotonic())
            with suppress(_UnreachedError):
                self._post(address, body, Timeout(connect=left / 2, total=left))
                return
        self._post(last, body, Timeout(total=max(0.1, end - time.monotonic())))

    def _post(self, address: str, body: bytes, patience: Timeout) -> None:
        """Send it to one address."""
        try:
            made = self._pool(address, patience)
        except OSError as error:  # the authorities to trust cannot be read
            raise DeliveryError(f"no secure connection ({type(error).__name__})") from None
        with closing(made) as pool:
            try:
                answer = pool.urlopen(
                    "POST",
                    self._path,
                    body=body,
                    headers=self._headers(body),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
            except NewConnectionError:
                raise _UnreachedError("no connection") from None
            except ConnectTimeoutError:
                raise _UnreachedError("no answer in time") from None
            except TooSlowError:
                raise DeliveryError("no answer in time") from None
            except SSLError:
                raise DeliveryError("its certificate does not hold", passing=False) from None
            except (HTTPError, OSError) as error:
                raise DeliveryError(f"no connection ({type(error).__name__})") from None
            status, wait = answer.status, answer.headers.get("Retry-After")
            answer.close()  # what it says is nobody's business
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refused(status, wait)

    def _headers(self, body: bytes) -> Mapping[str, str]:
        headers = {
            "Host": self._named,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "icp-sync",
        }
        secret = self._settings.signing_secret
        if secret is not None:
            signed = signature(body, secret.get_secret_value(), int(time.time()))
            headers["X-ICP-Signature"] = signed
        return headers

    def _pool(self, address: str, patience: Timeout) -> HTTPConnectionPool:
        if not self._secure:
            return HTTPConnectionPool(address, self._port, timeout=patience, maxsize=1)
        return HTTPSConnectionPool(
            address,
            self._port,
            timeout=patience,
            maxsize=1,
            ssl_context=self._trust,
            server_hostname=self._host,
            assert_hostname=self._host,
        )

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Who is trusted: as everywhere in Python (``SSL_CERT_FILE``), and the public ones."""
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context

    def _checked(self) -> Sequence[str]:
        """The addresses of the host, none of which may be of a private network."""
        try:
            addresses = self._resolve(self._host, self._port)
        except (OSError, UnicodeError):
            raise DeliveryError("its host name cannot be resolved") from None
        if not self._settings.allow_private:
            for text in addresses:
                if not self._may_go_to(text):
                    raise DeliveryError(
                        "its host is of a private network, which is refused unless"
                        " `allow_private: true` is set",
                        passing=False,
                    )
        return addresses

    def _may_go_to(self, text: str) -> bool:
        address = _real(ipaddress.ip_address(text.partition("%")[0]))
        if address.is_loopback:
            return is_loopback(self._host)  # this machine, by its very name
        return address.is_global and not address.is_multicast


def _addresses(host: str, port: int) -> Sequence[str]:
    """What a name stands for, each address once, the preferred one first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _real(address: _Address) -> _Address:
    """The IPv4 address inside one of IPv6 that only wraps it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _refused(status: int, wait: str | None) -> DeliveryError:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return DeliveryError(f"HTTP {status}: redirects are not followed", passing=False)
    passing = status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return DeliveryError(f"HTTP {status}", passing=passing, retry_after=_seconds(wait))


def _seconds(wait: str | None) -> timedelta | None:
    """What ``Retry-After`` says, in seconds or as a date."""
    if not wait:
        return None
    if wait.strip().isdigit():
        return timedelta(seconds=min(int(wait), 86_400))
    try:
        until = parsedate_to_datetime(wait)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), aware - datetime.now(UTC))
