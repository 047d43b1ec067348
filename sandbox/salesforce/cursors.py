"""Query locators: what was found stays open for two days, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.running import QueryResult

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_LIFETIME_MS: Final = 2 * 86_400_000
_MOST: Final = 50  # results are large; the oldest make room
_LOCATOR: Final = re.compile(r"(01g\w{15})-(\d+)")


@dataclass(slots=True)
class Cursor:
    """One open result."""

    id: str
    user_id: str
    result: QueryResult
    all_rows: bool
    size: int
    opened_ms: int

    def locator(self, offset: int) -> str:
        """What a next page is asked for with."""
        return f"{self.id}-{offset}"


class Cursors:
    """The open results of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._open: dict[str, Cursor] = {}

    def reset(self) -> None:
        """Close them all."""
        self._open.clear()

    def open(self, user_id: str, result: QueryResult, size: int, *, all_rows: bool) -> Cursor:
        """Keep *result* for its next pages."""
        org = self._org
        cursor_id = org.new_id("QueryLocator")
        cursor = Cursor(cursor_id, user_id, result, all_rows, size, org.now_ms())
        while len(self._open) >= _MOST:
            self._open.pop(next(iter(self._open)))
        self._open[cursor_id] = cursor
        return cursor

    def find(self, user_id: str, locator: str) -> tuple[Cursor, int]:
        """The result a locator leads to, and where its page begins.

        Raises:
            ApiError: ``INVALID_QUERY_LOCATOR``: unknown, too old, or another user's.
        """
        org = self._org
        found = _LOCATOR.fullmatch(locator)
        cursor = self._open.get(found[1]) if found else None
        if (
            found is None
            or cursor is None
            or cursor.user_id != user_id
            or org.behaviour.locators_expired
            or org.now_ms() - cursor.opened_ms > _LIFETIME_MS
        ):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor, int(found[2])
