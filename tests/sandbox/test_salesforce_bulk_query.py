"""Bulk API 2.0 query jobs: states, and pages of CSV."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.salesforce.fields import flag
from tests.sandbox.conftest import DATA, OrgCaller
from tests.support.bulk import Pace, paced, query_job, table
from tests.support.org_rows import accounts, add, give_field

ACCOUNTS = "SELECT Id, Name FROM Account"


@pytest.fixture
def pace(bare: OrgCaller) -> Iterator[Pace]:
    """Jobs wait 10 seconds, and then take one second for each row."""
    bare.behave(bulk_queue_ms=10_000, bulk_ms_per_1000=1_000_000)
    with paced(bare.org) as pace:
        yield pace


def state(sf: OrgCaller, job: str) -> str:
    """The state of a query job."""
    found: str = sf("GET", f"jobs/query/{job}").json()["state"]
    return found


def test_created(bare: OrgCaller, pace: Pace) -> None:
    """The recorded shape of a new job."""
    del pace
    body = {
        "operation": "query",
        "query": ACCOUNTS,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    created = bare("POST", "jobs/query", body).json()

    assert created["id"].startswith("750")
    assert {**created, "id": "", "createdDate": "", "systemModstamp": ""} == {
        "id": "",
        "operation": "query",
        "object": "Account",
        "createdById": bare.org.integration_user,
        "createdDate": "",
        "systemModstamp": "",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert created["createdDate"].endswith("+0000")


def test_states(bare: OrgCaller, pace: Pace) -> None:
    """A job waits, works as long as its rows take, and is done."""
    accounts(bare.org, 5)
    job = query_job(bare, ACCOUNTS)
    seen = [state(bare, job)]
    for at in (9.9, 10.1, 14.9, 15.1):
        pace.now = 1_000 + at
        seen.append(state(bare, job))

    assert seen == ["UploadComplete", "UploadComplete", "InProgress", "InProgress", "JobComplete"]
    details = bare("GET", f"jobs/query/{job}").json()
    assert (details["jobType"], details["numberRecordsProcessed"]) == ("V2Query", 5)


def test_results_before_the_end(bare: OrgCaller, pace: Pace) -> None:
    """There is nothing to fetch yet: 204, or 412 as it used to be."""
    job = query_job(bare, ACCOUNTS)
    early = bare("GET", f"jobs/query/{job}/results")
    bare.behave(bulk_unfinished_412=True)
    older = bare("GET", f"jobs/query/{job}/results")
    pace.now += 20

    assert (early.status_code, early.content) == (204, b"")
    assert "sforce-numberofrecords" not in early.headers
    assert (older.status_code, older.json()[0]["errorCode"]) == (412, "JOB_NOT_COMPLETE")
    assert bare("GET", f"jobs/query/{job}/results").status_code == 200


def test_csv(bare: OrgCaller, pace: Pace) -> None:
    """Every cell is quoted, line breaks and quotes survive, nulls are empty, dotted names stay."""
    give_field(bare.org, flag("Checked__c", "Checked"))
    record = add(
        bare.org,
        "Account",
        1,
        Name='Köln "GmbH"',
        BillingStreet="1 Main St\nFloor, 2",
        AnnualRevenue="100",
        NumberOfEmployees="7",
        Site="\x00nul",
    )
    soql = (
        "SELECT Id, Name, BillingStreet, AnnualRevenue, NumberOfEmployees, Site, Checked__c, "
        "Owner.Name, Parent.Name, SystemModstamp FROM Account"
    )
    job = query_job(bare, soql)
    pace.now += 20
    answer = bare("GET", f"jobs/query/{job}/results")

    assert answer.content.decode() == (
        '"Id","Name","BillingStreet","AnnualRevenue","NumberOfEmployees","Site","Checked__c",'
        '"Owner.Name","Parent.Name","SystemModstamp"\n'
        f'"{record}","Köln ""GmbH""","1 Main St\nFloor, 2","100.0","7","\x00nul","false",'
        '"ICP Integration","","2026-11-01T00:00:01.000Z"\n'
    )
    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["sforce-numberofrecords"] == "1"
    assert answer.headers["sforce-locator"] == "null"


def test_spellings(bare: OrgCaller, pace: Pace) -> None:
    """Delimiter and line ending are the job's; datetimes may come with an offset."""
    bare.behave(bulk_offset_datetimes=True)
    accounts(bare.org, 1)
    job = query_job(
        bare,
        "SELECT Name, SystemModstamp FROM Account",
        columnDelimiter="SEMICOLON",
        lineEnding="CRLF",
    )
    pace.now += 20

    assert bare("GET", f"jobs/query/{job}/results").content == (
        b'"Name";"SystemModstamp"\r\n"A 0";"2026-11-01T00:00:00.000+0000"\r\n'
    )


def test_pages(bare: OrgCaller, pace: Pace) -> None:
    """Locators lead from page to page, each with its header; the last says ``null``."""
    ids = accounts(bare.org, 25)
    job = query_job(bare, ACCOUNTS)
    pace.now += 40
    seen: list[str] = []
    sizes: list[str] = []
    locator = None
    while locator != "null":
        query: dict[str, Any] = {"maxRecords": 10} | ({"locator": locator} if locator else {})
        answer = bare("GET", f"jobs/query/{job}/results", **query)
        seen += [row["Id"] for row in table(answer)]
        sizes.append(answer.headers["sforce-numberofrecords"])
        locator = answer.headers["sforce-locator"]

    assert sizes == ["10", "10", "5"]
    assert sorted(seen) == ids
    assert seen != ids  # no order was asked for, and none is kept


def test_order_is_kept_when_asked_for(bare: OrgCaller, pace: Pace) -> None:
    """ORDER BY and LIMIT work, at the price of chunking."""
    accounts(bare.org, 25)
    job = query_job(bare, f"{ACCOUNTS} ORDER BY SystemModstamp DESC LIMIT 3")
    pace.now += 40

    rows = table(bare("GET", f"jobs/query/{job}/results"))
    assert [row["Name"] for row in rows] == ["A 24", "A 23", "A 22"]
    assert bare("GET", f"jobs/query/{job}").json()["isPkChunkingSupported"] is False


def test_no_rows(bare: OrgCaller, pace: Pace) -> None:
    """An empty result is a header."""
    job = query_job(bare, ACCOUNTS)
    pace.now += 20
    answer = bare("GET", f"jobs/query/{job}/results")

    assert answer.text == '"Id","Name"\n'
    assert answer.headers["sforce-numberofrecords"] == "0"
    assert answer.headers["sforce-locator"] == "null"


def test_results_are_of_the_time_of_the_run(bare: OrgCaller, pace: Pace) -> None:
    """What changes after the job ran does not show in its result."""
    ids = accounts(bare.org, 2)
    job = query_job(bare, ACCOUNTS)
    pace.now += 20
    assert state(bare, job) == "JobComplete"
    bare("PATCH", f"sobjects/Account/{ids[0]}", {"Name": "New"})

    rows = table(bare("GET", f"jobs/query/{job}/results"))
    assert sorted(row["Name"] for row in rows) == ["A 0", "A 1"]


def test_compression(bare: OrgCaller, pace: Pace) -> None:
    """Results come packed to whoever takes them packed."""
    accounts(bare.org, 3)
    job = query_job(bare, ACCOUNTS)
    pace.now += 20
    request = bare.http.build_request(
        "GET",
        f"{DATA}/jobs/query/{job}/results",
        headers={"Authorization": f"Bearer {bare.token}", "Accept-Encoding": "gzip"},
    )
    answer = bare.http.send(request, stream=True)
    packed = b"".join(answer.iter_raw())
    plain = bare("GET", f"jobs/query/{job}/results", headers={"Accept-Encoding": "identity"})

    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content


def test_other_version(bare: OrgCaller, pace: Pace) -> None:
    """Results are bound to the version that the job was made with; its state is not."""
    job = query_job(bare, ACCOUNTS)
    pace.now += 20
    other = f"/services/data/v65.0/jobs/query/{job}"

    assert bare("GET", f"{other}/results").status_code == 409
    assert bare("GET", other).json()["apiVersion"] == 66.0


def test_result_pages(bare: OrgCaller, pace: Pace) -> None:
    """Up to five pages are named at once, in the recorded spelling or in the manual's."""
    accounts(bare.org, 13)
    bare.behave(bulk_page_rows=2)
    job = query_job(bare, ACCOUNTS)
    pace.now += 40
    first = bare("GET", f"jobs/query/{job}/resultPages").json()
    second = bare("GET", first["nextRecordsUrl"].lstrip("/")).json()
    links = [page["resultLink"] for page in [*first["resultPages"], *second["resultPages"]]]
    rows = [row for link in links for row in table(bare("GET", link.lstrip("/")))]
    bare.behave(result_pages_prose=True)
    prose = bare("GET", f"jobs/query/{job}/resultPages").json()

    assert (len(first["resultPages"]), first["done"]) == (5, False)
    assert (len(second["resultPages"]), second["done"]) == (2, True)
    assert links[0].startswith(f"/jobs/query/{job}/results?locator=")
    assert len({row["Id"] for row in rows}) == 13
    assert set(prose) == {"resultPages", "nextRecordUrl", "done"}
    assert set(prose["resultPages"][0]) == {"resultUrl"}


def test_abort(bare: OrgCaller, pace: Pace) -> None:
    """A running job can be aborted, a finished one cannot, in the recorded words."""
    accounts(bare.org, 3)
    running, finished = query_job(bare, ACCOUNTS), query_job(bare, ACCOUNTS)
    pace.now += 11
    aborted = bare("PATCH", f"jobs/query/{running}", {"state": "Aborted"})
    pace.now += 20
    late = bare("PATCH", f"jobs/query/{finished}", {"state": "Aborted"})

    assert (aborted.status_code, aborted.json()["state"]) == (200, "Aborted")
    assert state(bare, running) == "Aborted"
    assert bare("GET", f"jobs/query/{running}/results").status_code == 400
    assert late.status_code == 400
    assert late.json() == [
        {
            "errorCode": "INVALIDJOBSTATE",
            "message": "Aborting already Completed Job not allowed",
        }
    ]


def test_stuck(bare: OrgCaller, pace: Pace) -> None:
    """The chosen job never ends by itself; its neighbours do."""
    bare.behave(job_stuck=2)
    jobs = [query_job(bare, ACCOUNTS) for _ in range(3)]
    pace.now += 100_000

    assert [state(bare, job) for job in jobs] == ["JobComplete", "InProgress", "JobComplete"]
    assert bare("PATCH", f"jobs/query/{jobs[1]}", {"state": "Aborted"}).status_code == 200


def test_a_field_that_goes_away_meanwhile(bare: OrgCaller, pace: Pace) -> None:
    """What can no longer be answered when its turn comes fails, and says why."""
    job = query_job(bare, "SELECT Id, Industry FROM Account")
    bare.behave(hidden_fields=["Account.Industry"])
    pace.now += 20
    details = bare("GET", f"jobs/query/{job}").json()

    assert details["state"] == "Failed"
    assert "No such column 'Industry'" in details["errorMessage"]


def test_list_and_delete(bare: OrgCaller, pace: Pace) -> None:
    """All jobs are listed, by filters, until they are deleted."""
    jobs = [query_job(bare, ACCOUNTS) for _ in range(2)]
    pace.now += 20
    listed = bare("GET", "jobs/query", jobType="V2Query", concurrencyMode="parallel").json()
    deleted = bare("DELETE", f"jobs/query/{jobs[0]}")

    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert [job["id"] for job in listed["records"]] == jobs
    assert listed["records"][0]["jobType"] == "V2Query"
    assert bare("GET", "jobs/query", jobType="Classic").json()["records"] == []
    assert bare("GET", "jobs/query", concurrencyMode="serial").json()["records"] == []
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert bare("GET", f"jobs/query/{jobs[0]}").status_code == 404
    assert bare("DELETE", f"jobs/query/{jobs[0]}").status_code == 404


def test_standard_fields(bare: OrgCaller, pace: Pace) -> None:
    """FIELDS(STANDARD) works in Bulk, without the compound fields."""
    accounts(bare.org, 1)
    job = query_job(bare, "SELECT FIELDS(STANDARD) FROM Account")
    pace.now += 20
    [row] = table(bare("GET", f"jobs/query/{job}/results"))

    assert {"Id", "Name", "BillingCity"} <= set(row)
    assert "BillingAddress" not in row


@pytest.mark.parametrize("query", [{"maxRecords": "many"}, {"locator": "???"}])
def test_refused_pages(bare: OrgCaller, pace: Pace, query: dict[str, Any]) -> None:
    """Nonsense in the address of a page is refused."""
    job = query_job(bare, ACCOUNTS)
    pace.now += 20

    assert bare("GET", f"jobs/query/{job}/results", **query).status_code == 400


def test_daily_jobs(bare: OrgCaller) -> None:
    """Jobs count against their own limit, and are refused above it."""
    query_job(bare, ACCOUNTS)
    bare.control("POST", "limits", {"bulk_query_jobs": 1, "enforce": True})
    answer = bare("POST", "jobs/query", {"operation": "query", "query": ACCOUNTS})

    assert answer.status_code == 400
    assert answer.json() == [
        {
            "errorCode": "LIMIT_EXCEEDED",
            "message": "Max bulk v2 query jobs (1) per 24 hrs has been reached",
        }
    ]
    limits = bare.admin("GET", "limits").json()
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 1, "Remaining": 0}


def test_query_all(bare: OrgCaller, pace: Pace) -> None:
    """``queryAll`` jobs find what is in the recycle bin."""
    ids = accounts(bare.org, 2)
    bare("DELETE", f"sobjects/Account/{ids[0]}")
    job = query_job(bare, "SELECT Id, IsDeleted FROM Account", operation="queryAll")
    pace.now += 20

    rows = table(bare("GET", f"jobs/query/{job}/results"))
    assert {row["Id"]: row["IsDeleted"] for row in rows} == {ids[0]: "true", ids[1]: "false"}
