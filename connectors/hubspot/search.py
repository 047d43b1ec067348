"""Companies changed within a window, and how many there are.

Search stops at 10,000 results and one bulk edit can stamp any number of records with the same
millisecond, so neither offsets nor "continue from the last timestamp" can be trusted. The window is
frozen and walked by record id instead, which can neither skip nor go round for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import ProtocolError
from connectors.hubspot.reading import batch_read, records, results_of
from connectors.hubspot.session import Session
from connectors.records import Page, Window

SEARCH_PAGE = 200  # the most HubSpot gives at once
LONGEST_BODY = 2500  # characters of field names; HubSpot's guide limits a body to 3,000
ROUTE = "POST companies/search"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def changed_pages(session: Session, window: Window, fields: Sequence[str]) -> Iterator[Page]:
    """Yield the companies modified within *window*, both ends included, each once.

    Raises:
        ProtocolError: HubSpot answers with records that were not asked for, time and again.

    """
    too_long = sum(len(name) + 4 for name in fields) > LONGEST_BODY
    asked = ["hs_object_id"] if too_long or not fields else list(fields)
    since = -((_EPOCH - window.since) // _MILLISECOND)  # rounded up: inclusive, not earlier
    until = (window.until - _EPOCH) // _MILLISECOND
    last_id = 0
    while True:
        body = _walk(since, until, last_id, asked)
        answer = session.call(ROUTE, lambda body=body: _search(session, body), search=True)  # type: ignore[misc] # mypy cannot infer a lambda with a default
        results = results_of(answer.data, ROUTE)
        if not results:
            return
        page = [r for r in records(results, ROUTE) if _number(r.account_id) > last_id]
        if not page:
            raise ProtocolError(
                f"HubSpot answered {ROUTE} with records it had given before: the walk would never"
                " end."
            )
        last_id = max(_number(record.account_id) for record in page)
        if too_long:
            page = batch_read(session, [record.account_id for record in page], fields)
        if page:
            yield page


def require_readable(session: Session) -> None:
    """Ask for a company that cannot exist, which HubSpot answers by what the credential may do.

    Raises:
        MisconfiguredError: it may not read companies.

    """
    none = {"propertyName": "hs_object_id", "operator": "EQ", "value": "0"}
    body = {"filterGroups": [{"filters": [none]}], "properties": ["hs_object_id"], "limit": 1}
    session.call(ROUTE, lambda: _search(session, body), search=True)


def count(session: Session) -> int:
    """Return how many companies the credential can see."""
    body = {"filterGroups": [], "properties": ["hs_object_id"], "limit": 1}
    total = session.call(ROUTE, lambda: _search(session, body), search=True).data.get("total")
    if not isinstance(total, int):
        raise ProtocolError(f"HubSpot answered {ROUTE} without a total.")
    return total


def _walk(since: int, until: int, last_id: int, fields: Sequence[str]) -> dict[str, Any]:
    def keep(name: str, operator: str, value: int) -> Mapping[str, str]:
        return {"propertyName": name, "operator": operator, "value": str(value)}

    return {
        "filterGroups": [
            {
                "filters": [
                    keep("hs_lastmodifieddate", "GTE", since),
                    keep("hs_lastmodifieddate", "LTE", until),
                    keep("hs_object_id", "GT", last_id),
                ]
            }
        ],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(fields),
        "limit": SEARCH_PAGE,
    }


def _search(session: Session, body: Mapping[str, Any]) -> Any:
    return session.client.crm.companies.search_api.do_search(dict(body), _preload_content=False)


def _number(account_id: str) -> int:
    if not account_id.isdecimal():
        raise ProtocolError(f"HubSpot answered {ROUTE} with a record id that is not a number.")
    return int(account_id)
