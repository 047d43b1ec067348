"""Several calls in one, with and without passing results on."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, raw

BASE = "/services/data/v66.0"


def part(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """One subrequest of a composite call."""
    found = {"method": method, "url": f"{BASE}/{path}", "referenceId": name}
    return found if body is None else {**found, "body": body}


def composite(sf: OrgCaller, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The answers of a composite call that must work."""
    response = sf.admin("POST", "composite", {"compositeRequest": list(parts), **more})
    assert response.status_code == 200, response.text
    answers: list[dict[str, Any]] = response.json()["compositeResponse"]
    return answers


def test_a_recorded_composite(sf: OrgCaller) -> None:
    """A later subrequest uses the id that an earlier one answered; one call is counted."""
    used = sf.control("GET", "limits")["daily_used"]

    first, second, third = composite(
        sf,
        part("refAccount", "POST", "sobjects/Account", {"Name": "Sample Account"}),
        part("refDeal", "POST", "sobjects/Opportunity", {
            "Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01",
            "AccountId": "@{refAccount.id}",
        }),
        part("read", "GET", "sobjects/Opportunity/@{refDeal.id}"),
    )  # fmt: skip

    made = first["body"]["id"]
    assert first == {
        "body": {"id": made, "success": True, "errors": []},
        "httpHeaders": {"Location": f"{BASE}/sobjects/Account/{made}"},
        "httpStatusCode": 201,
        "referenceId": "refAccount",
    }
    assert second["httpStatusCode"] == 201
    assert third["body"]["AccountId"] == made
    assert sf.control("GET", "limits")["daily_used"] == used + 1


def test_provisioning_in_one_go(sf: OrgCaller) -> None:
    """Permission set, field permission and assignment refer to each other."""
    sf.control("POST", "records", {"fields": [{"name": "ICP_Tier__c", "visible": False}]})
    user = sf.org.integration_user

    answers = composite(
        sf,
        part("set", "POST", "sobjects/PermissionSet", {"Name": "ICP", "Label": "ICP"}),
        part("field", "POST", "sobjects/FieldPermissions", {
            "ParentId": "@{set.id}", "SobjectType": "Account", "Field": "Account.ICP_Tier__c",
            "PermissionsRead": True, "PermissionsEdit": True,
        }),
        part("give", "POST", "sobjects/PermissionSetAssignment", {
            "PermissionSetId": "@{set.id}", "AssigneeId": user,
        }),
        allOrNone=True,
    )  # fmt: skip

    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 201]
    path = f"sobjects/Account/{accounts(sf)[0]}"
    assert sf("PATCH", path, {"ICP_Tier__c": "A"}).status_code == 204


def test_failures_stay_with_their_subrequest(sf: OrgCaller) -> None:
    """Without allOrNone the others are written; a reference to a failure halts."""
    record = accounts(sf)[0]

    bad, good, lost = composite(
        sf,
        part("bad", "POST", "sobjects/Account", {"Site": "x"}),
        part("good", "PATCH", f"sobjects/Account/{record}", {"Site": "x"}),
        part("lost", "GET", "sobjects/Account/@{bad.id}"),
    )

    assert bad["httpStatusCode"] == 400
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert (good["httpStatusCode"], good["body"]) == (204, None)
    assert (lost["httpStatusCode"], lost["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")
    assert raw(sf, record)["fields"]["Site"] == "x"


def test_all_or_none_undoes_everything(sf: OrgCaller) -> None:
    """Made, changed and deleted records are as before; the others say why."""
    changed, deleted, *_ = accounts(sf)
    before = [raw(sf, changed), raw(sf, deleted), sf.control("GET", "records")["total"]]

    answers = composite(
        sf,
        part("a", "POST", "sobjects/Account", {"Name": "Made"}),
        part("b", "PATCH", f"sobjects/Account/{changed}", {"Site": "x"}),
        part("c", "DELETE", f"sobjects/Account/{deleted}"),
        part("d", "POST", "sobjects/Account", {"Site": "x"}),
        part("e", "POST", "sobjects/Account", {"Name": "Never"}),
        allOrNone=True,
    )

    codes = [answer["body"][0]["errorCode"] for answer in answers]
    assert codes == [*["PROCESSING_HALTED"] * 3, "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert [raw(sf, changed), raw(sf, deleted), sf.control("GET", "records")["total"]] == before
    assert not sf.control("GET", "stats")["writes"]


def test_too_many_subrequests(sf: OrgCaller) -> None:
    """25, and 5 of them queries or collections."""
    reads = [part(f"r{n}", "GET", "sobjects") for n in range(26)]
    queries = [part(f"q{n}", "GET", "query?q=SELECT+Id+FROM+Account") for n in range(6)]

    for parts in (reads, queries):
        response = sf("POST", "composite", {"compositeRequest": parts})
        assert response.status_code == 400


def test_every_part_of_a_batch_counts(sf: OrgCaller) -> None:
    """Independent subrequests, long queries among them; each is a call of the allowance."""
    used = sf.control("GET", "limits")["daily_used"]
    long = "%20" * 9_000
    parts = [
        {"method": "GET", "url": f"v66.0/query/?q=SELECT+Id{long[:15_000]}+FROM+Account+LIMIT+2"},
        {"method": "GET", "url": "v66.0/sobjects/Account/describe"},
        {"method": "PATCH", "url": f"v66.0/sobjects/Account/{accounts(sf)[0]}",
         "richInput": {"Site": "x"}},
    ]  # fmt: skip

    body = sf("POST", "composite/batch", {"batchRequests": parts}).json()

    assert body["hasErrors"] is False
    assert [result["statusCode"] for result in body["results"]] == [200, 200, 204]
    assert body["results"][0]["result"]["totalSize"] == 2
    assert body["results"][2]["result"] is None
    assert sf.control("GET", "limits")["daily_used"] == used + 3


def test_a_batch_may_halt(sf: OrgCaller) -> None:
    """After the first error the rest is not carried out."""
    parts = [
        {"method": "GET", "url": "v66.0/sobjects/Nothing"},
        {"method": "GET", "url": "v66.0/sobjects"},
    ]

    go_on = sf("POST", "composite/batch", {"batchRequests": parts}).json()
    halted = sf("POST", "composite/batch", {"batchRequests": parts, "haltOnError": True}).json()

    assert [result["statusCode"] for result in go_on["results"]] == [404, 200]
    assert [result["statusCode"] for result in halted["results"]] == [404, 412]
    assert halted["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert halted["hasErrors"] is True
