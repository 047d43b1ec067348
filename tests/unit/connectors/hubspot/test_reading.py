"""Reading companies: paging that ends, addresses that fit, windows that neither skip nor circle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.hubspot import reading, search
from connectors.hubspot.connector import HubSpotConnector
from connectors.records import Portal, Window
from tests.unit.connectors.hubspot.wire import Reply, Wire, session_on

SINCE = datetime(2026, 11, 22, 4, 0, 0, 500, tzinfo=UTC)
WINDOW = Window(SINCE, SINCE + timedelta(hours=1))


def company(number: int, **values: str) -> dict[str, Any]:
    """Build a company as HubSpot lists it."""
    return {
        "id": str(number),
        "properties": {"hs_lastmodifieddate": "2026-11-22T04:00:00.000Z", **values},
        "archived": False,
    }


def page(*numbers: int, after: str | None = None) -> Reply:
    """Build a page of companies."""
    body: dict[str, Any] = {"results": [company(number) for number in numbers]}
    return Reply(200, body | ({"paging": {"next": {"after": after}}} if after else {}))


def test_pages_follow_the_token_to_the_end(wire: Wire) -> None:
    """Each page is asked for with the token of the one before; none after the last."""
    wire.answer(page(1, 2, after="3"), page(3))

    pages = list(reading.list_pages(session_on(wire), ["name", "domain"]))

    assert [[record.account_id for record in each] for each in pages] == [["1", "2"], ["3"]]
    assert pages[0][0].modified_at == "2026-11-22T04:00:00.000Z"
    assert [request.path for request in wire.requests] == [
        "/crm/v3/objects/companies?limit=100&properties=name%2Cdomain&archived=False",
        "/crm/v3/objects/companies?limit=100&after=3&properties=name%2Cdomain&archived=False",
    ]


def test_a_token_that_repeats_ends_the_run_instead_of_circling(wire: Wire) -> None:
    """A list that leads back to an earlier page is an error, not an endless run."""
    wire.answer(page(1, after="2"), page(2, after="3"), page(1, after="2"))

    with pytest.raises(ProtocolError, match="repeated a page token"):
        list(reading.list_pages(session_on(wire), []))


def test_too_many_fields_for_an_address_are_read_by_id(wire: Wire) -> None:
    """Ids are listed and the rest is read in a body, where length does not matter."""
    fields = [f"a_rather_long_property_name_{n}" for n in range(250)]
    wire.answer(page(1, 2), Reply(207, {"results": [company(2), company(1)], "errors": []}))

    [records] = reading.list_pages(session_on(wire), fields)

    listed, read = wire.requests
    assert {record.account_id for record in records} == {"1", "2"}
    assert len(listed.path) < 200
    assert read.body["properties"] == fields
    assert read.body["inputs"] == [{"id": "1"}, {"id": "2"}]


def test_a_window_is_walked_by_id_inside_frozen_bounds(wire: Wire) -> None:
    """Both ends in milliseconds, ids above the last as numbers, until nothing comes."""
    wire.answer(page(9, 10), page(100), page())

    pages = list(search.changed_pages(session_on(wire), WINDOW, ["name"]))

    filters = [request.body["filterGroups"][0]["filters"] for request in wire.requests]
    assert [len(each) for each in pages] == [2, 1]
    assert [each[2] for each in filters] == [
        {"propertyName": "hs_object_id", "operator": "GT", "value": value}
        for value in ("0", "10", "100")
    ]
    assert [each[:2] for each in filters] == 3 * [
        [
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1795320000001"},
            {"propertyName": "hs_lastmodifieddate", "operator": "LTE", "value": "1795323600000"},
        ]
    ]
    assert wire.requests[0].body["limit"] == 200
    assert wire.requests[0].body["sorts"] == [
        {"propertyName": "hs_object_id", "direction": "ASCENDING"}
    ]


def test_a_search_that_repeats_itself_ends_the_run(wire: Wire) -> None:
    """Records that were given before never come twice, nor for ever."""
    wire.answer(page(1, 2), page(2, 3), page(3))
    seen: list[str] = []

    def walk() -> None:
        for each in search.changed_pages(session_on(wire), WINDOW, []):
            seen.extend(record.account_id for record in each)

    with pytest.raises(ProtocolError, match="given before"):
        walk()

    assert seen == ["1", "2", "3"]


def test_merged_ids_are_resolved_and_deleted_ones_left_out(wire: Wire) -> None:
    """What a batch read does not know is asked for one by one; the survivor comes once."""
    wire.answer(
        Reply(207, {"results": [company(1)], "errors": [{"context": {"ids": ["2", "3"]}}]}),
        Reply(200, company(9)),
        Reply(404, {"category": "OBJECT_NOT_FOUND"}),
        Reply(200, company(1)),
    )

    records = reading.fetch(session_on(wire), ["1", "2", "3", "4"], ["name"])

    assert [record.account_id for record in records] == ["1", "9"]


DETAILS = {
    "portalId": 62515,
    "accountType": "STANDARD",
    "timeZone": "US/Eastern",
    "companyCurrency": "USD",
    "uiDomain": "app-eu1.hubspot.com",
}


@pytest.mark.parametrize(
    ("account_type", "kind"),
    [("STANDARD", "production"), ("DEVELOPER_TEST", "sandbox"), ("SANDBOX", "sandbox")],
)
def test_the_portal_is_named_with_its_kind(wire: Wire, account_type: str, kind: str) -> None:
    """State is bound to the portal's number and kind; people can click through to a record."""
    wire.answer(Reply(200, DETAILS | {"accountType": account_type}), page())

    assert HubSpotConnector(session_on(wire)).portal() == Portal(
        crm="hubspot",
        portal_id="62515",
        kind=kind,
        time_zone="US/Eastern",
        currency="USD",
        record_url="https://app-eu1.hubspot.com/contacts/62515/record/0-2/{id}",
    )


FORBIDDEN = Reply(403, {"category": "MISSING_SCOPES"})


def test_without_account_details_a_companys_address_tells_the_portal(wire: Wire) -> None:
    """A service key that may not ask who it is still works."""
    found = company(1) | {"url": "https://app.hubspot.com/contacts/777/record/0-2/1"}
    wire.answer(FORBIDDEN, Reply(200, {"results": [found]}))

    portal = HubSpotConnector(session_on(wire)).portal()

    assert (portal.portal_id, portal.kind) == ("777", "production")


def test_a_portal_that_cannot_be_told_is_asked_for(wire: Wire) -> None:
    """With neither details nor a company, a person must say which portal it is."""
    wire.answer(FORBIDDEN, page())

    with pytest.raises(MisconfiguredError, match="Grant the scope oauth"):
        HubSpotConnector(session_on(wire)).portal()


def test_a_portal_given_in_the_settings_is_enough(wire: Wire) -> None:
    """The settings' number stands where HubSpot does not tell."""
    wire.answer(FORBIDDEN, page())

    assert HubSpotConnector(session_on(wire), portal_id="5").portal().portal_id == "5"
