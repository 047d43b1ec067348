"""Opportunities of a sandbox org, read as deals: the same by either way, and by other eyes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.base import DealSource
from connectors.errors import MisconfiguredError
from connectors.records import DealRecord, Window
from connectors.salesforce.auth import ClientCredentials
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.session import Session
from tests.support.salesforce import RunningOrg, running_org

BY_PAGES, BY_JOBS = 10**6, 0  # thresholds


@pytest.fixture(scope="module")
def _org() -> Iterator[RunningOrg]:
    with running_org("--accounts", "600", "--limits", "off") as running:
        yield running


@pytest.fixture
def org(_org: RunningOrg) -> RunningOrg:
    """A fresh org with the sample's companies and deals."""
    _org.reset()
    _org.behave(bulk_queue_ms=0, bulk_ms_per_1000=0)
    return _org


def connector(org: RunningOrg, threshold: int) -> SalesforceConnector:
    """Open a connector that reads by jobs above so many deals."""
    way = ClientCredentials(org.instance_url, org.client_id, org.client_secret)
    session = Session(way, api_origin=org.url, pause=lambda _seconds: None)
    return SalesforceConnector(session, bulk_threshold=threshold)


def read(source: DealSource, window: Window | None = None) -> dict[str, DealRecord]:
    """Read deals, by id."""
    found = [deal for part in source.deals(window) for deal in part]
    by_id = {deal.deal_id: deal for deal in found}
    assert len(by_id) == len(found)
    return by_id


def test_both_ways_read_what_is_there(org: RunningOrg) -> None:
    """Every opportunity once, as the org itself tells of it."""
    org.behave(page_size=200)

    by_pages, by_jobs = (read(connector(org, threshold)) for threshold in (BY_PAGES, BY_JOBS))

    assert by_pages == by_jobs
    assert len(by_pages) > 200
    [told] = org.query("SELECT COUNT(Id) n FROM Opportunity WHERE AccountId != null", admin=True)
    assert len(by_pages) == told["n"]
    some = org.query(
        "SELECT Id, AccountId, IsWon, IsClosed, StageName, Amount, CloseDate FROM Opportunity",
        admin=True,
    )
    for row in some:
        deal = by_pages[row["Id"]]
        assert (deal.account_id, deal.won, deal.closed, deal.stage, deal.closed_on) == (
            row["AccountId"],
            row["IsWon"],
            row["IsClosed"],
            row["StageName"],
            row["CloseDate"],
        )
        assert (None if deal.amount is None else float(deal.amount)) == row["Amount"]
        assert deal.created_on


def test_a_window_holds_what_changed_in_it(org: RunningOrg) -> None:
    """For runs that look at deals again and again."""
    source = connector(org, BY_PAGES)
    [first, *_] = read(source)
    org.control("POST", "clock", {"advance_seconds": 3600})
    org.control("POST", "records", {"Opportunity": {first: {"Amount": 5}}})
    source.count()  # tells the org's time
    window = Window(source.now() - timedelta(minutes=5), source.now() + timedelta(seconds=1))

    assert [deal.amount for deal in read(source, window).values()] == ["5"]
    assert set(read(connector(org, BY_JOBS), window)) == {first}


def test_an_org_of_many_currencies_is_told_in_one(org: RunningOrg) -> None:
    """By the org's own rates, whichever way they are read."""
    org.behave(multi_currency=True)
    rates = {
        row["IsoCode"]: row["ConversionRate"]
        for row in org.query("SELECT IsoCode, ConversionRate FROM CurrencyType", admin=True)
    }
    [first, *_] = read(connector(org, BY_PAGES))
    other = next(code for code, rate in rates.items() if rate != 1)
    org.control(
        "POST", "records", {"Opportunity": {first: {"Amount": 1000, "CurrencyIsoCode": other}}}
    )

    for threshold in (BY_PAGES, BY_JOBS):
        amount = read(connector(org, threshold))[first].amount
        assert float(amount or 0) == pytest.approx(1000 / rates[other], abs=0.01)


def test_hidden_amounts_are_empty(org: RunningOrg) -> None:
    """Whether a deal was won is known without."""
    org.behave(hidden_fields=["Opportunity.Amount"])

    found = read(connector(org, BY_PAGES))

    assert {deal.amount for deal in found.values()} == {None}
    assert any(deal.won for deal in found.values())


def test_a_user_without_opportunities_is_told_what_to_grant(org: RunningOrg) -> None:
    """Who may not read them sees no such object."""
    rights = org.query(
        "SELECT Id FROM ObjectPermissions WHERE SobjectType = 'Opportunity'", admin=True
    )
    for row in rights:
        org.api("DELETE", f"sobjects/ObjectPermissions/{row['Id']}", admin=True)

    with pytest.raises(MisconfiguredError, match="Grant Read and View All on Opportunity"):
        read(connector(org, BY_PAGES))
