"""Bulk API 2.0 ingest jobs: chunks as time passes, and what became of each row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.salesforce.fields import number, picklist, text
from tests.sandbox.conftest import OrgCaller
from tests.support.bulk import Pace, ended, paced, results, uploaded, value, written
from tests.support.org_rows import accounts, add, give_field


@pytest.fixture
def pace(bare: OrgCaller) -> Iterator[Pace]:
    """Jobs wait 10 seconds, and then write a chunk of 200 rows every second."""
    bare.behave(bulk_queue_ms=10_000, bulk_ms_per_1000=5_000)
    with paced(bare.org) as pace:
        yield pace


def test_created(bare: OrgCaller, pace: Pace) -> None:
    """The recorded shape of a new job: the address to upload to has no leading slash."""
    del pace
    body = {"object": "account", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    created = bare("POST", "jobs/ingest", body).json()
    job = created["id"]

    assert {**created, "createdDate": "", "systemModstamp": ""} == {
        "id": job,
        "operation": "update",
        "object": "Account",
        "createdById": bare.org.integration_user,
        "createdDate": "",
        "systemModstamp": "",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "contentUrl": f"services/data/v66.0/jobs/ingest/{job}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def test_update(bare: OrgCaller, pace: Pace) -> None:
    """Cells are written, #N/A clears, empty cells are left alone; the stamps move."""
    org = bare.org
    one, two = accounts(org, 2, Rating="Cold", Site="here")
    content = written(
        [
            ["Id", "Name", "Rating", "NumberOfEmployees"],
            [one, "New", "#N/A", "5"],
            [two[:15], "", "Hot", ""],
        ]
    )
    job = uploaded(bare, content)
    pace.now += 12
    found = ended(bare, job)

    assert found["state"] == "JobComplete"
    assert (found["numberRecordsProcessed"], found["numberRecordsFailed"]) == (2, 0)
    assert (found["jobType"], found["lineEnding"], found["columnDelimiter"]) == (
        "V2Ingest",
        "LF",
        "COMMA",
    )
    assert [value(bare, one, f) for f in ("Name", "Rating", "NumberOfEmployees", "Site")] == [
        "New",
        None,
        "5",
        "here",
    ]
    assert [value(bare, two, f) for f in ("Name", "Rating", "LastModifiedById")] == [
        "A 1",
        "Hot",
        org.integration_user,
    ]
    assert value(bare, two, "SystemModstamp") == value(bare, two, "LastModifiedDate")
    rows = results(bare, job, "successfulResults")
    assert sorted(rows, key=lambda row: row["sf__Id"]) == [
        {
            "sf__Id": one, "sf__Created": "false", "Id": one, "Name": "New", "Rating": "#N/A",
            "NumberOfEmployees": "5",
        },
        {
            "sf__Id": two, "sf__Created": "false", "Id": two[:15], "Name": "", "Rating": "Hot",
            "NumberOfEmployees": "",
        },
    ]  # fmt: skip


def test_result_headers(bare: OrgCaller, pace: Pace) -> None:
    """The recorded header rows: only Salesforce's own names are quoted."""
    job = uploaded(bare, "Id,Name\n")
    pace.now += 12

    assert bare("GET", f"jobs/ingest/{job}/successfulResults").text == (
        '"sf__Id","sf__Created",Id,Name\n'
    )
    assert bare("GET", f"jobs/ingest/{job}/failedResults").text == '"sf__Id","sf__Error",Id,Name\n'
    for spelling in ("unprocessedrecords", "unprocessedRecords"):
        answer = bare("GET", f"jobs/ingest/{job}/{spelling}")
        assert (answer.text, answer.headers["content-type"]) == ("Id,Name\n", "text/csv")


def test_chunks_are_written_as_time_passes(bare: OrgCaller, pace: Pace) -> None:
    """Nothing is written while the job waits; then 200 rows at a time."""
    ids = accounts(bare.org, 500)
    job = uploaded(bare, written([["Id", "Site"], *([i, "new"] for i in ids)]))
    seen = []
    for at in (9.9, 10.5, 11.1, 12.1, 12.4, 12.6):
        pace.now = 1_000 + at
        found = ended(bare, job)
        done = len(bare.query("SELECT Id FROM Account WHERE Site = 'new'"))
        seen.append((found["state"], found["numberRecordsProcessed"], done))

    assert seen == [
        ("UploadComplete", 0, 0),
        ("InProgress", 0, 0),
        ("InProgress", 200, 200),
        ("InProgress", 400, 400),
        ("InProgress", 400, 400),
        ("JobComplete", 500, 500),
    ]


def test_written_though_nobody_polls(bare: OrgCaller, pace: Pace) -> None:
    """A job that is due is done before any other call is answered."""
    [record] = accounts(bare.org, 1)
    uploaded(bare, written([["Id", "Site"], [record, "new"]]))
    pace.now += 100

    assert bare.query("SELECT Site FROM Account") == [{"Site": "new"}]


def test_control_endpoints_see_what_is_due(bare: OrgCaller, pace: Pace) -> None:
    """Whoever looks at the records from outside finds a due job done, too."""
    [record] = accounts(bare.org, 1)
    uploaded(bare, written([["Id", "Site"], [record, "new"]]))
    pace.now += 100
    found = bare.control("GET", "records", type="Account", ids=record)

    assert found["records"][0]["fields"]["Site"] == "new"


def test_abort_keeps_what_was_written(bare: OrgCaller, pace: Pace) -> None:
    """Aborting does not roll back; the rest is unprocessed."""
    ids = accounts(bare.org, 500)
    job = uploaded(bare, written([["Id", "Site"], *([i, "new"] for i in ids)]))
    pace.now += 11.1
    assert ended(bare, job)["state"] == "InProgress"
    aborted = bare("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"})
    pace.now += 100
    again = bare("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"})

    assert (aborted.status_code, aborted.json()["state"]) == (200, "Aborted")
    assert again.json()[0]["message"] == "Aborting already Aborted Job not allowed"
    assert len(bare.query("SELECT Id FROM Account WHERE Site = 'new'")) == 200
    assert {row["sf__Id"] for row in results(bare, job, "successfulResults")} == set(ids[:200])
    assert [row["Id"] for row in results(bare, job, "unprocessedrecords")] == ids[200:]
    assert results(bare, job, "failedResults") == []


def test_abort_before_the_turn(bare: OrgCaller, pace: Pace) -> None:
    """A job that was aborted in time wrote nothing, even if it was never closed."""
    [record] = accounts(bare.org, 1)
    content = written([["Id", "Site"], [record, "new"]])
    waiting, still_open = uploaded(bare, content), uploaded(bare, content, close=False)
    for job in (waiting, still_open):
        assert bare("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"}).status_code == 200
    pace.now += 100

    assert value(bare, record, "Site") is None
    for job in (waiting, still_open):
        assert results(bare, job, "unprocessedrecords") == [{"Id": record, "Site": "new"}]


def test_fails_midway(bare: OrgCaller, pace: Pace) -> None:
    """The chosen job fails with half of its rows written."""
    bare.behave(job_fails_midway=2)
    ids = accounts(bare.org, 500)
    content = written([["Id", "Site"], *([i, "new"] for i in ids)])
    first = uploaded(bare, written([["Id", "Rating"], [ids[0], "Hot"]]))
    second = uploaded(bare, content)
    pace.now += 100
    found = ended(bare, second)

    assert ended(bare, first)["state"] == "JobComplete"
    assert (found["state"], found["numberRecordsProcessed"]) == ("Failed", 250)
    assert found["errorMessage"].startswith("InternalServerError")
    assert len(results(bare, second, "successfulResults")) == 250
    assert len(results(bare, second, "unprocessedrecords")) == 250


def test_stuck(bare: OrgCaller, pace: Pace) -> None:
    """The chosen job stays in progress and writes nothing until it is aborted."""
    bare.behave(job_stuck=1)
    [record] = accounts(bare.org, 1)
    job = uploaded(bare, written([["Id", "Site"], [record, "new"]]))
    pace.now += 100_000

    assert ended(bare, job)["state"] == "InProgress"
    assert bare("GET", f"jobs/ingest/{job}/failedResults").status_code == 400
    bare("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"})
    assert len(results(bare, job, "unprocessedrecords")) == 1


def test_refused_rows(bare: OrgCaller, pace: Pace) -> None:
    """Refused rows tell why; numberRecordsProcessed counts them too."""
    give_field(bare.org, picklist("Tier__c", "Tier", ["A", "B"], restricted=True, length=255))
    give_field(bare.org, number("Score__c", "Score", 5, 2), edit=False)
    [record] = accounts(bare.org, 1)
    gone = add(bare.org, "Account", 9, Name="Gone")
    bare("DELETE", f"sobjects/Account/{gone}")
    unknown = "001000000000000AAA"
    content = written(
        [
            ["Id", "Name", "NumberOfEmployees", "Tier__c", "Score__c"],
            [record, "Good", "1", "A", ""],
            [record, "x" * 256, "", "", ""],
            [record, "", "many", "", ""],
            [record, "", "", "C", ""],
            [record, "", "", "", "5"],
            [record, "#N/A", "", "", ""],
            [gone, "x", "", "", ""],
            [unknown, "x", "", "", ""],
            ["nonsense", "x", "", "", ""],
            ["", "x", "", "", ""],
        ]
    )
    job = uploaded(bare, content)
    pace.now += 100
    found = ended(bare, job)
    failed = results(bare, job, "failedResults")

    assert (found["state"], found["numberRecordsProcessed"], found["numberRecordsFailed"]) == (
        "JobComplete",
        10,
        9,
    )
    assert {row["sf__Error"] for row in failed} == {
        "STRING_TOO_LONG:Account Name: data value too large: " + "x" * 256
        + " (max length=255):Name --",
        ("INVALID_TYPE_ON_FIELD_IN_RECORD:Employees: value not of required type: many"
        ":NumberOfEmployees --"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Tier: bad value for restricted picklist field: C"
        ":Tier__c --"),
        ("INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: Score__c. Please check "
        "the security settings of this field and verify that it is read/write for your profile or "
        "permission set.:Score__c --"),
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
        "ENTITY_IS_DELETED:entity is deleted:--",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
        "MALFORMED_ID:Account ID: id value of incorrect type: nonsense:Id --",
        "MISSING_ARGUMENT:Id not specified in an update call:--",
    }  # fmt: skip
    assert {row["sf__Id"] for row in failed} == {record, gone, unknown, "nonsense", ""}


def test_rows_fail_by_chance(bare: OrgCaller, pace: Pace) -> None:
    """With the switch a share of the rows is refused, the same share for the same seed."""
    bare.behave(fail_rows=0.25)
    ids = accounts(bare.org, 400)
    job = uploaded(bare, written([["Id", "Site"], *([i, "new"] for i in ids)]))
    pace.now += 100
    failed = results(bare, job, "failedResults")

    assert 60 < len(failed) < 140
    assert {row["sf__Error"].partition(":")[0] for row in failed} == {
        "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    }
    assert len(results(bare, job, "successfulResults")) == 400 - len(failed)


def test_results_are_shuffled(bare: OrgCaller, pace: Pace) -> None:
    """Result rows come in an order of their own, the same at each reading."""
    ids = accounts(bare.org, 100)
    job = uploaded(bare, written([["Id", "Site"], *([i, "new"] for i in ids)]))
    pace.now += 100
    first = [row["sf__Id"] for row in results(bare, job, "successfulResults")]

    assert first != ids
    assert sorted(first) == ids
    assert first == [row["sf__Id"] for row in results(bare, job, "successfulResults")]
    bare.behave(shuffle_results=False)
    job = uploaded(bare, written([["Id", "Site"], *([i, "newer"] for i in ids)]))
    pace.now += 100
    assert [row["sf__Id"] for row in results(bare, job, "successfulResults")] == ids


def test_parallel_chunks_collide(bare: OrgCaller, pace: Pace) -> None:
    """With the switch, children of one parent in two chunks meet a locked row, once per chunk."""
    org = bare.org
    parent = add(org, "Account", 0, Name="Parent")
    children = [add(org, "Account", n, Name=f"c {n}", ParentId=parent) for n in range(3)]
    others = accounts(org, 400)
    order = [*others[:199], children[0], *others[199:], children[1], children[2], parent]
    rows = written([["Id", "Site"], *([i, "new"] for i in order)])
    quiet = uploaded(bare, rows)
    pace.now += 100
    assert ended(bare, quiet)["numberRecordsFailed"] == 0
    bare.behave(lock_parallel_chunks=True)
    job = uploaded(bare, rows)
    pace.now += 100

    failed = results(bare, job, "failedResults")
    assert {row["sf__Id"] for row in failed} == {children[1], children[2], parent}
    for row in failed:
        assert row["sf__Error"] == (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 200 records: "
            f"{row['sf__Id']}:--"
        )


def test_insert_and_delete(bare: OrgCaller, pace: Pace) -> None:
    """Inserted rows get ids, deleted ones go to the bin; a failed insert has no id."""
    insert = uploaded(bare, "Name,Rating\nNew,Hot\n,Cold\n", operation="insert")
    pace.now += 100
    [row] = results(bare, insert, "successfulResults")
    [failed] = results(bare, insert, "failedResults")
    delete = uploaded(bare, f"Id\n{row['sf__Id']}\n", operation="delete")
    pace.now += 100

    assert (row["sf__Created"], row["Name"]) == ("true", "New")
    assert (failed["sf__Id"], failed["sf__Error"]) == (
        "",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
    )
    assert ended(bare, delete)["state"] == "JobComplete"
    assert bare.query("SELECT Id FROM Account") == []


def test_upsert(bare: OrgCaller, pace: Pace) -> None:
    """Rows with a known external id update, others create, ambiguous ones fail."""
    org = bare.org
    give_field(org, text("Ref__c", "Ref", 40, external_id=True))
    known = add(org, "Account", 0, Name="Known", Ref__c="r1")
    for _ in range(2):
        add(org, "Account", 1, Name="Twin", Ref__c="r2")
    content = "Ref__c,Name\nR1,Updated\nr3,Created\nr2,Twin\n,Nobody\n"
    job = uploaded(bare, content, operation="upsert", externalIdFieldName="ref__c")
    pace.now += 100
    done = {row["Name"]: row for row in results(bare, job, "successfulResults")}
    failed = {row["Name"]: row["sf__Error"] for row in results(bare, job, "failedResults")}

    assert ended(bare, job)["externalIdFieldName"] == "Ref__c"
    assert (done["Updated"]["sf__Id"], done["Updated"]["sf__Created"]) == (known, "false")
    assert done["Created"]["sf__Created"] == "true"
    assert value(bare, done["Created"]["sf__Id"], "Ref__c") == "r3"
    assert failed["Twin"].startswith("DUPLICATE_EXTERNAL_ID:")
    assert failed["Nobody"].startswith("MISSING_ARGUMENT:")


def test_list_and_delete(bare: OrgCaller, pace: Pace) -> None:
    """Jobs are listed until they are deleted; a deleted one writes nothing."""
    [record] = accounts(bare.org, 1)
    job = uploaded(bare, written([["Id", "Site"], [record, "new"]]))
    listed = bare("GET", "jobs/ingest").json()
    deleted = bare("DELETE", f"jobs/ingest/{job}")
    pace.now += 100

    assert [found["id"] for found in listed["records"]] == [job]
    assert listed["records"][0]["jobType"] == "V2Ingest"
    assert deleted.status_code == 204
    assert bare("GET", f"jobs/ingest/{job}").status_code == 404
    assert value(bare, record, "Site") is None


def test_batches_of_the_day(bare: OrgCaller, pace: Pace) -> None:
    """One batch is counted for each 10,000 rows begun, and refused above the limit."""
    rows = "Id\n" + "001000000000000AAA\n" * 10_001
    uploaded(bare, rows, operation="delete")
    pace.now += 11
    assert bare.admin("GET", "limits").json()["DailyBulkApiBatches"]["Remaining"] == 14_998
    bare.control("POST", "limits", {"bulk_batches": 2, "enforce": True})
    answer = bare("POST", "jobs/ingest", {"object": "Account", "operation": "update"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDEDQUOTA")
