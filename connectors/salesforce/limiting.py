"""How an org's calls are paced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.pausing import Pause
from connectors.salesforce import faults
from connectors.throttling import RateLimiter


def make_limiter(
    *,
    daily_share: float = 0.9,
    pause: Callable[[float], None] | None = None,
    **options: Any,
) -> RateLimiter:
    """Make a limiter for an org: no burst is known, and the day is the last 24 hours."""
    return RateLimiter(
        share=1.0,
        daily_share=daily_share,
        burst=None,
        rolling=faults.WINDOW_MOVES,
        pause=pause or Pause(),
        **options,
    )
