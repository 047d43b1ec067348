"""``query`` and ``queryAll`` over HTTP: shapes, pages, locators and limits."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.salesforce.fields import area
from sandbox.salesforce.people import add_seller
from tests.sandbox.conftest import DATA, OrgCaller
from tests.support.org_rows import accounts, add, give_field

ACCOUNTS = "SELECT Id, Name FROM Account"


def ask(sf: OrgCaller, soql: str, **headers: str) -> dict[str, Any]:
    """The body of a query that must work."""
    answer = sf("GET", "query", q=soql, headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    [error] = answer.json()
    assert set(error) == {"message", "errorCode"}
    return answer.status_code, error["errorCode"]


def test_empty_answer(bare: OrgCaller) -> None:
    """The recorded shape of an answer without rows."""
    answer = bare("GET", "query", q="SELECT Id FROM Account WHERE AccountNumber = 'nobody'")

    assert answer.json() == {"totalSize": 0, "done": True, "records": []}
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["cache-control"] == (
        "no-cache,must-revalidate,max-age=0,no-store,private"
    )
    assert answer.headers["sforce-limit-info"].startswith("api-usage=1/")


def test_records(bare: OrgCaller) -> None:
    """Records carry their address, parents nest or are null, values have their JSON types."""
    org = bare.org
    parent = add(org, "Account", 0, Name="Parent")
    child = add(
        org,
        "Account",
        1,
        Name="Child",
        ParentId=parent,
        AnnualRevenue="350000000",
        NumberOfEmployees="12",
        BillingCity="Köln",
        BillingLatitude="50.94",
    )
    soql = (
        "SELECT Id, Name, Parent.Name, Owner.Email, AnnualRevenue, NumberOfEmployees, IsDeleted, "
        "SystemModstamp, LastActivityDate, BillingAddress, Parent.Parent.Name FROM Account"
    )
    first, second = ask(bare, soql)["records"]

    assert first["Parent"] is None
    assert second == {
        "attributes": {"type": "Account", "url": f"{DATA}/sobjects/Account/{child}"},
        "Id": child,
        "Name": "Child",
        "Parent": {
            "attributes": {"type": "Account", "url": f"{DATA}/sobjects/Account/{parent}"},
            "Name": "Parent",
            "Parent": None,
        },
        "Owner": {
            "attributes": {"type": "User", "url": f"{DATA}/sobjects/User/{org.integration_user}"},
            "Email": "integration@acme.example",
        },
        "AnnualRevenue": 350_000_000.0,
        "NumberOfEmployees": 12,
        "IsDeleted": False,
        "SystemModstamp": "2026-11-01T00:00:01.000+0000",
        "LastActivityDate": None,
        "BillingAddress": second["BillingAddress"],
    }
    assert list(second) == [
        "attributes", "Id", "Name", "Parent", "Owner", "AnnualRevenue", "NumberOfEmployees",
        "IsDeleted", "SystemModstamp", "LastActivityDate", "BillingAddress",
    ]  # fmt: skip
    address = second["BillingAddress"]
    assert (address["city"], address["latitude"], address["street"]) == ("Köln", 50.94, None)


def test_aggregates(bare: OrgCaller) -> None:
    """Groups come as AggregateResult; COUNT() has a size and no rows."""
    accounts(bare.org, 3, Rating="Hot")

    assert ask(bare, "SELECT Rating, COUNT(Id) FROM Account GROUP BY Rating") == {
        "totalSize": 1,
        "done": True,
        "records": [{"attributes": {"type": "AggregateResult"}, "Rating": "Hot", "expr0": 3}],
    }
    assert ask(bare, "SELECT COUNT() FROM Account") == {
        "totalSize": 3,
        "done": True,
        "records": [],
    }


def test_unknown_column(bare: OrgCaller) -> None:
    """The recorded refusal, letter for letter."""
    answer = bare("GET", "query", q="SELECT Bacon__c FROM Account LIMIT 2")

    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\n"
            "No such column 'Bacon__c' on entity 'Account'. If you are attempting to use a custom "
            "field, be sure to append the '__c' after the custom field name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
            "errorCode": "INVALID_FIELD",
        }
    ]


def test_no_statement(bare: OrgCaller) -> None:
    """A query without ``q`` is no query."""
    assert refused(bare("GET", "query")) == (400, "MALFORMED_QUERY")


def test_pages(bare: OrgCaller) -> None:
    """Pages hold what batchSize says, at least 200; the locator ends in the offset."""
    ids = accounts(bare.org, 450)
    body = ask(bare, ACCOUNTS, **{"Sforce-Query-Options": "batchSize=5"})
    seen = [record["Id"] for record in body["records"]]
    offsets = []
    while not body["done"]:
        offsets.append(body["nextRecordsUrl"].rpartition("-")[2])
        answer = bare("GET", body["nextRecordsUrl"])
        assert answer.status_code == 200
        body = answer.json()
        seen += [record["Id"] for record in body["records"]]

    assert body["totalSize"] == 450
    assert "nextRecordsUrl" not in body
    assert seen == ids
    assert offsets == ["200", "400"]


def test_page_of_2000(bare: OrgCaller) -> None:
    """Without a hint a page holds 2,000 rows; wide rows come 200 at a time."""
    accounts(bare.org, 2_001)
    for name in ("Long__c", "Longer__c"):
        give_field(bare.org, area(name, name, 32_000))

    assert len(ask(bare, ACCOUNTS)["records"]) == 2_000
    assert len(ask(bare, "SELECT Id, Long__c FROM Account")["records"]) == 2_000
    assert len(ask(bare, "SELECT Long__c, Longer__c FROM Account")["records"]) == 200


def test_short_pages(bare: OrgCaller) -> None:
    """With the switch, pages are as short as it says, whatever was hinted."""
    accounts(bare.org, 7)
    bare.behave(page_size=3)
    body = ask(bare, ACCOUNTS, **{"Sforce-Query-Options": "batchSize=2000"})

    assert (len(body["records"]), body["done"]) == (3, False)


def test_next_page_shows_values_of_now(bare: OrgCaller) -> None:
    """The locator fixes which records, not their values; what was deleted meanwhile is left out."""
    ids = accounts(bare.org, 5)
    bare.behave(page_size=2)
    body = ask(bare, ACCOUNTS)
    assert bare("PATCH", f"sobjects/Account/{ids[2]}", {"Name": "New"}).status_code == 204
    assert bare("DELETE", f"sobjects/Account/{ids[3]}").status_code == 204
    page = bare("GET", body["nextRecordsUrl"]).json()

    assert [record["Name"] for record in page["records"]] == ["New"]
    assert page["done"] is False


@pytest.mark.parametrize("switch", ["switch", "time", "reset", "other user", "nonsense"])
def test_locators_that_lead_nowhere(bare: OrgCaller, switch: str) -> None:
    """A locator that is too old, unknown or another user's is refused."""
    accounts(bare.org, 5)
    bare.behave(page_size=2)
    url = ask(bare, ACCOUNTS)["nextRecordsUrl"]
    token = bare.token
    assert bare("GET", url).status_code == 200
    match switch:
        case "switch":
            bare.behave(locators_expired=True)
        case "time":
            bare.control("POST", "clock", {"advance_seconds": 2 * 86_400 + 1})
        case "reset":
            bare.control("POST", "reset")
        case "other user":
            token = bare.admin_token
        case _:
            url = f"{DATA}/query/01gRO0000016PIAYA2-500"

    assert refused(bare("GET", url, token=token)) == (400, "INVALID_QUERY_LOCATOR")


def test_query_all(bare: OrgCaller) -> None:
    """``queryAll`` finds what is in the recycle bin, page by page too."""
    ids = accounts(bare.org, 4)
    assert bare("DELETE", f"sobjects/Account/{ids[1]}").status_code == 204
    bare.behave(page_size=2)
    soql = "SELECT Id, IsDeleted FROM Account"
    first = bare("GET", "queryAll", q=soql).json()
    second = bare("GET", first["nextRecordsUrl"]).json()

    rows = [*first["records"], *second["records"]]
    assert [row["Id"] for row in rows] == ids
    assert [row["IsDeleted"] for row in rows] == [False, True, False, False]
    assert ask(bare, soql)["totalSize"] == 3


def test_long_addresses(bare: OrgCaller) -> None:
    """An address above 16,384 bytes is refused before anything looks at it."""
    fields = ", ".join(["Name"] * 3_000)
    answer = bare("GET", "query", q=f"SELECT {fields} FROM Account")  # noqa: S608

    assert answer.status_code in {414, 431}
    assert "html" in answer.headers["content-type"]


def test_other_users(bare: OrgCaller) -> None:
    """Each session sees what its user may see."""
    org = bare.org
    seller = add_seller(org, "Sam", "Seller", "sam@example.com")
    add(org, "Account", 0, Name="Ours")
    add(org, "Account", 1, Name="Sam's", OwnerId=seller)
    token = bare.control("POST", "tokens", {"user": seller})["token"]
    answer = bare("GET", "query", q=ACCOUNTS, token=token)

    assert [record["Name"] for record in answer.json()["records"]] == ["Sam's"]


def test_in_a_composite_batch(bare: OrgCaller) -> None:
    """A long query goes through in the body of a batch."""
    accounts(bare.org, 2)
    names = ", ".join(f"'{'x' * 60} {n}'" for n in range(400))
    soql = f"SELECT Id FROM Account WHERE Name NOT IN ({names})"  # noqa: S608
    url = f"v66.0/query?{httpx.QueryParams(q=soql)}"
    answer = bare("POST", "composite/batch", {"batchRequests": [{"method": "GET", "url": url}]})

    [result] = answer.json()["results"]
    assert (result["statusCode"], result["result"]["totalSize"]) == (200, 2)


def test_timeouts(bare: OrgCaller) -> None:
    """With the switch, a query over too many rows takes too long."""
    accounts(bare.org, 5)
    bare.behave(query_timeout_rows=3)

    assert refused(bare("GET", "query", q=ACCOUNTS)) == (400, "QUERY_TIMEOUT")
    assert ask(bare, f"{ACCOUNTS} LIMIT 3")["totalSize"] == 3
