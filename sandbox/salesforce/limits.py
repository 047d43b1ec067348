"""The org's API allowance: a rolling day of requests, shown on every answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from sandbox.salesforce.errors import ApiError

DAILY: Final = 115_000
_DAY_MS: Final = 86_400_000
_SLICE_MS: Final = 900_000  # calls are forgotten a quarter of an hour at a time
_BURST: Final = 750


class Limits:
    """Counts every call; refuses only when *enforce* is on."""

    def __init__(
        self,
        now_ms: Callable[[], int],
        *,
        enforce: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._enforced_at_start = enforce
        self.reset()

    def reset(self) -> None:
        """Forget every call and go back to the starting sizes."""
        self.enforce = self._enforced_at_start
        self.daily = DAILY
        self.bulk_query_jobs = 10_000
        self.bulk_batches = 15_000
        self.bulk_query_jobs_used = 0
        self.bulk_batches_used = 0
        self._slices: deque[list[int]] = deque()
        self._used = 0
        self._burst: deque[float] = deque()

    @property
    def used(self) -> int:
        """Calls of the last 24 hours."""
        horizon = self._now_ms() - _DAY_MS
        while self._slices and self._slices[0][0] <= horizon:
            self._used -= self._slices.popleft()[1]
        return self._used

    @property
    def remaining(self) -> int:
        """Calls left."""
        return max(0, self.daily - self.used)

    def count(self, calls: int = 1) -> None:
        """Count calls whether or not there is room."""
        now = self._now_ms()
        if not self._slices or now - self._slices[-1][0] >= _SLICE_MS:
            self._slices.append([now, 0])
        self._slices[-1][1] += calls
        self._used += calls

    def take(self) -> None:
        """Count one call.

        Raises:
            ApiError: the day is used up; the call is not counted.
        """
        if self.enforce and self.remaining == 0:
            raise total_exceeded()
        self.count()
        self._burst.append(self._monotonic())

    def header(self) -> tuple[bytes, bytes]:
        """``Sforce-Limit-Info`` with both its segments."""
        horizon = self._monotonic() - 1
        while self._burst and self._burst[0] <= horizon:
            self._burst.popleft()
        bursts = max(1, len(self._burst))
        text = f"api-usage={self.used}/{self.daily}; api-bursts={bursts}/{_BURST}"
        return b"Sforce-Limit-Info", text.encode()

    def configure(self, sizes: dict[str, Any]) -> None:
        """Set ``daily``, ``daily_used``, ``bulk_query_jobs``, ``bulk_batches`` and ``enforce``."""
        for name in ("daily", "bulk_query_jobs", "bulk_batches"):
            if name in sizes:
                setattr(self, name, int(sizes[name]))
        if "daily_used" in sizes:
            self._slices.clear()
            self._used = 0
            self.count(int(sizes["daily_used"]))
        if "enforce" in sizes:
            self.enforce = bool(sizes["enforce"])

    def describe(self) -> dict[str, Any]:
        """Sizes and what is used of them, for people."""
        return {
            "enforce": self.enforce,
            "daily": self.daily,
            "daily_used": self.used,
            "bulk_query_jobs": self.bulk_query_jobs,
            "bulk_query_jobs_used": self.bulk_query_jobs_used,
            "bulk_batches": self.bulk_batches,
            "bulk_batches_used": self.bulk_batches_used,
        }

    def resource(self) -> dict[str, dict[str, int]]:
        """The body of ``GET /limits``."""
        jobs, batches = self.bulk_query_jobs, self.bulk_batches
        left = {
            "DailyApiRequests": (self.daily, self.remaining),
            "DailyBulkApiBatches": (batches, max(0, batches - self.bulk_batches_used)),
            "DailyBulkV2QueryJobs": (jobs, max(0, jobs - self.bulk_query_jobs_used)),
            **{name: (size, size) for name, size in _UNTOUCHED.items()},
        }
        return {
            name: {"Max": most, "Remaining": remaining}
            for name, (most, remaining) in sorted(left.items())
        }


_UNTOUCHED: Final = {
    "ActiveScratchOrgs": 40,
    "AnalyticsExternalDataSizeMB": 40_960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyDurableStreamingApiEvents": 200_000,
    "DailyGenericStreamingApiEvents": 200_000,
    "DailyStreamingApiEvents": 200_000,
    "DailyWorkflowEmails": 2_030,
    "DataStorageMB": 10_240,
    "FileStorageMB": 10_240,
    "HourlyAsyncReportRuns": 1_200,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "Package2VersionCreates": 6,
    "PermissionSets": 1_500,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 1_000,
}


def total_exceeded() -> ApiError:
    """403: the day is used up."""
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def concurrency_exceeded() -> ApiError:
    """403: too many long calls at once."""
    message = "ConcurrentPerOrgLongTxn Limit exceeded."
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", message)
