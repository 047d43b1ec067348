"""One credential's line to Salesforce: every call counted, paced, renewed and tried again here.

The official client keeps addresses and helpers; one client per thread, because a requests session
is not made for sharing. See ``docs/adr/0009-salesforce-through-our-own-session.md``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
import requests

from connectors import answers
from connectors.errors import ConnectorError, TransientError
from connectors.json_text import NOT_JSON, loads
from connectors.pausing import Pause
from connectors.records import CallCounts
from connectors.retrying import RetryPolicy
from connectors.salesforce import faults
from connectors.salesforce.adapter import TIMEOUT, Timeout, check_settings, open_http
from connectors.salesforce.auth import Credentials, Grant, TokenReply, Tokens
from connectors.salesforce.client import Client, Exchanged
from connectors.salesforce.limiting import make_limiter
from connectors.salesforce.streaming import Stream
from connectors.salesforce.usage import api_usage
from connectors.throttling import RateLimiter

T = TypeVar("T")

API_VERSION = "66.0"
TOKEN_ROUTE = "POST oauth2/token"  # noqa: S105 - a call's name
CALL_OPTIONS = {"Sforce-Call-Options": "client=icp-sync"}  # shows in the org's logs


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, or an allowed failure: status, decoded JSON (``{}`` for none), headers."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Session:
    """Sends calls through the official client; see the module.

    Args:
        credentials: the way to log in; see :mod:`connectors.salesforce.auth`.
        api_version: of Salesforce's API, pinned.
        api_origin: another origin, for the local sandbox; refused unless it is a loopback address.
        ca_file: certificate authorities to trust instead of the usual ones.
        limiter: shared by everything that uses the same org.
        retry: how often and how long to try again.
        pause: waits between attempts.
        timeout: seconds to connect, and to wait for each part of an answer.
        clock: local time, used until Salesforce has told its own.

    """

    def __init__(  # noqa: PLR0913 - every part comes from outside, by name
        self,
        credentials: Credentials,
        *,
        api_version: str = API_VERSION,
        api_origin: str | None = None,
        ca_file: str | None = None,
        limiter: RateLimiter | None = None,
        retry: RetryPolicy | None = None,
        pause: Callable[[float], None] | None = None,
        timeout: Timeout = TIMEOUT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        api_origin = api_origin.rstrip("/") if api_origin else None
        check_settings(api_version, api_origin)
        self.credentials = credentials
        self.api_version = api_version
        self.counts = CallCounts()
        self.pause: Callable[[float], None] = pause or Pause()
        self.limiter = limiter or make_limiter(pause=self.pause)
        self._retry = retry or RetryPolicy()
        self._open_http = partial(
            open_http, api_origin=api_origin, ca_file=ca_file, timeout=timeout
        )
        self._clock = clock
        self._told: datetime | None = None
        self._ahead = timedelta(0)  # how far Salesforce's clock is ahead of ours
        self._date_header = ""
        self._lock = threading.Lock()
        self._local = threading.local()
        self._tokens = Tokens(credentials, self._post, self.retrying, clock)

    @property
    def client(self) -> Client:
        """The client of this thread, logged in."""
        found: Client | None = getattr(self._local, "client", None)
        if found is None:
            grant = self._tokens.token()
            found = Client(grant, self.api_version, self._http(), self._exchange, CALL_OPTIONS)
            self._local.client = found
        return found

    def grant(self) -> Grant:
        """Return the token in use; the first call logs in."""
        return self._tokens.token()

    def now(self) -> datetime:
        """Tell the time by Salesforce's latest answer; by the local clock before the first one."""
        return self._told or self._clock()

    def call(  # noqa: PLR0913 - an HTTP call has so many parts
        self,
        method: str,
        path: str,
        *,
        route: str,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allow: frozenset[int] = frozenset(),
        tooling: bool = False,
        version: str | None = None,
        patient: bool = True,
        before: Callable[[], None] | None = None,
    ) -> Answer:
        """Make one call, paced, counted and tried again as the policy says.

        Args:
            method: of HTTP.
            path: below ``/services/data/vXX.X/``, or with a leading slash from the host's root.
            route: the call's name in counts and messages, such as ``GET query``.
            params: of the address, encoded on the way.
            json: a body to encode.
            data: a body as it is; give its Content-Type.
            headers: sent with every attempt.
            allow: error statuses to hand back as answers, where their body is JSON or empty.
            tooling: below the Tooling API.
            version: of the API, where it must be that of an earlier call.
            patient: try again; without it a caller that has its own patience is told at once.
            before: called immediately before each attempt leaves; whatever it raises ends the call.

        Raises:
            ConnectorError: by what to do next; nothing of the vendor's is chained to it.

        """
        sent = self.client.send(
            method,
            path,
            tooling=tooling,
            version=version,
            route=route,
            params=params,
            data=orjson.dumps(json) if json is not None else data,
            headers=headers,
            allow=allow,
            patient=patient,
            before=before,
        )
        return Answer(sent.response.status_code, sent.data, sent.response.headers)

    def stream(
        self,
        path: str,
        *,
        route: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        allow: frozenset[int] = frozenset(),
        version: str | None = None,
    ) -> Stream:
        """Begin to read what is at *path*, in one attempt; the body has yet to come.

        One attempt, because a broken body must be asked for again by whoever reads it; so the
        caller wraps both in :meth:`retrying`. The arguments are those of :meth:`call`.
        """
        sent = self.client.send(
            "GET",
            path,
            tooling=False,
            version=version,
            route=route,
            params=params,
            headers=headers,
            allow=allow,
            stream=True,
            patient=False,
        )
        return Stream(sent.response, route)

    def retrying(self, operation: Callable[[int], T]) -> T:
        """Call *operation* with the attempt's number until it succeeds, as the policy says."""
        return self._retry.run(operation, pause=self.pause, on_retry=self._count_retry)

    def _exchange(
        self,
        client: Client,
        method: str,
        url: str,
        *,
        route: str,
        patient: bool = True,
        **options: Any,
    ) -> Exchanged:
        """Send one call of a client: what the client's own method would do, and all it does not."""
        path = url.removeprefix(client.origin)  # the instance may move with the next token

        def attempt(number: int) -> Exchanged | _Final:
            sent = self._attempt(client, method, path, route, number, options)
            if isinstance(sent, TransientError) and not isinstance(sent, _NOT_AGAIN):
                raise sent
            return _Final(sent) if isinstance(sent, ConnectorError) else sent

        outcome = self.retrying(attempt) if patient else attempt(1)
        if isinstance(outcome, _Final):
            raise outcome.fault
        return outcome

    def _attempt(
        self,
        client: Client,
        method: str,
        path: str,
        route: str,
        number: int,
        options: Mapping[str, Any],
    ) -> Exchanged | ConnectorError | _Final:
        """Send once, or twice if the token has to be renewed."""
        grant = self._granted(None)
        if isinstance(grant, _Final):
            return grant
        client.adopt(grant)
        sent = self._send(client, method, path, route, number, **options)
        if not isinstance(sent, _Expired):
            return sent
        grant = self._granted(grant.access_token)
        if isinstance(grant, _Final):
            return grant
        client.adopt(grant)
        sent = self._send(client, method, path, route, number, **options)
        return _Final(sent.fault) if isinstance(sent, _Expired) else sent

    def _granted(self, stale: str | None) -> Grant | _Final:
        try:
            return self._tokens.token() if stale is None else self._tokens.renew(stale)
        except ConnectorError as error:
            return _Final(error)  # it was tried again, as often as the policy says

    def _send(  # noqa: PLR0913 - an HTTP call has so many parts
        self,
        client: Client,
        method: str,
        path: str,
        route: str,
        number: int,
        *,
        headers: Mapping[str, str] | None = None,
        allow: frozenset[int] = frozenset(),
        stream: bool = False,
        before: Callable[[], None] | None = None,
        **options: Any,
    ) -> Exchanged | ConnectorError | _Expired:
        # Faults are returned, not raised, so that a vendor's exception never becomes the context
        # of ours: its text holds addresses and bodies.
        slot = self.limiter.acquire(self._clock() + self._ahead)
        if before is not None:
            before()
        status, began = "error", time.time_ns()
        try:
            response = client.session.request(
                method,
                client.origin + path,
                headers={**client.headers, **(headers or {})},
                stream=stream,
                allow_redirects=False,
                **options,
            )
            status = str(response.status_code)
            self._observe(response.headers)
            failed = response.status_code >= HTTPStatus.MULTIPLE_CHOICES
            body = b"" if stream and not failed else response.content
        except ConnectorError as error:
            return error
        except Exception as error:
            fault = faults.transport_fault(error, route)
            if fault is None:
                raise
            return fault
        finally:
            self.limiter.arrived(slot)
            self._count(route, status, began)
        if failed:
            return self._refused(response, route, number, allow)
        data = loads(body) if body.strip() else {}
        kind = response.headers.get("Content-Type", "")
        if data is NOT_JSON or (stream and kind.lower().startswith("text/html")):
            response.close()
            return answers.unreadable("Salesforce", response.status_code, kind, route)
        return Exchanged(response, data)

    def _refused(
        self, response: requests.Response, route: str, number: int, allow: frozenset[int]
    ) -> Exchanged | ConnectorError | _Expired:
        status, body = response.status_code, response.content
        failed = faults.failed_answer(status, response.headers, body)
        if status in allow and (failed.is_json or not body.strip()):
            return Exchanged(response, loads(body) if failed.is_json else {})
        where = faults.Circumstances(
            route=route, now=self.now(), api_version=self.api_version, attempt=number
        )
        fault = faults.answer_fault(failed, where)
        if status == HTTPStatus.UNAUTHORIZED:
            return _Expired(fault)
        if isinstance(fault, TransientError) and fault.retry_after:
            self.limiter.refused(fault.retry_after.total_seconds())
        return fault

    def _post(
        self, url: str, body: bytes | Mapping[str, str], headers: Mapping[str, str]
    ) -> TokenReply:
        """Send one request for a token; it counts against no limit of the org's."""
        fault: ConnectorError | None = None
        status, began = "error", time.time_ns()
        try:
            response = self._http().post(url, data=body, headers=headers, allow_redirects=False)
            status = str(response.status_code)
            self._observe(response.headers)
            return TokenReply(response.status_code, response.content, self._told)
        except Exception as error:
            if isinstance(error, ConnectorError):
                raise
            fault = faults.transport_fault(error, TOKEN_ROUTE)
            if fault is None:
                raise
        finally:
            self._count(TOKEN_ROUTE, status, began)
        raise fault

    def _http(self) -> requests.Session:
        found: requests.Session | None = getattr(self._local, "http", None)
        if found is None:
            found = self._local.http = self._open_http()
        return found

    def _observe(self, headers: Mapping[str, str]) -> None:
        date = headers.get("Date", "")
        if date and date != self._date_header:  # it changes once a second
            self._date_header = date
            with contextlib.suppress(ValueError):
                self._told = parsedate_to_datetime(date).astimezone(UTC)
                self._ahead = self._told - self._clock()
        if usage := api_usage(headers.get("Sforce-Limit-Info", "")):
            used, limit = usage
            self.limiter.daily.observe(limit, limit - used, self._clock() + self._ahead)

    def _count(self, route: str, status: str, began: int) -> None:
        with self._lock:
            self.counts.count(route, status)
            self.counts.throttled_seconds = self.limiter.waited
        if self.counts.on_call is not None:
            self.counts.on_call(route, status, began)

    def _count_retry(self) -> None:
        with self._lock:
            self.counts.retried += 1


@dataclass(frozen=True, slots=True)
class _Expired:
    """The token is no longer taken; *fault* says so if the next one is not taken either."""

    fault: ConnectorError


@dataclass(frozen=True, slots=True)
class _Final:
    """A failure that another attempt cannot mend, or that had all its attempts already."""

    fault: ConnectorError


_NOT_AGAIN = (faults.QueryTooLongError, faults.LocatorExpiredError)
