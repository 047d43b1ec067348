"""Nonsense is refused in Salesforce's words; it never breaks the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, patch

JUNK: list[Any] = [
    None,
    1,
    1.5,
    True,
    "x",
    "",
    [],
    {},
    ["x"],
    {"a": 1},
    [None],
    [[]],
    [{}],
    "é" * 20,
]
PATHS = [
    ("PATCH", "composite/sobjects"),
    ("POST", "composite/sobjects"),
    ("POST", "composite/sobjects/Account"),
    ("PATCH", "composite/sobjects/Account/External_Ref__c"),
    ("POST", "composite"),
    ("POST", "composite/batch"),
    ("POST", "sobjects/Account"),
    ("PATCH", "sobjects/Account/External_Ref__c/x"),
]
FIELDS = (
    "Name", "NumberOfEmployees", "AnnualRevenue", "ParentId", "OwnerId", "Checked__c",
    "Seen_On__c", "Seen_At__c", "BillingAddress", "RecordTypeId", "Technologies__c", "Id",
)  # fmt: skip
SET_UP = (
    ("PermissionSet", "Name"), ("FieldPermissions", "Field"), ("ObjectPermissions", "SobjectType"),
    ("PermissionSetAssignment", "AssigneeId"), ("SetupEntityAccess", "SetupEntityId"),
    ("User", "FirstName"), ("RecordType", "Name"), ("Opportunity", "CloseDate"),
)  # fmt: skip
EDITS = (
    "Account", "fields", "derive", "create", "delete", "undelete", "merge", "by", "system",
)  # fmt: skip
SWITCHES = ("validation_rules", "record_type_values", "hidden_fields", "row_lock_ids", "page_size")


def bodies(junk: Any) -> list[Any]:
    """Junk in every place that a call looks at."""
    path = "/services/data/v66.0/sobjects"
    keys = ("records", "compositeRequest", "batchRequests", "ids", "fields")
    records = [
        {"attributes": junk, "id": junk, "Name": junk},
        {"attributes": {"type": junk}, "id": junk},
        {"attributes": {"type": "Account"}, "id": junk, "External_Ref__c": junk},
    ]
    parts = [
        {"method": junk, "url": junk, "referenceId": "a", "body": junk},
        {"method": "GET", "url": path, "referenceId": "a", "httpHeaders": junk},
        {"method": "GET", "url": path, "referenceId": junk},
    ]
    return [
        junk,
        *({key: junk} for key in keys),
        *({key: [junk]} for key in keys),
        {"ids": [junk], "fields": [junk]},
        *({"records": [record]} for record in records),
        *({"compositeRequest": [part]} for part in parts),
        {"batchRequests": [{"method": junk, "url": junk, "richInput": junk}]},
    ]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_no_body_breaks_a_call(sf: OrgCaller, junk: Any) -> None:
    """Every answer is one that Salesforce might give."""
    for method, path in PATHS:
        for body in bodies(junk):
            response = sf.admin(method, path, body)
            assert response.status_code < 500, (method, path, body)


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_no_value_breaks_a_write(sf: OrgCaller, junk: Any) -> None:
    """Whatever the field, and whatever the object."""
    path = f"sobjects/Account/{accounts(sf)[0]}"
    for field in FIELDS:
        assert sf.admin("PATCH", path, {field: junk}).status_code < 500, field
    for name, field in SET_UP:
        assert sf.admin("POST", f"sobjects/{name}", {field: junk}).status_code < 500, name


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_no_control_request_breaks_the_org(sf: OrgCaller, junk: Any) -> None:
    """It is taken or refused with a reason, and afterwards the org still works."""
    record = accounts(sf)[0]
    sent = [
        *(("records", {key: each}) for key in EDITS for each in (junk, [junk], {record: junk})),
        *(("behaviour", {key: each}) for key in SWITCHES for each in (junk, [junk], {"x": junk})),
    ]
    for path, body in sent:
        response = sf.http.post(f"/_sandbox/{path}", json=body)
        assert response.status_code in {200, 400}, (path, body)
    sf.behave(validation_rules=[])  # one without conditions always holds
    assert patch(sf, {"id": record, "Site": "x"})[0]["success"]
