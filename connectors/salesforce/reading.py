"""Reading accounts: all of them, those changed in a window, or some by id.

A few come by REST, page by page; many by a bulk job (:mod:`connectors.salesforce.bulk_query`). REST
pages are not followed by locators, which expire, but asked for anew from the last row read: by time
and id, because one mass update stamps any number of accounts with the same second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.batching import chunked, distinct
from connectors.errors import ProtocolError
from connectors.records import AccountRecord, Gone, Page, Window
from connectors.salesforce import soql
from connectors.salesforce.bulk_query import BulkQuery
from connectors.salesforce.decoding import ID, STAMP, Layout, moment_text
from connectors.salesforce.faults import QueryTooLongError
from connectors.salesforce.ids import to18
from connectors.salesforce.queries import QueryPage, query
from connectors.salesforce.session import Session
from connectors.salesforce.survivors import survivors

OBJECT = "Account"
MASTER = "MasterRecordId"
REST_PAGE = 2_000  # the most Salesforce gives at once
SMALLEST_PAGE = 50  # asked for when even a second's worth takes too long
FETCHED = 1_000  # ids in one query; their list is sent in a body
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Modification times from one second to another, the first perhaps only beyond an id."""

    since: datetime
    until: datetime
    after_id: str | None = None

    def halves(self) -> tuple[Span, Span]:
        """Split by time; there are two seconds at least."""
        middle = self.since + (self.until - self.since) // 2
        middle = middle.replace(microsecond=0)
        return replace(self, until=middle), Span(middle + _SECOND, self.until)


class Reader:
    """Reads accounts.

    Args:
        session: the line to the org.
        conditions: what every account that is read fulfils.
        bulk_threshold: above so many accounts a bulk job reads them.
        bulk: runs bulk jobs.

    """

    def __init__(
        self,
        session: Session,
        conditions: Sequence[str] = (),
        *,
        bulk_threshold: int = REST_PAGE,
        bulk: BulkQuery | None = None,
    ) -> None:
        self._session = session
        self._conditions = tuple(conditions)
        self._threshold = bulk_threshold
        self._bulk = bulk or BulkQuery(session)

    def count(self) -> int:
        """How many accounts there are."""
        statement = soql.count(OBJECT, self._conditions)
        return query(self._session, statement, route="GET query count").total

    def every(self, layout: Layout, expected: int) -> Iterator[Page]:
        """Yield all accounts, *expected* of them."""
        if expected > self._threshold:
            yield from self._in_bulk(layout, ())
            return
        yield from self._by_id(layout, ())

    def changed(self, layout: Layout, window: Window) -> Iterator[Page]:
        """Yield the accounts modified within *window*, both ends included."""
        span = Span(window.since.replace(microsecond=0), window.until.replace(microsecond=0))
        first: QueryPage | None
        try:
            first = self._page(layout, span)
        except QueryTooLongError:
            first = None
        if first is not None and first.total > self._threshold:
            yield from self._in_bulk(layout, [soql.modified(span.since, span.until)])
            return
        spans = [span]
        while spans:
            span = spans.pop()
            try:
                page = first or self._page(layout, span)
            except QueryTooLongError:
                if span.until - span.since >= _SECOND:
                    earlier, later = span.halves()
                    spans += [later, earlier]
                else:
                    second = soql.modified(span.since, span.until)
                    yield from self._by_id(layout, [second], span.after_id)
                continue
            first = None
            if records := layout.from_json(page.records):
                yield records
            if not page.done:
                spans.append(_beyond(span, page))

    def fetch(self, account_ids: Sequence[str], layout: Layout) -> list[AccountRecord]:
        """Read the named accounts as they are now, each once; merged ones as their survivor."""
        wanted = distinct(filter(None, map(to18, account_ids)))
        found = self._named(wanted, layout)
        missing = [account_id for account_id in wanted if account_id not in found]
        if missing:
            lives_on = distinct(filter(None, survivors(self._session, missing).values()))
            found |= self._named([it for it in lives_on if it not in found], layout)
        return list(found.values())

    def _named(self, account_ids: Sequence[str], layout: Layout) -> dict[str, AccountRecord]:
        return {
            record.account_id: record
            for chunk in chunked(account_ids, FETCHED)
            for page in self._by_id(layout, [soql.one_of(ID, chunk)])
            for record in page
        }

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:
        """Yield the accounts deleted or merged away within *window*, as long as the bin has them.

        Deleting moves the modification time, too.
        """
        columns = [ID, MASTER, STAMP]
        spans = [Span(window.since.replace(microsecond=0), window.until.replace(microsecond=0))]
        while spans:
            span = spans.pop()
            statement = soql.select(
                columns, OBJECT, ["IsDeleted = true", _within(span)], order=[STAMP, ID]
            )
            try:
                page = query(self._session, statement, all_rows=True)
            except QueryTooLongError:
                if span.until - span.since < _SECOND:
                    raise
                earlier, later = span.halves()
                spans += [later, earlier]
                continue
            if page.records:
                yield [Gone(row[ID], row.get(MASTER) or "") for row in page.records]
            if not page.done:
                spans.append(_beyond(span, page))

    def _page(self, layout: Layout, span: Span) -> QueryPage:
        conditions = [*self._conditions, _within(span)]
        statement = soql.select(layout.columns, OBJECT, conditions, order=[STAMP, ID])
        return query(self._session, statement)

    def _by_id(
        self, layout: Layout, conditions: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        """Yield accounts by ascending id, in pages that shrink when they take too long."""
        limit: int | None = None
        while True:
            beyond = f"{ID} > {soql.text(after)}" if after else ""
            statement = soql.select(
                layout.columns,
                OBJECT,
                [*self._conditions, *conditions, beyond],
                order=[ID],
                limit=limit,
            )
            try:
                page = query(self._session, statement)
            except QueryTooLongError:
                limit = (limit or REST_PAGE) // 2
                if limit < SMALLEST_PAGE:
                    raise
                continue
            records = layout.from_json(page.records)
            if records:
                yield records
            if not records or (page.done and (limit is None or len(records) < limit)):
                return
            if records[-1].account_id == after:
                raise ProtocolError("Salesforce answered a query with the same page again.")
            after = records[-1].account_id

    def _in_bulk(self, layout: Layout, conditions: Sequence[str]) -> Iterator[Page]:
        # Without an order: with one, Salesforce works through the table in a single piece.
        statement = soql.select(layout.columns, OBJECT, [*self._conditions, *conditions])
        yield from self._bulk.run(statement, layout.from_csv)


def _within(span: Span) -> str:
    return soql.modified(span.since, span.until, span.after_id)


def _beyond(span: Span, page: QueryPage) -> Span:
    """Return the rest of *span* after the last row of *page*."""
    try:
        last = page.records[-1]
        stamp = datetime.fromisoformat(moment_text(last[STAMP]) or "")
        rest = Span(stamp, span.until, str(last[ID]))
    except (LookupError, TypeError, ValueError):
        rest = span
    if rest == span:
        raise ProtocolError("Salesforce answered a query with the same page again.")
    return rest
