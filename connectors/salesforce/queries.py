"""Sending SOQL: in an address, or in a body where the address would be too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from connectors.errors import ProtocolError
from connectors.salesforce import faults
from connectors.salesforce.session import Session

# Bytes of query. Salesforce refuses an address that has more than 16,384 together with the headers,
# of which a token in the form of a JWT takes two thousand and more.
LONGEST_ADDRESS = 12_000
MOST_QUERIES = 5  # in one composite call
BATCH_ROUTE = "POST composite/batch"
COMPOSITE_ROUTE = "POST composite"


@dataclass(frozen=True, slots=True)
class QueryPage:
    """One page of a result: its records, how many there are in all, and whether it is the last."""

    records: list[dict[str, Any]]
    total: int
    done: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One answer of several that came in one call."""

    status: int
    data: Any

    def fault(self, session: Session, route: str) -> Exception | None:
        """Say what is wrong with it; ``None`` for a success."""
        if self.status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        where = faults.Circumstances(
            route=route, now=session.now(), api_version=session.api_version
        )
        return faults.answer_fault(faults.failed_parts(self.status, self.data), where)


def query(session: Session, soql: str, *, all_rows: bool = False, route: str = "") -> QueryPage:
    """Ask for the first page of a query.

    Args:
        session: the line to the org.
        soql: the statement.
        all_rows: deleted records, too.
        route: the call's name in counts and messages.

    Raises:
        QueryTooLongError: Salesforce gave up on it.
        ConnectorError: as any call.

    """
    resource = "queryAll" if all_rows else "query"
    route = route or f"GET {resource}"
    if len(quote_plus(soql)) <= LONGEST_ADDRESS:
        data = session.client.query(soql, include_deleted=all_rows, route=route)
    else:
        data = _in_body(session, f"v{session.api_version}/{resource}/?q={quote_plus(soql)}", route)
    return _page(data, route)


def _in_body(session: Session, address: str, route: str) -> Any:
    body = {"batchRequests": [{"method": "GET", "url": address}]}

    def attempt(_number: int) -> Any:
        answer = session.call(
            "POST", "composite/batch", route=BATCH_ROUTE, json=body, patient=False
        )
        results = answer.data.get("results") if isinstance(answer.data, dict) else None
        if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
            raise ProtocolError(f"Salesforce answered {BATCH_ROUTE} without the one result.")
        part = Part(int(results[0].get("statusCode") or 500), results[0].get("result"))
        fault = part.fault(session, route)
        if isinstance(fault, faults.QueryTooLongError):
            return fault  # asking for the same again would take as long again
        if fault is not None:
            raise fault
        return part.data

    data = session.retrying(attempt)
    if isinstance(data, faults.QueryTooLongError):
        raise data
    return data


def _page(data: Any, route: str) -> QueryPage:
    found = data if isinstance(data, dict) else {}
    records, total = found.get("records"), found.get("totalSize")
    if not isinstance(records, list) or not isinstance(total, int):
        raise ProtocolError(f"Salesforce answered {route} with something that is no result.")
    return QueryPage(records, total, bool(found.get("done", True)))


def together(session: Session, gets: Mapping[str, str]) -> dict[str, Part]:
    """Get several resources in one call, which counts as one; at most five are queries.

    Args:
        session: the line to the org.
        gets: addresses below the version's root, by a name of letters.

    """
    root = f"/services/data/v{session.api_version}/"
    body = {
        "allOrNone": False,
        "compositeRequest": [
            {"method": "GET", "url": root + address, "referenceId": name}
            for name, address in gets.items()
        ],
    }
    answer = session.call("POST", "composite", route=COMPOSITE_ROUTE, json=body)
    listed = answer.data.get("compositeResponse") if isinstance(answer.data, dict) else None
    found = {
        str(each.get("referenceId")): Part(int(each.get("httpStatusCode") or 0), each.get("body"))
        for each in listed or ()
        if isinstance(each, dict)
    }
    if any(name not in found for name in gets):
        raise ProtocolError(f"Salesforce answered {COMPOSITE_ROUTE} without all its parts.")
    return found


def address_of(soql: str) -> str:
    """Return the address of a query, for :func:`together`."""
    return f"query/?q={quote_plus(soql)}"


def rows_of(part: Part) -> Sequence[Mapping[str, Any]]:
    """Return the records of a query's answer."""
    return _page(part.data, "GET query").records
