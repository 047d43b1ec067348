"""Bulk jobs of one org."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.salesforce.routing import Route

ROUTES: list[Route] = []


class Jobs:
    """Every job that was made since the last reset."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def reset(self) -> None:
        """Forget every job."""
