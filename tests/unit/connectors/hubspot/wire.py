"""A HubSpot session that meets recorded answers."""

from __future__ import annotations

from typing import Any

from connectors.hubspot.session import Session
from connectors.retrying import RetryPolicy
from connectors.throttling import RateLimiter
from tests.support.wire import Patience, Reply, Request, Wire, serving

__all__ = ["SECRET", "TOKEN", "Patience", "Reply", "Request", "Wire", "serving", "session_on"]

TOKEN = "pat-na1-planted-token"  # noqa: S105 - planted, to be looked for in messages
SECRET = "Planted Customer Ltd"  # noqa: S105 - likewise


def session_on(wire: Wire, patience: Patience | None = None, **options: Any) -> Session:
    """Open a session on *wire* that waits only in *patience*."""
    clock = patience or Patience()
    defaults: dict[str, Any] = {
        "host": wire.url,
        "retry": RetryPolicy(attempts=3),
        "pause": clock.wait,
        "limiter": RateLimiter(share=1.0, daily_share=1.0, monotonic=clock, pause=clock.wait),
        "timeout": (1.0, 1.0),
    }
    return Session(TOKEN, **(defaults | options))
