"""Reading companies: all of them page by page, or some by id.

A response's own ``properties`` dictionary becomes the record's fields: copying it would cost more
than everything else done to a row here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from connectors.batching import chunked, distinct
from connectors.errors import ProtocolError
from connectors.hubspot.session import Session
from connectors.records import AccountRecord, Page

LIST_PAGE = 100  # the most HubSpot lists at once
READ_BATCH = 100  # the most ids in one batch read
LONGEST_QUERY = 6000  # characters; 414 was seen from about 8,000 on
LIST_ROUTE = "GET companies"
READ_ROUTE = "POST companies/batch/read"
GET_ROUTE = "GET companies/{id}"


def records(results: Sequence[Mapping[str, Any]], route: str) -> list[AccountRecord]:
    """Turn a response's results into account records.

    Raises:
        ProtocolError: a result lacks what every HubSpot record has.

    """
    try:
        return [
            AccountRecord(
                result["id"],
                properties := result["properties"],
                properties.get("hs_lastmodifieddate") or result.get("updatedAt") or "",
            )
            for result in results
        ]
    except (KeyError, TypeError, AttributeError):
        shape_error = ProtocolError(f"HubSpot answered {route} with records of an unknown shape.")
    raise shape_error


def results_of(data: Mapping[str, Any], route: str) -> list[Mapping[str, Any]]:
    """Return the ``results`` of an answer, which must be a list, even if empty."""
    results = data.get("results")
    if not isinstance(results, list):
        raise ProtocolError(f"HubSpot answered {route} without results.")
    return results


def list_pages(session: Session, fields: Sequence[str]) -> Iterator[Page]:
    """Yield every company that is not archived, in pages, by ascending record id.

    Raises:
        ProtocolError: the page tokens go round in a circle.

    """
    too_long = query_length(fields) > LONGEST_QUERY
    asked = ["hs_object_id"] if too_long or not fields else list(fields)
    after: str | None = None
    seen: set[str] = set()
    while True:
        answer = session.call(LIST_ROUTE, lambda after=after: _list(session, asked, after))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        results = results_of(answer.data, LIST_ROUTE)
        page = records(results, LIST_ROUTE)
        if too_long:
            page = batch_read(session, [record.account_id for record in page], fields)
        if page:
            yield page
        after = next_token(answer.data)
        if after is None:
            return
        if after in seen:
            raise ProtocolError(
                f"HubSpot repeated a page token of {LIST_ROUTE}: the list would never end."
            )
        seen.add(after)


def _list(session: Session, fields: Sequence[str], after: str | None) -> Any:
    return session.client.crm.companies.basic_api.get_page(
        limit=LIST_PAGE,
        after=after,
        properties=[",".join(fields)],  # one parameter is a third of the length of many
        archived=False,
        _preload_content=False,
    )


def next_token(data: Mapping[str, Any]) -> str | None:
    """Return the token of the next page; ``None`` on the last."""
    paging = data.get("paging") or {}
    token = (paging.get("next") or {}).get("after")
    return None if token is None else str(token)


def query_length(fields: Sequence[str]) -> int:
    """Return how many characters *fields* take in an address, as the client writes them."""
    return len("&properties=") + len(quote_plus(",".join(fields)))


def batch_read(
    session: Session, account_ids: Sequence[str], fields: Sequence[str]
) -> list[AccountRecord]:
    """Read companies by id, 100 at a time; those that are not there are left out."""
    found: list[AccountRecord] = []
    for chunk in chunked(distinct(account_ids), READ_BATCH):
        body = {
            "properties": list(fields) or ["hs_object_id"],
            "propertiesWithHistory": [],
            "inputs": [{"id": account_id} for account_id in chunk],
        }
        answer = session.call(
            READ_ROUTE,
            lambda body=body: session.client.crm.companies.batch_api.read(  # type: ignore[misc] # as above
                body, archived=False, _preload_content=False
            ),
        )
        found += records(results_of(answer.data, READ_ROUTE), READ_ROUTE)
    return found


def get(session: Session, account_id: str, fields: Sequence[str]) -> AccountRecord | None:
    """Read one company; an id that was merged away gives the survivor, ``None`` means gone."""
    answer = session.call(
        GET_ROUTE,
        lambda: session.client.crm.companies.basic_api.get_by_id(
            account_id,
            properties=[",".join(fields) or "hs_object_id"],
            archived=False,
            _preload_content=False,
        ),
        allow=frozenset({HTTPStatus.NOT_FOUND}),
    )
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    return records([answer.data], GET_ROUTE)[0]


def fetch(
    session: Session, account_ids: Sequence[str], fields: Sequence[str]
) -> list[AccountRecord]:
    """Read the named companies as they are now, each once; merged ones as their survivor.

    A record id is a number: anything else is nobody's, and in an address would ask for another
    thing than a company (an empty id asks for the list of all).
    """
    wanted = [it for it in distinct(account_ids) if it.isascii() and it.isdecimal()]
    found = {record.account_id: record for record in batch_read(session, wanted, fields)}
    for account_id in wanted:
        # Batch reads know nothing of ids that were merged away; single reads follow them.
        if account_id not in found and (survivor := get(session, account_id, fields)):
            found.setdefault(survivor.account_id, survivor)
    return list(found.values())
