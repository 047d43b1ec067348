"""The connector on recorded answers: what it asks, how often, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.records import Portal, Window
from connectors.salesforce.auth import ExistingSession, PasswordLogin
from connectors.salesforce.connector import SalesforceConnector
from tests.support.wire import Reply, Wire
from tests.unit.connectors.salesforce.described import (
    ACCOUNT,
    CURRENCY,
    PERSON,
    Field,
    described,
    field,
)
from tests.unit.connectors.salesforce.queried import Org
from tests.unit.connectors.salesforce.wire import TOKEN, answering, error, page, session_on

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def connector(wire: Wire, **options: Any) -> SalesforceConnector:
    """A connector on the server."""
    return SalesforceConnector(session_on(wire), **options)


def account(number: int = 1, **values: Any) -> dict[str, Any]:
    """A row."""
    return {
        "Id": f"001A0000000000{number}",
        "SystemModstamp": "2026-11-22T12:00:00.000+0000",
        "ParentId": None,
    } | values


def test_the_org_is_named_with_one_call(wire: Wire) -> None:
    """Its id and kind bind state to it; the address of a record is one that people can open."""
    Org(wire)

    found = connector(wire).portal()

    assert found == Portal(
        crm="salesforce",
        portal_id="00D000000000001EAA",
        kind="sandbox",
        time_zone="Europe/Berlin",
        record_url=wire.url + "/lightning/r/Account/{id}/view",
    )
    assert len(wire.requests) == 2


@pytest.mark.parametrize("more", [[], [CURRENCY]], ids=["one currency", "many currencies"])
def test_an_incremental_run_that_finds_nothing_takes_five_calls(
    wire: Wire, more: list[Field]
) -> None:
    """Login, org with description and rates, count, the window and the bin."""
    Org(wire, [*ACCOUNT, *more])
    crm = connector(wire)

    crm.portal()
    crm.fields()
    crm.check_writing()
    crm.count()
    window = Window(NOON, NOON + timedelta(hours=1))
    assert [*crm.pages(window, ["Name"]), *crm.gone(window)] == []

    assert crm.calls.total == len(wire.requests) == 5
    assert crm.calls.by_route == {
        "POST oauth2/token": 1,
        "POST composite": 1,
        "GET query count": 1,
        "GET query": 1,
        "GET queryAll": 1,
    }


def test_fields_are_described_anew_each_time_but_not_twice_for_one_run(wire: Wire) -> None:
    """A field that set-up has just made is there the next time somebody asks."""
    org = Org(wire)
    crm = connector(wire)
    crm.portal()
    crm.fields()
    org.described = described("Account", [*ACCOUNT, field("ICP_Tier__c")])

    assert "ICP_Tier__c" in crm.fields()
    assert len(wire.requests) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda org: org.described.update(queryable=False), "may not read accounts"),
        (
            lambda org: org.found.update(describe=error("NOT_FOUND", "x", 404)),
            "may not see Account.*Grant Read on Account",
        ),
        (
            lambda org: org.found.update(Organization=error("INVALID_TYPE", "x")),
            "GET query Organization",
        ),
        (lambda org: org.found.update(Organization=error("INSUFFICIENT_ACCESS", "x", 403)), "may"),
    ],
    ids=["account", "hidden", "organization", "refused"],
)
def test_an_org_that_may_not_be_read_says_what_is_missing(
    wire: Wire, change: Callable[[Org], None], words: str
) -> None:
    """A part of a joint call fails as the call alone would have failed."""
    change(Org(wire))

    with pytest.raises(MisconfiguredError, match=words):
        connector(wire).portal()


@pytest.mark.parametrize("status", [400, 404, 405, 500])
def test_a_description_that_joint_calls_do_not_give_is_asked_for_alone(
    wire: Wire, status: int
) -> None:
    """Nobody has confirmed that they do; it costs a call more where they do not."""
    Org(wire).found["described together"] = error("METHOD_NOT_ALLOWED", "x", status)
    crm = connector(wire)

    crm.portal()

    assert "Name" in crm.fields()
    assert len(wire.requests) == 3


@pytest.mark.parametrize("body", [[], {}, {"compositeResponse": None}, {"compositeResponse": [1]}])
def test_a_joint_answer_without_its_parts_is_none(wire: Wire, body: Any) -> None:
    """An org without an id would bind state to nothing."""
    answering(wire, lambda _request: Reply(200, body))

    with pytest.raises(ProtocolError, match="all its parts"):
        connector(wire).portal()


def test_an_org_that_does_not_answer_for_itself_is_none(wire: Wire) -> None:
    """As above."""
    Org(wire).found["Organization"] = page([])

    with pytest.raises(ProtocolError, match="organization"):
        connector(wire).portal()


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        (Reply(200, {"DailyApiRequests": {"Max": 1000, "Remaining": 400}}), (1000, 400)),
        (error("INSUFFICIENT_ACCESS", status=403), (None, None)),
        (Reply(200, {"DailyApiRequests": None}), (None, None)),
    ],
)
def test_limits_are_asked_for_only_where_no_answer_tells_them(
    wire: Wire, reply: Reply, left: tuple[int | None, int | None]
) -> None:
    """It takes a permission that the nightly user need not have."""
    org = Org(wire)
    org.limits = {}
    org.found["limits"] = reply
    session = session_on(wire)

    SalesforceConnector(session).portal()

    assert (session.limiter.daily.limit, session.limiter.daily.remaining) == left


def test_the_right_to_write_is_proved_without_writing(wire: Wire) -> None:
    """The description says what the user may do to the object."""
    org = Org(wire)
    crm = connector(wire)
    crm.fields()
    crm.check_writing()
    org.described["updateable"] = False
    crm.fields()

    with pytest.raises(MisconfiguredError, match="Edit on Account"):
        crm.check_writing()

    assert {sent.method for sent in wire.requests[1:]} == {"GET"}


def test_people_are_left_out_of_count_and_pages_alike(wire: Wire) -> None:
    """Where the org has person accounts; asked for, they are read like any account."""
    org = Org(wire, [*ACCOUNT, PERSON])

    for crm in (connector(wire), connector(wire, person_accounts=True)):
        crm.count()
        list(crm.pages(None, ["Name"]))

    conditions = [asked.partition(" WHERE ")[2] for asked in org.asked]
    assert conditions == ["IsPersonAccount = false", "IsPersonAccount = false ORDER BY Id", "", ""]


def test_amounts_are_converted_at_rates_read_once(wire: Wire) -> None:
    """The portal's currency is the corporate one; every read goes by the same rates."""
    org = Org(wire, [*ACCOUNT, CURRENCY])
    codes = ["USD", "EUR", "XXX", "YYY", "ZZZ"]
    org.rows = [
        account(number, AnnualRevenue=1000.0, CurrencyIsoCode=code)
        for number, code in enumerate(codes)
    ]
    crm = connector(wire)

    portal = crm.portal()
    [found] = crm.pages(None, ["AnnualRevenue"])
    fetched = crm.fetch(["001A00000000000"], ["AnnualRevenue"])

    assert portal.currency == "EUR"
    amounts = ["800", "1000", None, None, None]
    assert [record.fields["AnnualRevenue"] for record in found] == amounts
    assert fetched[0].fields["AnnualRevenue"] == "800"
    assert sum("CurrencyType" in asked for asked in org.asked) == 1


def test_rates_that_a_joint_call_does_not_give_are_asked_for_alone(wire: Wire) -> None:
    """Without them no amount would be known."""
    org = Org(wire, [*ACCOUNT, CURRENCY])
    org.found["CurrencyType together"] = error("UNKNOWN_EXCEPTION", "x", 500)

    assert connector(wire).portal().currency == "EUR"
    assert len(wire.requests) == 3


def test_rates_are_read_also_where_nobody_asked_for_the_portal(wire: Wire) -> None:
    """A read without them would mix currencies."""
    org = Org(wire, [*ACCOUNT, CURRENCY])
    org.rows = [account(AnnualRevenue=1000.0, CurrencyIsoCode="USD")]

    [found] = connector(wire).pages(None, ["AnnualRevenue"])

    assert found[0].fields["AnnualRevenue"] == "800"


@pytest.mark.parametrize(
    ("reads", "writes", "calls"),
    [(0, 0, 0), (1, 0, 1), (2000, 0, 1), (2001, 0, 6), (100_000, 0, 7), (0, 200, 1), (0, 201, 2)],
)
def test_a_forecast_counts_pages_or_jobs(wire: Wire, reads: int, writes: int, calls: int) -> None:
    """It sends nothing, and holds the calls against what the last answer said is left."""
    Org(wire)
    crm = connector(wire)
    crm.portal()
    sent = len(wire.requests)

    found = crm.forecast(reads, writes)

    assert (found.calls, found.limit, found.remaining) == (calls, 100_000, 89_982)
    assert len(wire.requests) == sent


PROOFS = [
    ("ObjectPermissions", page([{"ParentId": "0PS"}]), "View All on Account"),
    ("UserPermissionAccess", page([{"PermissionsViewAllData": True}]), "all data"),
    ("UserPermissionAccess", page([{"PermissionsModifyAllData": True}]), "all data"),
    ("Organization", page([{"DefaultAccountAccess": "Edit"}]), "organization-wide default"),
]


@pytest.mark.parametrize(("source", "reply", "words"), PROOFS)
def test_seeing_everything_is_proved_by_any_of_three(
    wire: Wire, source: str, reply: Reply, words: str
) -> None:
    """A permission for accounts, one for all data, or an org that is open to all its users."""
    org = Org(wire)
    org.found[source] = reply

    found = connector(wire).inspect({}).visibility

    assert found.complete
    assert words in found.detail
    assert any("AssigneeId = '005000000000001AAA'" in asked for asked in org.asked)


ACCESS_OBJECTS = ("ObjectPermissions", "UserPermissionAccess", "Organization")


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        ({}, "Grant the user View All on Account."),
        (
            {
                "Organization": page([{"DefaultAccountAccess": "None"}]),
                "UserPermissionAccess": page([{"PermissionsViewAllData": False}]),
            },
            "Grant the user View All on Account.",
        ),
        (
            {
                name: error("INVALID_TYPE", "sObject type is not supported")
                for name in ACCESS_OBJECTS
            },
            "so that this can be proved",
        ),
    ],
    ids=["no rows", "private", "refused"],
)
def test_what_is_not_proved_is_said_with_the_remedy(
    wire: Wire, found: dict[str, Reply], remedy: str
) -> None:
    """Rows that sharing hides are missing without a word, so silence proves nothing."""
    org = Org(wire)
    org.found = found
    org.rows = [account(number) for number in range(1234)]
    crm = connector(wire)
    crm.count()

    visibility = crm.inspect({}).visibility

    assert not visibility.complete
    assert visibility.detail.startswith("sees 1,234 accounts of an unknown total.")
    assert remedy in visibility.detail
    assert "View All on Account" in visibility.detail


@pytest.mark.parametrize(
    ("root", "complete"),
    [
        ({"identity": "https://login.salesforce.com/id/00D/005000000000001AAA"}, True),
        ({"identity": "https://login.salesforce.com/id/00D/' OR Id != '"}, False),
        ({}, False),
    ],
)
def test_a_token_from_elsewhere_asks_whose_it_is(
    wire: Wire,
    root: dict[str, Any],
    complete: bool,  # noqa: FBT001
) -> None:
    """It came without the address that names its user; the API's root has it."""
    org = Org(wire)
    org.root = root
    org.found["ObjectPermissions"] = page([{"ParentId": "0PS"}])
    session = session_on(wire, credentials=ExistingSession(wire.url, TOKEN))

    assert SalesforceConnector(session).inspect({}).visibility.complete is complete


def test_a_password_is_warned_of(wire: Wire) -> None:
    """The warning of the log comes with the run's report, too."""
    Org(wire)
    session = session_on(wire, credentials=PasswordLogin(wire.url, "u", "p"))
    granted = wire.respond
    assert granted is not None
    soap = f"<sessionId>{TOKEN}</sessionId><serverUrl>{wire.url}/x</serverUrl>"
    wire.respond = lambda it: Reply(200, soap) if "/Soap/" in it.path else granted(it)

    [warning] = SalesforceConnector(session).inspect({}).warnings

    assert "password" in str(warning).lower()
