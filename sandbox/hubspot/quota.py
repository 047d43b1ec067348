"""HubSpot's limiters: per token in ten seconds, search per portal and second, and the day."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.limits import DailyLimit, RollingLimit

BURST, SEARCH, ASSOCIATIONS = "burst", "search", "associations"

Headers = list[tuple[bytes, bytes]]


class Quota:
    """Counts every call; refuses only when *enforce* is on."""

    def __init__(
        self,
        clock: Clock,
        portal_id: int,
        *,
        enforce: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._portal_id = portal_id
        self._enforced_at_start = enforce
        self.enforce = enforce
        self.utc_offset_minutes = -300  # the day ends at midnight of the account's time zone
        self.burst = RollingLimit(190, 10, monotonic)
        self.search = RollingLimit(5, 1, monotonic)
        self.associations = RollingLimit(150, 10, monotonic)
        self.daily = DailyLimit(
            650_000,
            lambda: (clock.now() + timedelta(minutes=self.utc_offset_minutes)).date().isoformat(),
        )

    def reset(self) -> None:
        """Forget every call and go back to the starting sizes."""
        self.enforce = self._enforced_at_start
        self.configure({"burst": 190, "search": 5, "associations": 150, "daily": 650_000})
        for limit in (self.burst, self.search, self.associations, self.daily):
            limit.clear()

    def configure(self, sizes: dict[str, Any]) -> None:
        """Set the four sizes, ``daily_used`` (calls spent today) and ``enforce``."""
        for name in ("burst", "search", "associations", "daily"):
            if name in sizes:
                getattr(self, name).most = int(sizes[name])
        if "daily_used" in sizes:
            self.daily.clear()
            for _ in range(int(sizes["daily_used"])):
                self.daily.count()
        if "enforce" in sizes:
            self.enforce = bool(sizes["enforce"])

    def take(self, token: str, policy: str) -> str | None:
        """Count one call under *policy*; the name of the limit that refuses it, if one does."""
        limit, key = {
            BURST: (self.burst, token),
            SEARCH: (self.search, "portal"),
            ASSOCIATIONS: (self.associations, token),
        }[policy]
        if not self.enforce:
            limit.count(key)
            self.daily.count()
            return None
        if self.daily.remaining == 0:
            return "daily"
        if not limit.take(key):
            return policy
        self.daily.take()
        return None

    def describe(self) -> dict[str, Any]:
        """Sizes and what is used of the day."""
        return {
            "enforce": self.enforce,
            "burst": self.burst.most,
            "search": self.search.most,
            "associations": self.associations.most,
            "daily": self.daily.most,
            "daily_used": self.daily.used,
            "resets_at": self.resets_at(),
        }

    def resets_at(self) -> str:
        """When the day ends: the account's midnight, in UTC."""
        offset = timedelta(minutes=self.utc_offset_minutes)
        local = self._clock.now() + offset
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - offset).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def headers(self, token: str, policy: str) -> Headers:
        """The rate headers of an answer: search shows the day only."""
        pairs = [
            ("X-HubSpot-RateLimit-Daily", self.daily.most),
            ("X-HubSpot-RateLimit-Daily-Remaining", self.daily.remaining),
        ]
        if policy == BURST:
            left = self.burst.remaining(token)
            pairs += [
                ("X-HubSpot-RateLimit-Interval-Milliseconds", 10_000),
                ("X-HubSpot-RateLimit-Max", self.burst.most),
                ("X-HubSpot-RateLimit-Remaining", left),
                ("X-HubSpot-RateLimit-Secondly", self.burst.most // 10),
                ("X-HubSpot-RateLimit-Secondly-Remaining", min(left, self.burst.most // 10)),
            ]
        return [(name.encode(), str(value).encode()) for name, value in pairs]

    def refusal(self, limit: str, correlation_id: str) -> dict[str, Any]:
        """The 429 body of *limit*: ``burst``, ``associations``, ``search`` or ``daily``."""
        if limit == SEARCH:
            return {
                "status": "error",
                "message": "You have reached your secondly limit.",
                "correlationId": correlation_id,
                "category": "RATE_LIMITS",
            }
        policy = "DAILY" if limit == "daily" else "TEN_SECONDLY_ROLLING"
        return {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": correlation_id,
            "policyName": policy,
            "groupName": f"publicapi:private-apps-api:{self._portal_id}",
        }
