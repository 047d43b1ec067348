"""The unmodified Python client that everybody uses works against the simulated org."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.sandbox.conftest import OrgCaller
from tests.support.org_rows import accounts, add

INSTANCE = "https://acme.my.salesforce.com"


class OriginAdapter(HTTPAdapter):
    """Leads what the client sends by https to where the sandbox listens."""

    def __init__(self, origin: str) -> None:
        self._origin = urlsplit(origin)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send *request* to the sandbox instead."""
        url = urlsplit(str(request.url))
        scheme, place = self._origin.scheme, self._origin.netloc
        request.url = urlunsplit((scheme, place, url.path, url.query, ""))
        return super().send(request, *args, **more)


@pytest.fixture
def client(bare: OrgCaller) -> Iterator[Any]:
    """The client, with a session that exists already."""
    bare.behave(bulk_queue_ms=0, bulk_ms_per_1000=0)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", OriginAdapter(bare.url))
        yield Salesforce(
            instance_url=INSTANCE, session_id=bare.token, version="66.0", session=session
        )


def test_query(client: Any, bare: OrgCaller) -> None:
    """One page parses, parents included."""
    add(bare.org, "Account", 0, Name="O'Neil", AnnualRevenue="10")
    body = client.query(r"SELECT Id, Owner.Name, AnnualRevenue FROM Account WHERE Name = 'o\'neil'")

    [record] = body["records"]
    assert (body["totalSize"], body["done"]) == (1, True)
    assert (record["AnnualRevenue"], record["Owner"]["Name"]) == (10.0, "ICP Integration")
    assert client.api_usage["api-usage"].total == bare.org.limits.daily


def test_query_all_iter(client: Any, bare: OrgCaller) -> None:
    """The client follows locators to the end, in the recycle bin too when asked."""
    ids = accounts(bare.org, 5)
    bare.behave(page_size=2)
    deleted = bare("DELETE", f"sobjects/Account/{ids[0]}")
    soql = "SELECT Id FROM Account ORDER BY Id"

    assert deleted.status_code == 204
    assert [record["Id"] for record in client.query_all_iter(soql)] == ids[1:]
    everything = client.query_all_iter(soql, include_deleted=True)
    assert [record["Id"] for record in everything] == ids


def test_refusals(client: Any) -> None:
    """The client raises its own error, with our body."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.query("SELECT Nope FROM Account")

    error: Any = caught.value  # the client's types take its content for a number
    assert error.content[0]["errorCode"] == "INVALID_FIELD"


def test_bulk_query(client: Any, bare: OrgCaller) -> None:
    """The client polls the job and fetches its pages."""
    ids = accounts(bare.org, 5, BillingStreet="1 Main St\nKöln")
    pages = client.bulk2.Account.query(
        "SELECT Id, BillingStreet FROM Account", max_records=2, wait=0
    )
    rows = [
        row for page in pages for row in csv.DictReader(io.StringIO(str(page), newline=""))
    ]  # each page repeats the header

    assert sorted(row["Id"] for row in rows) == ids
    assert {row["BillingStreet"] for row in rows} == {"1 Main St\nKöln"}


def test_bulk_update(client: Any, bare: OrgCaller) -> None:
    """The client's upload is taken; it counts what was refused, and gets the three files."""
    one, two = accounts(bare.org, 2, Rating="Cold")
    records = [
        {"Id": one, "Rating": "Hot", "Site": "new"},
        {"Id": two, "Rating": "#N/A", "Site": "x" * 81},
    ]
    [done] = client.bulk2.Account.update(records=records, wait=0)
    failed = client.bulk2.Account.get_failed_records(done["job_id"])
    successful = client.bulk2.Account.get_successful_records(done["job_id"])

    assert (done["numberRecordsTotal"], done["numberRecordsProcessed"]) == (2, 2)
    assert done["numberRecordsFailed"] == 1
    assert bare.query("SELECT Rating, Site FROM Account ORDER BY Id") == [
        {"Rating": "Hot", "Site": "new"},
        {"Rating": "Cold", "Site": None},
    ]
    [row] = csv.DictReader(io.StringIO(failed))
    assert row["sf__Id"] == two
    assert row["sf__Error"].startswith("STRING_TOO_LONG:")
    [row] = csv.DictReader(io.StringIO(successful))
    assert (row["sf__Id"], row["sf__Created"]) == (one, "false")
    assert client.bulk2.Account.get_unprocessed_records(done["job_id"]).strip()


def test_bulk_insert_and_delete(client: Any, bare: OrgCaller) -> None:
    """Inserting and deleting go the same way."""
    [done] = client.bulk2.Account.insert(records=[{"Name": "New"}], wait=0)
    [record] = bare.query("SELECT Id, Name FROM Account")
    [gone] = client.bulk2.Account.delete(records=[{"Id": record["Id"]}], wait=0)

    assert done["numberRecordsFailed"] == gone["numberRecordsFailed"] == 0
    assert bare.query("SELECT Id FROM Account") == []
