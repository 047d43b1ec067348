"""What a page was asked for, and links that ask for something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

ALL: Final = "all"
UNASSESSED: Final = "unassessed"
LIST: Final = "list:"
_LONGEST_SEARCH: Final = 200


@dataclass(frozen=True, slots=True)
class Query:
    """One page of one view.

    ``view`` is ``all``, ``unassessed``, ``tier:ID`` or ``list:ID``. ``sort`` is a column's key, or
    ``""`` for the view's own order.
    """

    view: str = ALL
    search: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1

    @classmethod
    def parse(cls, parameters: Mapping[str, str], sortable: frozenset[str]) -> Query:
        """Read query parameters; what makes no sense counts as not given."""
        sort = parameters.get("sort", "")
        page = parameters.get("page", "1")
        return cls(
            view=parameters.get("view") or ALL,
            search=parameters.get("q", "").strip()[:_LONGEST_SEARCH],
            sort=sort if sort in sortable else "",
            descending=parameters.get("dir") == "desc",
            page=int(page) if page.isascii() and page.isdigit() and page < "9" * 9 else 1,
        )

    def link(self, **changes: Any) -> str:
        """The query string of this page with *changes*; a change of anything starts at page one."""
        changed = replace(self, **{"page": 1, **changes})
        given = {
            "view": "" if changed.view == ALL else changed.view,
            "q": changed.search,
            "sort": changed.sort,
            "dir": "desc" if changed.sort and changed.descending else "",
            "page": str(changed.page) if changed.page > 1 else "",
        }
        return "?" + urlencode({key: value for key, value in given.items() if value})
