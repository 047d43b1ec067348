"""Bulk API 2.0 uploads: what a job takes as CSV, and what fails or refuses it as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.salesforce.fields import number
from tests.sandbox.conftest import OrgCaller
from tests.support.bulk import Pace, ended, paced, put, results, table, uploaded, value, written
from tests.support.org_rows import accounts

LINE_ENDING = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is"
PARSE = "InvalidBatch : Failed to parse CSV."


@pytest.fixture
def pace(bare: OrgCaller) -> Iterator[Pace]:
    """Jobs wait 10 seconds, and then write a chunk of 200 rows every second."""
    bare.behave(bulk_queue_ms=10_000, bulk_ms_per_1000=5_000)
    with paced(bare.org) as pace:
        yield pace


def failure(sf: OrgCaller, pace: Pace, content: str | bytes, **options: Any) -> str:
    """The message of the job that *content* fails with."""
    job = uploaded(sf, content, **options)
    pace.now += 100
    found = ended(sf, job)
    assert found["state"] == "Failed", found
    message: str = found["errorMessage"]
    return message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Id,Name\r\n1,x\r\n", f"{LINE_ENDING} LF"),
        ("Id,Name\n1,x\r\n", f"{LINE_ENDING} LF"),
        ("Id,Nope__c\n1,x\n", "InvalidBatch : Field name not found : Nope__c"),
        ("Id,Owner.Email\n1,x\n", "InvalidBatch : Field name not found : Owner.Email"),
        ("\ufeffId,Name\n1,x\n", "InvalidBatch : Field name not found : \ufeffId"),
        (
            '\ufeff"Id","Name"\n"1","x"\n',
            f"{PARSE} Found unescaped quote. A value with quote should be within a quote",
        ),
        (
            'Id,Name\n1, "x"\n',
            f"{PARSE} Found unescaped quote. A value with quote should be within a quote",
        ),
        (
            'Id,Name\n1,"x" \n',
            f"{PARSE} Found unescaped quote. A value with quote should be within a quote",
        ),
        ('Id,Name\n1,"x\n', f"{PARSE} EOF reached before closing an opened quote"),
        ("Id,Name\n1\n", f"{PARSE} Row 1 has 1 columns, the header has 2"),
        ("", "InvalidBatch : Failed to parse CSV header. The upload is empty"),
        (b"Id,Name\n1,\xff\n", "ClientInputError : Invalid UTF-8 in user data"),
    ],
)
def test_uploads_that_fail_as_a_whole(
    bare: OrgCaller, pace: Pace, content: str | bytes, message: str
) -> None:
    """What is wrong with the upload fails the job, and nothing is written."""
    assert failure(bare, pace, content) == message


def test_hidden_columns(bare: OrgCaller, pace: Pace) -> None:
    """A field nobody was granted is no column; every row stays unprocessed."""
    bare.org.add_field("Account", number("Secret__c", "Secret", 5))
    [record] = accounts(bare.org, 1)
    job = uploaded(bare, written([["Id", "Name", "Secret__c"], [record, "New", "5"]]))
    pace.now += 100

    found = ended(bare, job)
    assert found["errorMessage"] == "InvalidBatch : Field name not found : Secret__c"
    assert found["numberRecordsProcessed"] == 0
    assert len(results(bare, job, "unprocessedrecords")) == 1
    assert value(bare, record, "Name") == "A 0"


def test_windows_line_ends(bare: OrgCaller, pace: Pace) -> None:
    """With CRLF every line must end so, line breaks within quotes aside."""
    one, two = accounts(bare.org, 2)
    rows = [["Id", "Description"], [one, "two\nlines"], [two, "#N/A"]]
    job = uploaded(bare, written(rows, "\r\n"), lineEnding="CRLF", columnDelimiter="COMMA")
    pace.now += 100

    assert ended(bare, job)["state"] == "JobComplete"
    assert value(bare, one, "Description") == "two\nlines"
    assert failure(bare, pace, written(rows), lineEnding="CRLF") == f"{LINE_ENDING} CRLF"


def test_embedded_line_breaks(bare: OrgCaller, pace: Pace) -> None:
    """A line break of the other kind within quotes fails the job only with the switch."""
    [record] = accounts(bare.org, 1)
    content = f'Id,Description\n{record},"two\r\nlines"\n'
    job = uploaded(bare, content)
    pace.now += 100
    assert ended(bare, job)["state"] == "JobComplete"
    bare.behave(embedded_newlines_fail=True)

    assert failure(bare, pace, content) == f"{LINE_ENDING} LF"


def test_delimiters(bare: OrgCaller, pace: Pace) -> None:
    """Other delimiters are taken, and used in the results."""
    [record] = accounts(bare.org, 1)
    job = uploaded(bare, f"Id|Site\n{record}|a,b\n", columnDelimiter="PIPE")
    pace.now += 100
    [row] = table(bare("GET", f"jobs/ingest/{job}/successfulResults"), "|")

    assert value(bare, record, "Site") == "a,b"
    assert row == {"sf__Id": record, "sf__Created": "false", "Id": record, "Site": "a,b"}


def test_one_upload(bare: OrgCaller, pace: Pace) -> None:
    """A second upload is refused, and so is one after closing."""
    job = uploaded(bare, "Id,Name\n", close=False)
    second = put(bare, job, "Id,Name\n")
    bare("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    third = put(bare, job, "Id,Name\n")
    pace.now += 100
    closed = bare("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})

    assert (second.status_code, second.json()[0]["errorCode"]) == (400, "INVALIDJOB")
    assert "Found multiple contents for job" in second.json()[0]["message"]
    assert (third.status_code, third.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert closed.json()[0]["message"] == "Closing already Completed Job not allowed"


def test_upload_answers(bare: OrgCaller) -> None:
    """An upload is answered by 201 and nothing; other content types are refused."""
    created = bare("POST", "jobs/ingest", {"object": "Account", "operation": "update"}).json()
    wrong = bare("PUT", f"/{created['contentUrl']}", {"Id": "1"})
    right = put(bare, created["id"], "Id,Name\n")

    assert wrong.status_code == 415
    assert (right.status_code, right.content) == (201, b"")


def test_nothing_uploaded(bare: OrgCaller) -> None:
    """A job without content cannot be closed."""
    created = bare("POST", "jobs/ingest", {"object": "Account", "operation": "update"}).json()
    answer = bare("PATCH", f"jobs/ingest/{created['id']}", {"state": "UploadComplete"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALIDJOB")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Account"}, "INVALIDJOB"),
        ({"object": "Nope", "operation": "update"}, "INVALIDENTITY"),
        ({"object": "Account", "operation": "hardDelete"}, "FEATURENOTENABLED"),
        ({"object": "Account", "operation": "upsert"}, "INVALIDJOB"),
        (
            {"object": "Account", "operation": "upsert", "externalIdFieldName": "Name"},
            "INVALIDJOB",
        ),
        ({"object": "Account", "operation": "update", "contentType": "XML"}, "INVALIDJOB"),
    ],
)
def test_refused_jobs(bare: OrgCaller, body: dict[str, str], code: str) -> None:
    """A job that makes no sense is refused."""
    answer = bare("POST", "jobs/ingest", body)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
