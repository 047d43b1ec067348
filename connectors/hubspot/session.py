"""One credential's line to HubSpot: the official client, one pool, every call counted and paced.

The client owns paths, authentication and quoting. Its models are left out (they cost ten times
what the calls themselves cost), as are its retries and its lack of timeouts: see
``docs/adr/0002-raw-seam-of-the-official-client.md``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

from connectors import answers
from connectors.errors import ConnectorError, TransientError
from connectors.hubspot import faults
from connectors.hubspot.client import make_client
from connectors.json_text import loads
from connectors.pausing import Pause
from connectors.records import CallCounts
from connectors.retrying import RetryPolicy
from connectors.throttling import RateLimiter, Slot


class RawResponse(Protocol):
    """What the client hands back when told not to build models."""

    status: int
    headers: Mapping[str, str]

    @property
    def data(self) -> bytes:
        """The whole body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful (or expected) answer: status and decoded JSON, ``{}`` for an empty one."""

    status: int
    data: dict[str, Any]


class Session:
    """Sends calls through the official client; see the module.

    Args:
        token: the bearer token; kept only inside the client.
        api_version: ``v3``, or a dated version that paths are rewritten to.
        host: another origin, for the local sandbox; refused unless it is a loopback address.
        limiter: shared by everything that uses the same portal.
        retry: how often and how long to try again.
        pause: waits between attempts.
        timeout: seconds to connect and to wait for an answer.
        clock: local time, used until HubSpot has told its own.
        connections: kept open at once; at least the number of threads.

    """

    def __init__(  # noqa: PLR0913 - every part comes from outside, by name
        self,
        token: str,
        *,
        api_version: str = "v3",
        host: str | None = None,
        limiter: RateLimiter | None = None,
        retry: RetryPolicy | None = None,
        pause: Callable[[float], None] | None = None,
        timeout: tuple[float, float] = (3.05, 30.0),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        connections: int = 10,
    ) -> None:
        self.counts = CallCounts()
        self.limiter = limiter or RateLimiter(pause=pause or Pause())
        self.time_zone = "UTC"
        self._retry = retry or RetryPolicy()
        self._pause = pause or Pause()
        self._clock = clock
        self._date_header = ""
        self._told: datetime | None = None
        self._lock = threading.Lock()
        self._sized = ("", "")
        self.client = make_client(
            token, api_version=api_version, host=host, timeout=timeout, connections=connections
        )

    def now(self) -> datetime:
        """Tell the time by HubSpot's latest answer; by the local clock before the first one."""
        return self._told or self._clock()

    def call(
        self,
        route: str,
        send: Callable[[], RawResponse],
        *,
        search: bool = False,
        allow: frozenset[int] = frozenset(),
        before: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Make one call, paced, counted and tried again as the policy says.

        Args:
            route: the call's name in counts and messages, such as ``POST companies/search``.
            send: one attempt through the client, with ``_preload_content=False``.
            search: whether the search budget bounds it, not the burst.
            allow: error statuses to hand back as answers, where their body is JSON.
            before: called immediately before each attempt leaves; whatever it raises ends the call.

        Raises:
            ConnectorError: by what to do next; nothing of the vendor's is chained to it.

        """

        def attempt(number: int) -> Answer:
            slot = self.limiter.acquire(self.now(), search=search)
            before()
            answer = self._attempt(route, send, slot, search=search, allow=allow, number=number)
            if isinstance(answer, ConnectorError):
                raise answer
            return answer

        return self._retry.run(attempt, pause=self._pause, on_retry=self._count_retry)

    def raw(self, method: str, path: str) -> RawResponse:
        """Send a request to a path that the client has no method for, through its transport."""
        transport = self.client.crm.companies.basic_api.api_client
        response: RawResponse = transport.call_api(
            path, method, auth_settings=["oauth2"], _preload_content=False
        )
        return response

    def _attempt(
        self,
        route: str,
        send: Callable[[], RawResponse],
        slot: Slot,
        *,
        search: bool,
        allow: frozenset[int],
        number: int,
    ) -> Answer | ConnectorError:
        # Faults are returned, not raised, so that the client's exception never becomes the context
        # of ours: its text is the response body.
        status, began = "error", time.time_ns()
        try:
            response = send()
            body = response.data
            status = str(response.status)
            self._observe(response.headers)
        except Exception as error:
            failed = faults.failed_answer(error)
            if failed is None:
                fault = faults.transport_fault(error, route)
                if fault is None:
                    raise
                return fault
            status = str(failed.status)
            self._observe(failed.headers)
            if failed.status in allow and failed.body is not None:
                return Answer(failed.status, dict(failed.body))
            return self._refused(failed, route, number, search=search)
        finally:
            self.limiter.arrived(slot)
            self._count(route, status, began)
        if not body and response.status == HTTPStatus.NO_CONTENT:
            return Answer(response.status, {})
        data = decoded(body)
        if data is None:
            kind = response.headers.get("Content-Type", "")
            return answers.unreadable("HubSpot", response.status, kind, route)
        return Answer(response.status, data)

    def _refused(
        self, failed: faults.FailedAnswer, route: str, number: int, *, search: bool
    ) -> ConnectorError:
        where = faults.Circumstances(
            route=route,
            attempt=number,
            now=self.now(),
            time_zone=self.time_zone,
            search=search,
        )
        fault = faults.answer_fault(failed, where)
        if (
            isinstance(fault, TransientError)
            and failed.status == HTTPStatus.TOO_MANY_REQUESTS
            and fault.retry_after
        ):
            self.limiter.refused(fault.retry_after.total_seconds(), search=search)
        return fault

    def _observe(self, headers: Mapping[str, str]) -> None:
        date = headers.get("Date", "")
        if date and date != self._date_header:  # it changes once a second
            self._date_header = date
            with contextlib.suppress(ValueError):
                self._told = parsedate_to_datetime(date).astimezone(UTC)
        size = (
            headers.get("X-HubSpot-RateLimit-Max", ""),
            headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "10000"),
        )
        if size[0] and size != self._sized and all(map(str.isdecimal, size)) and int(size[0]):
            self._sized = size
            self.limiter.resize(int(size[0]), int(size[1]) / 1000)
        day = headers.get("X-HubSpot-RateLimit-Daily", "")
        left = headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if day.isdecimal() and left.isdecimal():
            self.limiter.daily.time_zone = self.time_zone
            self.limiter.daily.observe(int(day), int(left), self.now())

    def _count(self, route: str, status: str, began: int) -> None:
        with self._lock:
            self.counts.count(route, status)
            self.counts.throttled_seconds = self.limiter.waited
        if self.counts.on_call is not None:
            self.counts.on_call(route, status, began)

    def _count_retry(self) -> None:
        with self._lock:
            self.counts.retried += 1


def decoded(body: bytes) -> dict[str, Any] | None:
    """Decode a JSON object; ``None`` when *body* is not one."""
    data = loads(body)
    return data if isinstance(data, dict) else None
