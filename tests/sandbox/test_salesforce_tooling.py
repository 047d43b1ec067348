"""Tooling API: custom fields made, changed and asked for; automation and limits to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import OrgCaller

FIELDS = "tooling/sobjects/CustomField"
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "Number": ({"precision": 5, "scale": 2, "required": False}, "double"),
    "Currency": ({"precision": 18, "scale": 2}, "currency"),
    "Percent": ({"precision": 5, "scale": 1}, "percent"),
    "Text": ({"length": 80, "unique": False}, "string"),
    "TextArea": ({}, "textarea"),
    "LongTextArea": ({"length": 32_768, "visibleLines": 5}, "textarea"),
    "Checkbox": ({"defaultValue": "false"}, "boolean"),
    "Date": ({}, "date"),
    "DateTime": ({}, "datetime"),
    "Url": ({}, "url"),
}


def picklist(*values: str, key: str = "fullName", **more: Any) -> dict[str, Any]:
    """The metadata of a restricted picklist."""
    listed = [{key: value, "label": value.title(), "default": False} for value in values]
    return {
        "label": "Tier", "type": "Picklist",
        "valueSet": {
            "restricted": True, "valueSetDefinition": {"sorted": False, "value": listed},
        },
        **more,
    }  # fmt: skip


def make(sf: OrgCaller, name: str, metadata: Mapping[str, Any], **more: Any) -> httpx.Response:
    """Make a field on Account as the administrator."""
    return sf.admin("POST", FIELDS, {"FullName": f"Account.{name}", "Metadata": metadata, **more})


def refused(answer: httpx.Response, status: int = 400) -> str:
    """The code of a refusal."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()
    assert set(error) <= {"message", "errorCode", "fields"}
    return str(error["errorCode"])


def ask(sf: OrgCaller, soql: str) -> dict[str, Any]:
    """The answer of a Tooling query that must work."""
    answer = sf.admin("GET", "tooling/query", q=soql)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(sf: OrgCaller, soql: str) -> list[dict[str, Any]]:
    """Its records without their attributes."""
    found: list[dict[str, Any]] = ask(sf, soql)["records"]
    return [{key: value for key, value in row.items() if key != "attributes"} for row in found]


def grant(sf: OrgCaller, field: str) -> None:
    """Let holders of a new permission set, the administrator among them, see and edit a field."""
    made = sf.admin("POST", "sobjects/PermissionSet", {"Name": f"For_{field}", "Label": field})
    parent = made.json()["id"]
    body = {
        "ParentId": parent, "SobjectType": "Account", "Field": f"Account.{field}",
        "PermissionsRead": True, "PermissionsEdit": True,
    }  # fmt: skip
    assert sf.admin("POST", "sobjects/FieldPermissions", body).status_code == 201
    body = {"PermissionSetId": parent, "AssigneeId": sf.org.admin_user}
    assert sf.admin("POST", "sobjects/PermissionSetAssignment", body).status_code == 201


def described(sf: OrgCaller, name: str) -> dict[str, Any] | None:
    """A field of Account as the administrator's describe call shows it."""
    fields = sf.admin("GET", "sobjects/Account/describe").json()["fields"]
    return next((field for field in fields if field["name"] == name), None)


@pytest.mark.parametrize("native", KINDS)
def test_fields_of_every_type_can_be_made(sf: OrgCaller, native: str) -> None:
    """201 with an id; once granted, the describe call shows type, size and help."""
    more, kind = KINDS[native]
    metadata = {
        "label": "Probe", "type": native, "description": "For tests", "inlineHelpText": "Help",
        **more,
    }  # fmt: skip
    answer = make(sf, "Probe_1__c", metadata)
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"].startswith("00N")
    assert answer.json()["success"] is True

    grant(sf, "Probe_1__c")
    field = described(sf, "Probe_1__c")
    assert field is not None
    assert (field["type"], field["label"], field["custom"]) == (kind, "Probe", True)
    assert field["inlineHelpText"] == "Help"
    for part in ("length", "precision", "scale"):
        assert part not in more or field[part] == more[part]


def test_a_new_field_is_visible_to_nobody(sf: OrgCaller) -> None:
    """Not even to its maker, until field-level security grants it."""
    assert make(sf, "Probe__c", {"label": "Probe", "type": "Date"}).status_code == 201

    assert described(sf, "Probe__c") is None
    answer = sf.admin("GET", "query", q="SELECT Probe__c FROM Account LIMIT 1")
    assert refused(answer) == "INVALID_FIELD"
    assert "No such column 'Probe__c' on entity 'Account'" in answer.json()[0]["message"]
    grant(sf, "Probe__c")
    assert described(sf, "Probe__c") is not None
    assert sf.admin("GET", "query", q="SELECT Probe__c FROM Account LIMIT 1").status_code == 200


@pytest.mark.parametrize("key", ["fullName", "valueName"])
def test_picklist_values_are_named_either_way(sf: OrgCaller, key: str) -> None:
    """By default both spellings are understood, and values keep their order."""
    assert make(sf, "Tier__c", picklist("b", "a", key=key)).status_code == 201
    grant(sf, "Tier__c")
    field = described(sf, "Tier__c")

    assert field is not None
    assert field["restrictedPicklist"] is True
    shown = [(value["value"], value["label"]) for value in field["picklistValues"]]
    assert shown == [("b", "B"), ("a", "A")]


@pytest.mark.parametrize(("key", "other"), [("fullName", "valueName"), ("valueName", "fullName")])
def test_one_spelling_can_be_required(sf: OrgCaller, key: str, other: str) -> None:
    """The switch makes the other one unreadable, and shows the required one."""
    sf.behave(picklist_value_key=key)

    assert refused(make(sf, "Tier__c", picklist("a", key=other))) == "JSON_PARSER_ERROR"
    made = make(sf, "Tier__c", picklist("a", key=key))
    shown = sf.admin("GET", f"{FIELDS}/{made.json()['id']}").json()
    [value] = shown["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
    assert value[key] == "a"
    assert other not in value


@pytest.mark.parametrize("name", ["Tier__c", "tier__c", "TIER__C"])
def test_names_are_taken_once(sf: OrgCaller, name: str) -> None:
    """Case makes no other name."""
    assert make(sf, "Tier__c", {"label": "Tier", "type": "Date"}).status_code == 201
    again = make(sf, name, {"label": "Tier", "type": "Date"})
    assert refused(again) == "DUPLICATE_DEVELOPER_NAME"


@pytest.mark.parametrize(
    "name", ["Tier", "1Tier__c", "Ti er__c", "Tier___c", "Ti__er__c", "_Tier__c", "Tiér__c", "__c"]
)
def test_bad_names_are_refused(sf: OrgCaller, name: str) -> None:
    """Letters, digits and single underscores, beginning with a letter, ending in __c."""
    assert refused(make(sf, name, {"label": "x", "type": "Date"})) == "FIELD_INTEGRITY_EXCEPTION"


def test_a_name_has_forty_characters_at_most(sf: OrgCaller) -> None:
    """The suffix does not count."""
    assert make(sf, f"{'x' * 40}__c", {"label": "x", "type": "Date"}).status_code == 201
    longer = make(sf, f"{'x' * 41}__c", {"label": "x", "type": "Date"})
    assert refused(longer) == "STRING_TOO_LONG"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"type": "Date"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Magic"}, "JSON_PARSER_ERROR"),
        ({"label": "x", "type": "Date", "magic": 1}, "JSON_PARSER_ERROR"),
        ({"label": "x" * 41, "type": "Date"}, "STRING_TOO_LONG"),
        ({"label": "x", "type": "Date", "description": "x" * 1001}, "STRING_TOO_LONG"),
        ({"label": "x", "type": "Date", "inlineHelpText": "x" * 511}, "STRING_TOO_LONG"),
        ({"label": "x", "type": "Text"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Text", "length": 256}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"label": "x", "type": "Text", "length": "80"}, "JSON_PARSER_ERROR"),
        ({"label": "x", "type": "LongTextArea", "length": 32_768}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            {"label": "x", "type": "LongTextArea", "length": 200, "visibleLines": 3},
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        ({"label": "x", "type": "Number", "precision": 5}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            {"label": "x", "type": "Number", "precision": 19, "scale": 0},
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        (
            {"label": "x", "type": "Number", "precision": 2, "scale": 3},
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        ({"label": "x", "type": "Checkbox"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Checkbox", "defaultValue": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Picklist"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Picklist", "valueSet": []}, "JSON_PARSER_ERROR"),
        (
            {"label": "x", "type": "Picklist", "valueSet": {"valueSetName": "Shared"}},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (picklist("a", "A"), "DUPLICATE_VALUE"),
        (picklist(""), "REQUIRED_FIELD_MISSING"),
        ({**picklist("a"), "type": "MultiselectPicklist"}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_metadata_that_is_none_is_refused(
    sf: OrgCaller, metadata: dict[str, Any], code: str
) -> None:
    """Each part has its limits, and nothing is made."""
    assert refused(make(sf, "Probe__c", metadata)) == code
    assert rows(sf, "SELECT Id FROM CustomField WHERE DeveloperName = 'Probe'") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Metadata": {}}, "REQUIRED_FIELD_MISSING"),
        ({"FullName": "Account.X__c"}, "REQUIRED_FIELD_MISSING"),
        ({"FullName": "Account.X__c", "Metadata": {}, "Name": "x"}, "INVALID_FIELD"),
        (
            {"FullName": "Acount.X__c", "Metadata": {"label": "x", "type": "Date"}},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        ([], "JSON_PARSER_ERROR"),
    ],
)
def test_bodies_that_are_none_are_refused(sf: OrgCaller, body: Any, code: str) -> None:
    """What a field needs, and an object that exists."""
    assert refused(sf.admin("POST", FIELDS, body)) == code


def test_only_who_may_customise_makes_fields(sf: OrgCaller) -> None:
    """Neither the integration user, nor the administrator once the switch takes the right."""
    body = {"FullName": "Account.X__c", "Metadata": {"label": "x", "type": "Date"}}
    assert refused(sf("POST", FIELDS, body), 403) == "INSUFFICIENT_ACCESS"
    sf.behave(customize_application=False)
    assert refused(sf.admin("POST", FIELDS, body), 403) == "INSUFFICIENT_ACCESS"


def test_without_view_setup_there_are_no_definitions(sf: OrgCaller) -> None:
    """Objects of the Tooling API read as unknown, fields as not there."""
    made = make(sf, "Probe__c", {"label": "x", "type": "Date"}).json()["id"]

    assert refused(sf("GET", "tooling/query", q="SELECT Id FROM CustomField")) == "INVALID_TYPE"
    assert refused(sf("GET", f"{FIELDS}/{made}"), 404) == "NOT_FOUND"
    sf.behave(view_setup=True)
    assert sf("GET", "tooling/query", q="SELECT Id FROM CustomField").status_code == 200


def test_fields_are_found_by_query(sf: OrgCaller) -> None:
    """By object and by name, in the envelope of the Tooling API."""
    made = make(sf, "Tier__c", {"label": "Tier", "type": "Date"}).json()["id"]
    soql = (
        "SELECT Id, DeveloperName, NamespacePrefix FROM CustomField "
        "WHERE TableEnumOrId = 'Account' AND DeveloperName = 'Tier'"
    )
    found = ask(sf, soql)

    assert {key: found[key] for key in ("size", "totalSize", "done", "entityTypeName")} == {
        "size": 1, "totalSize": 1, "done": True, "entityTypeName": "CustomField",
    }  # fmt: skip
    [row] = found["records"]
    assert row["attributes"] == {
        "type": "CustomField", "url": f"/services/data/v66.0/{FIELDS}/{made}",
    }  # fmt: skip
    assert (row["Id"], row["DeveloperName"], row["NamespacePrefix"]) == (made, "Tier", None)
    by_entity = "SELECT Id FROM CustomField WHERE EntityDefinition.QualifiedApiName = 'Account'"
    assert {"Id": made} in rows(sf, by_entity)


def test_metadata_comes_one_field_at_a_time(sf: OrgCaller) -> None:
    """A query for the metadata of several fields is refused."""
    for name in ("Probe_1__c", "Probe_2__c"):
        make(sf, name, {"label": name, "type": "Date"})
    one = rows(sf, "SELECT FullName, Metadata FROM CustomField WHERE DeveloperName = 'Probe_1'")

    assert one[0]["FullName"] == "Account.Probe_1__c"
    assert one[0]["Metadata"]["type"] == "Date"
    several = "SELECT Metadata FROM CustomField WHERE DeveloperName LIKE 'Probe_%'"
    assert refused(sf.admin("GET", "tooling/query", q=several)) == "MALFORMED_QUERY"


def test_values_are_kept_added_and_put_aside(sf: OrgCaller) -> None:
    """What a change leaves out stays, inactive; what it adds is offered at once."""
    made = make(sf, "Tier__c", picklist("a", "b")).json()["id"]
    grant(sf, "Tier__c")
    metadata = sf.admin("GET", f"{FIELDS}/{made}").json()["Metadata"]
    definition = metadata["valueSet"]["valueSetDefinition"]
    new = {"valueName": "c", "label": "C", "default": False}
    definition["value"] = [new, definition["value"][0]]

    answer = sf.admin("PATCH", f"{FIELDS}/{made}", {"Metadata": metadata})
    assert answer.status_code == 204, answer.text
    field = described(sf, "Tier__c")
    assert field is not None
    shown = [(value["value"], value["active"]) for value in field["picklistValues"]]
    assert shown == [("c", True), ("a", True), ("b", False)]
    again = sf.admin("GET", f"{FIELDS}/{made}").json()["Metadata"]["valueSet"]
    last = again["valueSetDefinition"]["value"][-1]
    assert (last["valueName"], last["isActive"]) == ("b", False)


def test_a_change_needs_the_right_and_fits_the_field(sf: OrgCaller) -> None:
    """No other type, nothing smaller, no unknown field, and not by anybody."""
    made = make(sf, "Probe__c", {"label": "x", "type": "Text", "length": 80}).json()["id"]
    path = f"{FIELDS}/{made}"
    bigger = {"Metadata": {"label": "y", "type": "Text", "length": 255}}

    assert refused(sf("PATCH", path, bigger), 403) == "INSUFFICIENT_ACCESS"
    assert sf.admin("PATCH", path, bigger).status_code == 204
    for metadata in ({"label": "y", "type": "Date"}, {"label": "y", "type": "Text", "length": 80}):
        answer = sf.admin("PATCH", path, {"Metadata": metadata})
        assert refused(answer) == "FIELD_INTEGRITY_EXCEPTION"
    assert refused(sf.admin("PATCH", path, {})) == "JSON_PARSER_ERROR"
    assert refused(sf.admin("PATCH", f"{FIELDS}/00N000000000001AAA", bigger), 404) == "NOT_FOUND"


def test_a_deleted_field_takes_its_permissions_along(sf: OrgCaller) -> None:
    """Afterwards the name is free, and the new field is as invisible as any."""
    made = make(sf, "Probe__c", {"label": "x", "type": "Date"}).json()["id"]
    grant(sf, "Probe__c")

    assert sf.admin("DELETE", f"{FIELDS}/{made}").status_code == 204
    assert make(sf, "Probe__c", {"label": "x", "type": "Date"}).status_code == 201
    assert described(sf, "Probe__c") is None


def test_a_namespace_goes_before_new_names(sf: OrgCaller) -> None:
    """In an org with a namespace the field has it, whether or not it was asked for."""
    sf.behave(namespace="acme")
    made = make(sf, "Tier__c", {"label": "x", "type": "Date"}).json()["id"]
    taken = make(sf, "acme__Tier__c", {"label": "x", "type": "Date"})

    assert refused(taken) == "DUPLICATE_DEVELOPER_NAME"
    soql = f"SELECT DeveloperName, NamespacePrefix FROM CustomField WHERE Id = '{made}'"  # noqa: S608 - an id
    found = rows(sf, soql)
    assert found == [{"DeveloperName": "Tier", "NamespacePrefix": "acme"}]


def test_fields_are_limited_and_the_limit_can_be_read(sf: OrgCaller) -> None:
    """Max and Remaining of custom fields; one more than allowed is refused."""
    soql = (
        "SELECT Max, Remaining FROM EntityLimit "
        "WHERE EntityDefinitionId = 'Account' AND Type = 'CustomFields'"
    )
    [before] = rows(sf, soql)
    sf.behave(custom_field_limit=before["Max"] - before["Remaining"] + 1)
    assert make(sf, "Probe_1__c", {"label": "x", "type": "Date"}).status_code == 201

    [after] = rows(sf, soql)
    assert after["Remaining"] == 0
    more = make(sf, "Probe_2__c", {"label": "x", "type": "Date"})
    assert refused(more) == "LIMIT_EXCEEDED"


def test_automation_is_there_to_look_at(sf: OrgCaller) -> None:
    """Triggers, rules and flows are those of the switches."""
    assert rows(sf, "SELECT Name FROM ApexTrigger") == []
    rule = {"object": "Account", "name": "No_Change", "message": "No", "when": {"Type": "Other"}}
    sf.behave(
        apex_triggers=["AccountTrigger"], flows=["Account Routing"], validation_rules=[rule],
        assignment_owner=sf.org.admin_user,
    )  # fmt: skip

    triggers = (
        "SELECT Name, UsageAfterUpdate FROM ApexTrigger "
        "WHERE TableEnumOrId = 'Account' AND Status = 'Active'"
    )
    assert rows(sf, triggers) == [{"Name": "AccountTrigger", "UsageAfterUpdate": True}]
    rules = (
        "SELECT ValidationName FROM ValidationRule "
        "WHERE EntityDefinition.QualifiedApiName = 'Account' AND Active = true"
    )
    assert rows(sf, rules) == [{"ValidationName": "No_Change"}]
    flows = (
        "SELECT ApiName, Label, RecordTriggerType FROM FlowDefinitionView WHERE IsActive = true "
        "AND TriggerType IN ('RecordBeforeSave', 'RecordAfterSave')"
    )
    assert sf.query(flows, admin=True) == [
        {"ApiName": "Account_Routing", "Label": "Account Routing", "RecordTriggerType": "Update"}
    ]
    assigning = "SELECT Name FROM AssignmentRule WHERE SobjectType = 'Account' AND Active = true"
    assert len(sf.query(assigning, admin=True)) == 1
    for soql in (flows, assigning):
        assert refused(sf("GET", "query", q=soql)) == "INVALID_TYPE"


def test_objects_are_described_by_query(sf: OrgCaller) -> None:
    """Entities and their fields, standard and custom."""
    make(sf, "Tier__c", {"label": "Tier", "type": "Date"})
    entity = "SELECT Label, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Account'"
    assert rows(sf, entity) == [{"Label": "Account", "KeyPrefix": "001"}]
    fields = (
        "SELECT QualifiedApiName, DataType FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Account' "
        "AND QualifiedApiName IN ('Tier__c', 'Name') ORDER BY QualifiedApiName"
    )
    assert [row["QualifiedApiName"] for row in rows(sf, fields)] == ["Name", "Tier__c"]
    account = sf.admin("GET", "tooling/query", q="SELECT Id FROM Account")
    assert refused(account) == "INVALID_TYPE"
