"""Custom fields: made with the right types, found when hidden, options kept in step."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.records import FieldCap, FieldDescription, FieldKind, FieldSpec, Option
from connectors.salesforce import fields
from connectors.salesforce.definitions import definition, description, developer_name
from tests.unit.connectors.salesforce.scripted import Script
from tests.unit.connectors.salesforce.wire import SECRET, Reply, Wire, error

CREATE = "POST tooling/sobjects/CustomField"
ONE = "GET tooling/sobjects/CustomField/{id}"
UPDATE = "PATCH tooling/sobjects/CustomField/{id}"
LIST = "GET tooling/query CustomField"
LIMIT = "GET tooling/query EntityLimit"
FIELD_ID = "00NA0000000001AAAA"
TIERS = (Option("tier_1", "Tier 1"), Option("not_icp", "Not ICP"))


def spec(kind: FieldKind, name: str = "ICP_Tier__c", **more: Any) -> FieldSpec:
    """A field that is wanted."""
    return FieldSpec(name=name, label="ICP tier", kind=kind, description="Why.", **more)


@pytest.fixture
def script(wire: Wire) -> Script:
    """An org that makes fields."""
    return Script(wire).on(CREATE, Reply(201, {"id": FIELD_ID, "success": True, "errors": []}))


@pytest.mark.parametrize(
    ("wanted", "metadata"),
    [
        (spec(FieldKind.TEXT), {"type": "Text", "length": 255, "required": False}),
        (
            spec(FieldKind.TEXT, multiline=True),
            {"type": "LongTextArea", "length": 32_768, "visibleLines": 5},
        ),
        (
            spec(FieldKind.NUMBER, scale=2),
            {"type": "Number", "precision": 7, "scale": 2, "required": False},
        ),
        (spec(FieldKind.BOOLEAN), {"type": "Checkbox", "defaultValue": "false"}),
        (spec(FieldKind.DATE), {"type": "Date", "required": False}),
        (spec(FieldKind.DATETIME), {"type": "DateTime", "required": False}),
    ],
)
def test_each_kind_has_its_type_with_what_it_needs(
    wanted: FieldSpec, metadata: dict[str, Any]
) -> None:
    """What Salesforce asks of a type, no more, and help text on every field."""
    common = {"label": "ICP tier", "description": "Why.", "inlineHelpText": "Why."}

    assert definition(wanted) == common | metadata


def test_choices_are_restricted_and_in_order() -> None:
    """A picklist takes these values and no others; a hidden option is inactive."""
    options = (*TIERS, Option("old", "Old", hidden=True))
    single = definition(spec(FieldKind.CHOICE, options=options))
    several = definition(spec(FieldKind.CHOICES, options=options))

    assert single["valueSet"] == {
        "restricted": True,
        "valueSetDefinition": {
            "sorted": False,
            "value": [
                {"fullName": "tier_1", "label": "Tier 1", "default": False},
                {"fullName": "not_icp", "label": "Not ICP", "default": False},
                {"fullName": "old", "label": "Old", "default": False, "isActive": False},
            ],
        },
    }
    assert (several["type"], several["visibleLines"]) == ("MultiselectPicklist", 4)
    assert several["valueSet"] == single["valueSet"]


def test_texts_are_cut_to_what_salesforce_keeps() -> None:
    """A label of 40 characters, help of 510, a description of 1,000."""
    long = FieldSpec(name="x__c", label="L" * 50, kind=FieldKind.DATE, description="d" * 2_000)
    made = definition(long)

    lengths = {key: len(made[key]) for key in ("label", "inlineHelpText", "description")}
    assert lengths == {"label": 40, "inlineHelpText": 510, "description": 1_000}


def test_metadata_says_what_a_hidden_field_is() -> None:
    """Kind, options under either key, and whether people may choose them."""
    values = [
        {"valueName": "tier_1", "label": "Tier 1"},
        {"fullName": "old", "label": "Old", "isActive": False},
    ]
    found = description(
        "ICP_Tier__c",
        {"type": "Picklist", "valueSet": {"valueSetDefinition": {"value": values}}},
    )

    assert found.kind is FieldKind.CHOICE
    assert found.options == (Option("tier_1", "Tier 1"), Option("old", "Old", hidden=True))
    assert not found.writable
    assert description("X__c", {"type": "Percent", "scale": 1}).kind is FieldKind.NUMBER
    assert description("X__c", {"type": "Text", "formula": "Name"}).calculated


@pytest.mark.parametrize(
    ("name", "bare"), [("ICP_Tier__c", "ICP_Tier"), ("ns__ICP_Tier__c", "ICP_Tier")]
)
def test_developer_names_have_neither_namespace_nor_suffix(name: str, bare: str) -> None:
    """As the Tooling API keeps them."""
    assert developer_name(name) == bare


def test_a_field_is_made_by_its_full_name(script: Script) -> None:
    """One call, with the name on the account object and the definition."""
    fields.create_field(script.session(), spec(FieldKind.CHOICE, options=TIERS))

    [body] = script.sent(CREATE)
    assert body["FullName"] == "Account.ICP_Tier__c"
    assert body["Metadata"] == definition(spec(FieldKind.CHOICE, options=TIERS))


@pytest.mark.parametrize("code", ["JSON_PARSER_ERROR", "REQUIRED_FIELD_MISSING"])
def test_values_are_named_by_the_other_key_when_the_first_is_not_read(
    script: Script, code: str
) -> None:
    """Which of the two the Tooling API reads is nowhere documented."""
    script.on(CREATE, error(code), Reply(201, {"id": FIELD_ID}))

    fields.create_field(script.session(), spec(FieldKind.CHOICE, options=TIERS))

    first, second = (
        body["Metadata"]["valueSet"]["valueSetDefinition"]["value"][0]
        for body in script.sent(CREATE)
    )
    assert (first["fullName"], second["valueName"]) == ("tier_1", "tier_1")


def test_a_definition_that_is_refused_either_way_is_an_error(script: Script) -> None:
    """It names the field and the code, and quotes nothing."""
    script.refuse(CREATE, 400, "JSON_PARSER_ERROR")

    with pytest.raises(ProtocolError, match=r"ICP_Tier__c.*JSON_PARSER_ERROR") as caught:
        fields.create_field(script.session(), spec(FieldKind.CHOICE, options=TIERS))

    assert SECRET not in str(caught.value)


def test_a_field_that_is_there_already_is_left_as_it_is(script: Script) -> None:
    """Somebody made it meanwhile: that is fine."""
    script.refuse(CREATE, 400, "DUPLICATE_DEVELOPER_NAME")

    fields.create_field(script.session(), spec(FieldKind.TEXT))

    assert script.changes() == [CREATE]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "INSUFFICIENT_ACCESS"),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY"),
        (400, "INVALID_TYPE"),
        (404, "NOT_FOUND"),
    ],
)
def test_the_missing_permission_is_named_with_both_ways_on(
    script: Script, status: int, code: str
) -> None:
    """However Salesforce words it: the permission, and the package an administrator can deploy."""
    script.refuse(CREATE, status, code)

    with pytest.raises(MisconfiguredError) as caught:
        fields.create_field(script.session(), spec(FieldKind.TEXT))

    assert "Customize Application" in str(caught.value)
    assert "icp setup --export" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_busy_org_is_asked_again(script: Script) -> None:
    """Definitions that somebody else is changing are locked for a moment."""
    script.on(
        CREATE,
        error("UNABLE_TO_LOCK_ROW"),
        Reply(201, {"id": FIELD_ID}),
    )

    fields.create_field(script.session(), spec(FieldKind.TEXT))

    assert script.changes() == [CREATE, CREATE]


SEEN = FieldDescription(name="Name", label="Name", kind=FieldKind.TEXT, writable=True)


def test_a_hidden_field_is_told_from_an_absent_one(script: Script) -> None:
    """What describe leaves out is looked up by definition; only what is asked for is read."""
    script.rows(
        LIST,
        {"Id": FIELD_ID, "DeveloperName": "ICP_Tier", "NamespacePrefix": None},
        {"Id": "00NA0000000002AAAA", "DeveloperName": "Size", "NamespacePrefix": "ns"},
    ).on(ONE, Reply(200, {"Metadata": {"type": "Picklist", "label": "ICP tier"}}))
    known = fields.known_fields(script.session(), {"Name": SEEN})

    assert {*known} == {"Name", "ICP_Tier__c", "ns__Size__c"}
    assert len(known) == 3
    assert script.asked(ONE) == []
    assert known["Name"] is SEEN
    assert known["icp_tier__c"].name == "ICP_Tier__c"
    assert known["ICP_Tier__c"].kind is FieldKind.CHOICE
    assert known.get("ICP_Fit_Score__c") is None
    assert len(script.asked(ONE)) == 1


def test_definitions_are_read_to_the_last_page(script: Script) -> None:
    """An org with many fields answers in pages."""
    first = {"done": False, "nextRecordsUrl": "/services/data/v66.0/tooling/query/01g-2000",
             "records": [{"Id": FIELD_ID, "DeveloperName": "A"}]}  # fmt: skip
    second = {"done": True, "records": [{"Id": FIELD_ID, "DeveloperName": "B"}]}
    script.on(LIST, Reply(200, first)).on("GET tooling/query/01g-2000", Reply(200, second))

    assert {*fields.custom_field_ids(script.session())} == {"A__c", "B__c"}


def test_without_the_right_to_look_nothing_is_called_absent(script: Script) -> None:
    """A user that may not see definitions cannot tell hidden from absent, so set-up stops."""
    script.refuse(LIST, 400, "INVALID_TYPE")

    with pytest.raises(MisconfiguredError, match="View Setup and Configuration"):
        fields.known_fields(script.session(), {})


def metadata(*values: dict[str, Any]) -> dict[str, Any]:
    """A picklist as the Tooling API tells it."""
    return {
        "type": "Picklist",
        "label": "ICP tier",
        "description": "kept",
        "valueSet": {
            "controllingField": None,
            "restricted": True,
            "valueSetDefinition": {"sorted": False, "value": list(values)},
        },
    }


OLD = {"valueName": "tier_0", "label": "Tier 1", "color": "#fff", "default": False}


def test_options_are_brought_into_step_and_nothing_is_lost(script: Script) -> None:
    """New ones in their place, others inactive under a label of their own, the rest untouched."""
    script.rows(LIST, {"Id": FIELD_ID, "DeveloperName": "ICP_Tier"})
    script.on(ONE, Reply(200, {"Metadata": metadata(OLD)})).on(UPDATE, Reply(204))

    fields.set_options(script.session(), "ICP_Tier__c", TIERS)

    [body] = script.sent(UPDATE)
    assert body["Metadata"]["description"] == "kept"
    assert body["Metadata"]["valueSet"]["valueSetDefinition"] == {
        "sorted": False,
        "value": [
            {"valueName": "tier_1", "label": "Tier 1", "default": False, "isActive": True},
            {"valueName": "not_icp", "label": "Not ICP", "default": False, "isActive": True},
            OLD | {"label": "Tier 1 (tier_0)", "isActive": False},
        ],
    }


def test_an_option_that_comes_back_is_active_again() -> None:
    """Whatever it was: what is wanted can be chosen."""
    inactive = {"fullName": "tier_1", "label": "Old words", "isActive": False}
    [value] = fields.merged_values(metadata(inactive), TIERS[:1]) or []

    assert value == {"fullName": "tier_1", "label": "Tier 1", "default": False, "isActive": True}


def test_shared_values_are_left_for_a_person(script: Script) -> None:
    """A global value set belongs to other fields, too."""
    shared = {"type": "Picklist", "valueSet": {"valueSetName": "Tiers", "restricted": True}}
    script.rows(LIST, {"Id": FIELD_ID, "DeveloperName": "ICP_Tier"})
    script.on(ONE, Reply(200, {"Metadata": shared}))

    with pytest.raises(MisconfiguredError, match="global value set"):
        fields.set_options(script.session(), "ICP_Tier__c", TIERS)

    assert script.changes() == []


def test_a_standard_field_keeps_its_options(script: Script) -> None:
    """Set-up changes fields of its own only."""
    script.rows(LIST)

    with pytest.raises(MisconfiguredError, match="no custom field"):
        fields.set_options(script.session(), "Rating", TIERS)


def test_the_allowance_for_fields_is_told(script: Script) -> None:
    """Used is what is no longer left."""
    script.rows(LIMIT, {"Max": 500, "Remaining": 380})

    assert fields.field_cap(script.session()) == FieldCap(120, 500)


@pytest.mark.parametrize("code", ["INVALID_TYPE", "INVALID_FIELD", "MALFORMED_QUERY"])
def test_an_allowance_that_is_not_told_is_no_failure(script: Script, code: str) -> None:
    """It is an extra: set-up goes on without it."""
    script.refuse(LIMIT, 400, code)

    assert fields.field_cap(script.session()) is None
