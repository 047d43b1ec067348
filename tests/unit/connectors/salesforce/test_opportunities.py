"""Deals: few by REST, many by a bulk job, the same records either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.records import DealRecord, Window
from connectors.salesforce.bulk_query import BulkQuery
from connectors.salesforce.faults import QueryTooLongError
from connectors.salesforce.opportunities import deals
from tests.support.wire import Patience, Reply, Request, Wire
from tests.unit.connectors.salesforce.described import Field, described, field
from tests.unit.connectors.salesforce.table import Table
from tests.unit.connectors.salesforce.wire import answering, error, page, session_on, soql_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIELDS = [
    field("Id", "id"),
    field("AccountId", "reference"),
    field("IsClosed", "boolean"),
    field("IsWon", "boolean"),
    field("StageName", "picklist"),
    field("Amount", "currency", scale=2),
    field("CreatedDate", "datetime"),
    field("CloseDate", "date"),
]
CURRENCY = field("CurrencyIsoCode", "picklist")
RATES = [
    {"IsoCode": "EUR", "ConversionRate": 1, "IsCorporate": True},
    {"IsoCode": "USD", "ConversionRate": 1.25, "IsCorporate": False},
]


class Pipeline(Table):
    """Opportunities of an org, as far as the user sees them."""

    fields: Sequence[Field] = FIELDS
    readable: bool = True
    described_as: Callable[[], Reply] | None = None

    def answer(self, request: Request) -> Reply:
        """Answer a call."""
        if request.path.endswith("/Opportunity/describe"):
            if self.described_as is not None:
                return self.described_as()
            return Reply(200, described("Opportunity", self.fields, queryable=self.readable))
        if "jobs" not in request.path and "CurrencyType" in soql_of(request):
            return page(RATES)
        return super().answer(request)

    def open(self, number: int, **values: Any) -> str:
        """Keep one opportunity."""
        usual = {
            "AccountId": f"001A0000{number:07d}AAA",
            "IsClosed": False,
            "IsWon": False,
            "StageName": "Prospecting",
            "Amount": 1000.5,
            "CreatedDate": "2026-01-02T03:04:05.000+0000",
            "CloseDate": "2026-12-31",
            "CurrencyIsoCode": "USD",
        }
        return self.add(number, NOON, **(usual | values))


@pytest.fixture
def pipeline(wire: Wire) -> Pipeline:
    """No opportunities yet."""
    found = Pipeline()
    answering(wire, found.answer)
    return found


def read(wire: Wire, window: Window | None = None, threshold: int = 2_000) -> list[DealRecord]:
    """Read all deals of a window."""
    clock = Patience()
    session = session_on(wire, clock)
    bulk = BulkQuery(session, monotonic=clock)
    found = deals(session, window, bulk=bulk, bulk_threshold=threshold)
    return [deal for part in found for deal in part]


@pytest.mark.parametrize("threshold", [0, 2_000])
def test_both_ways_give_the_same_deals(wire: Wire, pipeline: Pipeline, threshold: int) -> None:
    """Won, lost and open ones, with and without amounts."""
    for row in (
        {"IsClosed": True, "IsWon": True, "StageName": "Closed Won", "Amount": 350000.0},
        {"IsClosed": True, "Amount": None},
        {"StageName": None, "Amount": 0.0, "CloseDate": None},
    ):
        row = {k: str(v).lower() if threshold == 0 and v is True else v for k, v in row.items()}  # noqa: PLW2901 - CSV says true
        pipeline.open(len(pipeline.rows), **row)

    won, lost, left = read(wire, threshold=threshold)

    assert won == DealRecord(
        deal_id="001A00000000000AAA",
        account_id="001A00000000000AAA",
        closed=True,
        won=True,
        stage="Closed Won",
        amount="350000",
        created_on="2026-01-02",
        closed_on="2026-12-31",
    )
    assert (lost.closed, lost.won, lost.amount) == (True, False, None)
    assert (left.closed, left.stage, left.amount, left.closed_on) == (False, "", "0", None)
    assert len(pipeline.jobs) == (threshold == 0)


def test_amounts_are_in_one_currency_where_there_are_many(wire: Wire, pipeline: Pipeline) -> None:
    """Those without a rate are unknown and not wrong by a factor."""
    pipeline.fields = [*FIELDS, CURRENCY]
    pipeline.open(1, Amount=1000.0)
    pipeline.open(2, Amount=1000.0, CurrencyIsoCode="EUR")
    pipeline.open(3, Amount=1000.0, CurrencyIsoCode="JPY")

    assert [deal.amount for deal in read(wire)] == ["800", "1000", None]


def test_fields_the_user_may_not_see_are_empty(wire: Wire, pipeline: Pipeline) -> None:
    """Field-level security may hide the amount: nothing else suffers."""
    pipeline.fields = [it for it in FIELDS if it["name"] != "Amount"]
    pipeline.rows[pipeline.open(1)].pop("Amount")

    [deal] = read(wire)

    assert deal.amount is None
    assert "Amount" not in pipeline.asked[0]


@pytest.mark.parametrize("why", ["no describe", "not queryable", "no account"])
def test_a_user_without_opportunities_is_told_what_to_grant(
    wire: Wire, pipeline: Pipeline, why: str
) -> None:
    """Salesforce denies that there is such an object, which helps nobody."""
    pipeline.readable = why != "not queryable"
    if why == "no account":
        pipeline.fields = [it for it in FIELDS if it["name"] != "AccountId"]
    if why == "no describe":
        pipeline.described_as = lambda: error("NOT_FOUND", "does not exist", 404)

    with pytest.raises(MisconfiguredError, match="Grant Read and View All on Opportunity"):
        read(wire)


def test_a_window_asks_for_what_changed_and_all_else_for_all(
    wire: Wire, pipeline: Pipeline
) -> None:
    """Deals without an account are nobody's."""
    pipeline.open(1)

    read(wire)
    read(wire, Window(NOON, NOON))

    assert all("AccountId != null" in statement for statement in pipeline.asked)
    assert ["SystemModstamp" in statement for statement in pipeline.asked] == [False, True]


def test_pages_are_followed_by_id(wire: Wire, pipeline: Pipeline) -> None:
    """Salesforce shrinks pages as it likes; each deal comes once."""
    pipeline.page_size = 7
    for number in range(30):
        pipeline.open(number)

    found = read(wire)

    assert [deal.deal_id for deal in found] == sorted(pipeline.rows)
    assert len(pipeline.asked) == 5


def test_pages_that_take_too_long_are_halved(wire: Wire, pipeline: Pipeline) -> None:
    """The first page decides how the rest is read; later ones shrink until they work."""
    for number in range(1_500):
        pipeline.open(number)
    pipeline.page_size = 1_000
    asked = 0

    def slow(count: int) -> bool:
        nonlocal asked
        asked += 1
        return asked > 1 and count > 250

    pipeline.too_many = slow

    assert len(read(wire)) == 1_500


def test_a_page_that_always_takes_too_long_is_an_error(wire: Wire, pipeline: Pipeline) -> None:
    """After a few halvings; the run says so."""
    for number in range(20):
        pipeline.open(number)
    pipeline.page_size = 10
    asked = 0

    def slow(_count: int) -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    pipeline.too_many = slow

    with pytest.raises(QueryTooLongError):
        read(wire)


def test_a_query_that_takes_too_long_becomes_a_job(wire: Wire, pipeline: Pipeline) -> None:
    """Jobs have all the time there is."""
    pipeline.open(1)
    pipeline.too_many = lambda _count: True

    assert len(read(wire)) == 1
    assert len(pipeline.jobs) == 1


def test_nothing_comes_while_a_job_is_at_work(wire: Wire, pipeline: Pipeline) -> None:
    """Empty parts let the reader renew a lease, or stop."""
    pipeline.open(1)
    pipeline.polls_until_done = 3
    clock = Patience()
    session = session_on(wire, clock)

    found = deals(session, None, bulk=BulkQuery(session, monotonic=clock), bulk_threshold=0)

    assert [len(part) for part in found] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "replies",
    [
        [page([{"Id": None}])],
        [page([{"Id": "006", "AccountId": None}])],
        [page([], 3, done=False)],
        [page([{"Id": "006A", "AccountId": "001A"}], 9, done=False)] * 2,
    ],
)
def test_results_of_another_shape_are_errors(
    wire: Wire, pipeline: Pipeline, replies: list[Reply]
) -> None:
    """Nothing passes for an end, and no page is read for ever."""
    left = list(replies)

    def answer(request: Request) -> Reply:
        if request.path.endswith("/describe"):
            return pipeline.answer(request)
        return left.pop(0)

    answering(wire, answer)

    with pytest.raises(ProtocolError):
        read(wire)


def test_no_deals_is_an_answer(wire: Wire, pipeline: Pipeline) -> None:
    """Two calls, and a token."""
    assert read(wire) == []
    assert len(wire.requests) == 3
    assert pipeline.jobs == []
