"""Reading opportunities: the deals of accounts, for learning from what was won and lost.

Stages are named differently in every org, so ``IsWon`` and ``IsClosed`` say how a deal stands.
Few come by REST, in the order of their ids; many by a bulk job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.records import DealRecord, Window
from connectors.salesforce import currencies, describing, faults, soql
from connectors.salesforce.bulk_query import BulkQuery
from connectors.salesforce.currencies import Rates
from connectors.salesforce.decoding import moment_text
from connectors.salesforce.faults import QueryTooLongError
from connectors.salesforce.numbers import number_text, parsed_number
from connectors.salesforce.queries import QueryPage, query
from connectors.salesforce.session import Session

OBJECT: Final = "Opportunity"
BULK_THRESHOLD: Final = 2_000
SMALLEST_PAGE: Final = 50
_ALWAYS: Final = ("AccountId", "IsClosed", "IsWon")
_WHERE_VISIBLE: Final = ("StageName", "Amount", "CreatedDate", "CloseDate", describing.CURRENCY)
_DATE: Final = len("2026-11-22")

Value = Callable[[str], Any]


def deals(
    session: Session,
    window: Window | None,
    *,
    bulk: BulkQuery,
    bulk_threshold: int = BULK_THRESHOLD,
) -> Iterator[Sequence[DealRecord]]:
    """Yield the deals that belong to an account: those changed within *window*, or all.

    Nothing but an empty list comes while a bulk job is at work.

    Raises:
        MisconfiguredError: the user may not read opportunities.

    """
    fields = _visible(session)
    rates = currencies.read_rates(session) if describing.CURRENCY in fields else None
    conditions = ["AccountId != null"]
    if window is not None:
        since, until = (end.replace(microsecond=0) for end in (window.since, window.until))
        conditions.append(soql.modified(since, until))
    try:
        first = query(session, soql.select(fields, OBJECT, conditions, order=["Id"]))
    except QueryTooLongError:
        first = None
    if first is None or first.total > bulk_threshold:
        yield from _in_bulk(bulk, soql.select(fields, OBJECT, conditions), rates)
    else:
        yield from _by_id(session, fields, conditions, first, rates)


def _visible(session: Session) -> list[str]:
    """Name the fields to ask for: those of ours that the org has and the user sees."""
    answer = session.call(
        "GET",
        f"sobjects/{OBJECT}/describe",
        route=describing.ROUTE,
        allow=frozenset({HTTPStatus.NOT_FOUND}),
    )
    found = None if answer.status == HTTPStatus.NOT_FOUND else describing.read(answer.data)
    if found is None or not found.readable or not found.fields.keys() >= {*_ALWAYS}:
        remedy = "Grant Read and View All on Opportunity; both are needed to learn from deals."
        raise MisconfiguredError([Problem(faults.USER, "it may not read opportunities.", remedy)])
    # The last column tells the rows of a bulk job apart.
    return [*_ALWAYS, *(name for name in _WHERE_VISIBLE if name in found.fields), "Id"]


def _by_id(
    session: Session,
    fields: Sequence[str],
    conditions: Sequence[str],
    page: QueryPage,
    rates: Rates | None,
) -> Iterator[Sequence[DealRecord]]:
    """Yield *page* and those after it, each asked for from the last id, smaller if need be."""
    limit: int | None = None
    last = ""
    while True:
        if page.records:
            yield [_deal(_json_reader(row), rates) for row in page.records]
        if page.done and (limit is None or len(page.records) < limit):
            return
        before, last = last, _last_id(page)
        if last == before:
            raise ProtocolError("Salesforce answered a query with the same page again.")
        while True:
            beyond = f"Id > {soql.text(last)}"
            statement = soql.select(
                fields, OBJECT, [*conditions, beyond], order=["Id"], limit=limit
            )
            try:
                page = query(session, statement)
                break
            except QueryTooLongError:
                limit = (limit or BULK_THRESHOLD) // 2
                if limit < SMALLEST_PAGE:
                    raise


def _last_id(page: QueryPage) -> str:
    found = page.records[-1].get("Id") if page.records else None
    if not isinstance(found, str):
        raise ProtocolError("Salesforce answered a query with records of another shape.")
    return found


def _in_bulk(
    bulk: BulkQuery, statement: str, rates: Rates | None
) -> Iterator[Sequence[DealRecord]]:
    def reading(header: Sequence[str]) -> Callable[[Iterable[list[str]]], list[DealRecord]]:
        places = {name.lower(): place for place, name in enumerate(header)}
        return lambda rows: [_deal(_csv_reader(places, row), rates) for row in rows]

    yield from bulk.run(statement, reading)


def _json_reader(row: Mapping[str, Any]) -> Value:
    return row.get


def _csv_reader(places: Mapping[str, int], row: Sequence[str]) -> Value:
    def read(name: str) -> str | None:
        place = places.get(name.lower())
        return None if place is None else row[place]

    return read


def _deal(value: Value, rates: Rates | None) -> DealRecord:
    """Build a deal from one row, whichever way it came."""
    deal_id, account_id = value("Id"), value("AccountId")
    if not (deal_id and account_id):
        raise ProtocolError("Salesforce answered a query with records of another shape.")
    amount = _number(value("Amount"))
    created, closed = value("CreatedDate"), value("CloseDate")
    return DealRecord(
        deal_id=deal_id,
        account_id=account_id,
        closed=_flag(value("IsClosed")),
        won=_flag(value("IsWon")),
        stage=value("StageName") or "",
        amount=amount if rates is None else rates.convert(amount, value(describing.CURRENCY)),
        created_on=(moment_text(created) or "")[:_DATE] or None if created else None,
        closed_on=closed or None,
    )


def _number(found: Any) -> str | None:
    if isinstance(found, str):
        return parsed_number(found) if found else None
    return None if found is None else number_text(found)


def _flag(found: Any) -> bool:
    return found is True or found == "true"
